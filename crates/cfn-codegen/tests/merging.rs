//! Two small sources into one schema.

use cfn_codegen::merge::{self, Specification};
use serde_json::{Value, json};

fn provider() -> Value {
    json!({
        "typeName": "AWS::Farm::Barn",
        "description": "Where the cows live.",
        "sourceUrl": "nowhere",
        "handlers": {"create": {"permissions": ["farm:BuildBarn"]}},
        "primaryIdentifier": ["/properties/BarnName"],
        "readOnlyProperties": ["/properties/Arn"],
        "createOnlyProperties": ["/properties/Stable/Boxes"],
        "definitions": {
            "Stable": {
                "type": "object",
                "description": "A stable.",
                "properties": {"Boxes": {"type": "integer", "minimum": 1}, "Owner": {"type": "string"}},
                "required": ["Boxes"],
            },
        },
        "properties": {
            "Arn": {"type": "string"},
            "BarnName": {"type": "string", "description": "Its name."},
            "description": {"type": "string", "description": "A property of that name stays."},
            "Keepers": {"type": "array", "insertionOrder": false, "items": {"type": "string"}},
            "Stable": {"$ref": "#/definitions/Stable"},
        },
    })
}

fn database() -> Value {
    let role = json!([{"cloudFormationType": "AWS::IAM::Role", "propertyName": "Arn"}]);
    json!({"schema": {
        "resource": {"entities": [{
            "$id": "1",
            "cloudFormationType": "AWS::Farm::Barn",
            "primaryIdentifier": ["BarnName"],
            "cfnRefIdentifier": ["Arn"],
            "attributes": {"Arn": {"type": {"type": "string"}, "documentation": "Prose."}},
            "properties": {
                "BarnName": {"type": {"type": "string"}},
                "Keepers": {"type": {"type": "array"}, "relationshipRefs": role.clone()},
            },
        }]},
        "typeDefinition": {"entities": [
            {"$id": "2", "name": "Stable", "properties": {"Owner": {"type": {}, "relationshipRefs": role}}},
        ]},
        "usesType": {"forward": {"1": [{"$id": "2"}]}},
    }})
}

#[test]
fn structure_is_of_the_one_and_references_of_the_other() {
    let mut schema = merge::structure(&provider()).unwrap();
    let database = database();
    Specification::read(&database).unwrap().add_to(&mut schema).unwrap();
    assert_eq!(
        serde_json::to_value(&schema).unwrap(),
        json!({
            "typeName": "AWS::Farm::Barn",
            "primaryIdentifier": ["BarnName"],
            "refIdentifier": ["Arn"],
            "attributes": {"Arn": "string"},
            "readOnly": ["Arn"],
            "createOnly": ["Stable/Boxes"],
            "shape": {"properties": {
                "Arn": {"type": "string"},
                "BarnName": {"type": "string"},
                "Keepers": {"type": "array", "items": {"type": "string", "refersTo": ["AWS::IAM::Role.Arn"]}},
                "Stable": {"$ref": "#/definitions/Stable"},
                "description": {"type": "string"},
            }},
            "definitions": {"Stable": {
                "type": "object",
                "properties": {
                    "Boxes": {"type": "integer", "minimum": 1.0},
                    "Owner": {"type": "string", "refersTo": ["AWS::IAM::Role.Arn"]},
                },
                "required": ["Boxes"],
            }},
        })
    );
}

#[test]
fn a_keyword_that_nobody_has_judged_is_an_error() {
    let mut provider = provider();
    provider["properties"]["BarnName"]["minContains"] = json!(1);
    let error = merge::structure(&provider).unwrap_err();
    assert!(format!("{error:#}").contains("minContains"), "{error:#}");
}

#[test]
fn sources_that_disagree_are_an_error() {
    let mut provider = provider();
    provider["properties"].as_object_mut().unwrap().remove("Keepers");
    let mut schema = merge::structure(&provider).unwrap();
    let database = database();
    let error = Specification::read(&database).unwrap().add_to(&mut schema).unwrap_err();
    assert_eq!(error.to_string(), "AWS::Farm::Barn has no Keepers");
    assert!(Specification::read(&json!({"schema": {}})).is_err());
}
