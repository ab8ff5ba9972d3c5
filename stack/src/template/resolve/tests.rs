use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Names that show what was asked.
struct Shown;

impl Names for Shown {
    fn reference(&self, id: &str, resource: &ResolvedResource) -> Option<String> {
        let named = resource.properties.get("Name").and_then(Json::as_str);
        Some(named.map_or_else(|| format!("<{id}>"), str::to_owned))
    }

    fn attribute(&self, id: &str, _: &ResolvedResource, attribute: &str) -> Option<Json> {
        (attribute != "Unknown").then(|| Json::from(format!("<{id}.{attribute}>")))
    }
}

const PARAMETERS: &str = "
Parameters:
  Email: {Type: String, Default: '', Description: Who is told., AllowedPattern: '|[^@]+@[^@]+'}
  Count: {Type: Number, Default: 4, MinValue: 2, MaxValue: 10, Description: How many.}
  Subnets: {Type: CommaDelimitedList, Default: 'a, b', Description: Where., AllowedPattern: '[a-z]*', ConstraintDescription: has small letters only}
  Size: {Type: String, Default: small, AllowedValues: [small, large], Description: How big.}
Conditions:
  Mailed: !Not [!Equals [!Ref Email, '']]
  Four: !Equals [!Ref Count, 4]
  Both: !And [!Condition Mailed, !Condition Four]
  Either: !Or [!Condition Mailed, !Condition Four]
  InSubnets: !Not [!Equals [!Join ['', !Ref Subnets], '']]
";

fn inputs() -> Inputs {
    Inputs::new("farm", "123456789012", "eu-west-1")
}

fn run(rest: &str, inputs: &Inputs) -> Result<Resolved, ResolveError> {
    let document = Document::parse(&format!("{PARAMETERS}{rest}")).expect("a template");
    resolve(&document, inputs, &Shown)
}

/// What a value comes to, with a resource `Other` beside it.
fn value_with(value: &str, inputs: &Inputs) -> Result<Json, ResolveError> {
    let rest = format!(
        "Resources:\n  Other: {{Type: T, Properties: {{Name: !Sub '${{AWS::StackName}}-other'}}}}\n  Plain: {{Type: T}}\n  \
         Rare: {{Type: T, Condition: Mailed}}\n  A:\n    Type: T\n    Properties: {{P: {value}}}\n"
    );
    run(&rest, inputs).map(|resolved| resolved.resources["A"].properties.clone())
}

#[test]
fn every_function_is_worked_out() {
    for (value, expected) in [
        ("!Ref Count", json!("4")),
        ("!Ref Subnets", json!(["a", "b"])),
        ("!Ref Other", json!("farm-other")),
        ("!Ref Plain", json!("<Plain>")),
        ("!GetAtt Plain.Arn.Of", json!("<Plain.Arn.Of>")),
        ("!Ref AWS::StackName", json!("farm")),
        ("!Ref AWS::AccountId", json!("123456789012")),
        (
            "!Sub '${AWS::Partition}:${AWS::Region}:${Other}:${Plain.Arn}:${!Kept}:${Count}'",
            json!("aws:eu-west-1:farm-other:<Plain.Arn>:${Kept}:4"),
        ),
        ("!Sub ['${X}-${Plain}-${Plain.X}', {X: !Ref Size, Plain: own}]", json!("small-own-<Plain.X>")),
        ("!Sub '${AWS::URLSuffix}'", json!("amazonaws.com")),
        ("!Join ['-', [a, !Ref Size, 3, true]]", json!("a-small-3-true")),
        ("!Join [',', !Ref Subnets]", json!("a,b")),
        ("!Select [1, !Ref Subnets]", json!("b")),
        ("!Select [0, !GetAZs '']", json!("eu-west-1a")),
        ("!Select ['1', !Split ['/', 'a/b/c']]", json!("b")),
        ("!If [Four, yes, no]", json!("yes")),
        ("!If [Both, both, !If [Either, either, none]]", json!("either")),
        ("[1, !Ref AWS::NoValue, {a: !Ref AWS::NoValue, b: 2}]", json!([1, {"b": 2}])),
        ("[1.5, true, 2012-10-17, null]", json!([1.5, true, "2012-10-17", null])),
    ] {
        assert_eq!(value_with(value, &inputs()).expect(value), json!({ "P": expected }), "{value}");
    }
    assert_eq!(value_with("!If [Mailed, x, !Ref AWS::NoValue]", &inputs()), Ok(json!({})));
    let mailed = inputs().with("Email", "a@b").with("Count", "5");
    assert_eq!(value_with("!If [Mailed, !Ref Rare, !Ref Nowhere]", &mailed), Ok(json!({"P": "<Rare>"})));
}

#[test]
fn what_leads_nowhere_is_named_with_its_place() {
    for (value, expected) in [
        ("{Q: !Ref Nowhere}", "Resources.A.Properties.P.Q: names `Nowhere`, but the template has no"),
        (
            "[!Sub '${Nowhere.Arn}']",
            "Resources.A.Properties.P[0]: names `Nowhere.Arn`, but the template has no",
        ),
        ("!GetAtt Count.Arn", "Resources.A.Properties.P: names `Count.Arn`, but the template has no"),
        ("!Ref Rare", "Resources.A.Properties.P: names `Rare`, but with these parameters there is no"),
        ("!GetAtt Plain.Unknown", "Resources.A.Properties.P: it is not known what `Plain.Unknown` of a T"),
        ("!If [Nowhen, a, b]", "Resources.A.Properties.P: there is no condition `Nowhen`"),
        ("!Select [2, !Ref Subnets]", "Resources.A.Properties.P: `!Select` asks for item 2 of a list of 2"),
        ("!Select [0, !Ref Count]", "Resources.A.Properties.P: a list is wanted"),
        ("!Join ['', [[a]]]", "Resources.A.Properties.P: a text is wanted"),
        ("!Sub '${Subnets}'", "Resources.A.Properties.P: a text is wanted"),
        ("!Sub '${AWS::NoValue}'", "Resources.A.Properties.P: names `AWS::NoValue`"),
        ("!GetAZs us-east-1", "Resources.A.Properties.P: the zones of `us-east-1`"),
    ] {
        let error = value_with(value, &inputs()).expect_err(value).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_parameter_is_held_to_its_words() {
    for (name, value, expected) in [
        ("Email", "nobody", "parameter Email: `nobody` does not look like `|[^@]+@[^@]+`. Who is told."),
        ("Count", "1", "parameter Count: `1` is less than 2, which is the least. How many."),
        ("Count", "11", "parameter Count: `11` is more than 10, which is the most. How many."),
        ("Count", "many", "parameter Count: `many` is not a whole number in plain digits. How many."),
        ("Count", "2.5", "parameter Count: `2.5` is not a whole number in plain digits. How many."),
        ("Count", "007", "parameter Count: `007` is not a whole number in plain digits. How many."),
        ("Subnets", "a,B", "parameter Subnets: `a,B` does not fit; what does has small letters only"),
        ("Size", "huge", "parameter Size: `huge` is not one of small, large. How big."),
        (
            "Siez",
            "small",
            "parameter Siez: the template has no such parameter; it has Count, Email, Size, Subnets",
        ),
    ] {
        let error = run("", &inputs().with(name, value)).expect_err(value).to_string();
        assert_eq!(error, expected);
    }
    let bare = Document::parse("Parameters: {Key: {Type: String, Description: The code's key.}}")
        .expect("a template");
    let error = resolve(&bare, &inputs(), &Shown).expect_err("no value").to_string();
    assert_eq!(error, "parameter Key: has no value and no default. The code's key.");
    let given = resolve(&bare, &inputs().with("Key", "k"), &Shown).expect("resolved");
    assert_eq!(given.parameters["Key"], json!("k"));
}

#[test]
fn conditions_decide_what_is_there() {
    let rest = "
Resources:
  Topic: {Type: T, Condition: Mailed, DependsOn: [Last]}
  Last: {Type: T, DependsOn: Aaa}
  Aaa: {Type: T, DependsOn: [Queue], Metadata: {Why: so}}
  Queue: {Type: T, Properties: {Of: !If [Mailed, !Ref Topic, none]}}
Outputs:
  Where: {Description: x, Condition: Mailed, Value: !Ref Topic}
  Always: {Description: x, Value: !Join ['/', [!Ref Queue, !Ref Size]]}
";
    let without = run(rest, &inputs()).expect("resolved");
    assert_eq!(without.order, ["Queue", "Aaa", "Last"]);
    assert_eq!(without.outputs, BTreeMap::from([("Always".to_owned(), json!("<Queue>/small"))]));
    assert_eq!(without.resources["Aaa"].metadata, json!({"Why": "so"}));
    assert_eq!(without.resources["Last"].properties, Json::Null);
    let circle = run(rest, &inputs().with("Email", "a@b")).expect_err("a circle").to_string();
    assert_eq!(circle, "Resources need each other in a circle: Aaa -> Queue -> Topic -> Last -> Aaa");
    let rest = "Resources: {A: {Type: T, DependsOn: [B]}, B: {Type: T, Condition: Mailed}}";
    assert_eq!(run(rest, &inputs()).expect("resolved").resources["A"].depends_on, Vec::<String>::new());
    let unknown =
        run("Resources: {A: {Type: T, DependsOn: [B]}}", &inputs()).expect_err("dangling").to_string();
    assert_eq!(unknown, "Resources.A: DependsOn names `B`, which is no resource");
}

#[test]
fn conditions_in_a_circle_are_refused() {
    let text = "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}";
    let error =
        resolve(&Document::parse(text).expect("a template"), &inputs(), &Shown).expect_err("a circle");
    assert_eq!(error.to_string(), "Conditions need each other in a circle: A -> B -> A");
}

#[test]
fn a_text_that_doubles_itself_is_refused() {
    let mut text = String::from("Resources:\n  R00: {Type: T, Properties: {Name: 0123456789}}\n");
    for n in 1..64 {
        let before = format!("R{:02}", n - 1);
        text.push_str(&format!(
            "  R{n:02}: {{Type: T, Properties: {{Name: !Sub '${{{before}}}${{{before}}}'}}}}\n"
        ));
    }
    let error =
        resolve(&Document::parse(&text).expect("a template"), &inputs(), &Shown).expect_err("endless");
    assert!(error.to_string().contains("more than 1048576 bytes"), "{error}");
}

/// Values that know the names of a small template, right ones and wrong ones.
fn any_value() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["A", "B", "P", "L", "AWS::NoValue", "AWS::Region", "Nowhere"]);
    let leaf = prop_oneof![
        name.clone().prop_map(|name| format!("!Ref '{name}'")),
        name.clone().prop_map(|name| format!("!GetAtt '{name}.Arn'")),
        name.prop_map(|name| format!("!Sub 'x${{{name}}}'")),
        "[a-z0-9]{0,4}".prop_map(|text| format!("'{text}'")),
        any::<i8>().prop_map(|number| number.to_string()),
        Just("!GetAZs ''".to_owned()),
    ];
    leaf.prop_recursive(5, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            inner.clone().prop_map(|value| format!("{{K: {value}}}")),
            inner.clone().prop_map(|items| format!("!Join ['-', {items}]")),
            (inner.clone(), inner.clone()).prop_map(|(index, items)| format!("!Select [{index}, {items}]")),
            inner.clone().prop_map(|text| format!("!Split ['1', {text}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("!If [C, {a}, {b}]")),
            inner.clone().prop_map(|value| format!("!Sub ['${{V}}${{P}}', {{V: {value}}}]")),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_is_too_strange(a in any_value(), b in any_value(), asked in any_value()) {
        let text = format!(
            "Parameters: {{P: {{Type: String, Default: p}}, L: {{Type: CommaDelimitedList, Default: 'x,y'}}}}\n\
             Conditions: {{C: !Equals [{asked}, p]}}\n\
             Resources:\n  A: {{Type: T, Properties: {{V: {a}}}}}\n  B: {{Type: T, Properties: {{V: {b}}}}}\n"
        );
        let document = Document::parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        if let Ok(resolved) = resolve(&document, &inputs(), &Shown) {
            prop_assert_eq!(resolved.order.len(), 2);
            prop_assert!(!resolved.resources["A"].properties.to_string().contains("AWS::NoValue"));
        }
    }
}
