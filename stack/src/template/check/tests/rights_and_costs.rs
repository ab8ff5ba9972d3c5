//! What a template allows, and what it costs.

use super::{SOUND, findings, mutants};

#[test]
fn wide_rights_need_a_reason() {
    const STATEMENT: &str = "Resources.Role.Properties.Policies[0].PolicyDocument.Statement[0]";
    mutants(&[
        ("Action: [s3:GetObject, s3:PutObject]", "Action: '*'", STATEMENT, "Action `*`"),
        (
            "Action: [s3:GetObject, s3:PutObject]",
            "Action: [s3:GetObject, s3:Put*]",
            STATEMENT,
            "Action `s3:Put*`",
        ),
        (
            "Action: [s3:GetObject, s3:PutObject]",
            "NotAction: s3:DeleteBucket",
            STATEMENT,
            "all but its NotAction",
        ),
        (
            "Resource: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}/*",
            "Resource: '*'",
            STATEMENT,
            "Resource `*`",
        ),
        (
            "Resource: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}/*",
            "Resource: [!Sub 'arn:${AWS::Partition}:s3:::*']",
            STATEMENT,
            "s3:::*`",
        ),
        (
            "Resource: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}/*",
            "Resource: !Split [',', !Ref Image]",
            STATEMENT,
            "cannot be told",
        ),
        (
            "Principal: {Service: lambda.amazonaws.com}",
            "Principal: '*'",
            "Resources.Role.Properties.AssumeRolePolicyDocument.Statement[0]",
            "Principal `*`",
        ),
        (
            "Principal: {Service: lambda.amazonaws.com}",
            "Principal: {AWS: ['1', '*']}",
            "Resources.Role.Properties.AssumeRolePolicyDocument.Statement[0]",
            "Principal `*`",
        ),
        (
            "Jobs: Batch has no rights on one job.",
            "Jobs: ''",
            "Resources.Role.Properties.Policies[0].PolicyDocument.Statement[1]",
            "Resource `*`",
        ),
        (
            "        Jobs: Batch",
            "        Objects: stale\n        Jobs: Batch",
            "Resources.Role.Metadata.FarmReasons.Objects",
            "explains nothing",
        ),
        (
            "      Policies:\n",
            "      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']\n      Policies:\n",
            "Resources.Role.Properties.ManagedPolicyArns",
            "AWS may widen",
        ),
    ]);
}

#[test]
fn nothing_costs_while_nothing_renders() {
    for kind in [
        "AWS::EC2::NatGateway",
        "AWS::EC2::EIP",
        "AWS::EC2::Instance",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::KMS::Key",
        "AWS::RDS::DBInstance",
        "AWS::SecretsManager::Secret",
    ] {
        let found =
            findings(&SOUND.replace("\nOutputs:", &format!("\n  Extra:\n    Type: {kind}\n\nOutputs:")));
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        assert_eq!(found[0].path, "Resources.Extra");
        assert!(found[0].message.contains(kind), "{}", found[0]);
    }
    mutants(&[
        (
            "VpcEndpointType: Gateway",
            "VpcEndpointType: Interface",
            "Resources.Endpoint.Properties.VpcEndpointType",
            "by the hour",
        ),
        (
            "MaxvCpus: 256",
            "MaxvCpus: 256\n        MinvCpus: 4",
            "Resources.Compute.Properties.ComputeResources.MinvCpus",
            "keeps machines running",
        ),
        (
            "MaxvCpus: 256",
            "MaxvCpus: 256\n        MinvCpus: !Ref FrameSeconds",
            "Resources.Compute.Properties.ComputeResources.MinvCpus",
            "keeps machines running",
        ),
        ("RetentionInDays: 30", "LogGroupName: x", "Resources.Lines.Properties", "for ever"),
        (
            "      NotificationConfiguration:\n",
            "      MetricsConfigurations: [{Id: all}]\n      NotificationConfiguration:\n",
            "Resources.Bucket.Properties.MetricsConfigurations",
            "by the month",
        ),
        (
            "\nOutputs:",
            "\n  Live:\n    Type: AWS::Lambda::Alias\n    Properties: {ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}}\n\nOutputs:",
            "Resources.Live.Properties.ProvisionedConcurrencyConfig",
            "by the hour",
        ),
        (
            "\nOutputs:",
            "\n  Bell:\n    Type: AWS::CloudWatch::Alarm\n    Properties: {Period: 10}\n\nOutputs:",
            "Resources.Bell.Properties.Period",
            "60 or more",
        ),
    ]);
    for (kind, count) in [("AWS::CloudWatch::Alarm", 11), ("AWS::CloudWatch::Dashboard", 4)] {
        let extra: String = (0..count).map(|n| format!("  Extra{n}: {{Type: '{kind}'}}\n")).collect();
        let found = findings(&SOUND.replace("\nOutputs:", &format!("\n{extra}\nOutputs:")));
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        assert!(found[0].message.contains(&count.to_string()), "{}", found[0]);
    }
}
