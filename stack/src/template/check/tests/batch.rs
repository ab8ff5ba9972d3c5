//! Job definitions, compute environments and queues.

use super::{SOUND, findings, mutants};

#[test]
fn job_definitions_that_batch_takes() {
    const CONTAINER: &str = "Resources.Render.Properties.EcsProperties.TaskProperties[0].Containers[0]";
    const RETRY: &str = "Resources.Render.Properties.RetryStrategy";
    let (memory, vcpu, image) = (
        format!("{CONTAINER}.ResourceRequirements[1].Value"),
        format!("{CONTAINER}.ResourceRequirements[0].Value"),
        format!("{CONTAINER}.Image"),
    );
    let (rules, attempts) = (format!("{RETRY}.EvaluateOnExit"), format!("{RETRY}.Attempts"));
    let first = format!("{rules}[0].OnExitCode");
    let timeout = "Resources.Zip.Properties.Timeout.AttemptDurationSeconds";
    mutants(&[
        ("Value: '8192'", "Value: '4096'", &memory, "8 to 30 GiB"),
        ("Value: '8192'", "Value: '8.5'", &memory, "whole MiB"),
        ("Value: '4'", "Value: '3'", &vcpu, "no 3 vCPUs"),
        ("- {Type: VCPU, Value: '4'}", "- {Type: GPU, Value: '4'}", CONTAINER, "VCPU and MEMORY"),
        (
            "Value: '512'",
            "Value: '1536'",
            "Resources.Zip.Properties.ContainerProperties.ResourceRequirements[1].Value",
            "vCPU",
        ),
        ("Attempts: 3", "Attempts: 11", &attempts, "between 1 and 10"),
        ("Attempts: 3", "Attempts: 0", &attempts, "between 1 and 10"),
        ("AttemptDurationSeconds: 3600", "AttemptDurationSeconds: 59", timeout, "59 is not between 60"),
        ("Timeout: {AttemptDurationSeconds: 3600}", "Timeout: {}", "Resources.Zip.Properties", "hangs"),
        (
            "MinValue: 60",
            "MinValue: 59",
            "Resources.Render.Properties.Timeout.AttemptDurationSeconds",
            "parameter FrameSeconds",
        ),
        (
            "SizeInGiB: 30",
            "SizeInGiB: 20",
            "Resources.Render.Properties.EcsProperties.TaskProperties[0].EphemeralStorage.SizeInGiB",
            "between 21",
        ),
        (
            "SizeInGiB: 21",
            "SizeInGiB: 201",
            "Resources.Zip.Properties.ContainerProperties.EphemeralStorage.SizeInGiB",
            "and 200",
        ),
        (
            "- {OnExitCode: 6*, Action: EXIT}",
            "- {OnExitCode: 6*, Action: EXIT}\n          - {OnExitCode: '1'}\n          - {OnExitCode: '2'}\n          - {OnExitCode: '3'}",
            &rules,
            "6 rules",
        ),
        ("OnExitCode: 6*", "OnExitCode: 6?", &first, "`6?`"),
        ("OnExitCode: 6*", "OnExitCode: '*6'", &first, "`*6`"),
        ("Host EC2*", "Host (EC2)*", &format!("{rules}[1].OnStatusReason"), "letters"),
        (
            "OnReason: 'CannotPullContainerError:*'",
            "OnReason: Cannot-Pull*",
            &format!("{rules}[2].OnReason"),
            "letters",
        ),
        (
            "- ExecutionRoleArn: !GetAtt Role.Arn\n            EphemeralStorage",
            "- EphemeralStorage",
            "Resources.Render.Properties.EcsProperties.TaskProperties[0]",
            "no ExecutionRoleArn",
        ),
        (
            "        ExecutionRoleArn: !GetAtt Role.Arn\n        EphemeralStorage",
            "        EphemeralStorage",
            "Resources.Zip.Properties.ContainerProperties",
            "no ExecutionRoleArn",
        ),
        (
            "PlatformCapabilities: [FARGATE]\n      Timeout: {AttemptDurationSeconds: 3600}",
            "PlatformCapabilities: [EC2]\n      Timeout: {AttemptDurationSeconds: 3600}",
            "Resources.Zip.Properties.PlatformCapabilities",
            "[FARGATE]",
        ),
        (
            "SourceVolume: scratch",
            "SourceVolume: scrach",
            &format!("{CONTAINER}.MountPoints[0].SourceVolume"),
            "no volume",
        ),
        ("StopTimeout: 120", "StopTimeout: 121", &format!("{CONTAINER}.StopTimeout"), "between 1 and 120"),
        (
            "{AssignPublicIp: ENABLED}",
            "{AssignPublicIp: DISABLED}",
            "Resources.Render.Properties.EcsProperties.TaskProperties[0].NetworkConfiguration.AssignPublicIp",
            "write ENABLED",
        ),
        (
            "        NetworkConfiguration:\n          AssignPublicIp: ENABLED\n",
            "",
            "Resources.Zip.Properties.ContainerProperties.NetworkConfiguration.AssignPublicIp",
            "write ENABLED",
        ),
        ("      SchedulingPriority: 0\n", "", "Resources.Render.Properties.SchedulingPriority", "give it"),
        ("Image: !Ref Image", "Image: !Sub '${Image}:latest'", &image, "digest"),
    ]);
    let tagged = SOUND.replace(
        "farm/zip@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "farm/zip:1",
    );
    let found = findings(&tagged);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.contains("`farm/zip:1` may be another"), "{}", found[0]);
}

#[test]
fn jobs_wait_their_turn_by_one_rule() {
    let found = findings(&SOUND.replace("      SchedulingPolicyArn: !Ref Fair\n", ""));
    let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["Render", "Zip"].map(|id| format!("Resources.{id}.Properties.SchedulingPriority")));
    assert!(found.iter().all(|one| one.message.contains("give the queue a policy")), "{found:?}");
}

#[test]
fn compute_on_fargate_that_can_be_changed() {
    const COMPUTE: &str = "Resources.Compute.Properties";
    let inner = |key: &str| format!("{COMPUTE}.ComputeResources.{key}");
    mutants(&[
        (
            "MaxvCpus: 256",
            "MaxvCpus: 256\n        InstanceTypes: [optimal]",
            &inner("InstanceTypes"),
            "leave it out",
        ),
        (
            "MaxvCpus: 256",
            "MaxvCpus: 256\n        AllocationStrategy: BEST_FIT",
            &inner("AllocationStrategy"),
            "leave it out",
        ),
        (
            "SecurityGroupIds: [!GetAtt Group.GroupId]",
            "UpdateToLatestImageVersion: true",
            &inner("SecurityGroupIds"),
            "give them",
        ),
        (
            "Subnets: !Ref Subnets",
            "Subnets: !Ref AWS::NoValue\n      ServiceRole: !Select [0, !Ref Subnets]",
            &inner("Subnets"),
            "give them",
        ),
        (
            "ReplaceComputeEnvironment: false",
            "ReplaceComputeEnvironment: true",
            &format!("{COMPUTE}.ReplaceComputeEnvironment"),
            "write false",
        ),
        (
            "      ReplaceComputeEnvironment: false\n",
            "",
            &format!("{COMPUTE}.ReplaceComputeEnvironment"),
            "write false",
        ),
        (
            "Type: MANAGED",
            "Type: MANAGED\n      ComputeEnvironmentName: spot",
            &format!("{COMPUTE}.ComputeEnvironmentName"),
            "one name",
        ),
        (
            "Priority: 1",
            "Priority: 1\n      JobQueueName: farm",
            "Resources.Queue.Properties.JobQueueName",
            "one name",
        ),
    ]);
}
