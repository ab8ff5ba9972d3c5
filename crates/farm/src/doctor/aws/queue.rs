//! The queue, and the environments in which its jobs run.

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{
    CeState, CeStatus, ComputeEnvironmentDetail, CrType, JobQueueDetail, JqState, JqStatus,
};
use farm_aws::AwsError;

use super::call::{ask, unseen};
use super::farm::Farm;
use crate::doctor::check::Check;
use crate::doctor::finding::{Finding, word};

/// The queue of this ARN.
pub(super) async fn look(client: &Client, arn: &str) -> Result<Option<JobQueueDetail>, AwsError> {
    let answer = ask("look at the queue", client.describe_job_queues().job_queues(arn).send()).await?;
    Ok(answer.job_queues.unwrap_or_default().into_iter().next())
}

/// The environments that it sends jobs to, those that are there.
pub(super) async fn environments(
    client: &Client,
    queue: &JobQueueDetail,
) -> Result<Vec<ComputeEnvironmentDetail>, AwsError> {
    let names = named(queue);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let call = client.describe_compute_environments().set_compute_environments(Some(names)).send();
    Ok(ask("look at the compute environments", call).await?.compute_environments.unwrap_or_default())
}

/// The environments of a queue in their order.
fn named(queue: &JobQueueDetail) -> Vec<String> {
    let mut order: Vec<_> = queue.compute_environment_order().iter().collect();
    order.sort_by_key(|of| of.order());
    order.into_iter().filter_map(|of| of.compute_environment().map(str::to_owned)).collect()
}

/// What a queue means for a render.
pub(super) fn judge(arn: &str, found: &Result<Option<JobQueueDetail>, AwsError>, farm: &Farm<'_>) -> Finding {
    let check = Check::Queue;
    let queue = match found {
        Ok(Some(queue)) => queue,
        Ok(None) => return Finding::bad(check, format!("there is no queue {arn}")).run(farm.deploy()),
        Err(error) => return unseen(check, error, "batch:DescribeJobQueues", farm.who()),
    };
    let name = queue.job_queue_name().unwrap_or(arn);
    let why = plain_words(queue.status_reason().unwrap_or_default());
    if queue.state() == Some(&JqState::Disabled) {
        return Finding::bad(check, format!("{name} takes no jobs: it is disabled")).run(format!(
            "aws batch update-job-queue --job-queue {} --state ENABLED --region {}",
            word(arn),
            word(farm.region)
        ));
    }
    match queue.status() {
        Some(JqStatus::Valid) if queue.compute_environment_order().is_empty() => {
            Finding::bad(check, format!("{name} leads to no compute environment")).run(farm.deploy())
        }
        Some(JqStatus::Valid) => Finding::good(check, format!("{name} takes jobs")),
        Some(JqStatus::Creating | JqStatus::Updating) => {
            Finding::warning(check, format!("{name} is being changed"))
                .advise("Wait a minute, and look again.")
        }
        Some(status) => Finding::bad(check, format!("{name} is {status}{why}")).run(farm.deploy()),
        None => Finding::unseen(check, format!("Batch does not say how {name} stands")),
    }
}

/// What the environments mean for a render.
pub(super) fn judge_environments(
    queue: &JobQueueDetail,
    found: &Result<Vec<ComputeEnvironmentDetail>, AwsError>,
    farm: &Farm<'_>,
) -> Finding {
    let check = Check::Environments;
    let there = match found {
        Ok(there) => there,
        Err(error) => return unseen(check, error, "batch:DescribeComputeEnvironments", farm.who()),
    };
    let (mut good, mut wrong, mut deploy, mut finding_mends) = (Vec::new(), Vec::new(), false, Vec::new());
    let mut passing = Vec::new();
    for arn in named(queue) {
        let name = arn.rsplit('/').next().unwrap_or(&arn);
        let Some(one) = there.iter().find(|one| one.compute_environment_arn() == Some(&arn)) else {
            wrong.push(format!("{name} is gone"));
            deploy = true;
            continue;
        };
        let kind = kind(one);
        let why = plain_words(one.status_reason().unwrap_or_default());
        if one.state() == Some(&CeState::Disabled) {
            wrong.push(format!("{name} ({kind}) starts no tasks: it is disabled"));
            finding_mends.push(format!(
                "aws batch update-compute-environment --compute-environment {} --state ENABLED --region {}",
                word(&arn),
                word(farm.region)
            ));
            continue;
        }
        match one.status() {
            Some(CeStatus::Valid) => {
                let most = one.compute_resources().and_then(|resources| resources.maxv_cpus());
                good.push(most.map_or_else(|| kind.to_owned(), |most| format!("{kind} up to {most} vCPU")));
            }
            Some(CeStatus::Creating | CeStatus::Updating) => {
                passing.push(format!("{name} ({kind}) is being changed"))
            }
            status => {
                let status = status.map_or("in no state", CeStatus::as_str);
                wrong.push(format!("{name} ({kind}) is {status}{why}"));
                deploy = true;
            }
        }
    }
    let finding = match (wrong.is_empty(), passing.is_empty(), good.is_empty()) {
        (true, true, true) => Finding::unseen(check, "the queue leads to none"),
        (true, true, false) => Finding::good(check, good.join(", then ")),
        (true, false, _) => {
            Finding::warning(check, passing.join("; ")).advise("Wait a minute, and look again.")
        }
        (false, ..) => Finding::bad(check, wrong.join("; ")),
    };
    let finding = finding_mends.into_iter().fold(finding, Finding::run);
    if deploy { finding.run(farm.deploy()) } else { finding }
}

fn kind(environment: &ComputeEnvironmentDetail) -> &'static str {
    match environment.compute_resources().and_then(|resources| resources.r#type()) {
        Some(CrType::FargateSpot) => "Fargate Spot",
        Some(CrType::Fargate) => "Fargate",
        _ => "no Fargate",
    }
}

/// Batch's reason, in front of it what it means, where that is known.
fn plain_words(reason: &str) -> String {
    let meaning = [
        ("ServiceLinkedRole", "Batch lacks the role that it works with"),
        ("AWSServiceRoleForBatch", "Batch lacks the role that it works with"),
        ("service role", "Batch lacks the role that it works with, or rights in it"),
        ("not authorized to perform", "Batch lacks a right"),
        ("InvalidSubnet", "a subnet of it is gone"),
        ("subnet", "something is wrong with its subnets"),
        ("InvalidGroup", "its security group is gone"),
        ("security group", "something is wrong with its security group"),
        ("Cluster", "its cluster was deleted by hand"),
    ];
    if reason.is_empty() {
        return String::new();
    }
    let known = meaning.iter().find(|(part, _)| reason.to_lowercase().contains(&part.to_lowercase()));
    known.map_or_else(|| format!(": {reason}"), |(_, words)| format!(": {words} ({reason})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_batch_says_is_told_in_plain_words_too() {
        let told =
            plain_words("CLIENT_ERROR - The subnet ID 'subnet-1' does not exist (InvalidSubnetID.NotFound)");
        assert!(told.starts_with(": a subnet of it is gone (CLIENT_ERROR"), "{told}");
        assert_eq!(plain_words("new"), ": new");
        assert_eq!(plain_words(""), "");
    }
}
