//! Who may depend on whom, as `docs/architecture.md` draws it, held against what cargo knows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

/// Our crates, and which of ours each may know. Tests may know more; they are not looked at.
const MAY_KNOW: [(&str, &[&str]); 18] = [
    ("blend-file", &[]),
    ("cfn-codegen", &[]),
    (
        "farm",
        &[
            "blend-file",
            "farm-aws",
            "farm-contract",
            "farm-intake",
            "farm-plan",
            "farm-terminal",
            "project-archive",
        ],
    ),
    ("farm-aws", &[]),
    ("farm-bench", &["farm-contract", "farm-local", "farm-plan", "farm-terminal"]),
    ("farm-contract", &[]),
    ("farm-images", &["farm-aws", "farm-terminal"]),
    ("farm-intake", &["blend-file", "farm-contract"]),
    ("farm-local", &["farm", "farm-contract", "farm-terminal", "stack"]),
    ("farm-plan", &["farm-contract"]),
    ("farm-terminal", &[]),
    ("farm-testing", &[]),
    ("project-archive", &[]),
    ("render-task", &["farm-contract", "project-archive"]),
    ("stack", &["farm-aws", "farm-contract", "farm-plan", "farm-terminal"]),
    ("trigger-lambda", &["blend-file", "farm-contract", "farm-intake", "farm-plan", "project-archive"]),
    // Only to compare a file's version with Blender's before anything is built.
    ("xtask", &["blend-file"]),
    ("zip-task", &["farm-contract"]),
];

/// These stay free of the AWS SDK, at any depth.
const NO_SDK: [&str; 9] = [
    "blend-file",
    "cfn-codegen",
    "farm-contract",
    "farm-intake",
    "farm-plan",
    "farm-terminal",
    "farm-testing",
    "project-archive",
    "xtask",
];

/// Every broken direction, as a sentence each. `metadata` is what `cargo metadata` prints.
pub fn broken(metadata: &Value) -> Result<Vec<String>> {
    let graph = Graph::read(metadata).context("cargo metadata is not laid out as expected")?;
    let mut found = Vec::new();
    for member in &graph.members {
        let name = graph.name(member);
        let Some((_, may_know)) = MAY_KNOW.iter().find(|(known, _)| *known == name) else {
            found.push(format!("{name} is new: say in xtask/src/directions.rs what it may know."));
            continue;
        };
        for dependency in graph.of(member).filter(|id| graph.members.contains(id)) {
            let dependency = graph.name(dependency);
            if !may_know.contains(&dependency) {
                found.push(format!("{name} knows {dependency}, which it must not."));
            }
        }
        if NO_SDK.contains(&name) {
            let sdk = |id: &&str| graph.name(id).starts_with("aws-");
            if let Some(path) = graph.path_to(member, sdk) {
                found.push(format!("{name} must be free of the AWS SDK: {}.", path.join(" -> ")));
            }
        }
    }
    Ok(found)
}

/// The resolved packages by their ids, normal dependencies only.
struct Graph<'a> {
    members: BTreeSet<&'a str>,
    names: BTreeMap<&'a str, &'a str>,
    edges: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    fn read(metadata: &'a Value) -> Option<Self> {
        let list = |value: &'a Value| value.as_array().map(Vec::as_slice);
        let members =
            list(&metadata["workspace_members"])?.iter().map(Value::as_str).collect::<Option<_>>()?;
        let names = list(&metadata["packages"])?
            .iter()
            .map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
            .collect::<Option<_>>()?;
        let mut edges = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"])? {
            let mut targets = Vec::new();
            for dependency in list(&node["deps"])? {
                if list(&dependency["dep_kinds"])?.iter().any(|kind| kind["kind"].is_null()) {
                    targets.push(dependency["pkg"].as_str()?);
                }
            }
            edges.insert(node["id"].as_str()?, targets);
        }
        Some(Self { members, names, edges })
    }

    fn name(&self, id: &'a str) -> &'a str {
        self.names.get(id).copied().unwrap_or(id)
    }

    fn of(&self, id: &str) -> impl Iterator<Item = &'a str> {
        self.edges.get(id).into_iter().flatten().copied()
    }

    /// Names along the way from `start` to a package that is `wanted`.
    fn path_to(&self, start: &'a str, wanted: impl Fn(&&'a str) -> bool) -> Option<Vec<&'a str>> {
        let mut seen = BTreeSet::from([start]);
        let mut paths = vec![vec![start]];
        while let Some(path) = paths.pop() {
            for next in self.of(path.last()?) {
                if !seen.insert(next) {
                    continue;
                }
                let longer = [path.as_slice(), &[next]].concat();
                if wanted(&next) {
                    return Some(longer.into_iter().map(|id| self.name(id)).collect());
                }
                paths.push(longer);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What `cargo metadata` prints of these dependencies; a kind of "" is a normal one.
    fn metadata(dependencies: &[(&str, &str, &str)]) -> Value {
        let mut names: BTreeSet<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
        let members: Vec<_> = names.iter().map(|name| format!("id {name}")).collect();
        names.extend(dependencies.iter().flat_map(|(from, to, _)| [*from, *to]));
        let nodes: Vec<_> = names
            .iter()
            .map(|name| {
                let deps: Vec<_> = dependencies
                    .iter()
                    .filter(|(from, ..)| from == name)
                    .map(|(_, to, kind)| {
                        let kind = if kind.is_empty() { Value::Null } else { json!(kind) };
                        json!({"pkg": format!("id {to}"), "dep_kinds": [{"kind": kind}]})
                    })
                    .collect();
                json!({"id": format!("id {name}"), "deps": deps})
            })
            .collect();
        let packages: Vec<_> =
            names.iter().map(|name| json!({"id": format!("id {name}"), "name": name})).collect();
        json!({"workspace_members": members, "packages": packages, "resolve": {"nodes": nodes}})
    }

    #[test]
    fn what_is_allowed_passes() {
        let dependencies = [
            ("trigger-lambda", "blend-file", ""),
            ("trigger-lambda", "aws-sdk-s3", ""),
            ("farm-local", "stack", ""),
            ("farm-local", "render-task", "dev"),
            ("farm-contract", "aws-sdk-s3", "dev"),
            ("xtask", "blend-file", ""),
        ];
        assert_eq!(broken(&metadata(&dependencies)).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_direction_is_found() {
        for (from, to) in
            [("farm-contract", "stack"), ("render-task", "blend-file"), ("xtask", "farm-contract")]
        {
            let found = broken(&metadata(&[(from, to, "")])).unwrap();
            assert_eq!(found, [format!("{from} knows {to}, which it must not.")]);
        }
    }

    #[test]
    fn the_sdk_is_found_at_any_depth() {
        let dependencies = [("xtask", "helper", ""), ("helper", "deeper", ""), ("deeper", "aws-config", "")];
        assert_eq!(
            broken(&metadata(&dependencies)).unwrap(),
            ["xtask must be free of the AWS SDK: xtask -> helper -> deeper -> aws-config."]
        );
    }

    #[test]
    fn a_crate_without_a_rule_is_asked_for() {
        let mut metadata = metadata(&[("newcomer", "farm-contract", "")]);
        metadata["workspace_members"].as_array_mut().unwrap().push(json!("id newcomer"));
        let found = broken(&metadata).unwrap();
        assert_eq!(found, ["newcomer is new: say in xtask/src/directions.rs what it may know."]);
    }

    #[test]
    fn another_layout_is_an_error_and_not_a_pass() {
        assert!(broken(&json!({})).is_err());
    }
}
