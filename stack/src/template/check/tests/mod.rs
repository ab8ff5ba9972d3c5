//! A small template that nothing is wrong with, and one mutant of it for each thing that can be.

mod batch;
mod names;
mod rights_and_costs;
mod wires;

use proptest::prelude::*;

use super::*;

const SOUND: &str = include_str!("sound.yaml");

fn findings(text: &str) -> Vec<Finding> {
    check(&Document::parse(text).expect("a template"))
}

#[test]
fn nothing_is_wrong_with_a_sound_template() {
    assert_eq!(findings(SOUND), []);
}

/// Changes the sound template at one place, and expects one finding: at this place, with these
/// words.
fn mutants(cases: &[(&str, &str, &str, &str)]) {
    for (from, to, path, words) in cases {
        assert_eq!(SOUND.matches(from).count(), 1, "`{from}` should stand in the sound template once");
        let found = findings(&SOUND.replace(from, to));
        assert_eq!(found.len(), 1, "{from} -> {to}: {found:#?}");
        assert_eq!(found[0].path, *path, "{from} -> {to}: {}", found[0]);
        assert!(found[0].message.contains(words), "{from} -> {to}: {}", found[0]);
    }
}

proptest! {
    /// Values of any kind, functions too, under every key that a check asks for.
    #[test]
    fn no_document_is_too_strange(
        lines in prop::collection::vec(0..200_usize, 1..12),
        value in prop::sample::select(vec![
            "", "''", "[]", "{}", "-1", "1.5", "[1, [2]]", "{a: b}", "'*'", "!Ref Nowhere", "!Ref AWS::NoValue",
            "!GetAtt Bucket.Arn", "!If [Expires, [1], {a: 1}]", "!Split [',', x]", "!Join ['', [!Ref Bucket]]",
            "!Sub ['${A}', {A: !Ref Subnets}]", "[{Statement: {Action: [!Ref Image]}}]", "9999999999999999999999",
        ]),
    ) {
        let mut text: Vec<String> = SOUND.lines().map(str::to_owned).collect();
        for line in lines {
            if let Some((key, _)) = text.get(line).and_then(|line| line.split_once(": ")) {
                let changed = format!("{key}: {value}");
                text[line] = changed;
            }
        }
        if let Ok(document) = Document::parse(&text.join("\n")) {
            for finding in check(&document) {
                prop_assert!(!finding.path.is_empty() && !finding.message.is_empty());
            }
        }
    }
}
