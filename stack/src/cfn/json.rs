//! Properties that hold JSON of the author's own: policies, event patterns, dashboards.

use serde::Serialize;
use serde_yaml::Value as Yaml;

/// Any JSON. Expressions may stand anywhere in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Json(Yaml);

impl Json {
    /// Whatever can be written as YAML.
    ///
    /// # Errors
    /// YAML cannot hold it: a map with keys that are no text.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_yaml::Error> {
        serde_yaml::to_value(value).map(Self)
    }

    /// As YAML holds it.
    pub const fn as_yaml(&self) -> &Yaml {
        &self.0
    }
}

impl From<Yaml> for Json {
    fn from(value: Yaml) -> Self {
        Self(value)
    }
}
