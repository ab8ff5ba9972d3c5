//! The job definitions of the farm's stack, the newest of each name.

use std::collections::BTreeMap;

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{AssignPublicIp, JobDefinition};
use farm_aws::AwsError;

use super::call::ask;

/// What a job definition says that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub name: String,
    revision: i32,
    pub images: Vec<String>,
    /// Whether its tasks get a public address.
    pub public: bool,
}

/// All of a stack, by name.
pub(super) async fn look(client: &Client, stack: &str) -> Result<Vec<Definition>, AwsError> {
    let mut pages = client.describe_job_definitions().status("ACTIVE").into_paginator().send();
    let mut all = Vec::new();
    loop {
        let next = async { pages.next().await.transpose() };
        let Some(page) = ask("look at the job definitions", next).await? else { break };
        all.extend(page.job_definitions.unwrap_or_default());
    }
    Ok(newest(&all, stack))
}

/// The newest of each name of the stack.
fn newest(all: &[JobDefinition], stack: &str) -> Vec<Definition> {
    let mut newest = BTreeMap::<String, Definition>::new();
    for one in all.iter().map(read).filter(|one| is_of(stack, &one.name)) {
        if newest.get(&one.name).is_none_or(|known| known.revision < one.revision) {
            newest.insert(one.name.clone(), one);
        }
    }
    newest.into_values().collect()
}

/// Whether a job definition of this name is one of this stack's.
fn is_of(stack: &str, name: &str) -> bool {
    let rest = name.strip_prefix(stack).and_then(|rest| rest.strip_prefix('-'));
    let Some(rest) = rest else { return false };
    let version = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    rest == "zip" || rest.strip_prefix("render-").is_some_and(version)
}

fn read(definition: &JobDefinition) -> Definition {
    let tasks = definition.ecs_properties().map(|ecs| ecs.task_properties()).unwrap_or_default();
    let old = definition.container_properties();
    let images = tasks.iter().flat_map(|task| task.containers()).filter_map(|container| container.image());
    let images = images.chain(old.and_then(|container| container.image()));
    let networks = tasks.iter().filter_map(|task| task.network_configuration());
    let mut networks = networks.chain(old.and_then(|container| container.network_configuration()));
    Definition {
        name: definition.job_definition_name().unwrap_or_default().to_owned(),
        revision: definition.revision().unwrap_or_default(),
        images: images.map(str::to_owned).collect(),
        public: networks.any(|network| network.assign_public_ip() == Some(&AssignPublicIp::Enabled)),
    }
}

/// Names of those that a farm with these Blenders has.
pub(super) fn expected(stack: &str, blenders: &[String]) -> Vec<String> {
    let of_blender = |version: &String| {
        let name = format!("{stack}-render-{}", version.replace('.', "-"));
        [format!("{name}-large"), name]
    };
    blenders.iter().flat_map(of_blender).chain([format!("{stack}-zip")]).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_batch::types::{
        EcsProperties, EcsTaskProperties, NetworkConfiguration, TaskContainerProperties,
    };

    use super::*;

    fn definition(name: &str, revision: i32, image: &str) -> JobDefinition {
        let container = TaskContainerProperties::builder().image(image).build();
        let network = NetworkConfiguration::builder().assign_public_ip(AssignPublicIp::Enabled).build();
        let task = EcsTaskProperties::builder().containers(container).network_configuration(network).build();
        let ecs = EcsProperties::builder().task_properties(task).build();
        JobDefinition::builder().job_definition_name(name).revision(revision).ecs_properties(ecs).build()
    }

    #[test]
    fn the_newest_of_each_of_the_stack_counts_and_no_other() {
        let all = [
            definition("farm-render-4-5", 9, "old"),
            definition("farm-render-4-5", 10, "new"),
            definition("farm-2-render-4-5", 11, "of another"),
            definition("farm-zip", 1, "zip"),
            definition("farm-render-x", 1, "no version"),
        ];
        let found = newest(&all, "farm");
        let images: Vec<_> = found.iter().flat_map(|one| &one.images).collect();
        assert_eq!(images, ["new", "zip"]);
        assert!(found.iter().all(|one| one.public));
    }

    #[test]
    fn a_farm_has_two_for_each_blender_and_one_for_archives() {
        let names = expected("farm", &["4.5".to_owned(), "5.0".to_owned()]);
        assert_eq!(names.len(), 5);
        assert!(names.iter().all(|name| is_of("farm", name)), "{names:?}");
        assert!(names.contains(&"farm-render-5-0-large".to_owned()), "{names:?}");
    }
}
