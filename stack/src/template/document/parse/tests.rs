use proptest::prelude::*;

use super::*;

#[test]
fn a_template_is_read() {
    let document = Document::parse(include_str!("../../emit/small.yaml")).expect("a template");
    assert_eq!(document.description, "A farm: small.");
    assert_eq!(document.parameters["Email"].default, Some(Yaml::from("")));
    let bucket = &document.resources["Bucket"];
    assert_eq!(
        (bucket.kind.as_str(), bucket.depends_on.as_slice()),
        ("AWS::S3::Bucket", &["Other".to_owned()][..])
    );
    let Some(Function::If { condition, then, .. }) = bucket.properties.get("Short").and_then(Node::function)
    else {
        panic!("no choice: {:?}", bucket.properties);
    };
    assert_eq!(
        (condition.as_str(), then),
        ("Mailed", &Node::Function(Box::new(Function::Ref("Email".to_owned()))))
    );
    assert_eq!(document.conditions["Mailed"].parts().0.len(), 2);
    assert_eq!(document.outputs["Name"].condition.as_deref(), Some("Mailed"));
}

#[test]
fn a_foreign_text_is_refused_with_its_place() {
    for (text, expected) in [
        ("- a", "the template: should be names"),
        ("Mappings: {}", "Mappings: this section is not read"),
        ("Resources: {A: {Properties: {}}}", "Resources.A: has no Type"),
        ("Resources: {A: {Type: X, CreationPolicy: {}}}", "Resources.A.CreationPolicy: is no attribute"),
        (
            "Resources: {A: {Type: X, Properties: {P: !Cidr [a, b]}}}",
            "Resources.A.Properties.P: `!Cidr` is not read",
        ),
        (
            "Resources: {A: {Type: X, Properties: {P: {'Fn::Sub': a}}}}",
            "Resources.A.Properties.P: `Fn::Sub` is the long",
        ),
        (
            "Resources: {A: {Type: X, Properties: {P: [!GetAtt B]}}}",
            "Resources.A.Properties.P[0]: `!GetAtt` takes",
        ),
        (
            "Resources: {A: {Type: X, Properties: {P: !Sub '${'}}}",
            "Resources.A.Properties.P: `${` has no closing",
        ),
        (
            "Resources: {A: {Type: X, Properties: {P: !Equals [a, b]}}}",
            "Resources.A.Properties.P: `!Equals` may",
        ),
        ("Resources: {A: {Type: X, Properties: {1: b}}}", "Resources.A.Properties: has a key"),
        ("Conditions: {C: a}", "Conditions.C: should be one of"),
        ("Conditions: {C: !And [!Condition D]}", "Conditions.C: `!And` and `!Or` take two"),
        ("Parameters: {P: {Type: 'List<Number>', Description: x}}", "Parameters.P: is not a parameter"),
        ("Outputs: {O: {Description: x}}", "Outputs.O: has no Value"),
    ] {
        let error = Document::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_bottomless_text_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("!If [c, a, ", "]")] {
        for depth in [61, 100, 5_000] {
            let text = format!(
                "Resources: {{A: {{Type: X, Properties: {}x{}}}}}",
                open.repeat(depth),
                close.repeat(depth)
            );
            Document::parse(&text).expect_err(open);
        }
    }
    let text = format!("Conditions: {{A: {}!Condition B{}}}", "!Not [".repeat(61), "]".repeat(61));
    assert!(Document::parse(&text).expect_err("deep").to_string().contains("questions"));
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>(), middle in "[ \n\\[\\]{}!:,&*'\"$a-zA-Z-]{0,80}") {
        let _ = Document::parse(&text);
        let _ = Document::parse(&format!("Resources:\n  A:\n    Type: X\n    Properties: {middle}"));
    }
}
