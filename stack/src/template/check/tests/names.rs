//! References, and how much there may be of everything.

use super::{SOUND, findings, mutants};

#[test]
fn names_that_lead_nowhere_and_names_that_nobody_uses() {
    mutants(&[
        ("Value: !Ref Queue", "Value: !Ref Quueue", "Outputs.Queue.Value", "`Quueue`"),
        (
            "Destination: !GetAtt Failed.Arn",
            "Destination: !GetAtt Fialed.Arn",
            "Resources.Retries.Properties.DestinationConfig.OnFailure.Destination",
            "`Fialed.Arn`",
        ),
        (
            "BucketName: !Sub ${AWS::StackName}-${AWS::AccountId}\n",
            "BucketName: !Sub ${AWS::StackName}-${AWS::AccountId}\n      Tags: [!Sub '${AWS::Nothing}']\n",
            "Resources.Bucket.Properties.Tags[0]",
            "`AWS::Nothing`",
        ),
        ("Value: !Ref Queue", "Value: !Sub '${Image.Arn}'", "Outputs.Queue.Value", "`Image.Arn`"),
        ("Value: !Ref Queue", "Value: !If [Nowhen, a, b]", "Outputs.Queue.Value", "`Nowhen`"),
        (
            "DeletionPolicy: Delete",
            "DeletionPolicy: Delete\n    Condition: Nowhen",
            "Resources.Failed.Condition",
            "`Nowhen`",
        ),
        (
            "DeletionPolicy: Delete",
            "DeletionPolicy: Delete\n    DependsOn: Nobody",
            "Resources.Failed.DependsOn",
            "`Nobody`",
        ),
        ("Parameters:\n", "Parameters:\n  Spare: {Type: String}\n", "Parameters.Spare", "nothing asks"),
        (
            "Conditions:\n",
            "Conditions:\n  Spare: !Equals [!Ref Image, x]\n",
            "Conditions.Spare",
            "nothing asks",
        ),
        (
            "!Equals [!Ref ExpiryDays, 0]",
            "!Equals [!Ref ExpiryDays, !Ref Queue]",
            "Conditions.Expires",
            "resource `Queue`",
        ),
    ]);
}

#[test]
fn circles_are_printed_whole() {
    mutants(&[
        (
            "DeletionPolicy: Delete",
            "DeletionPolicy: Delete\n    DependsOn: Retries",
            "Resources.Failed",
            "Failed -> Retries -> Failed",
        ),
        (
            "- Sid: Never\n",
            "- Sid: More\n                Effect: Allow\n                Action: s3:ListBucket\n                Resource: !GetAtt Bucket.Arn\n              - Sid: Never\n",
            "Resources.Bucket",
            "Bucket -> Permission -> Trigger -> Role -> Bucket",
        ),
        (
            "DeletionPolicy: Delete",
            "DeletionPolicy: Delete\n    Properties: {QueueName: !Sub '${Failed.Arn}'}",
            "Resources.Failed",
            "Failed -> Failed",
        ),
    ]);
    let text = "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\nResources: {Q: {Type: 'AWS::SQS::Queue'}}";
    let found = findings(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.contains("A -> B -> A"), "{}", found[0]);
}

#[test]
fn a_template_has_limits() {
    let many = |section: &str, count: usize, entry: &str| -> String {
        let entries: String = (0..count).map(|n| format!("  Extra{n}{entry}\n")).collect();
        SOUND.replace(&format!("\n{section}:\n"), &format!("\n{section}:\n{entries}"))
    };
    for (text, path) in [
        (many("Resources", 485, ": {Type: 'AWS::SQS::Queue'}"), "Resources"),
        (many("Outputs", 200, ": {Value: x}"), "Outputs"),
        (SOUND.replace("A small", &"A small ".repeat(200)), "Description"),
        (format!("{SOUND}{}", "# ".repeat(600_000)), "Template"),
    ] {
        let found = findings(&text);
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        assert_eq!(found[0].path, path);
        assert!(found[0].message.contains("CloudFormation takes"), "{}", found[0]);
    }
    let used: String = (0..200).map(|n| format!("  Use{n}: {{Value: !Ref Extra{n}}}\n")).collect();
    let text = many("Parameters", 200, ": {Type: String}");
    let text = text
        .replace("\nOutputs:\n", &format!("\nOutputs:\n{used}"))
        .replace("  Queue:\n    Description: Where jobs wait.\n    Value: !Ref Queue\n", "");
    let found = findings(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, "Parameters");
    mutants(&[("Default: 900", "Default: 30", "Parameters.FrameSeconds.Default", "less than 60")]);
    assert_eq!(findings("Description: nothing")[0].path, "Resources");
}
