//! The template as text: the same farm, the same bytes, laid out for the console.
//!
//! It writes what the template holds and nothing that is absent. What a value means is never
//! looked at here.

mod yaml;

use serde_yaml::{Mapping, Value as Yaml};

use super::{Template, TemplateError};

/// The only version of the format that there is.
const FORMAT: &str = "2010-09-09";

/// Bytes of a template that CloudFormation takes in the request itself. A longer one goes
/// through a bucket.
pub const INLINE_BODY_LIMIT: usize = 51_200;

/// Whether this template's text may stand in the request itself.
pub fn fits_inline(body: &str) -> bool {
    body.len() <= INLINE_BODY_LIMIT
}

impl Template {
    /// The template's text: YAML with short tags.
    ///
    /// # Errors
    /// A literal that its resource does not take, or a value that a template cannot hold: a null,
    /// a number without end, a key that is not a text. The error names the place.
    pub fn to_yaml(&self) -> Result<String, TemplateError> {
        if !self.problems.is_empty() {
            return Err(TemplateError::Literals(self.problems.clone()));
        }
        let mut out = String::new();
        let head = Mapping::from_iter([
            (Yaml::from("AWSTemplateFormatVersion"), Yaml::from(FORMAT)),
            (Yaml::from("Description"), Yaml::from(self.description.as_str())),
        ]);
        for (key, value) in &head {
            if value.as_str() != Some("") {
                yaml::entry(&mut out, key, value, 0, "Template")?;
            }
        }
        section(&mut out, "Metadata", &self.all_metadata(), Gap::None)?;
        section(&mut out, "Parameters", &self.parameter_entries()?, Gap::Line)?;
        section(&mut out, "Conditions", &self.conditions, Gap::None)?;
        section(&mut out, "Resources", &self.resources, Gap::Line)?;
        section(&mut out, "Outputs", &self.outputs, Gap::Line)?;
        Ok(out)
    }

    fn parameter_entries(&self) -> Result<Mapping, TemplateError> {
        let mut entries = Mapping::new();
        for (name, spec) in &self.parameters {
            entries.insert(Yaml::from(name.as_str()), serde_yaml::to_value(spec)?);
        }
        Ok(entries)
    }

    /// What the template says of itself, and how the console shows the parameters: under headings,
    /// in the order in which the headings first appear, and by their names in words.
    fn all_metadata(&self) -> Mapping {
        let mut groups: Vec<(&str, Vec<Yaml>)> = Vec::new();
        let mut labels = Mapping::new();
        for (name, spec) in &self.parameters {
            if !spec.label.is_empty() {
                labels.insert(Yaml::from(name.as_str()), named(&spec.label));
            }
            if spec.group.is_empty() {
                continue;
            }
            match groups.iter_mut().find(|(group, _)| *group == spec.group) {
                Some((_, names)) => names.push(Yaml::from(name.as_str())),
                None => groups.push((spec.group, vec![Yaml::from(name.as_str())])),
            }
        }
        let groups: Vec<Yaml> = groups
            .into_iter()
            .map(|(group, names)| {
                Yaml::Mapping(Mapping::from_iter([
                    (Yaml::from("Label"), named(group)),
                    (Yaml::from("Parameters"), Yaml::Sequence(names)),
                ]))
            })
            .collect();
        let mut interface = Mapping::new();
        if !groups.is_empty() {
            interface.insert(Yaml::from("ParameterGroups"), Yaml::Sequence(groups));
        }
        if !labels.is_empty() {
            interface.insert(Yaml::from("ParameterLabels"), Yaml::Mapping(labels));
        }
        let mut metadata = self.metadata.clone();
        if !interface.is_empty() {
            metadata.insert(Yaml::from("AWS::CloudFormation::Interface"), Yaml::Mapping(interface));
        }
        metadata
    }
}

fn named(text: &str) -> Yaml {
    Yaml::Mapping(Mapping::from_iter([(Yaml::from("default"), Yaml::from(text))]))
}

/// What stands between the entries of a section.
#[derive(PartialEq)]
enum Gap {
    None,
    Line,
}

fn section(out: &mut String, name: &str, entries: &Mapping, gap: Gap) -> Result<(), TemplateError> {
    if entries.is_empty() {
        return Ok(());
    }
    out.push('\n');
    out.push_str(name);
    out.push_str(":\n");
    for (at, (key, value)) in entries.iter().enumerate() {
        if at > 0 && gap == Gap::Line {
            out.push('\n');
        }
        out.push_str("  ");
        yaml::entry(out, key, value, 2, name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
