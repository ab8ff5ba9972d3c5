//! The generated types as they are used: what they are written as, and what is found wrong.

use super::batch::job_definition::{
    Action, ContainerProperties, EvaluateOnExit, JobTimeout, ResourceRequirement, ResourceRequirementType,
    RetryStrategy, Type,
};
use super::batch::job_queue::{ComputeEnvironmentOrder, State};
use super::events::rule::Target;
use super::s3::bucket::{
    AbortIncompleteMultipartUpload, LambdaConfiguration, LifecycleConfiguration, LoggingConfiguration,
    NotificationConfiguration, PartitionedPrefix, Rule, RuleStatus, TargetObjectKeyFormat,
};
use super::*;

fn yaml(resource: &impl Resource) -> String {
    assert_eq!(resource.problems(), Vec::<String>::new());
    serde_yaml::to_string(resource).unwrap()
}

#[test]
fn references_are_written_with_short_tags() {
    let spot = Handle::<batch::ComputeEnvironment>::new("SpotCompute");
    let fair = Handle::<batch::SchedulingPolicy>::new("FairShare");
    let queue = batch::JobQueue {
        compute_environment_order: Some([ComputeEnvironmentOrder::new(&spot, 1)].into()),
        scheduling_policy_arn: Some(fair.arn()),
        state: Some(State::Enabled.into()),
        tags: Some([("farm", Value::sub("${AWS::StackName}"))].into()),
        ..batch::JobQueue::new(1)
    };
    assert_eq!(
        yaml(&queue),
        "ComputeEnvironmentOrder:
- ComputeEnvironment: !Ref SpotCompute
  Order: 1
Priority: 1
SchedulingPolicyArn: !GetAtt FairShare.Arn
State: ENABLED
Tags:
  farm: !Sub ${AWS::StackName}
"
    );
}

#[test]
fn a_value_of_several_kinds_takes_each_of_them_and_a_computed_name() {
    let (function, topic) =
        (Handle::<lambda::Function>::new("Trigger"), Handle::<sns::Topic>::new("Notices"));
    let rule = events::Rule {
        event_pattern: Some(
            Json::of(&std::collections::BTreeMap::from([("source", ["aws.batch"])])).unwrap().into(),
        ),
        targets: Some(
            [
                Target::new(function.arn(), "function"),
                Target::new(&topic, "topic"),
                Target::new(
                    Value::sub("arn:${AWS::Partition}:sqs:::farm").assume::<sqs::QueueArn>(),
                    "queue",
                ),
            ]
            .into(),
        ),
        ..events::Rule::new()
    };
    assert_eq!(
        yaml(&rule),
        "EventPattern:
  source:
  - aws.batch
Targets:
- Arn: !GetAtt Trigger.Arn
  Id: function
- Arn: !Ref Notices
  Id: topic
- Arn: !Sub arn:${AWS::Partition}:sqs:::farm
  Id: queue
"
    );
}

#[test]
fn one_of_several_properties_is_written_as_that_property() {
    let bucket = s3::Bucket {
        logging_configuration: Some(
            LoggingConfiguration {
                target_object_key_format: Some(
                    TargetObjectKeyFormat::PartitionedPrefix(PartitionedPrefix::new().into()).into(),
                ),
                ..LoggingConfiguration::new()
            }
            .into(),
        ),
        ..s3::Bucket::new()
    };
    assert_eq!(yaml(&bucket), "LoggingConfiguration:\n  TargetObjectKeyFormat:\n    PartitionedPrefix: {}\n");
}

#[test]
fn the_function_of_a_notification_is_a_function() {
    let function = Handle::<lambda::Function>::new("Trigger");
    let bucket = s3::Bucket {
        notification_configuration: Some(
            NotificationConfiguration {
                lambda_configurations: Some(
                    [LambdaConfiguration::new("s3:ObjectCreated:*", function.arn())].into(),
                ),
                ..NotificationConfiguration::new()
            }
            .into(),
        ),
        ..s3::Bucket::new()
    };
    assert!(yaml(&bucket).contains("Function: !GetAtt Trigger.Arn"));
}

#[test]
fn a_job_definition_is_known_by_its_arn_with_the_revision() {
    let job = Handle::<batch::JobDefinition>::new("RenderJob45");
    let arn: Value<batch::JobDefinitionArn> = (&job).into();
    assert_eq!(serde_yaml::to_string(&arn).unwrap(), "!Ref RenderJob45\n");
}

fn job(retry: RetryStrategy) -> batch::JobDefinition {
    batch::JobDefinition { retry_strategy: Some(retry.into()), ..batch::JobDefinition::new(Type::Container) }
}

#[test]
fn wrong_literals_are_found_with_their_path() {
    let rule = || EvaluateOnExit::new(Action::Retry);
    let attempts = |n: i64| RetryStrategy { attempts: Some(n.into()), ..RetryStrategy::new() };
    assert_eq!(job(attempts(10)).problems(), Vec::<String>::new());
    assert_eq!(job(attempts(11)).problems(), ["RetryStrategy.Attempts: 11 is not within 1 to 10"]);
    assert_eq!(
        job(RetryStrategy { evaluate_on_exit: Some(vec![rule(); 6].into()), ..RetryStrategy::new() })
            .problems(),
        ["RetryStrategy.EvaluateOnExit: the number of items, 6, is more than 5"]
    );
    let short = batch::JobDefinition {
        job_definition_name: Some("x".repeat(129).into()),
        timeout: Some(JobTimeout { attempt_duration_seconds: Some(59.into()) }.into()),
        ..batch::JobDefinition::new(Type::Container)
    };
    assert_eq!(
        short.problems(),
        [
            "JobDefinitionName: its length, 129, is more than 128",
            "Timeout.AttemptDurationSeconds: 59 is less than 60"
        ]
    );
}

#[test]
fn both_sides_of_a_choice_are_looked_at_and_expressions_are_not() {
    let condition = Condition { name: "Many".to_owned() };
    let attempts = Value::choose(&condition, &12.into(), &0.into()).unwrap();
    let chosen = job(RetryStrategy { attempts: Some(attempts), ..RetryStrategy::new() });
    assert_eq!(
        chosen.problems(),
        [
            "RetryStrategy.Attempts: 12 is not within 1 to 10",
            "RetryStrategy.Attempts: 0 is not within 1 to 10"
        ]
    );
    let parameter = Parameter::<i64> { name: "Attempts".to_owned(), of: std::marker::PhantomData };
    let referred = job(RetryStrategy { attempts: Some(parameter.value()), ..RetryStrategy::new() });
    assert_eq!(referred.problems(), Vec::<String>::new());
}

#[test]
fn properties_that_need_or_exclude_each_other_are_found() {
    assert_eq!(
        batch::JobQueue::new(1).problems(),
        ["one of ComputeEnvironmentOrder, ServiceEnvironmentOrder must be given"]
    );
    let vpc = |cidr: Option<&str>, pool: Option<&str>| ec2::Vpc {
        cidr_block: cidr.map(Into::into),
        ipv4_ipam_pool_id: pool.map(Into::into),
        ..ec2::Vpc::new()
    };
    assert_eq!(vpc(Some("10.0.0.0/16"), None).problems(), Vec::<String>::new());
    assert_eq!(
        vpc(Some("10.0.0.0/16"), Some("ipam-pool-1")).problems(),
        [
            "of CidrBlock, Ipv4IpamPoolId, only one may be given, not CidrBlock and Ipv4IpamPoolId",
            "Ipv4IpamPoolId needs Ipv4NetmaskLength"
        ]
    );
}

#[test]
fn patterns_and_listed_numbers_are_held() {
    let logs = logs::LogGroup {
        log_group_name: Some("farm logs".into()),
        retention_in_days: Some(8.into()),
        ..logs::LogGroup::new()
    };
    let [name, days] = <[String; 2]>::try_from(logs.problems()).unwrap();
    assert!(name.starts_with("LogGroupName: `farm logs` does not match "), "{name}");
    assert!(days.starts_with("RetentionInDays: 8 is none of 1, 3, 5, 7, 14"), "{days}");
}

#[test]
fn items_of_lists_are_looked_at_one_by_one() {
    let abort = AbortIncompleteMultipartUpload { days_after_initiation: (-1).into() };
    let rule = |id: &str| Rule {
        id: Some(id.into()),
        abort_incomplete_multipart_upload: Some(abort.clone().into()),
        ..Rule::new(RuleStatus::Enabled)
    };
    let bucket = s3::Bucket {
        lifecycle_configuration: Some(LifecycleConfiguration::new([rule("a"), rule("a")]).into()),
        ..s3::Bucket::new()
    };
    let problems = bucket.problems();
    assert!(
        problems.contains(
            &"LifecycleConfiguration.Rules[1].AbortIncompleteMultipartUpload.DaysAfterInitiation: -1 is less than 0"
                .to_owned()
        ),
        "{problems:?}"
    );
    assert!(
        problems.contains(&"LifecycleConfiguration.Rules: item 1 stands there twice".to_owned()),
        "{problems:?}"
    );
}

#[test]
fn fargates_size_fits_where_a_job_definition_takes_it() {
    let size = FargateSize::new(Vcpus::Four, 8 * 1024).unwrap();
    let requirement = |of: ResourceRequirementType, value: String| ResourceRequirement {
        r#type: Some(of.into()),
        value: Some(value.into()),
    };
    let container = ContainerProperties {
        resource_requirements: Some(
            [
                requirement(ResourceRequirementType::Vcpu, size.vcpu_requirement()),
                requirement(ResourceRequirementType::Memory, size.memory_requirement()),
            ]
            .into(),
        ),
        ..ContainerProperties::new("farm/render")
    };
    let text = serde_yaml::to_string(&container).unwrap();
    assert_eq!(
        text,
        "Image: farm/render\nResourceRequirements:\n- Type: VCPU\n  Value: '4'\n- Type: MEMORY\n  Value: '8192'\n"
    );
}
