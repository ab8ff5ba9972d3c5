//! What the stack tells who deployed it.

use super::config::FarmError;
use super::storage;
use crate::cfn::{Handle, Value, batch, cloudwatch, ecr, logs, s3};
use crate::template::Template;

/// Names of the outputs.
pub const BUCKET_NAME: &str = "BucketName";
/// The repository that images are pushed to.
pub const REGISTRY_URI: &str = "RegistryUri";
/// How to start a first render.
pub const UPLOAD_COMMAND: &str = "UploadCommand";
/// The queue.
pub const QUEUE_ARN: &str = "QueueArn";
/// What the tasks say.
pub const TASK_LOGS: &str = "TaskLogs";

pub(super) fn storage(
    template: &mut Template,
    bucket: &Handle<s3::Bucket>,
    registry: &Handle<ecr::Repository>,
) -> Result<(), FarmError> {
    template.output(
        BUCKET_NAME,
        &bucket.reference(),
        "Bucket for uploads; frames come back beside them",
        None,
    )?;
    template.output(
        REGISTRY_URI,
        &registry.repository_uri(),
        "Where images are pushed to, with tags such as render-4-5-1 and zip-1",
        None,
    )?;
    Ok(())
}

pub(super) fn farm(
    template: &mut Template,
    queue: &Handle<batch::JobQueue>,
    logs: &Handle<logs::LogGroup>,
    dashboard: Option<&Handle<cloudwatch::Dashboard>>,
) -> Result<(), FarmError> {
    let upload = Value::sub(format!(
        "aws s3api put-object --bucket {} --key scene.blend --body scene.blend --tagging frame=24",
        storage::NAME
    ));
    template.output(UPLOAD_COMMAND, &upload, "Renders the first 24 frames of scene.blend", None)?;
    template.output(QUEUE_ARN, &queue.job_queue_arn(), "Queue of the farm's jobs", None)?;
    template.output(TASK_LOGS, &logs.reference(), "Log group of the farm's tasks", None)?;
    if let Some(dashboard) = dashboard {
        let url = Value::sub(format!(
            "https://console.aws.amazon.com/cloudwatch/home?region=${{AWS::Region}}#dashboards/dashboard/${{{}}}",
            dashboard.id()
        ));
        template.output("DashboardUrl", &url, "Frames, failures, seconds and cost", None)?;
    }
    Ok(())
}
