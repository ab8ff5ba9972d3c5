//! What the schemas ask of literals, held against what is written. The generated modules give the
//! tables. Expressions are CloudFormation's to check, except that both sides of an `!If` are
//! looked at.

use std::fmt::{Display, Write as _};

use serde::Serialize;
use serde_yaml::{Mapping, Value as Yaml};

/// What an object is held to.
#[derive(Debug)]
pub struct Shape {
    /// Properties, by AWS's names; those that take anything are left out.
    pub fields: &'static [(&'static str, &'static Check)],
    /// What holds between properties.
    pub groups: &'static [Group],
}

/// What a value is held to.
#[derive(Debug)]
pub enum Check {
    /// Least and largest length in characters, and a pattern that a part of it must match.
    Text(Option<u64>, Option<u64>, Option<&'static str>),
    /// Least and largest number, and where that is not empty, the only ones.
    Number(Option<f64>, Option<f64>, &'static [i64]),
    /// Least and largest number of items, whether each may stand once only, and what each is held to.
    List(Option<u64>, Option<u64>, bool, Option<&'static Check>),
    /// A pattern for keys, and what each value is held to.
    Map(Option<&'static str>, Option<&'static Check>),
    /// An object.
    Object(&'static Shape),
}

/// What holds between properties.
#[derive(Debug)]
pub enum Group {
    /// One of these is given, and no second.
    ExactlyOne(&'static [&'static str]),
    /// One of these is given, or several.
    AtLeastOne(&'static [&'static str]),
    /// With the first, none of the others is given.
    Excludes(&'static str, &'static [&'static str]),
    /// With the first, all of the others are given.
    Needs(&'static str, &'static [&'static str]),
}

/// What is wrong with a resource's properties, one sentence each.
pub(super) fn problems(properties: &impl Serialize, shape: &Shape) -> Vec<String> {
    let mut found = Found { path: String::new(), problems: Vec::new() };
    match serde_yaml::to_value(properties) {
        Ok(value) => found.value(&value, &|found, value| found.object(value, shape)),
        Err(error) => found.problems.push(format!("it cannot be written as YAML: {error}")),
    }
    found.problems
}

struct Found {
    path: String,
    problems: Vec<String>,
}

impl Found {
    fn say(&mut self, what: &str) {
        let problem = if self.path.is_empty() { what.to_owned() } else { format!("{}: {what}", self.path) };
        self.problems.push(problem);
    }

    /// Looks at a literal, or at both sides of an `!If`.
    fn value(&mut self, value: &Yaml, look: &dyn Fn(&mut Self, &Yaml)) {
        match value {
            Yaml::Tagged(tagged) if tagged.tag == "If" => {
                for side in tagged.value.as_sequence().into_iter().flatten().skip(1) {
                    self.value(side, look);
                }
            }
            Yaml::Tagged(_) => {}
            literal => look(self, literal),
        }
    }

    fn below(&mut self, step: std::fmt::Arguments<'_>, value: &Yaml, check: &Check) {
        let length = self.path.len();
        // Writing to a text cannot fail.
        let _ = self.path.write_fmt(step);
        if length == 0 && self.path.starts_with('.') {
            self.path.remove(0);
        }
        self.value(value, &|found, value| found.literal(value, check));
        self.path.truncate(length);
    }

    fn literal(&mut self, value: &Yaml, check: &Check) {
        match check {
            Check::Text(least, most, pattern) => self.text(value, *least, *most, *pattern),
            Check::Number(least, most, only) => self.number(value, *least, *most, only),
            Check::List(least, most, unique, item) => self.list(value, *least, *most, *unique, *item),
            Check::Map(keys, values) => self.map(value, *keys, *values),
            Check::Object(shape) => self.object(value, shape),
        }
    }

    fn text(&mut self, value: &Yaml, least: Option<u64>, most: Option<u64>, pattern: Option<&str>) {
        let Some(text) = value.as_str() else { return };
        let length = text.chars().count() as u64;
        if let Some(range) = outside(length, least, most) {
            self.say(&format!("its length, {length}, is {range}"));
        }
        if let Some(pattern) = pattern {
            match regress::Regex::new(pattern) {
                Ok(regex) if regex.find(text).is_none() => {
                    self.say(&format!("`{text}` does not match {pattern}"));
                }
                Ok(_) => {}
                Err(error) => self.say(&format!("the pattern {pattern} cannot be read: {error}")),
            }
        }
    }

    fn number(&mut self, value: &Yaml, least: Option<f64>, most: Option<f64>, only: &[i64]) {
        let Some(number) = value.as_f64() else { return };
        if let Some(range) = outside(number, least, most) {
            self.say(&format!("{number} is {range}"));
        }
        if !only.is_empty() && !value.as_i64().is_some_and(|number| only.contains(&number)) {
            let only: Vec<String> = only.iter().map(ToString::to_string).collect();
            self.say(&format!("{number} is none of {}", only.join(", ")));
        }
    }

    fn list(
        &mut self,
        value: &Yaml,
        least: Option<u64>,
        most: Option<u64>,
        unique: bool,
        item: Option<&Check>,
    ) {
        let Some(items) = value.as_sequence() else { return };
        let count = items.len() as u64;
        if let Some(range) = outside(count, least, most) {
            self.say(&format!("the number of items, {count}, is {range}"));
        }
        for (index, value) in items.iter().enumerate() {
            if unique && items.iter().take(index).any(|other| other == value) {
                self.say(&format!("item {index} stands there twice"));
            }
            if let Some(item) = item {
                self.below(format_args!("[{index}]"), value, item);
            }
        }
    }

    fn map(&mut self, value: &Yaml, keys: Option<&str>, values: Option<&Check>) {
        for (key, value) in value.as_mapping().into_iter().flatten() {
            let Some(key) = key.as_str() else { continue };
            if keys.is_some() {
                self.text(&Yaml::from(key), None, None, keys);
            }
            if let Some(values) = values {
                self.below(format_args!(".{key}"), value, values);
            }
        }
    }

    fn object(&mut self, value: &Yaml, shape: &Shape) {
        let Some(properties) = value.as_mapping() else { return };
        for group in shape.groups {
            self.group(properties, group);
        }
        for (name, check) in shape.fields {
            if let Some(value) = properties.get(*name) {
                self.below(format_args!(".{name}"), value, check);
            }
        }
    }

    fn group(&mut self, properties: &Mapping, group: &Group) {
        let given = |names: &[&'static str]| -> Vec<&'static str> {
            names.iter().copied().filter(|name| properties.contains_key(*name)).collect()
        };
        match group {
            Group::ExactlyOne(of) => match given(of).as_slice() {
                [_] => {}
                [] => self.say(&format!("one of {} must be given", of.join(", "))),
                several => {
                    self.say(&format!(
                        "of {}, only one may be given, not {}",
                        of.join(", "),
                        several.join(" and ")
                    ));
                }
            },
            Group::AtLeastOne(of) => {
                if given(of).is_empty() {
                    self.say(&format!("one of {} must be given", of.join(", ")));
                }
            }
            Group::Excludes(with, others) => {
                let given = given(others);
                if properties.contains_key(*with) && !given.is_empty() {
                    self.say(&format!("{with} cannot stand beside {}", given.join(", ")));
                }
            }
            Group::Needs(with, others) => {
                let missing: Vec<&str> =
                    others.iter().copied().filter(|name| !properties.contains_key(*name)).collect();
                if properties.contains_key(*with) && !missing.is_empty() {
                    self.say(&format!("{with} needs {}", missing.join(", ")));
                }
            }
        }
    }
}

/// How a number lies outside of its range, where it does.
fn outside<N: PartialOrd + Display>(value: N, least: Option<N>, most: Option<N>) -> Option<String> {
    let inside =
        least.as_ref().is_none_or(|least| value >= *least) && most.as_ref().is_none_or(|most| value <= *most);
    match (least, most) {
        _ if inside => None,
        (Some(least), Some(most)) => Some(format!("not within {least} to {most}")),
        (Some(least), None) => Some(format!("less than {least}")),
        (_, most) => most.map(|most| format!("more than {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SHAPE: Shape = Shape {
        fields: &[
            ("Labels", &Check::Map(Some("^[a-z]+$"), Some(&Check::Text(Some(2), None, None)))),
            ("Names", &Check::List(Some(1), None, false, None)),
            ("Sizes", &Check::Map(None, Some(&Check::Number(None, Some(9.5), &[])))),
        ],
        groups: &[
            Group::AtLeastOne(&["Names", "Labels"]),
            Group::Excludes("Names", &["Labels", "Sizes"]),
            Group::Needs("Sizes", &["Labels"]),
        ],
    };

    fn found(text: &str) -> Vec<String> {
        problems(&serde_yaml::from_str::<Yaml>(text).unwrap(), &SHAPE)
    }

    #[test]
    fn what_is_right_is_not_told_of() {
        assert_eq!(found("Names: [a]"), Vec::<String>::new());
        assert_eq!(found("{Labels: {a: bc}, Sizes: {x: 9.5}}"), Vec::<String>::new());
    }

    #[test]
    fn keys_and_values_of_maps_are_looked_at() {
        assert_eq!(
            found("{Labels: {A: bc, b: c}, Sizes: {x: 10}}"),
            [
                "Labels: `A` does not match ^[a-z]+$",
                "Labels.b: its length, 1, is less than 2",
                "Sizes.x: 10 is more than 9.5"
            ]
        );
    }

    #[test]
    fn what_holds_between_properties_is_looked_at() {
        assert_eq!(found("{}"), ["one of Names, Labels must be given"]);
        assert_eq!(
            found("{Names: [], Sizes: {}}"),
            [
                "Names cannot stand beside Sizes",
                "Sizes needs Labels",
                "Names: the number of items, 0, is less than 1"
            ]
        );
    }

    #[test]
    fn expressions_are_left_to_cloudformation() {
        assert_eq!(found("Names: !Ref Names"), Vec::<String>::new());
        assert_eq!(
            found("!If [Many, {Names: []}, !Ref AWS::NoValue]"),
            ["Names: the number of items, 0, is less than 1"]
        );
    }
}
