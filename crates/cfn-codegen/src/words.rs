//! Documentation of what is written, in our own words: what the structure says and no more.

use crate::model::{Check, Field, Group, Replaces, Resource, Struct};

/// Of a struct.
pub fn of_struct(one: &Struct, resource: &Resource) -> Vec<String> {
    let mut lines = if one.name == resource.name {
        vec![format!("`{}`. `!Ref` of it yields {}.", resource.type_name, reference(resource))]
    } else {
        vec![format!("`{}` of `{}`.", one.name, resource.type_name)]
    };
    if !one.groups.is_empty() {
        lines.push(String::new());
        lines.extend(one.groups.iter().map(|group| format!("- {}", of_group(group))));
    }
    lines
}

fn reference(resource: &Resource) -> String {
    let part = &resource.reference.part;
    let own = part.strip_prefix(&resource.type_name).and_then(|rest| rest.strip_prefix('.'));
    match own {
        Some("Ref") => "a text that no property takes".to_owned(),
        Some(own) => format!("its `{own}`"),
        None => format!("`{part}`"),
    }
}

fn of_group(group: &Group) -> String {
    let names = |names: &std::collections::BTreeSet<String>, word| {
        listed(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>(), word)
    };
    match group {
        Group::ExactlyOne(of) => format!("Exactly one of {} is given.", names(of, "and")),
        Group::AtLeastOne(of) => format!("At least one of {} is given.", names(of, "and")),
        Group::Excludes(with, others) => format!("`{with}` excludes {}.", names(others, "and")),
        Group::Needs(with, others) => format!("`{with}` needs {}.", names(others, "and")),
    }
}

fn listed(names: &[String], word: &str) -> String {
    match names {
        [one] => one.clone(),
        [start @ .., last] => format!("{} {word} {last}", start.join(", ")),
        [] => String::new(),
    }
}

/// Of a property: its name, what it is held to, and whether it replaces the resource.
pub fn of_field(field: &Field) -> Vec<String> {
    let held = of_check(&field.check);
    let mut lines = vec![match held {
        Some(held) => format!("`{}`: {held}.", field.name),
        None => format!("`{}`.", field.name),
    }];
    match field.replaces {
        Replaces::Never => {}
        Replaces::Sometimes => {
            lines.push("Create-only in part: another value may replace the resource.".to_owned());
        }
        Replaces::Always => lines.push("Create-only: another value replaces the resource.".to_owned()),
    }
    lines
}

fn of_check(check: &Check) -> Option<String> {
    match check {
        Check::Nothing | Check::Object(_) => None,
        Check::Text(least, most, pattern) => {
            let length =
                range(least.map(|n| n as f64), most.map(|n| n as f64)).map(|range| range + " characters");
            let pattern = pattern.as_ref().map(|pattern| format!("of the pattern `{pattern}`"));
            joined([length, pattern])
        }
        Check::Number(least, most, only) => {
            let only = (!only.is_empty()).then(|| {
                let only: Vec<String> = only.iter().map(ToString::to_string).collect();
                listed(&only, "or")
            });
            joined([range(*least, *most), only])
        }
        Check::List(least, most, unique, item) => {
            let size = range(least.map(|n| n as f64), most.map(|n| n as f64)).map(|range| range + " items");
            let unique = unique.then(|| "no item twice".to_owned());
            let each = of_check(item).map(|each| format!("each {each}"));
            joined([size, unique, each])
        }
        Check::Map(keys, values) => {
            let keys = keys.as_ref().map(|keys| format!("keys of the pattern `{keys}`"));
            let values = of_check(values).map(|each| format!("values {each}"));
            joined([keys, values])
        }
    }
}

fn joined<const N: usize>(facts: [Option<String>; N]) -> Option<String> {
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    (!facts.is_empty()).then(|| facts.join(", "))
}

fn range(least: Option<f64>, most: Option<f64>) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("{least}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("{least} or more")),
        (None, Some(most)) => Some(format!("up to {most}")),
        (None, None) => None,
    }
}
