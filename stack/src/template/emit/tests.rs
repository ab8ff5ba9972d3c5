use proptest::prelude::*;
use serde::Serialize;
use serde_yaml::value::{Tag, TaggedValue};

use super::*;
use crate::cfn::{Kind, Resource};
use crate::template::{Attributes, ParameterSpec, Test};

/// Stands for a generated type.
#[derive(Serialize)]
#[serde(transparent)]
struct Any(Yaml);

#[derive(Serialize, Clone)]
struct Name(String);

impl Kind for Name {
    const NAME: &'static str = "a name";
    fn literal(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Resource for Any {
    const TYPE: &'static str = "AWS::S3::Bucket";
    type Ref = Name;
    fn problems(&self) -> Vec<String> {
        let named = self.0.get("BucketName").and_then(Yaml::as_str);
        named.map(|name| format!("BucketName: `{name}` is taken")).into_iter().collect()
    }
}

fn yaml(text: &str) -> Yaml {
    serde_yaml::from_str(text).expect("yaml")
}

fn small() -> Template {
    let mut template = Template::new("A farm: small.");
    template.metadata.insert(Yaml::from("Picture"), Yaml::from("bucket -> function"));
    let spec = |label: &str, group| ParameterSpec {
        description: "Where to.".to_owned(),
        default: Some(Yaml::from("")),
        label: String::from(label),
        group,
        ..ParameterSpec::default()
    };
    let email = template.parameter::<String>("Email", spec("E-mail", "Notices")).expect("parameter");
    template.parameter::<String>("Vpc", spec("Network", "Network")).expect("parameter");
    template.parameter::<String>("Topic", spec("", "Notices")).expect("parameter");
    let mailed = template.condition("Mailed", &Test::given(&email).expect("test")).expect("condition");
    let attributes = Attributes { depends_on: vec!["Other".to_owned()], ..Attributes::default() };
    let bucket = Any(yaml(
        "Name: !Sub '${AWS::StackName}-x'\nIf: !If [Mailed, {Status: on}, !Ref 'AWS::NoValue']\nShort: !If [Mailed, !Ref Email, '']\nTags: [{Key: a, Value: '1'}]",
    ));
    let handle = template.add_with("Bucket", bucket, attributes).expect("bucket");
    template.add("Other", Any(yaml("Text: |\n  {\n    \"a\": 1\n  }\n"))).expect("other");
    template.output("Name", &handle.reference(), "Its name.", Some(&mailed)).expect("output");
    template
}

#[test]
fn a_template_reads_well() {
    let text = small().to_yaml().expect("yaml");
    assert_eq!(text, include_str!("small.yaml"));
    assert_eq!(text, small().to_yaml().expect("yaml"), "the same farm, the same bytes");
}

#[test]
fn an_empty_template_is_two_lines_at_most() {
    assert_eq!(Template::default().to_yaml().expect("yaml"), "AWSTemplateFormatVersion: '2010-09-09'\n");
}

#[test]
fn what_a_type_refuses_is_not_written() {
    let mut template = Template::default();
    template.add("Bucket", Any(yaml("BucketName: x"))).expect("added");
    let error = template.to_yaml().expect_err("a problem").to_string();
    assert!(error.contains("Bucket: BucketName: `x` is taken"), "{error}");
}

#[test]
fn what_a_template_cannot_hold_is_named_by_its_place() {
    for (properties, expected) in [
        ("A: {B: [1, null]}", "Resources.X.Properties.A.B[1] has no value"),
        ("A: .nan", "Resources.X.Properties.A has no value"),
        ("A: !If [x, null]", "Resources.X.Properties.A[1] has no value"),
        ("A: {1: b}", "Resources.X.Properties.A has a key"),
    ] {
        let mut template = Template::default();
        template.add("X", Any(yaml(properties))).expect("added");
        let error = template.to_yaml().expect_err(properties).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// What YAML 1.1 or a hasty reader would take for something else than a text.
#[test]
fn a_text_stays_a_text() {
    for text in [
        "2012-10-17",
        "123456789012",
        "4.5",
        "on",
        "Off",
        "YES",
        "no",
        "y",
        "N",
        "true",
        "False",
        "null",
        "Null",
        "~",
        "",
        "0123",
        "0o17",
        "0x1F",
        "1_000",
        "1:30",
        "1e3",
        ".5",
        "+1",
        "-1",
        ".inf",
        ".NaN",
        "inf",
        "nan",
        "<<",
        "=",
        "-",
        "--- a",
        "...",
        "a: b",
        "a #b",
        "#a",
        "a:",
        "a ",
        " a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "'",
        "\"",
        "[a]",
        "{a}",
        "?",
        "? a",
        "a\tb",
    ] {
        let mut out = String::from("k:");
        yaml::under_key(&mut out, &Yaml::from(text), 2, "k").expect("written");
        let bare = out.trim_start_matches("k:").trim();
        assert!(bare.starts_with(['\'', '"']), "`{text}` is written bare: {out}");
        assert_eq!(yaml(&out)["k"], Yaml::from(text));
    }
    for word in [
        "farm",
        "AWS::S3::Bucket",
        "s3:ObjectCreated:*",
        "a-b_c.d",
        "${AWS::StackName}-x",
        "/aws/batch",
        "two words",
    ] {
        let mut out = String::from("k:");
        yaml::under_key(&mut out, &Yaml::from(word), 2, "k").expect("written");
        assert_eq!(out, format!("k: {word}\n"));
    }
}

#[test]
fn the_limit_is_in_bytes() {
    assert!(fits_inline(&"x".repeat(51_200)) && !fits_inline(&"x".repeat(51_201)));
    assert!(!fits_inline(&"é".repeat(25_601)));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ a-z0-9:#'\"\\[\\]{},!&*|>%@`~?.\\-]{0,12}",
        "[ \n\ta:#-]{0,12}",
        "[0-9_.:eExXo+-]{1,8}",
        "([a-z\"{}:,]{1,9}( [a-z]{1,9})?\n){1,5}",
    ]
}

fn any_tree() -> impl Strategy<Value = Yaml> {
    let leaf = prop_oneof![
        any_text().prop_map(Yaml::from),
        any::<bool>().prop_map(Yaml::from),
        any::<i64>().prop_map(Yaml::from),
        any::<u64>().prop_map(Yaml::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Yaml::from),
    ];
    leaf.prop_recursive(5, 60, 5, |inner| {
        let untagged =
            inner.clone().prop_filter("one tag a value", |value| !matches!(value, Yaml::Tagged(_)));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Yaml::Sequence),
            prop::collection::vec((any_text(), inner), 0..5).prop_map(|entries| {
                Yaml::Mapping(entries.into_iter().map(|(key, value)| (Yaml::from(key), value)).collect())
            }),
            ("[A-Z][A-Za-z]{0,8}", untagged)
                .prop_map(|(tag, value)| Yaml::Tagged(Box::new(TaggedValue { tag: Tag::new(tag), value }))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tree in any_tree()) {
        let mut template = Template::default();
        template.add("X", Any(tree.clone())).expect("added");
        let text = template.to_yaml().expect("written");
        let read = serde_yaml::from_str::<Yaml>(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(&read["Resources"]["X"]["Properties"], &tree, "{}", text);
    }
}
