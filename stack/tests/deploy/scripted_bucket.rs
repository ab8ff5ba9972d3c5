//! The bucket, answered by a script: whose it is, and what is put there.

use sha2::{Digest as _, Sha256};

use crate::engine::image;
use crate::script::{Script, TAGGED, account, events, no_change, plain, result, stack, template};
use crate::scripted::{change, no_stack};

pub const HEAD: &str = "HEAD /render-farm-123456789012-eu-west-1/";
pub const TAGS: &str = "GET /render-farm-123456789012-eu-west-1/?tagging";

#[test]
fn a_bucket_that_an_earlier_farm_left_becomes_the_new_ones() {
    let changes =
        change("Import", "Bucket", "AWS::S3::Bucket") + &change("Add", "Registry", "AWS::ECR::Repository");
    let described = format!("<Status>CREATE_COMPLETE</Status><Changes>{changes}</Changes>");
    let (proposed, begun) =
        (("render-farm", "REVIEW_IN_PROGRESS", ""), ("render-farm", "CREATE_IN_PROGRESS", ""));
    let (taken, made) = (("Bucket", "IMPORT_COMPLETE", ""), ("render-farm", "CREATE_COMPLETE", ""));
    let aws = Script::start(&[
        account(),
        template(),
        (
            "DescribeStacks",
            vec![
                no_stack(),
                stack("REVIEW_IN_PROGRESS").after("CreateChangeSet"),
                stack("CREATE_COMPLETE").after("ExecuteChangeSet"),
            ],
        ),
        (
            "DescribeStackEvents",
            vec![events(&[proposed]), events(&[proposed, begun, taken, made]).after("ExecuteChangeSet")],
        ),
        (HEAD, vec![plain(200, "")]),
        (TAGS, vec![plain(200, TAGGED)]),
        ("CreateChangeSet", vec![result("CreateChangeSet", "<Id>set</Id>")]),
        ("DescribeChangeSet", vec![result("DescribeChangeSet", &described)]),
        ("ExecuteChangeSet", vec![result("ExecuteChangeSet", "")]),
        ("POST /v1/describejobqueues", vec![plain(200, r#"{"jobQueues":[{"state":"ENABLED"}]}"#)]),
    ]);
    aws.stack(&["deploy", "--yes", "--foundation"]).well().says(&[
        "+ Bucket    AWS::S3::Bucket       taken over as it stands",
        "1/2  taken over     Bucket",
        "The stack is as requested",
    ]);
    let form = aws.form("CreateChangeSet");
    for asked in [
        "ImportExistingResources=true",
        "ChangeSetType=CREATE",
        // CloudFormation takes over nothing whose name a function makes up.
        "BucketName%3A%20render-farm-123456789012-eu-west-1%0A",
        "DeletionPolicy%3A%20Retain%0A",
    ] {
        assert!(form.contains(asked), "{asked}");
    }
}

#[test]
fn a_bucket_that_holds_something_else_is_left_alone() {
    let others =
        "<Tagging><TagSet><Tag><Key>render-farm</Key><Value>another</Value></Tag></TagSet></Tagging>";
    let untagged =
        plain(404, "<Error><Code>NoSuchTagSet</Code><Message>The TagSet does not exist</Message></Error>");
    for tags in [plain(200, others), untagged] {
        let aws = Script::start(&[
            account(),
            ("DescribeStacks", vec![no_stack()]),
            (HEAD, vec![plain(200, "")]),
            (TAGS, vec![tags]),
        ]);
        for verb in [&["deploy", "--yes", "--foundation"][..], &["site"]] {
            aws.stack(verb).badly(&[
                "the bucket `render-farm-123456789012-eu-west-1` stands, and has no tag",
                "--stack",
            ]);
        }
        aws.stack(&["destroy", "--yes"]).well().says(&["There is no stack `render-farm`"]);
        let looks = ["GetCallerIdentity", "DescribeStacks", HEAD, TAGS];
        assert!(aws.actions().iter().all(|call| looks.contains(&call.as_str())), "{:?}", aws.actions());
    }
}

#[test]
fn a_bucket_that_is_somebody_elses_is_told_as_such() {
    for (status, words) in [(403, "it is another account's"), (301, "it already exists, in another region")] {
        let aws = Script::start(&[
            account(),
            ("DescribeStacks", vec![no_stack()]),
            (HEAD, vec![plain(status, "")]),
        ]);
        aws.stack(&["deploy", "--yes", "--foundation"]).badly(&[words, "hint: "]);
    }
}

#[test]
fn before_anything_is_built_it_is_told_who_deploys_where_and_what_stands() {
    let founded = |aws: &Script| {
        let site: serde_json::Value = serde_json::from_str(&aws.stack(&["site"]).well().out).unwrap();
        assert_eq!((&site["account"], &site["region"]), (&"123456789012".into(), &"eu-west-1".into()));
        let settings = site["foundation_settings"].as_array().unwrap();
        assert!(settings.contains(&"KmsKeyArn".into()) && !settings.contains(&"Email".into()), "{site}");
        site["founded"].as_bool().unwrap()
    };
    let nothing = [account(), ("DescribeStacks", vec![no_stack()]), (HEAD, vec![plain(404, "")])];
    assert!(!founded(&Script::start(&nothing)));
    let farm = [account(), template(), ("DescribeStacks", vec![stack("CREATE_COMPLETE")])];
    assert!(founded(&Script::start(&farm)));
    // What cannot be is refused with nobody called.
    let aws = Script::start(&[]);
    aws.stack(&["site", "--set", "Email=nobody"]).badly(&["one e-mail address"]);
    assert!(aws.actions().is_empty());
}

#[test]
fn a_template_too_long_for_a_request_is_read_by_its_address_alone() {
    let blenders = ["4.2", "4.3", "4.4", "4.5", "5.0", "5.1"];
    let listed: Vec<String> =
        blenders.iter().flat_map(|version| ["--blender", version]).map(str::to_owned).collect();
    let images =
        blenders.iter().flat_map(|version| ["--image".to_owned(), format!("{version}={}", image(version))]);
    let given: Vec<String> = listed.iter().cloned().chain(images).collect();
    let with = |first: &[&str], more: &[String]| -> Vec<String> {
        first.iter().map(|argument| (*argument).to_owned()).chain(more.iter().cloned()).collect()
    };
    let run = |aws: &Script, arguments: &[String]| {
        aws.stack(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).well()
    };
    let text = run(&Script::start(&[]), &with(&["synth"], &listed)).out;
    let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let key = format!("/render-farm-123456789012-eu-west-1/.farm/template/{digest}.yaml");
    let put = format!("PUT {key}");
    let mut answers = no_change();
    answers.extend([
        account(),
        ("DescribeStacks", vec![stack("UPDATE_COMPLETE")]),
        (HEAD, vec![plain(200, "")]),
        (TAGS, vec![plain(200, TAGGED)]),
        (put.as_str(), vec![plain(200, "")]),
    ]);
    let aws = Script::start(&answers);
    let ran = run(&aws, &with(&["deploy", "--yes"], &given));
    assert!(ran.told.contains("No change"), "{}", ran.told);
    assert_eq!(aws.form(&put), text);
    let form = aws.form("CreateChangeSet");
    let asked: Vec<&str> = form.split('&').filter_map(|pair| pair.strip_prefix("Template")).collect();
    let [address] = asked[..] else { panic!("one way to the template: {asked:?}") };
    // CloudFormation takes no signed address.
    assert!(address.starts_with("URL=http%3A%2F%2F127.0.0.1%3A"), "{address}");
    assert!(address.ends_with(&key.replace('/', "%2F")), "{address}");
}
