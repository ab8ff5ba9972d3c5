//! Bucket, function and events.

use super::mutants;

#[test]
fn the_wire_from_bucket_to_function() {
    const PERMISSION: &str = "Resources.Permission.Properties";
    let (account, source) = (format!("{PERMISSION}.SourceAccount"), format!("{PERMISSION}.SourceArn"));
    mutants(&[
        ("DependsOn: [Permission]", "DependsOn: [Failed]", "Resources.Bucket.DependsOn", "no permission"),
        ("      SourceAccount: !Ref AWS::AccountId\n", "", &account, "stranger"),
        ("SourceAccount: !Ref AWS::AccountId", "SourceAccount: '123456789012'", &account, "stranger"),
        (
            "SourceArn: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}\n",
            "SourceArn: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}\n",
            &source,
            "BucketName",
        ),
        (
            "      SourceArn: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}\n",
            "",
            &source,
            "BucketName",
        ),
        (
            "Event: s3:ObjectCreated:*",
            "Event: s3:ObjectCreatd:*",
            "Resources.Bucket.Properties.NotificationConfiguration.LambdaConfigurations[0].Event",
            "no such event",
        ),
        (
            "{Name: suffix, Value: .blend}",
            "{Name: sufix, Value: .blend}",
            "Resources.Bucket.Properties.NotificationConfiguration.LambdaConfigurations[0].Filter.S3Key.Rules[0].Name",
            "prefix and suffix",
        ),
    ]);
}

#[test]
fn events_that_arrive_and_are_not_lost() {
    const PATTERN: &str = "Resources.Jobs.Properties.EventPattern";
    mutants(&[
        ("source: [aws.batch]", "source: aws.batch", &format!("{PATTERN}.source"), "brackets"),
        ("status: [FAILED]", "status: FAILED", &format!("{PATTERN}.detail.status"), "brackets"),
        (
            "status: [FAILED]",
            "status: [FAILED]\n          jobQueue: !Ref Queue",
            &format!("{PATTERN}.detail.jobQueue"),
            "brackets",
        ),
        (
            "{index: [{exists: false}]}",
            "{index: {exists: false}}",
            &format!("{PATTERN}.detail.arrayProperties.index.exists"),
            "brackets",
        ),
        ("OnFailure:\n", "OnSuccess:\n", "Resources.Trigger", "would be lost"),
        (
            "MaximumRetryAttempts: 2",
            "MaximumRetryAttempts: 3",
            "Resources.Retries.Properties.MaximumRetryAttempts",
            "between 0 and 2",
        ),
        (
            "MaximumEventAgeInSeconds: 3600",
            "MaximumEventAgeInSeconds: 30",
            "Resources.Retries.Properties.MaximumEventAgeInSeconds",
            "between 60",
        ),
    ]);
}

#[test]
fn buckets_that_keep_what_they_should() {
    const RULES: &str = "Resources.Bucket.Properties.LifecycleConfiguration";
    let of_rule = |rule: &str| format!("{RULES}.Rules{rule}");
    let gone = "would go with it";
    mutants(&[
        ("    DeletionPolicy: RetainExceptOnCreate\n", "", "Resources.Bucket.DeletionPolicy", gone),
        (
            "UpdateReplacePolicy: Retain",
            "UpdateReplacePolicy: Delete",
            "Resources.Bucket.UpdateReplacePolicy",
            gone,
        ),
        (
            "AbortIncompleteMultipartUpload:\n              DaysAfterInitiation: 7",
            "ExpirationInDays: 7",
            RULES,
            "pile up",
        ),
        (
            "DaysAfterInitiation: 7",
            "DaysAfterInitiation: 0",
            &of_rule("[0].AbortIncompleteMultipartUpload.DaysAfterInitiation"),
            "0 is not",
        ),
        (
            "NoncurrentDays: 30",
            "NoncurrentDays: 0",
            &of_rule("[2].NoncurrentVersionExpiration.NoncurrentDays"),
            "0 is not",
        ),
        (
            "NoncurrentDays: 30",
            "NoncurrentDays: !Ref ExpiryDays",
            &of_rule("[2].NoncurrentVersionExpiration.NoncurrentDays"),
            "parameter ExpiryDays",
        ),
        (
            "ExpirationInDays: !Ref ExpiryDays",
            "ExpirationInDays: 0",
            &of_rule("[1].ExpirationInDays"),
            "0 is not",
        ),
    ]);
}

#[test]
fn what_a_rule_sends_may_arrive() {
    const TARGETS: &str = "Resources.Jobs.Properties.Targets";
    let (function, topic) = (format!("{TARGETS}[0].Arn"), format!("{TARGETS}[1].Arn"));
    mutants(&[
        (
            "Principal: events.amazonaws.com",
            "Principal: sns.amazonaws.com",
            &function,
            "AWS::Lambda::Permission",
        ),
        (
            "      SourceArn: !GetAtt Jobs.Arn",
            "      SourceArn: !GetAtt Unseen.Arn",
            &function,
            "AWS::Lambda::Permission",
        ),
        (
            "[events.amazonaws.com, cloudwatch.amazonaws.com]",
            "cloudwatch.amazonaws.com",
            &topic,
            "TopicPolicy",
        ),
        (
            "Condition: {ArnEquals: {aws:SourceArn: !GetAtt Jobs.Arn}}",
            "Condition: {ArnEquals: {aws:SourceArn: !GetAtt Trigger.Arn}}",
            &format!("{TARGETS}[0].DeadLetterConfig.Arn"),
            "no other SourceArn",
        ),
        ("Topics: [!Ref Notices]", "Topics: []", &topic, "TopicPolicy"),
        (
            "Queues: [!Ref Unseen]",
            "Queues: [!Ref Failed]",
            &format!("{TARGETS}[0].DeadLetterConfig.Arn"),
            "QueuePolicy",
        ),
        (
            "TopicName: notices",
            "KmsMasterKeyId: alias/aws/sns",
            "Resources.Notices.Properties.KmsMasterKeyId",
            "a key of yours",
        ),
    ]);
}
