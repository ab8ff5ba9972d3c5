//! The template as a whole: its text and its logical ids are pinned, and nothing is wrong with it.

use stack::farm::{self, BlenderVersion, FarmConfig};
use stack::template::{AwsNames, Document, Inputs, Template, check, fits_inline, resolve};

fn standard() -> FarmConfig {
    FarmConfig::standard().expect("the standard farm stands")
}

fn text(template: &Template) -> String {
    template.to_yaml().expect("a template that can be written")
}

fn parsed(template: &Template) -> Document {
    Document::parse(&text(template)).expect("our own text")
}

#[test]
fn the_text_is_the_one_that_was_agreed_on() {
    insta::assert_snapshot!("template", text(&farm::template(&standard()).expect("a farm")));
}

#[test]
fn logical_ids_are_a_contract() {
    // Another id is another resource: what stands under the old one is deleted.
    let ids = |template: &Template| parsed(template).resources.keys().cloned().collect::<Vec<_>>();
    let all = ids(&farm::template(&standard()).expect("a farm"));
    insta::assert_snapshot!("logical_ids", all.join("\n"));
    let foundation = ids(&farm::foundation(&standard()).expect("a foundation"));
    assert_eq!(foundation, ["Bucket", "BucketPolicy", "Registry"]);
    assert!(foundation.iter().all(|id| all.contains(id)));
}

#[test]
fn nothing_is_wrong_with_it() {
    for template in [farm::template(&standard()), farm::foundation(&standard())] {
        let found = check(&parsed(&template.expect("a farm")));
        assert!(found.is_empty(), "{}", found.iter().map(|f| format!("{f}\n")).collect::<String>());
    }
}

#[test]
fn one_blender_fits_into_a_request() {
    let version: BlenderVersion = "4.5".parse().expect("a version");
    let farm = FarmConfig { dashboard: false, ..FarmConfig::new(vec![version]).expect("a farm") };
    assert!(fits_inline(&text(&farm::template(&farm).expect("a farm"))));
}

#[test]
fn whatever_the_parameters_are_it_comes_to_something() {
    let document = parsed(&farm::template(&standard()).expect("a farm"));
    let images = format!("1.dkr.ecr.eu-west-1.amazonaws.com/farm@sha256:{}", "0".repeat(64));
    let base = || {
        Inputs::new("farm", "123456789012", "eu-west-1")
            .with("RenderImage45", &images)
            .with("RenderImage41", &images)
            .with("ZipImage", &images)
            .with("FunctionCodeKey", &format!(".farm/lambda/{}.zip", "0".repeat(64)))
    };
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
    assert_eq!((rules(&all["Bucket"].properties), rules(&own["Bucket"].properties)), (Some(1), Some(3)));
}
