//! The values of the parameters: what was given, or the default, held to the declaration.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value as Json;
use serde_yaml::Value as Yaml;

use super::{Inputs, ResolveError};
use crate::template::document::Document;
use crate::template::{ParameterSpec, ParameterType};

/// The value of each parameter.
pub(super) fn values(document: &Document, inputs: &Inputs) -> Result<BTreeMap<String, Json>, ResolveError> {
    for (name, given) in &inputs.parameters {
        held(document, name, given)?;
    }
    let mut values = BTreeMap::new();
    for (name, spec) in &document.parameters {
        let given = inputs.parameters.get(name).cloned().or_else(|| spec.default.as_ref().and_then(scalar));
        let Some(text) = given else {
            let problem = format!("has no value and no default. {}", spec.description);
            return Err(ResolveError::Parameter { name: name.clone(), problem });
        };
        values.insert(name.clone(), held(document, name, &text)?);
    }
    Ok(values)
}

/// Holds a value to its parameter's declaration.
///
/// # Errors
/// There is no such parameter, or it does not take the value; the error says what it takes.
pub fn check_parameter(document: &Document, name: &str, given: &str) -> Result<(), ResolveError> {
    held(document, name, given).map(|_| ())
}

fn held(document: &Document, name: &str, given: &str) -> Result<Json, ResolveError> {
    let wrong = |problem: String| ResolveError::Parameter { name: name.to_owned(), problem };
    let Some(spec) = document.parameters.get(name) else {
        let known: Vec<&str> = document.parameters.keys().map(String::as_str).collect();
        return Err(wrong(match known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => format!("the template has no such parameter; it is spelt {known}"),
            None => format!("the template has no such parameter; it has {}", known.join(", ")),
        }));
    };
    value(spec, given).map_err(|problem| {
        wrong(match &spec.constraint_description {
            Some(constraint) => format!("`{given}` does not fit; what does {constraint}"),
            None => format!("{problem}. {}", spec.description),
        })
    })
}

/// What is wrong with a default, by its own declaration.
pub(in crate::template) fn default_problem(spec: &ParameterSpec) -> Option<String> {
    value(spec, &spec.default.as_ref().and_then(scalar)?).err()
}

fn value(spec: &ParameterSpec, text: &str) -> Result<Json, String> {
    match spec.kind {
        ParameterType::String => {
            fits(spec, text)?;
            Ok(Json::from(text))
        }
        ParameterType::Number => {
            let number = text.parse().ok().filter(|number: &i64| number.to_string() == text);
            // CloudFormation takes a fraction, `1e2` and `007`, and then the resource does not; and a
            // condition holds them for other texts than `100` and `7`.
            let number = number.ok_or_else(|| format!("`{text}` is not a whole number in plain digits"))?;
            if let Some(least) = spec.min_value.filter(|least| number < *least) {
                return Err(format!("`{text}` is less than {least}, which is the least"));
            }
            if let Some(most) = spec.max_value.filter(|most| number > *most) {
                return Err(format!("`{text}` is more than {most}, which is the most"));
            }
            fits(spec, text)?;
            Ok(Json::from(text))
        }
        ParameterType::CommaDelimitedList => {
            let items: Vec<&str> = text.split(',').map(str::trim).collect();
            for item in &items {
                fits(spec, item)?;
            }
            Ok(Json::from(items))
        }
    }
}

/// The allowed values and the pattern, which hold for each item of a list.
fn fits(spec: &ParameterSpec, text: &str) -> Result<(), String> {
    let allowed: Vec<String> = spec.allowed_values.iter().filter_map(scalar).collect();
    if !spec.allowed_values.is_empty() && !allowed.iter().any(|one| one == text) {
        return Err(format!("`{text}` is not one of {}", allowed.join(", ")));
    }
    if let Some(pattern) = &spec.allowed_pattern {
        // CloudFormation wants the whole value to match.
        let whole = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| format!("its pattern `{pattern}` is none that can be read: {error}"))?;
        if !whole.is_match(text) {
            return Err(format!("`{text}` does not look like `{pattern}`"));
        }
    }
    Ok(())
}

/// A default or an allowed value as a person would type it.
fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
