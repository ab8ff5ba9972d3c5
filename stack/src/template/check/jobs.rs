//! Job definitions: what Batch refuses at registration or, worse, only once a job waits.

use super::values::{Place, literal, outside, reach, shape};
use super::{Finding, find, of_type};
use crate::cfn::{FargateSize, Vcpus};
use crate::template::document::{Declared, Document, Node};

/// Containers of a job definition, in both of the forms that Batch has, and where what belongs to
/// the task around them stands.
const FORMS: [(&str, &str); 2] = [
    ("ContainerProperties", "ContainerProperties"),
    ("EcsProperties.TaskProperties.*", "EcsProperties.TaskProperties.*.Containers.*"),
];

/// Rules that a retry strategy may have.
const MOST_RULES: usize = 5;

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    turns(document, found);
    for (_, path, job) in of_type(document, "AWS::Batch::JobDefinition") {
        bounds(document, job, &path, found);
        rules(job, &path, found);
        images(job, &path, found);
        mounts(job, &path, found);
        let capabilities = reach(&job.properties, &path, "PlatformCapabilities.*");
        if capabilities.iter().any(|capability| capability.node.text() == Some("FARGATE")) {
            on_fargate(job, &path, found);
        } else {
            let message = "is for machines of EC2, which the farm has none of; write [FARGATE]";
            find(found, format!("{path}.PlatformCapabilities"), message);
        }
    }
}

/// A queue with a fair-share policy takes no job without a scheduling priority, and one without
/// takes no job with one: Batch says so when the job is submitted.
fn turns(document: &Document, found: &mut Vec<Finding>) {
    let queues = of_type(document, "AWS::Batch::JobQueue");
    let fair: Vec<bool> = queues
        .map(|(_, path, queue)| !reach(&queue.properties, &path, "SchedulingPolicyArn").is_empty())
        .collect();
    for (_, path, job) in of_type(document, "AWS::Batch::JobDefinition") {
        let given = !reach(&job.properties, &path, "SchedulingPriority").is_empty();
        let message = match given {
            false if fair.contains(&true) => {
                "a queue with a SchedulingPolicyArn takes no job without; give it"
            }
            true if fair.contains(&false) => {
                "a queue without a SchedulingPolicyArn takes no job with one; leave it out, or give the queue a policy"
            }
            _ => continue,
        };
        find(found, format!("{path}.SchedulingPriority"), message);
    }
}

/// What is mounted is there.
fn mounts(job: &Declared, path: &str, found: &mut Vec<Finding>) {
    for (task, container) in FORMS {
        let volumes = reach(&job.properties, path, &format!("{task}.Volumes.*.Name"));
        let volumes: Vec<Option<String>> = volumes.iter().map(|volume| shape(volume.node)).collect();
        for place in reach(&job.properties, path, &format!("{container}.MountPoints.*.SourceVolume")) {
            if !volumes.contains(&shape(place.node)) {
                find(found, place.path, "names no volume of the task; correct it, or add the volume");
            }
        }
    }
}

fn bounds(document: &Document, job: &Declared, path: &str, found: &mut Vec<Finding>) {
    const TIMEOUT: &str = "Timeout.AttemptDurationSeconds";
    // The most that Fargate runs a task: 14 days.
    const FORTNIGHT: i64 = 14 * 24 * 60 * 60;
    if reach(&job.properties, path, TIMEOUT).is_empty() {
        let message =
            "a task that hangs would run, and cost, for two weeks; give Timeout.AttemptDurationSeconds";
        find(found, path, message);
    }
    for (keys, least, most) in [
        (TIMEOUT, 60, FORTNIGHT),
        ("RetryStrategy.Attempts", 1, 10),
        ("ContainerProperties.EphemeralStorage.SizeInGiB", 21, 200),
        ("EcsProperties.TaskProperties.*.EphemeralStorage.SizeInGiB", 21, 200),
        ("EcsProperties.TaskProperties.*.Containers.*.StopTimeout", 1, 120),
    ] {
        for place in reach(&job.properties, path, keys) {
            if let Some(problem) = outside(document, place.node, least, most) {
                find(found, place.path, problem);
            }
        }
    }
}

fn rules(job: &Declared, path: &str, found: &mut Vec<Finding>) {
    for list in reach(&job.properties, path, "RetryStrategy.EvaluateOnExit") {
        if let Node::List(rules) = list.node
            && rules.len() > MOST_RULES
        {
            let message =
                format!("has {} rules; Batch takes {MOST_RULES}, so put some together", rules.len());
            find(found, list.path, message);
        }
    }
    let reasons: fn(char) -> bool = |c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | ' ' | '\t');
    let codes: fn(char) -> bool = |c| c.is_ascii_digit();
    for (key, taken, words) in [
        ("OnExitCode", codes, "digits"),
        ("OnReason", reasons, "letters, digits, points, colons and spaces"),
        ("OnStatusReason", reasons, "letters, digits, points, colons and spaces"),
    ] {
        for place in reach(&job.properties, path, &format!("RetryStrategy.EvaluateOnExit.*.{key}")) {
            let Some(pattern) = shape(place.node) else { continue };
            let plain = pattern.strip_suffix('*').unwrap_or(&pattern);
            if pattern.is_empty() || pattern.len() > 512 || !plain.chars().all(taken) {
                let message = format!(
                    "Batch takes no pattern `{pattern}`; write {words}, with a star at the end at most"
                );
                find(found, place.path, message);
            }
        }
    }
}

fn images(job: &Declared, path: &str, found: &mut Vec<Finding>) {
    for (_, container) in FORMS {
        for place in reach(&job.properties, path, &format!("{container}.Image")) {
            // What ends in a variable is as good as what the parameter is given.
            let Some(image) = shape(place.node).filter(|image| !image.ends_with('}')) else { continue };
            if !image.contains("@sha256:") {
                let message = format!(
                    "`{image}` may be another image tomorrow; name it by its digest, repository@sha256:..."
                );
                find(found, place.path, message);
            }
        }
    }
}

fn on_fargate(job: &Declared, path: &str, found: &mut Vec<Finding>) {
    for (task, container) in FORMS {
        for place in reach(&job.properties, path, task) {
            if reach(place.node, &place.path, "ExecutionRoleArn").is_empty() {
                let message = "has no ExecutionRoleArn, and Fargate pulls no image without; give it";
                find(found, place.path.as_str(), message);
            }
            let address = reach(place.node, &place.path, "NetworkConfiguration.AssignPublicIp");
            if address.is_empty() || address.iter().any(|one| one.node.text() != Some("ENABLED")) {
                let message = "without a NAT gateway, which the farm does not pay for, a task has no way to its \
                               image; write ENABLED";
                find(found, format!("{}.NetworkConfiguration.AssignPublicIp", place.path), message);
            }
        }
        for place in reach(&job.properties, path, container) {
            size(&place, found);
        }
    }
}

/// Every pair of vCPUs and memory that the container may have is one that Fargate has.
fn size(container: &Place<'_>, found: &mut Vec<Finding>) {
    let required = |kind: &str| -> Vec<Place<'_>> {
        reach(container.node, &container.path, "ResourceRequirements.*")
            .into_iter()
            .filter(|entry| entry.node.get("Type").and_then(Node::text) == Some(kind))
            .flat_map(|entry| reach(entry.node, &entry.path, "Value"))
            .collect()
    };
    let (vcpus, memory) = (required("VCPU"), required("MEMORY"));
    if vcpus.is_empty() || memory.is_empty() {
        let message = "says not both VCPU and MEMORY in its ResourceRequirements; Fargate wants both";
        find(found, container.path.as_str(), message);
    }
    for vcpu in &vcpus {
        // A value that a parameter gives is held to its bounds there.
        let Some(wanted) = literal(vcpu.node) else { continue };
        let known =
            Vcpus::ALL.into_iter().find(|known| (f64::from(known.units()) / 1024.0 - wanted).abs() < 1e-9);
        let Some(known) = known else {
            let all = Vcpus::ALL.map(|known| known.to_string()).join(", ");
            find(found, vcpu.path.as_str(), format!("Fargate has no {wanted} vCPUs; it has {all}"));
            continue;
        };
        for mib in &memory {
            let Some(text) = shape(mib.node).filter(|text| !text.contains("${")) else { continue };
            match text.parse().map(|mib| FargateSize::new(known, mib)) {
                Ok(Ok(_)) => {}
                Ok(Err(wrong)) => find(found, mib.path.as_str(), wrong.to_string()),
                Err(_) => {
                    find(found, mib.path.as_str(), format!("`{text}` is no memory in whole MiB; write one"))
                }
            }
        }
    }
}
