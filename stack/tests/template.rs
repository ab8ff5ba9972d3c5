//! The template as a whole: its text and its logical ids are pinned, and nothing is wrong with it.

mod support;

use stack::farm::{BlenderVersion, FarmConfig};
use stack::template::{AwsNames, Inputs, check, fits_inline, resolve};
use support::{document, farm_text, foundation_text, inputs, standard};

#[test]
fn the_text_is_the_one_that_was_agreed_on() {
    insta::assert_snapshot!("template", farm_text(&standard()));
}

#[test]
fn logical_ids_are_a_contract() {
    // Another id is another resource: what stands under the old one is deleted.
    let ids = |text: &str| document(text).resources.keys().cloned().collect::<Vec<_>>();
    let all = ids(&farm_text(&standard()));
    insta::assert_snapshot!("logical_ids", all.join("\n"));
    let foundation = ids(&foundation_text(&standard()));
    assert_eq!(foundation, ["Bucket", "BucketPolicy", "Registry"]);
    assert!(foundation.iter().all(|id| all.contains(id)));
}

#[test]
fn nothing_is_wrong_with_it() {
    for text in [farm_text(&standard()), foundation_text(&standard())] {
        let found = check(&document(&text));
        assert!(found.is_empty(), "{}", found.iter().map(|f| format!("{f}\n")).collect::<String>());
    }
}

#[test]
fn one_blender_fits_into_a_request() {
    let version: BlenderVersion = "4.5".parse().expect("a version");
    let farm = FarmConfig { dashboard: false, ..FarmConfig::new(vec![version]).expect("a farm") };
    assert!(fits_inline(&farm_text(&farm)));
}

#[test]
fn whatever_the_parameters_are_it_comes_to_something() {
    let document = document(&farm_text(&standard()));
    let base = || inputs(&document);
    let come_to =
        |inputs: Inputs| resolve(&document, &inputs, &AwsNames::new(&inputs)).expect("a farm").resources;
    let all = come_to(base());
    assert!(all.contains_key("Vpc") && !all.contains_key("NoticesByEmail"));
    let own = base().with("VpcId", "vpc-1").with("SubnetIds", "subnet-1,subnet-2").with("Email", "a@b.org");
    let own = own.with("RenderExpiryDays", "7").with("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/1");
    let own = come_to(own);
    assert!(!own.contains_key("Vpc") && own.contains_key("NoticesByEmail"));
    let rules =
        |bucket: &serde_json::Value| bucket["LifecycleConfiguration"]["Rules"].as_array().map(Vec::len);
    assert_eq!((rules(&all["Bucket"].properties), rules(&own["Bucket"].properties)), (Some(1), Some(5)));
}
