//! Who may do what. The only place of the farm where rights are written: each role can do what
//! its program does, and nothing besides.
//!
//! `actions.rs` lists what is granted and says why; here it is put together.

use serde::Serialize;
use serde_yaml::Value as Yaml;

use super::actions;
use super::config::{FarmConfig, FarmError};
use super::notices::Notices;
use super::parameters::{FarmParameters, StorageParameters};
use super::{jobs, storage};
use crate::cfn::{Handle, Json, Value, batch, ecr, events, iam, logs, sqs};
use crate::template::{Attributes, Template};

/// One statement of a policy.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Yaml>,
    action: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource: Vec<Value<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Yaml>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Value<Statement>>,
}

fn document(statement: Vec<Value<Statement>>) -> Result<Json, FarmError> {
    Ok(Json::of(&Document { version: "2012-10-17", statement })?)
}

fn statement(effect: &'static str, sid: &'static str, action: &[&'static str]) -> Statement {
    Statement { sid, effect, principal: None, action: action.to_vec(), resource: Vec::new(), condition: None }
}

fn allow(
    sid: &'static str,
    action: &[&'static str],
    resource: impl IntoIterator<Item = Value<String>>,
) -> Value<Statement> {
    Value::Literal(Statement { resource: resource.into_iter().collect(), ..statement("Allow", sid, action) })
}

/// Keys of the bucket, as resources.
fn keys(keys: &[&str]) -> Vec<Value<String>> {
    keys.iter().map(|key| Value::sub(storage::arn(key))).collect()
}

fn json(value: serde_json::Value) -> Result<Yaml, FarmError> {
    Ok(serde_yaml::to_value(value)?)
}

/// Why statements with these Sids are as wide as they are: `template::check` asks.
pub(super) fn reasons(reasons: &[(&str, &str)]) -> Result<Yaml, FarmError> {
    let reasons: std::collections::BTreeMap<_, _> = reasons.iter().copied().collect();
    json(serde_json::json!({"FarmReasons": reasons}))
}

/// What takes a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taker {
    /// A task's program.
    Task,
    /// What starts the task, before there is a program.
    TaskStart,
    /// The function.
    Function,
}

/// Lets a service of AWS's take the role. For a task it must do so on behalf of this account: ECS
/// says for whom it asks. That it says so too where it starts a task, AWS documents nowhere.
fn trust(taker: Taker) -> Result<Json, FarmError> {
    let service = match taker {
        Taker::Task | Taker::TaskStart => "ecs-tasks.amazonaws.com",
        Taker::Function => "lambda.amazonaws.com",
    };
    let condition = if taker == Taker::Task {
        let tasks = Value::sub("arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*");
        let account = super::pseudo("AWS::AccountId");
        #[derive(Serialize)]
        struct OnBehalf {
            #[serde(rename = "StringEquals")]
            account: std::collections::BTreeMap<&'static str, Value<String>>,
            #[serde(rename = "ArnLike")]
            tasks: std::collections::BTreeMap<&'static str, Value<String>>,
        }
        Some(serde_yaml::to_value(OnBehalf {
            account: [("aws:SourceAccount", account)].into(),
            tasks: [("aws:SourceArn", tasks)].into(),
        })?)
    } else {
        None
    };
    let principal = Some(json(serde_json::json!({"Service": service}))?);
    document(vec![Value::Literal(Statement {
        principal,
        condition,
        ..statement("Allow", "Runs", &["sts:AssumeRole"])
    })])
}

fn role(
    template: &mut Template,
    id: &str,
    taker: Taker,
    description: &str,
    statements: Vec<Value<Statement>>,
    wide: &[(&str, &str)],
) -> Result<Handle<iam::Role>, FarmError> {
    let role = iam::Role {
        description: Some(description.into()),
        policies: Some([iam::role::Policy::new(document(statements)?, "farm")].into()),
        ..iam::Role::new(trust(taker)?)
    };
    let metadata = if wide.is_empty() { None } else { Some(reasons(wide)?) };
    Ok(template.add_with(id, role, Attributes { metadata, ..Attributes::default() })?)
}

/// What Fargate itself needs to start a task: its image, and a place for its log.
pub(super) fn execution_role(
    template: &mut Template,
    registry: &Handle<ecr::Repository>,
    logs: &Handle<logs::LogGroup>,
) -> Result<Handle<iam::Role>, FarmError> {
    let statements = vec![
        allow("LogIntoRegistry", actions::LOG_INTO_REGISTRY, [Value::from("*")]),
        allow("PullImage", actions::PULL_IMAGE, [registry.arn().into()]),
        allow("WriteLog", actions::WRITE_LOG, [logs.arn().into()]),
    ];
    let wide =
        [("LogIntoRegistry", "A token is for all registries of an account; AWS knows no narrower resource.")];
    role(template, "ExecutionRole", Taker::TaskStart, "Starts the farm's tasks", statements, &wide)
}

pub(super) fn render_role(
    template: &mut Template,
    storage: &StorageParameters,
) -> Result<Handle<iam::Role>, FarmError> {
    let statements = vec![
        list_bucket(),
        allow("ReadUpload", actions::READ_UPLOAD, keys(actions::UPLOADS)),
        allow("ReadFrames", actions::READ, keys(actions::MADE)),
        allow("ReadProject", actions::READ, keys(actions::PROJECTS)),
        allow("WriteFrames", actions::WRITE_TAGGED, keys(actions::MADE)),
        allow("WriteRecord", actions::READ_AND_WRITE, keys(actions::TASK_RECORDS)),
        allow("WriteSpending", actions::WRITE, keys(actions::SPENDING)),
        deny("NoVerdict", keys(actions::VERDICTS)),
        deny("NoUpload", keys(actions::UPLOADS)),
        use_key(storage)?,
    ];
    role(template, "RenderRole", Taker::Task, "What render-task may do", statements, &[])
}

pub(super) fn zip_role(
    template: &mut Template,
    storage: &StorageParameters,
) -> Result<Handle<iam::Role>, FarmError> {
    let statements = vec![
        list_bucket(),
        allow("ListUploads", actions::LIST_UPLOADS, keys(&[""])),
        allow("ReadRender", actions::READ, keys(actions::RENDERS)),
        allow("WriteArchive", actions::WRITE_LARGE, keys(actions::ARCHIVES)),
        allow("WriteReport", actions::WRITE, keys(actions::REPORTS)),
        deny("NoUpload", keys(actions::UPLOADS)),
        use_key(storage)?,
    ];
    role(template, "ZipRole", Taker::Task, "What zip-task may do", statements, &[])
}

pub(super) fn trigger_role(
    template: &mut Template,
    config: &FarmConfig,
    parameters: &FarmParameters,
    storage: &StorageParameters,
    queue: &Handle<batch::JobQueue>,
    logs: &Handle<logs::LogGroup>,
    notices: &Notices,
) -> Result<Handle<iam::Role>, FarmError> {
    // Batch asks for the queue, and for the definition with and without its revision.
    let definitions = jobs::names(config).into_iter().flat_map(|name| {
        let arn = format!(
            "arn:${{AWS::Partition}}:batch:${{AWS::Region}}:${{AWS::AccountId}}:job-definition/{name}"
        );
        [Value::sub(format!("{arn}:*")), Value::sub(arn)]
    });
    let if_told = |statement| Value::only_if(&parameters.tells, &statement);
    let submit: Vec<_> = std::iter::once(queue.job_queue_arn().into()).chain(definitions).collect();
    let statements = vec![
        list_bucket(),
        allow("ReadUpload", actions::READ_TAGGED_UPLOAD, keys(actions::UPLOADS)),
        allow("ReadPlans", actions::READ, keys(actions::PLANS)),
        allow("ReadStops", actions::READ, keys(actions::STOPS)),
        allow("ReadProject", actions::READ, keys(actions::PROJECT_LISTS)),
        allow("WritePlans", actions::WRITE, keys(actions::PLANS)),
        allow("Submit", actions::SUBMIT, submit),
        allow("Look", actions::LOOK_AT_JOBS, [Value::from("*")]),
        allow(
            "Stop",
            actions::STOP_JOB,
            [Value::sub("arn:${AWS::Partition}:batch:${AWS::Region}:${AWS::AccountId}:job/*")],
        ),
        allow("KeepLostEvents", actions::KEEP_LOST_EVENTS, [notices.lost.arn().into()]),
        allow("WriteLog", actions::WRITE_LOG, [logs.arn().into()]),
        if_told(allow("Tell", actions::TELL, [notices.topic.reference().into()]))?,
        if_told(allow("TellOnce", actions::READ_AND_WRITE, keys(actions::NOTICES)))?,
        use_key(storage)?,
    ];
    let wide = [
        ("Look", "Batch describes and lists jobs by no narrower resource."),
        ("Stop", "The id of a job is not known before it is submitted, and its ARN names no queue."),
    ];
    role(template, "TriggerRole", Taker::Function, "What trigger-lambda may do", statements, &wide)
}

/// Without it S3 answers 403 where an object is missing, and a missing upload could not be told
/// from a missing right. A condition on the prefix would not hold for that answer.
fn list_bucket() -> Value<Statement> {
    allow("ListBucket", actions::LIST_BUCKET, keys(&[""]))
}

/// What a task may never write, whatever else it is allowed. Of uploads: nothing that it writes may
/// start a render.
fn deny(sid: &'static str, resource: Vec<Value<String>>) -> Value<Statement> {
    Value::Literal(Statement { resource, ..statement("Deny", sid, actions::WRITE_TAGGED) })
}

/// The key of the owner's, where there is one.
fn use_key(storage: &StorageParameters) -> Result<Value<Statement>, FarmError> {
    let key = allow("UseKey", actions::USE_KEY, [storage.kms_key.value().into()]);
    Ok(Value::only_if(&storage.own_key, &key)?)
}

/// Nobody reads or writes the bucket in the clear.
pub(super) fn tls_only() -> Result<Json, FarmError> {
    document(vec![Value::Literal(Statement {
        principal: Some(Yaml::from("*")),
        resource: keys(&["", "*"]),
        condition: Some(json(serde_json::json!({"Bool": {"aws:SecureTransport": "false"}}))?),
        ..statement("Deny", "TlsOnly", &["s3:*"])
    })])
}

/// What passes the gateway endpoint: the bucket, and the layers of images, which the registry
/// keeps in a bucket of AWS's.
pub(super) fn endpoint() -> Result<Json, FarmError> {
    let layers = Value::sub("arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*");
    let bucket = keys(&["", "*"]);
    document(vec![Value::Literal(Statement {
        principal: Some(Yaml::from("*")),
        resource: bucket.into_iter().chain([layers]).collect(),
        ..statement("Allow", "EverybodyInTheNetwork", actions::PASS_ENDPOINT)
    })])
}

/// The rule leaves what it could not deliver.
pub(super) fn lost_events_policy(
    lost: &Handle<sqs::Queue>,
    rule: &Handle<events::Rule>,
) -> Result<Json, FarmError> {
    #[derive(Serialize)]
    struct FromRule {
        #[serde(rename = "ArnEquals")]
        rule: std::collections::BTreeMap<&'static str, Value<events::RuleArn>>,
    }
    document(vec![Value::Literal(Statement {
        principal: Some(json(serde_json::json!({"Service": "events.amazonaws.com"}))?),
        resource: vec![lost.arn().into()],
        condition: Some(serde_yaml::to_value(FromRule { rule: [("aws:SourceArn", rule.arn())].into() })?),
        ..statement("Allow", "LostEvents", actions::KEEP_LOST_EVENTS)
    })])
}
