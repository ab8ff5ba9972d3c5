//! From typed values to text, from the text back, and from there to what AWS would see.

use serde_json::json;
use stack::cfn::{Handle, List, Value, batch, logs};
use stack::template::{
    AwsNames, Document, Inputs, ParameterSpec, ParameterType, Template, TemplateError, Test, check, resolve,
};

/// A queue over two compute environments that is switched off by a parameter, and a log group.
fn template() -> Result<Template, TemplateError> {
    let mut template = Template::new("A queue.");
    let days = ParameterSpec {
        kind: ParameterType::Number,
        description: "Days that lines are kept.".to_owned(),
        default: Some(30.into()),
        allowed_values: vec![7.into(), 30.into()],
        ..ParameterSpec::default()
    };
    let days = template.parameter::<i64>("Days", days)?;
    let off = ParameterSpec {
        description: "Whether the queue takes nothing.".to_owned(),
        default: Some("no".into()),
        allowed_values: vec!["no".into(), "yes".into()],
        ..ParameterSpec::default()
    };
    let off = template.parameter::<String>("Off", off)?;
    let is_off =
        template.condition("IsOff", &Test::Equals(serde_yaml::to_value(off.value())?, "yes".into()))?;
    let policy: Handle<batch::SchedulingPolicy> =
        template.add("FairShare", batch::SchedulingPolicy::new())?;
    let state = Value::choose(
        &is_off,
        &Value::Literal(batch::job_queue::State::Disabled),
        &Value::Literal(batch::job_queue::State::Enabled),
    )?;
    let environment: Value<String> =
        Value::sub("arn:${AWS::Partition}:batch:${AWS::Region}:${AWS::AccountId}:compute-environment/shared");
    let order = batch::job_queue::ComputeEnvironmentOrder::new(environment.assume(), 1);
    let queue = batch::JobQueue {
        compute_environment_order: Some(List::from([order])),
        scheduling_policy_arn: Some((&policy).into()),
        state: Some(state),
        ..batch::JobQueue::new(1)
    };
    let queue = template.add("Queue", queue)?;
    let lines = logs::LogGroup {
        log_group_name: Some(Value::sub("/farm/${Queue.JobQueueArn}")),
        retention_in_days: Some(days.value()),
        ..logs::LogGroup::new()
    };
    template.add("Lines", lines)?;
    template.output("Queue", &queue.reference(), "Where jobs wait.", None)?;
    Ok(template)
}

#[test]
fn what_is_written_in_types_is_what_aws_would_see() {
    let text = template().expect("a template").to_yaml().expect("text");
    let document = Document::parse(&text).expect("a document");
    assert_eq!(check(&document), []);
    let inputs = Inputs::new("farm", "123456789012", "eu-west-1").with("Off", "yes");
    let resolved = resolve(&document, &inputs, &AwsNames::new(&inputs)).expect("resolved");
    let arn = |rest: &str| format!("arn:aws:batch:eu-west-1:123456789012:{rest}");
    assert_eq!(resolved.order, ["FairShare", "Queue", "Lines"]);
    assert_eq!(
        resolved.resources["Queue"].properties,
        json!({
            "ComputeEnvironmentOrder": [{"ComputeEnvironment": arn("compute-environment/shared"), "Order": 1}],
            "Priority": 1,
            "SchedulingPolicyArn": arn("scheduling-policy/farm-FairShare"),
            "State": "DISABLED",
        })
    );
    assert_eq!(
        resolved.resources["Lines"].properties,
        json!({"LogGroupName": format!("/farm/{}", arn("job-queue/farm-Queue")), "RetentionInDays": "30"})
    );
    assert_eq!(resolved.outputs["Queue"], json!(arn("job-queue/farm-Queue")));
}
