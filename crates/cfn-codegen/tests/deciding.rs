//! Small schemas, and the Rust that is written of them.
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cfn_codegen::merge;
use cfn_codegen::output::{self, Mode};
use cfn_codegen::schema::Schema;
use cfn_codegen::{decide, emit};
use serde_json::{Value, json};

fn schema(name: &str, parts: Value) -> Schema {
    let mut provider = json!({"typeName": name, "primaryIdentifier": ["/properties/Name"], "properties": {}});
    provider.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    merge::structure(&provider).unwrap()
}

fn written(schemas: &[Schema]) -> BTreeMap<PathBuf, String> {
    emit::files(&decide::model(schemas).unwrap()).unwrap()
}

fn refusal(parts: Value) -> String {
    format!("{:#}", decide::model(&[schema("AWS::Farm::Barn", parts)]).unwrap_err())
}

fn barn() -> Schema {
    let mut barn = schema(
        "AWS::Farm::Barn",
        json!({
            "readOnlyProperties": ["/properties/Arn", "/properties/Stable/Cows"],
            "createOnlyProperties": ["/properties/Name", "/properties/Stable/Boxes"],
            "conditionalCreateOnlyProperties": ["/properties/Roof"],
            "requiredXor": ["Door", "Gate"],
            "required": ["Name", "Keeper"],
            "definitions": {
                "Stable": {
                    "type": "object",
                    "properties": {
                        "Boxes": {"type": "integer", "minimum": 1, "maximum": 40},
                        "Cows": {"type": "integer"},
                        "Roof": {"type": "string", "enum": ["FLAT"]},
                    },
                    "required": ["Boxes"],
                },
                "Unused": {"type": "object", "properties": {"Never": {"type": "string"}}},
            },
            "properties": {
                "Arn": {"type": "string"},
                "Name": {"type": "string", "maxLength": 20, "pattern": "^[a-z]+$"},
                "Keeper": {"type": "string", "format": "AWS::IAM::Role.Arn"},
                "Roof": {"type": "string", "enum": ["flat.1", "PITCHED_ROOF"]},
                "Stable": {"$ref": "#/definitions/Stable"},
                "Policy": {"type": ["object", "string"]},
                "Labels": {"type": "object", "patternProperties": {"^[a-z]$": {"type": "string"}},
                           "additionalProperties": false},
                "Years": {"type": "array", "uniqueItems": true, "items": {"type": "integer", "enum": [1, 5]}},
                "Door": {"type": "boolean"},
                "Gate": {"oneOf": [
                    {"type": "object", "properties": {"Wood": {"type": "boolean"}}, "required": ["Wood"]},
                    {"type": "object", "properties": {"Iron": {"type": "number"}}, "required": ["Iron"]},
                ]},
            },
        }),
    );
    barn.attributes.insert("Arn".to_owned(), "string".to_owned());
    barn
}

fn field() -> Schema {
    let mut field = schema(
        "AWS::Farm::Field",
        json!({"properties": {"Name": {"type": "string"}, "Near": {"type": "string"}}}),
    );
    let near = field.shape.properties.get_mut("Near").unwrap();
    near.refers_to
        .extend(["AWS::Farm::Barn.Arn", "AWS::Farm::Barn.Name", "AWS::Sea::Port.Id"].map(str::to_owned));
    field
}

#[test]
fn a_resource_with_all_that_there_is() {
    insta::assert_snapshot!(written(&[barn()])[Path::new("farm/barn.rs")]);
}

#[test]
fn a_property_of_several_kinds() {
    let files = written(&[barn(), field()]);
    insta::assert_snapshot!(files[Path::new("farm/field.rs")]);
    insta::assert_snapshot!(files[Path::new("farm/mod.rs")]);
}

#[test]
fn what_no_property_uses_is_not_written() {
    assert!(!written(&[barn()])[Path::new("farm/barn.rs")].contains("Unused"));
}

#[test]
fn what_cannot_be_expressed_is_refused_with_its_place() {
    let refused = |of: Value| refusal(json!({"properties": {"Name": of}}));
    assert!(refused(json!({"type": "string", "pattern": "["})).starts_with(
        "AWS::Farm::Barn says what cannot be written yet: Barn.Name: the pattern `[` cannot be read"
    ),);
    assert_eq!(
        refused(json!({"type": "array", "items": {"type": "array", "items": {"type": "string"}}})),
        "AWS::Farm::Barn says what cannot be written yet: Barn.Name: lists of lists and of maps cannot be expressed yet"
    );
    assert_eq!(
        refused(json!({"type": "string", "enum": ["A_B", "a-b"]})),
        "AWS::Farm::Barn says what cannot be written yet: Barn.Name: the values A_B and a-b would both be called AB"
    );
    assert_eq!(
        refusal(json!({"readOnlyProperties": ["/properties/Nothing"]})),
        "AWS::Farm::Barn says what cannot be written yet: AWS::Farm::Barn has no Nothing"
    );
}

#[test]
fn the_folder_is_held_to_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = BTreeMap::from([(PathBuf::from("farm/barn.rs"), "// a barn\n".to_owned())]);
    let check =
        || output::write_or_check(folder.path(), &files, Mode::Check).map_err(|error| error.to_string());
    assert!(check().unwrap_err().ends_with("is not what the schemas say: farm/barn.rs"));

    let written = output::write_or_check(folder.path(), &files, Mode::Write).unwrap();
    assert_eq!(written, [PathBuf::from("farm/barn.rs")]);
    assert_eq!(check(), Ok(Vec::new()));

    std::fs::write(folder.path().join("farm/stray.rs"), "").unwrap();
    assert!(check().unwrap_err().ends_with("farm/stray.rs"));
    std::fs::write(folder.path().join("farm/barn.rs"), "// another\n").unwrap();
    assert!(check().unwrap_err().ends_with("farm/barn.rs, farm/stray.rs"));

    output::write_or_check(folder.path(), &files, Mode::Write).unwrap();
    assert_eq!(check(), Ok(Vec::new()));
    assert!(!folder.path().join("farm/stray.rs").exists());
}
