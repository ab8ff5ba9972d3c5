//! The parameters that a person meets in the console.

use serde::{Deserialize, Serialize};
use serde_yaml::Value as Yaml;

/// How a parameter is declared. What is empty or absent is left out of the template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ParameterSpec {
    /// What it holds.
    #[serde(rename = "Type")]
    pub kind: ParameterType,
    /// What it is for, and in which unit.
    #[serde(default)]
    pub description: String,
    /// What stands where nothing is given; without one, something must be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Yaml>,
    /// The only values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_values: Vec<Yaml>,
    /// What a value must look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_pattern: Option<String>,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_value: Option<i64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_value: Option<i64>,
    /// What the console says of a value that does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint_description: Option<String>,
    /// Heading that the console shows it under.
    #[serde(skip)]
    pub group: &'static str,
    /// Its name in the console, in words.
    #[serde(skip)]
    pub label: String,
}

/// CloudFormation's parameter types, as far as the farm uses them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterType {
    /// Text.
    #[default]
    String,
    /// A number.
    Number,
    /// Texts, separated by commas.
    CommaDelimitedList,
}
