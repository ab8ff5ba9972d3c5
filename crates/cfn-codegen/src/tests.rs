//! The generator as a whole, over the real schemas.

use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::output::{self, Mode};
use crate::schema::Schema;
use crate::{fixups, generate};

fn stack() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stack")
}

fn schemas() -> Vec<Schema> {
    let folder = Folder::new(stack().join("schemas"));
    let types = folder.types().unwrap();
    let schemas = folder.schemas(&types).unwrap();
    let found: Vec<_> = schemas.iter().map(|schema| schema.type_name.clone()).collect();
    assert_eq!(found, types, "a schema is missing: `cargo xtask codegen` fetches it");
    assert_eq!(folder.strays().unwrap(), Vec::<PathBuf>::new(), "`cargo xtask codegen` removes these");
    schemas
}

#[test]
fn what_is_committed_is_what_the_schemas_say() {
    let files = generate(schemas()).unwrap();
    if let Err(error) = output::write_or_check(&stack().join("src/cfn/generated"), &files, Mode::Check) {
        panic!("{error}; `cargo xtask codegen` writes it anew");
    }
}

#[test]
fn generating_twice_gives_the_same() {
    assert_eq!(generate(schemas()).unwrap(), generate(schemas()).unwrap());
}

#[test]
fn every_fixup_fails_where_it_has_been_applied() {
    let mut schemas = schemas();
    fixups::apply(&mut schemas).unwrap();
    for fixup in fixups::all() {
        let mut schema = schemas.iter().find(|schema| schema.type_name == fixup.of).unwrap().clone();
        assert!((fixup.apply)(&mut schema).is_err(), "{} applies to {} twice", fixup.name, fixup.of);
    }
}

#[test]
fn a_fixup_that_no_longer_applies_is_named() {
    let mut schemas = schemas();
    fixups::apply(&mut schemas).unwrap();
    let error = generate(schemas).unwrap_err();
    assert!(error.to_string().contains("no longer applies"), "{error}");
}

#[test]
fn schemas_are_read_as_they_are_written() {
    for schema in schemas() {
        assert_eq!(Schema::parse(&schema.text().unwrap()).unwrap(), schema);
    }
}

#[test]
fn no_prose_is_kept() {
    for schema in schemas() {
        let text = schema.text().unwrap();
        for word in
            ["\"description\"", "\"documentation\"", "\"handlers\"", "\"permissions\"", "http://", "https://"]
        {
            assert!(!text.contains(word), "{} holds {word}", schema.type_name);
        }
    }
}
