//! Where two versions of a resource differ, as deep as they have the same shape: so that a person sees
//! the action that a role gains, and not two policies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// One value that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Where it is: `Properties.MemorySize`, or what CloudFormation tells of it.
    pub path: String,
    /// What it was, where CloudFormation tells.
    pub before: Option<String>,
    /// What it would be, where CloudFormation tells.
    pub after: Option<String>,
}

/// What items of a list are told apart by, where each has one and no two the same.
const NAMES: [&str; 6] = ["Sid", "Id", "PolicyName", "Name", "Key", "Type"];

/// Where two values differ.
pub fn differences(before: &Json, after: &Json) -> Vec<Detail> {
    let mut details = Vec::new();
    compare("", Some(before), Some(after), &mut details);
    details
}

fn compare(path: &str, before: Option<&Json>, after: Option<&Json>, details: &mut Vec<Detail>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Json::Object(before)), Some(Json::Object(after))) => {
            for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&below, before.get(name), after.get(name), details);
            }
        }
        (Some(Json::Array(before)), Some(Json::Array(after))) => lists(path, before, after, details),
        (Some(Json::String(before)), Some(Json::String(after))) => match (inside(before), inside(after)) {
            (Some(before), Some(after)) => compare(path, Some(&before), Some(&after), details),
            _ => tell(path, Some(before.clone()), Some(after.clone()), details),
        },
        (before, after) => tell(path, before.map(text), after.map(text), details),
    }
}

/// Items are held against each other by their names, or, where they are plain, looked for; else by
/// their places. So one that is put in between does not change all that come after it.
fn lists(path: &str, before: &[Json], after: &[Json], details: &mut Vec<Detail>) {
    if let Some((before, after)) = NAMES.iter().find_map(|name| Some((by(name, before)?, by(name, after)?))) {
        for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let item = |items: &BTreeMap<&str, &Json>| items.get(*name).map(|item| (*item).clone());
            compare(&format!("{path}[{name}]"), item(&before).as_ref(), item(&after).as_ref(), details);
        }
        return;
    }
    let plain = |items: &[Json]| items.iter().all(|item| !item.is_object() && !item.is_array());
    let (gone, new): (Vec<_>, Vec<_>) = (
        before.iter().filter(|item| !after.contains(item)).collect(),
        after.iter().filter(|item| !before.contains(item)).collect(),
    );
    if plain(before) && plain(after) && !(gone.is_empty() && new.is_empty()) {
        gone.into_iter().for_each(|item| tell(path, Some(text(item)), None, details));
        new.into_iter().for_each(|item| tell(path, None, Some(text(item)), details));
        return;
    }
    for at in 0..before.len().max(after.len()) {
        compare(&format!("{path}[{at}]"), before.get(at), after.get(at), details);
    }
}

/// The items by what each has under `name`; none where one lacks it or two have the same.
fn by<'a>(name: &str, items: &'a [Json]) -> Option<BTreeMap<&'a str, &'a Json>> {
    let named: Option<BTreeMap<_, _>> =
        items.iter().map(|item| Some((item.get(name)?.as_str()?, item))).collect();
    named.filter(|named| named.len() == items.len())
}

/// A text that holds JSON.
fn inside(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok().filter(|value: &Json| value.is_object() || value.is_array())
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn tell(path: &str, before: Option<String>, after: Option<String>, details: &mut Vec<Detail>) {
    details.push(Detail { path: path.to_owned(), before, after });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &Json, after: &Json) -> Vec<String> {
        let line = |Detail { path, before, after }: Detail| {
            format!("{path}: {} -> {}", before.unwrap_or_default(), after.unwrap_or_default())
        };
        differences(before, after).into_iter().map(line).collect()
    }

    #[test]
    fn what_differs_is_told_as_deep_as_it_goes() {
        assert_eq!(
            told(
                &json!({"Properties": {"A": {"B": [[1], {"C": "x"}, 3]}, "Gone": "y", "Same": []}}),
                &json!({"Properties": {"A": {"B": [[1], {"C": "z"}]}, "New": {"D": true}, "Same": []}}),
            ),
            [
                "Properties.A.B[1].C: x -> z",
                "Properties.A.B[2]: 3 -> ",
                "Properties.Gone: y -> ",
                "Properties.New:  -> {\"D\":true}",
            ]
        );
    }

    #[test]
    fn what_is_put_in_between_is_told_alone() {
        let statement = |sid: &str, actions: &[&str]| json!({"Sid": sid, "Action": actions});
        assert_eq!(
            told(
                &json!([statement("Read", &["s3:GetObject"]), statement("Write", &["s3:PutObject"])]),
                &json!([
                    statement("List", &["s3:ListBucket"]),
                    statement("Read", &["s3:GetObject"]),
                    statement("Write", &["s3:DeleteObject", "s3:PutObject"])
                ]),
            ),
            [
                "[List]:  -> {\"Action\":[\"s3:ListBucket\"],\"Sid\":\"List\"}",
                "[Write].Action:  -> s3:DeleteObject"
            ]
        );
        assert_eq!(told(&json!(["a", "c"]), &json!(["a", "b", "c"])), [":  -> b"]);
        assert_eq!(told(&json!(["a", "b"]), &json!(["b", "a"])), ["[0]: a -> b", "[1]: b -> a"]);
    }

    #[test]
    fn a_text_that_holds_json_is_looked_into() {
        let body = |title: &str| json!({"Body": json!({"widgets": [{"title": title}]}).to_string()});
        assert_eq!(told(&body("a"), &body("b")), ["Body.widgets[0].title: a -> b"]);
        assert_eq!(told(&json!({"Body": "{"}), &json!({"Body": "[1]"})), ["Body: { -> [1]"]);
    }
}
