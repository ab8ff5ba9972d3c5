//! From schemas to what will be written: which structs, enums and kinds there are, what they are
//! called, and what literals are held to.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::kinds::{self, Kinds};
use crate::model::{
    Attribute, Check, Choice, Enum, Field, Group, Model, Replaces, Resource, Service, Struct, Type,
};
use crate::naming::{self, Names, Sort};
use crate::paths::{self, Place};
use crate::schema::{Node, Schema};
use crate::{names, patterns};

/// Decides all of it.
///
/// # Errors
/// A schema says something that this crate cannot express yet, or two things would get one name.
pub fn model(schemas: &[Schema]) -> Result<Model> {
    let kinds = Kinds::of(schemas)?;
    let mut model = Model::default();
    for schema in schemas {
        let (module, service, _) = kinds::split(&schema.type_name)?;
        let resource = resource(schema, &kinds)
            .with_context(|| format!("{} says what cannot be written yet", schema.type_name))?;
        let entry = model.services.entry(module).or_default();
        service.clone_into(&mut entry.name);
        entry.resources.push(resource);
    }
    for kind in kinds.declared() {
        let service = model.services.entry(kind.service.clone()).or_insert_with(|| {
            let name = kind.part.split("::").nth(1).unwrap_or_default().to_owned();
            Service { name, ..Service::default() }
        });
        service.kinds.insert(kind.name.clone(), kind.clone());
    }
    Ok(model)
}

fn resource(schema: &Schema, kinds: &Kinds) -> Result<Resource> {
    let (_, _, short) = kinds::split(&schema.type_name)?;
    let name = names::of_type(short);
    let written = paths::without(schema)?;
    let mut decider = Decider {
        names: naming::names(&written, &name)?,
        always: places(schema, &schema.create_only)?,
        sometimes: places(schema, &schema.conditional_create_only)?,
        schema: &written,
        kinds,
        out: Resource {
            type_name: schema.type_name.clone(),
            reference: kinds
                .reference(&schema.type_name)
                .context("nothing says what a reference yields")?
                .clone(),
            attributes: attributes(schema, kinds)?,
            name: name.clone(),
            structs: Vec::new(),
            enums: Vec::new(),
            unions: Vec::new(),
            choices: Vec::new(),
        },
        decided: BTreeSet::new(),
    };
    let root = decider.object(&name, "", None, &written.shape)?;
    let mut out = decider.out;
    out.structs.insert(0, root);
    Ok(out)
}

fn places(schema: &Schema, paths: &BTreeSet<String>) -> Result<BTreeSet<Place>> {
    paths.iter().map(|path| paths::locate(schema, path)).collect()
}

/// Attributes that have a plain value. Those of nested objects are left out, and `Id`, which is
/// what a reference yields.
fn attributes(schema: &Schema, kinds: &Kinds) -> Result<Vec<Attribute>> {
    let plain = schema.attributes.iter().filter(|(name, _)| !name.contains('.') && *name != "Id");
    let mut found = Vec::new();
    for (name, of) in plain {
        let of = match of.as_str() {
            "string" => {
                let property = schema.shape.properties.get(name);
                let parts = property.map(kinds::parts).unwrap_or_default();
                let part = match parts.first() {
                    Some(one) if parts.len() == 1 => one.clone(),
                    _ => format!("{}.{name}", schema.type_name),
                };
                kinds.find(&part)?.map_or(Type::Text, |kind| Type::Kind(kind.clone()))
            }
            "integer" => Type::Integer,
            "number" => Type::Number,
            "boolean" => Type::Boolean,
            "array" => Type::List(Box::new(Type::Text)),
            _ => continue,
        };
        found.push(Attribute { name: name.clone(), of });
    }
    Ok(found)
}

struct Decider<'a> {
    schema: &'a Schema,
    kinds: &'a Kinds,
    names: Names,
    always: BTreeSet<Place>,
    sometimes: BTreeSet<Place>,
    out: Resource,
    decided: BTreeSet<String>,
}

impl Decider<'_> {
    /// A struct. `key` is how its parts are found in the names; `owner` its name as a definition.
    fn object(&mut self, name: &str, key: &str, owner: Option<&str>, node: &Node) -> Result<Struct> {
        let mut fields = Vec::new();
        for (property, of) in &node.properties {
            let place = (owner.map(str::to_owned), property.clone());
            let replaces = match (self.always.contains(&place), self.sometimes.contains(&place)) {
                // A place below a nameless object is never marked: it has no owner to be found by.
                _ if owner.is_none() && !key.is_empty() => Replaces::Never,
                (true, _) => Replaces::Always,
                (_, true) => Replaces::Sometimes,
                _ => Replaces::Never,
            };
            let (of, check) = self
                .value(&naming::below(key, property), name, property, of)
                .with_context(|| format!("{name}.{property}"))?;
            let required = node.required.contains(property);
            fields.push(Field { name: property.clone(), required, of, check, replaces });
        }
        Ok(Struct { name: name.to_owned(), fields, groups: groups(node)? })
    }

    fn value(&mut self, key: &str, owner: &str, property: &str, node: &Node) -> Result<(Type, Check)> {
        let (definition, target) = self.schema.resolve(node)?;
        let key = definition.map_or_else(|| key.to_owned(), str::to_owned);
        Ok(match naming::sort(target)? {
            Sort::Json => (Type::Json, Check::Nothing),
            Sort::Boolean => (Type::Boolean, Check::Nothing),
            Sort::Integer | Sort::Number => {
                let only = target.values.iter().map(|value| value.as_i64().context("an enum of odd numbers"));
                let only = only.collect::<Result<Vec<i64>>>()?;
                let held = target.minimum.is_some() || target.maximum.is_some() || !only.is_empty();
                let check = Check::Number(target.minimum, target.maximum, only);
                let of = if target.types.is("integer") { Type::Integer } else { Type::Number };
                (of, if held { check } else { Check::Nothing })
            }
            Sort::Text => (self.text(owner, property, node, target)?, text_check(target)?),
            Sort::Enum => {
                let name = self.names.get(&key)?;
                if self.decided.insert(name.clone()) {
                    self.out.enums.push(Enum { name: name.clone(), values: naming::words(target)? });
                }
                (Type::Local(name), Check::Nothing)
            }
            Sort::Object | Sort::Union => {
                let name = self.names.get(&key)?;
                if self.decided.insert(name.clone()) {
                    if naming::sort(target)? == Sort::Union {
                        let union = self.union(&name, &key, target)?;
                        self.out.unions.push(union);
                    } else {
                        let object = self.object(&name, &key, definition, target)?;
                        self.out.structs.push(object);
                    }
                }
                (Type::Local(name.clone()), Check::Object(name))
            }
            Sort::List => {
                let items = target.items.as_deref().context("a list of nothing")?;
                let (of, check) = self.value(&naming::below(&key, "*"), owner, property, items)?;
                if matches!(of, Type::List(_) | Type::Map(_)) {
                    bail!("lists of lists and of maps cannot be expressed yet");
                }
                let most = target.max_items.or(target.max_unique_items);
                let unique = target.unique_items;
                let held = target.min_items.is_some() || most.is_some() || unique || check != Check::Nothing;
                let check = Check::List(target.min_items, most, unique, Box::new(check));
                (Type::List(Box::new(of)), if held { check } else { Check::Nothing })
            }
            Sort::Map => {
                let (pattern, values) =
                    target.pattern_properties.first_key_value().context("a map of nothing")?;
                let (of, check) = self.value(&naming::below(&key, "*"), owner, property, values)?;
                if matches!(of, Type::List(_) | Type::Map(_)) {
                    bail!("maps of lists and of maps cannot be expressed yet");
                }
                // Keys outside of the pattern are refused only where nothing else may stand.
                let strict = target.additional_properties == Some(false) && !patterns::takes_all(pattern);
                let pattern = strict.then(|| pattern.clone());
                pattern.as_deref().map_or(Ok(()), patterns::compile)?;
                let held = pattern.is_some() || check != Check::Nothing;
                let check = Check::Map(pattern, Box::new(check));
                (Type::Map(Box::new(of)), if held { check } else { Check::Nothing })
            }
        })
    }

    /// Plain text, or what the property wants of another resource.
    fn text(&mut self, owner: &str, property: &str, node: &Node, target: &Node) -> Result<Type> {
        let mut parts = kinds::parts(node);
        parts.extend(kinds::parts(target));
        let root = owner == self.out.name;
        let own = format!("{}.", self.schema.type_name);
        if root && parts.iter().all(|part| part.starts_with(&own)) {
            // The resource's own name is given here.
            return Ok(Type::Text);
        }
        let mut kinds = BTreeSet::new();
        for part in &parts {
            kinds.extend(self.kinds.find(part)?.cloned());
        }
        let distinct: BTreeSet<_> = kinds::distinct(&parts)?;
        match (distinct.len(), kinds.first()) {
            (0, _) | (_, None) => Ok(Type::Text),
            (1, Some(only)) => Ok(Type::Kind(only.clone())),
            _ => {
                let name =
                    names::of_type(&if root { property.to_owned() } else { format!("{owner} {property}") });
                if self.decided.insert(name.clone()) {
                    let resources = kinds.iter().flat_map(|kind| self.kinds.referred(kind));
                    let resources = resources
                        .map(|type_name| {
                            let (service, _, name) = kinds::split(type_name)?;
                            Ok((service, names::of_type(name)))
                        })
                        .collect::<Result<_>>()?;
                    let part =
                        if root { format!("{own}{property}") } else { format!("{own}{owner}.{property}") };
                    self.out.choices.push(Choice { name: name.clone(), part, kinds, resources });
                } else if self.names.taken(&name) {
                    bail!("two things would be called {name}");
                }
                Ok(Type::Local(name))
            }
        }
    }

    /// An object that holds one of several properties: each branch has one, which it requires.
    fn union(&mut self, name: &str, key: &str, node: &Node) -> Result<Struct> {
        let mut fields = Vec::new();
        for branch in &node.one_of {
            let mut properties = branch.properties.iter();
            let (Some((property, of)), None) = (properties.next(), properties.next()) else {
                bail!("a branch has not exactly one property");
            };
            let (of, check) = self.value(&naming::below(key, property), name, property, of)?;
            fields.push(Field {
                name: property.clone(),
                required: true,
                of,
                check,
                replaces: Replaces::Never,
            });
        }
        Ok(Struct { name: name.to_owned(), fields, groups: Vec::new() })
    }
}

fn text_check(node: &Node) -> Result<Check> {
    let pattern = node.pattern.as_deref().filter(|pattern| !patterns::takes_all(pattern));
    pattern.map_or(Ok(()), patterns::compile)?;
    let least = node.min_length.filter(|least| *least > 0);
    let held = least.is_some() || node.max_length.is_some() || pattern.is_some();
    let check = Check::Text(least, node.max_length, pattern.map(str::to_owned));
    Ok(if held { check } else { Check::Nothing })
}

/// What holds between properties, of all the ways in which the schemas say so.
fn groups(node: &Node) -> Result<Vec<Group>> {
    let mut found = Vec::new();
    let branches = |branches: &[Node]| -> Result<Option<BTreeSet<String>>> {
        if branches.is_empty() || branches.iter().all(|branch| branch.required.is_empty()) {
            return Ok(None);
        }
        let names = branches.iter().map(|branch| match branch.required.first() {
            Some(name) if branch.required.len() == 1 => Ok(name.clone()),
            _ => bail!("a branch does not require exactly one property"),
        });
        names.collect::<Result<_>>().map(Some)
    };
    found.extend(branches(&node.one_of)?.map(Group::ExactlyOne));
    found.extend(branches(&node.any_of)?.map(Group::AtLeastOne));
    if !node.required_xor.is_empty() {
        found.push(Group::ExactlyOne(node.required_xor.clone()));
    }
    if !node.required_or.is_empty() {
        found.push(Group::AtLeastOne(node.required_or.clone()));
    }
    let sets = |of: &BTreeMap<String, BTreeSet<String>>| of.clone().into_iter();
    found.extend(sets(&node.dependent_excluded).map(|(name, others)| Group::Excludes(name, others)));
    found.extend(sets(&node.dependent_required).map(|(name, others)| Group::Needs(name, others)));
    // Ranges of enums stand in the enums; a constant among them is one of one value.
    if node.constant.as_ref().is_some_and(|constant| !matches!(constant, Value::String(_))) {
        bail!("a constant that is no text");
    }
    Ok(found)
}
