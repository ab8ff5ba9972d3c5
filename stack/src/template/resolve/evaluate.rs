//! The functions, one by one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Inputs, Names, ResolveError, ResolvedResource};
use crate::template::document::{Declared, Function, Node, Piece, Predicate};

/// Bytes that a text may come to. A template's body may have no more, and without a limit a few
/// lines that double each other would fill the memory.
const LONGEST: usize = 1_048_576;

/// What is known so far.
pub(super) struct Evaluator<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) names: &'a dyn Names,
    pub(super) declared: &'a BTreeMap<String, Declared>,
    pub(super) parameters: BTreeMap<String, Json>,
    pub(super) conditions: BTreeMap<String, bool>,
    pub(super) made: BTreeMap<String, ResolvedResource>,
}

type Worked<T> = Result<T, ResolveError>;

impl Evaluator<'_> {
    /// Whether a condition holds; none at all does.
    pub(super) fn holds(&self, condition: Option<&str>, path: &str) -> Worked<bool> {
        let Some(name) = condition else { return Ok(true) };
        let holds = self.conditions.get(name).copied();
        holds.ok_or_else(|| ResolveError::at(path, format!("there is no condition `{name}`")))
    }

    /// What a condition comes to. Those that it names are known.
    pub(super) fn predicate(&self, predicate: &Predicate, path: &str) -> Worked<bool> {
        match predicate {
            Predicate::Equals(left, right) => Ok(self.text(left, path)? == self.text(right, path)?),
            Predicate::Not(inner) => Ok(!self.predicate(inner, path)?),
            Predicate::Condition(name) => self.holds(Some(name), path),
            // All are asked, so that a wrong one is found whatever the others say.
            Predicate::And(all) => {
                all.iter().try_fold(true, |so_far, one| Ok(self.predicate(one, path)? && so_far))
            }
            Predicate::Or(all) => {
                all.iter().try_fold(false, |so_far, one| Ok(self.predicate(one, path)? || so_far))
            }
        }
    }

    /// The resources that a value names, in the branches that are taken.
    pub(super) fn needs(&self, node: &Node, path: &str, needed: &mut BTreeSet<String>) -> Worked<()> {
        match node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => Ok(()),
            Node::List(items) => items.iter().try_for_each(|item| self.needs(item, path, needed)),
            Node::Map(entries) => entries
                .iter()
                .try_for_each(|(key, value)| self.needs(value, &format!("{path}.{key}"), needed)),
            Node::Function(function) => match function.as_ref() {
                Function::If { condition, then, otherwise } => {
                    let taken = if self.holds(Some(condition), path)? { then } else { otherwise };
                    self.needs(taken, path, needed)
                }
                function => {
                    let named = function.names().into_iter().map(|(name, _)| name);
                    needed.extend(named.filter(|name| self.declared.contains_key(*name)).map(str::to_owned));
                    function.arguments().into_iter().try_for_each(|inner| self.needs(inner, path, needed))
                }
            },
        }
    }

    /// The value, where nothing at all comes to null.
    pub(super) fn whole(&self, node: &Node, path: &str) -> Worked<Json> {
        Ok(self.value(node, path)?.unwrap_or(Json::Null))
    }

    /// The value; none where it is `AWS::NoValue`.
    pub(super) fn value(&self, node: &Node, path: &str) -> Worked<Option<Json>> {
        Ok(Some(match node {
            Node::Null => Json::Null,
            Node::Bool(truth) => Json::Bool(*truth),
            Node::Number(number) => Json::Number(number.clone()),
            Node::Text(text) => Json::String(text.clone()),
            Node::List(items) => {
                let mut values = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    values.extend(self.value(item, &format!("{path}[{at}]"))?);
                }
                Json::Array(values)
            }
            Node::Map(entries) => {
                let mut values = serde_json::Map::new();
                for (key, value) in entries {
                    if let Some(value) = self.value(value, &format!("{path}.{key}"))? {
                        values.insert(key.clone(), value);
                    }
                }
                Json::Object(values)
            }
            Node::Function(function) => return self.function(function, path),
        }))
    }

    fn function(&self, function: &Function, path: &str) -> Worked<Option<Json>> {
        Ok(Some(match function {
            Function::Ref(name) if name == "AWS::NoValue" => return Ok(None),
            Function::Ref(name) => self.named(name, None, path)?,
            Function::GetAtt { id, attribute } => self.named(id, Some(attribute), path)?,
            Function::Sub { pieces, variables } => Json::String(self.substituted(pieces, variables, path)?),
            Function::Join { separator, items } => {
                let mut joined = String::new();
                for (at, item) in self.list(items, path)?.iter().enumerate() {
                    if at > 0 {
                        grow(&mut joined, separator, path)?;
                    }
                    grow(&mut joined, &as_text(item, path)?, path)?;
                }
                Json::String(joined)
            }
            Function::Select { index, items } => {
                let items = self.list(items, path)?;
                let index = self.text(index, path)?;
                let item = index.parse().ok().and_then(|index: usize| items.get(index));
                let problem = || format!("`!Select` asks for item {index} of a list of {}", items.len());
                item.cloned().ok_or_else(|| ResolveError::at(path, problem()))?
            }
            Function::Split { separator, text } => {
                let text = self.text(text, path)?;
                Json::Array(text.split(separator.as_str()).map(Json::from).collect())
            }
            Function::GetAZs(region) => {
                let region = self.text(region, path)?;
                if !region.is_empty() && region != self.inputs.region {
                    let problem = format!(
                        "the zones of `{region}` are not known, only those of `{}`",
                        self.inputs.region
                    );
                    return Err(ResolveError::at(path, problem));
                }
                Json::from(self.inputs.zones.clone())
            }
            Function::If { condition, then, otherwise } => {
                let taken = if self.holds(Some(condition), path)? { then } else { otherwise };
                return self.value(taken, path);
            }
        }))
    }

    /// What a name stands for: a parameter, a pseudo parameter, or a resource.
    fn named(&self, name: &str, attribute: Option<&str>, path: &str) -> Worked<Json> {
        let known = match attribute {
            None => self.parameters.get(name).cloned().or_else(|| self.inputs.pseudo(name).map(Json::from)),
            Some(_) => None,
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let whole = attribute.map_or_else(|| name.to_owned(), |attribute| format!("{name}.{attribute}"));
        let Some(resource) = self.made.get(name) else {
            let problem = if self.declared.contains_key(name) {
                format!("names `{whole}`, but with these parameters there is no `{name}`")
            } else {
                format!("names `{whole}`, but the template has no parameter or resource `{name}`")
            };
            return Err(ResolveError::at(path, problem));
        };
        let value = match attribute {
            None => self.names.reference(name, resource).map(Json::String),
            Some(attribute) => self.names.attribute(name, resource, attribute),
        };
        value.ok_or_else(|| {
            ResolveError::at(path, format!("it is not known what `{whole}` of a {} comes to", resource.kind))
        })
    }

    fn substituted(
        &self,
        pieces: &[Piece],
        variables: &BTreeMap<String, Node>,
        path: &str,
    ) -> Worked<String> {
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => grow(&mut out, text, path)?,
                Piece::Variable { name, attribute } => {
                    let text = match (variables.get(name), attribute) {
                        (Some(own), None) => self.text(own, path)?,
                        (_, attribute) => as_text(&self.named(name, attribute.as_deref(), path)?, path)?,
                    };
                    grow(&mut out, &text, path)?;
                }
            }
        }
        Ok(out)
    }

    fn list(&self, node: &Node, path: &str) -> Worked<Vec<Json>> {
        match self.value(node, path)? {
            Some(Json::Array(items)) => Ok(items),
            _ => Err(ResolveError::at(path, "a list is wanted here, and something else stands there")),
        }
    }

    fn text(&self, node: &Node, path: &str) -> Worked<String> {
        let value = self.value(node, path)?;
        as_text(value.as_ref().unwrap_or(&Json::Null), path)
    }
}

/// CloudFormation takes numbers and truths for texts where it wants a text.
fn as_text(value: &Json, path: &str) -> Worked<String> {
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(truth) => Ok(truth.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(ResolveError::at(path, "a text is wanted here, and something else stands there"))
        }
    }
}

fn grow(out: &mut String, more: &str, path: &str) -> Worked<()> {
    out.push_str(more);
    if out.len() > LONGEST {
        return Err(ResolveError::at(path, format!("comes to a text of more than {LONGEST} bytes")));
    }
    Ok(())
}
