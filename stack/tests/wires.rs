//! What no linter and no emulator tells, over the farm's own template: each thing that can be
//! wrong is made wrong once, and the template's checks find it and nothing else.
//!
//! The checks are tested over a small template beside them, one mutant for each finding. Here it
//! is shown that they reach what the farm is made of.
#![expect(clippy::panic, reason = "a failing test panics")]

mod support;

use std::collections::BTreeSet;

use stack::template::{Capability, capabilities, check};
use support::{changed, document, farm_text, foundation_text, lines, standard};

/// The value at a path is changed, or taken out; then there is one finding, at a path that is the
/// same one where none is given, with these words.
struct Mutant {
    path: &'static str,
    value: Option<&'static str>,
    found: Option<&'static str>,
    words: &'static str,
}

const fn set(path: &'static str, value: &'static str, words: &'static str) -> Mutant {
    Mutant { path, value: Some(value), found: None, words }
}

const fn without(path: &'static str, words: &'static str) -> Mutant {
    Mutant { path, value: None, found: None, words }
}

impl Mutant {
    const fn at(self, found: &'static str) -> Self {
        Self { found: Some(found), ..self }
    }
}

fn are_found(mutants: &[Mutant]) {
    let text = farm_text(&standard());
    assert_eq!(check(&document(&text)), [], "the farm as it is");
    for Mutant { path, value, found: at, words } in mutants {
        let found = check(&changed(&text, path, *value));
        let [one] = found.as_slice() else { panic!("{path} -> {value:?}: {}", lines(&found)) };
        assert_eq!(one.path, at.unwrap_or(path), "{path} -> {value:?}: {one}");
        assert!(one.message.contains(words), "{path} -> {value:?}: {one}");
    }
}

#[test]
fn a_job_definition_that_fargate_refuses() {
    are_found(&[
        set(
            "Resources.RenderJob45.Properties.EcsProperties.TaskProperties[0].Containers[0].ResourceRequirements[0].Value",
            "'3'",
            "no 3 vCPUs",
        ),
        set(
            "Resources.RenderJob45.Properties.EcsProperties.TaskProperties[0].Containers[0].ResourceRequirements[1].Value",
            "'8193'",
            "8 to 30 GiB in steps of 1",
        ),
        set(
            "Resources.ZipJob.Properties.EcsProperties.TaskProperties[0].Containers[0].ResourceRequirements[1].Value",
            "'1024'",
            "2 to 8 GiB",
        ),
        set("Resources.RenderJob41.Properties.RetryStrategy.Attempts", "11", "between 1 and 10"),
        set("Resources.RenderJob41.Properties.RetryStrategy.Attempts", "0", "between 1 and 10"),
        set(
            "Resources.RenderJob41.Properties.RetryStrategy.EvaluateOnExit[1].OnExitCode",
            "'6?'",
            "no pattern `6?`",
        ),
        set("Resources.ZipJob.Properties.Timeout.AttemptDurationSeconds", "59", "between 60"),
        without("Resources.RenderJob45.Properties.Timeout", "hangs").at("Resources.RenderJob45.Properties"),
        set(
            "Resources.ZipJob.Properties.EcsProperties.TaskProperties[0].EphemeralStorage",
            "{SizeInGiB: 20}",
            "between 21 and 200",
        )
        .at("Resources.ZipJob.Properties.EcsProperties.TaskProperties[0].EphemeralStorage.SizeInGiB"),
        without(
            "Resources.RenderJob41Large.Properties.EcsProperties.TaskProperties[0].ExecutionRoleArn",
            "no ExecutionRoleArn",
        )
        .at("Resources.RenderJob41Large.Properties.EcsProperties.TaskProperties[0]"),
        without("Resources.RenderJob41.Properties.SchedulingPriority", "takes no job without"),
        set(
            "Resources.RenderJob45.Properties.EcsProperties.TaskProperties[0].Containers[0].StopTimeout",
            "121",
            "between 1 and 120",
        ),
        set(
            "Resources.RenderJob45.Properties.EcsProperties.TaskProperties[0].Containers[0].MountPoints[0].SourceVolume",
            "scrach",
            "no volume",
        ),
        without(
            "Resources.ZipJob.Properties.EcsProperties.TaskProperties[0].NetworkConfiguration",
            "write ENABLED",
        )
        .at(
            "Resources.ZipJob.Properties.EcsProperties.TaskProperties[0].NetworkConfiguration.AssignPublicIp",
        ),
        set(
            "Resources.ZipJob.Properties.EcsProperties.TaskProperties[0].Containers[0].Image",
            "!Sub '${ZipImage}:1'",
            "by its digest",
        ),
    ]);
}

/// One parameter stands in every job definition that renders, and is found in each.
#[test]
fn a_time_limit_that_may_be_too_short() {
    let found = check(&changed(&farm_text(&standard()), "Parameters.FrameSeconds.MinValue", Some("59")));
    let paths: BTreeSet<&str> = found.iter().map(|one| one.path.as_str()).collect();
    let renders = ["RenderJob41", "RenderJob41Large", "RenderJob45", "RenderJob45Large"];
    let expected = renders.map(|id| format!("Resources.{id}.Properties.Timeout.AttemptDurationSeconds"));
    assert_eq!(paths, expected.iter().map(String::as_str).collect());
    assert!(found.iter().all(|one| one.message.contains("parameter FrameSeconds")), "{}", lines(&found));
}

#[test]
fn a_compute_environment_that_fargate_refuses() {
    are_found(&[
        set(
            "Resources.SpotCompute.Properties.ComputeResources.InstanceTypes",
            "[optimal]",
            "Fargate has none of",
        ),
        without("Resources.OnDemandCompute.Properties.ComputeResources.SecurityGroupIds", "give them"),
        without("Resources.SpotCompute.Properties.ComputeResources.Subnets", "give them"),
        without("Resources.SpotCompute.Properties.ReplaceComputeEnvironment", "write false"),
        set("Resources.OnDemandCompute.Properties.ComputeEnvironmentName", "farm", "one name"),
        set("Resources.Queue.Properties.JobQueueName", "farm", "one name"),
    ]);
}

#[test]
fn a_wire_that_does_not_reach_from_the_bucket_to_the_function() {
    are_found(&[
        without("Resources.Bucket.DependsOn", "no permission for yet"),
        set("Resources.Bucket.DependsOn", "[JobEventsPermission]", "no permission for yet"),
        without("Resources.TriggerPermission.Properties.SourceAccount", "stranger"),
        set("Resources.TriggerPermission.Properties.SourceAccount", "'123456789012'", "stranger"),
        without("Resources.TriggerPermission.Properties.SourceArn", "BucketName"),
        set(
            "Resources.TriggerPermission.Properties.SourceArn",
            "!Sub 'arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::Region}-${AWS::AccountId}'",
            "BucketName",
        ),
        set(
            "Resources.Bucket.Properties.NotificationConfiguration.LambdaConfigurations[1].Event",
            "s3:ObjectCreatd:*",
            "no such event",
        ),
        set(
            "Resources.Bucket.Properties.NotificationConfiguration.LambdaConfigurations[0].Filter.S3Key.Rules[0].Name",
            "sufix",
            "prefix and suffix",
        ),
    ]);
}

#[test]
fn a_reference_that_closes_the_circle() {
    let path = "Resources.TriggerPermission.Properties.SourceArn";
    let found = check(&changed(&farm_text(&standard()), path, Some("!GetAtt Bucket.Arn")));
    let circle = "Bucket -> TriggerPermission -> Bucket";
    assert!(
        found.iter().any(|one| one.path == "Resources.Bucket" && one.message.contains(circle)),
        "{}",
        lines(&found)
    );
}

#[test]
fn an_event_that_does_not_arrive_or_is_lost() {
    are_found(&[
        set("Resources.JobEvents.Properties.EventPattern.source", "aws.batch", "in brackets"),
        set("Resources.JobEvents.Properties.EventPattern.detail.status", "FAILED", "in brackets"),
        set("Resources.JobEvents.Properties.EventPattern.detail.jobQueue", "!Ref Queue", "in brackets"),
        set(
            "Resources.JobEvents.Properties.EventPattern.detail.arrayProperties.index",
            "{exists: false}",
            "in brackets",
        )
        .at("Resources.JobEvents.Properties.EventPattern.detail.arrayProperties.index.exists"),
        set("Resources.JobEventsPermission.Properties.SourceArn", "!GetAtt Queue.JobQueueArn", "SourceArn")
            .at("Resources.JobEvents.Properties.Targets[0].Arn"),
        set("Resources.FailedEventsPolicy.Properties.Queues", "[]", "AWS::SQS::QueuePolicy")
            .at("Resources.JobEvents.Properties.Targets[0].DeadLetterConfig.Arn"),
        set(
            "Resources.FailedEventsPolicy.Properties.PolicyDocument.Statement[0].Condition.ArnEquals.aws:SourceArn",
            "!GetAtt TriggerFunction.Arn",
            "no other SourceArn",
        )
        .at("Resources.JobEvents.Properties.Targets[0].DeadLetterConfig.Arn"),
        without("Resources.TriggerRetries.Properties.DestinationConfig", "would be lost")
            .at("Resources.TriggerFunction"),
        set("Resources.TriggerRetries.Properties.MaximumRetryAttempts", "3", "between 0 and 2"),
        set("Resources.Notices.Properties.KmsMasterKeyId", "alias/aws/sns", "a key of yours"),
    ]);
}

#[test]
fn a_bucket_that_loses_or_hoards() {
    are_found(&[
        without("Resources.Bucket.DeletionPolicy", "would go with it"),
        set("Resources.Bucket.UpdateReplacePolicy", "Delete", "would go with it"),
        without(
            "Resources.Bucket.Properties.LifecycleConfiguration.Rules[0].AbortIncompleteMultipartUpload",
            "pile up",
        )
        .at("Resources.Bucket.Properties.LifecycleConfiguration"),
        set("Parameters.OldVersionDays.MinValue", "0", "parameter OldVersionDays").at(
            "Resources.Bucket.Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays",
        ),
        set(
            "Resources.Bucket.Properties.LifecycleConfiguration.Rules[1][1].ExpirationInDays",
            "0",
            "between 1",
        )
        .at("Resources.Bucket.Properties.LifecycleConfiguration.Rules[1].ExpirationInDays"),
    ]);
}

#[test]
fn who_deploys_must_say_yes_to_roles_and_to_no_names_of_roles() {
    let text = farm_text(&standard());
    assert_eq!(capabilities(&document(&text)), Some(Capability::Iam));
    assert_eq!(capabilities(&document(&foundation_text(&standard()))), None);
    let named = changed(&text, "Resources.RenderRole.Properties.RoleName", Some("render"));
    assert_eq!(capabilities(&named), Some(Capability::NamedIam));
}
