//! Names that lead nowhere, names that nobody uses, and circles.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, find};
use crate::template::document::{Document, Function, Node};
use crate::template::graph::{self, Needs};

/// What CloudFormation itself knows.
const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    let mut seen = Seen { document, found, parameters: BTreeSet::new(), conditions: BTreeSet::new() };
    seen.conditions();
    let needs = seen.resources();
    seen.outputs();
    seen.unused();
    circles(needs, "Resources", found);
    let asked = document.conditions.iter().map(|(name, predicate)| {
        (name.clone(), predicate.parts().1.into_iter().map(str::to_owned).collect())
    });
    circles(asked.collect(), "Conditions", found);
}

/// What was looked at, and what it used.
struct Seen<'a, 'f> {
    document: &'a Document,
    found: &'f mut Vec<Finding>,
    parameters: BTreeSet<String>,
    conditions: BTreeSet<String>,
}

impl Seen<'_, '_> {
    fn conditions(&mut self) {
        for (name, predicate) in &self.document.conditions {
            let path = format!("Conditions.{name}");
            let (values, conditions) = predicate.parts();
            for condition in conditions {
                self.condition(condition, &path);
            }
            for value in values {
                let resources = self.value(value, &path);
                for resource in resources {
                    let message = format!(
                        "asks for resource `{resource}`; conditions are decided first, so ask for parameters only"
                    );
                    find(self.found, path.as_str(), message);
                }
            }
        }
    }

    /// Looks at the resources; yields what each needs.
    fn resources(&mut self) -> Needs {
        let mut needs = Needs::new();
        for (id, declared) in &self.document.resources {
            let path = format!("Resources.{id}");
            if let Some(condition) = &declared.condition {
                self.condition(condition, &format!("{path}.Condition"));
            }
            let mut needed = self.value(&declared.properties, &format!("{path}.Properties"));
            needed.extend(self.value(&declared.metadata, &format!("{path}.Metadata")));
            for other in &declared.depends_on {
                if self.document.resources.contains_key(other) {
                    needed.insert(other.clone());
                } else {
                    let message = format!("names `{other}`, which is no resource; correct or remove it");
                    find(self.found, format!("{path}.DependsOn"), message);
                }
            }
            needs.insert(id.clone(), needed);
        }
        needs
    }

    fn outputs(&mut self) {
        for (name, output) in &self.document.outputs {
            let path = format!("Outputs.{name}");
            if let Some(condition) = &output.condition {
                self.condition(condition, &format!("{path}.Condition"));
            }
            self.value(&output.value, &format!("{path}.Value"));
        }
    }

    fn condition(&mut self, name: &str, path: &str) {
        self.conditions.insert(name.to_owned());
        if !self.document.conditions.contains_key(name) {
            find(
                self.found,
                path,
                format!("names condition `{name}`, which is not there; add or correct it"),
            );
        }
    }

    /// Looks at a value; yields the resources that it names.
    fn value(&mut self, node: &Node, path: &str) -> BTreeSet<String> {
        let mut resources = BTreeSet::new();
        node.walk(path, &mut |path, node| {
            let Some(function) = node.function() else { return };
            if let Function::If { condition, .. } = function {
                self.condition(condition, path);
            }
            for (name, attribute) in function.names() {
                if self.document.resources.contains_key(name) {
                    resources.insert(name.to_owned());
                } else if attribute.is_none() && self.document.parameters.contains_key(name) {
                    self.parameters.insert(name.to_owned());
                } else if attribute.is_some() || !PSEUDO.contains(&name) {
                    let whole = attribute.map_or_else(|| name.to_owned(), |it| format!("{name}.{it}"));
                    let message = format!("names `{whole}`, which is not in the template; add or correct it");
                    find(self.found, path, message);
                }
            }
        });
        resources
    }

    fn unused(&mut self) {
        for name in self.document.parameters.keys().filter(|name| !self.parameters.contains(*name)) {
            let message = "nothing asks for this parameter; use it or remove it";
            find(self.found, format!("Parameters.{name}"), message);
        }
        for name in self.document.conditions.keys().filter(|name| !self.conditions.contains(*name)) {
            let message = "nothing asks for this condition; use it or remove it";
            find(self.found, format!("Conditions.{name}"), message);
        }
    }
}

/// Every circle of those that share no name.
fn circles(mut needs: BTreeMap<String, BTreeSet<String>>, section: &str, found: &mut Vec<Finding>) {
    while let Err(circle) = graph::order(&needs) {
        let path = format!("{section}.{}", circle.first().map_or("", String::as_str));
        let message = format!(
            "needs itself: {}; replace one of these references by a computed name, or take it out",
            circle.join(" -> ")
        );
        find(found, path, message);
        needs.retain(|name, _| !circle.contains(name));
    }
}
