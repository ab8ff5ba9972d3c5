//! How a render stands, in words.

use std::time::Duration;

use farm_plan::{dollars, duration};

use super::cost::PriceList;
use super::jobs::{Jobs, Waiting};
use crate::farm::Farm;

/// So long a start takes at most, where nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(300);

/// Why tasks wait.
pub(super) fn why(jobs: &Jobs, farm: &Farm) -> Option<String> {
    let at_work = jobs.running.len() + jobs.starting.len();
    let tasks = farm.offer.as_ref().and_then(|offer| offer.tasks);
    Some(match jobs.why.as_ref()? {
        Waiting::Full => {
            let limit = tasks
                .map(|tasks| format!(", which is all that the farm's {} vCPUs allow", tasks.vcpus_allowed));
            format!(
                "{at_work} tasks are at work at once{}; the others come after them",
                limit.unwrap_or_default()
            )
        }
        Waiting::Start(since) if *since < PATIENCE => {
            "machines are being started, or other renders are before this one".to_owned()
        }
        Waiting::Start(since) => format!(
            "no task has been given a machine for {}: other renders may be before this one, or the account's quota is used \
             up; `farm doctor` looks",
            duration(since.as_secs_f64())
        ),
        Waiting::Batch(reason) => by_batch(reason),
    })
}

/// Batch's own reason, and what it means.
fn by_batch(reason: &str) -> String {
    let meaning = [
        ("INSUFFICIENT_INSTANCE_CAPACITY", "AWS has no machine free at the moment; it comes by itself"),
        (
            "COMPUTE_ENVIRONMENT_MAX_RESOURCE",
            "a task asks for more vCPUs than the farm may have in all: deploy with a higher --max-vcpus",
        ),
        (
            "JOB_RESOURCE_REQUIREMENT",
            "a task asks for a size that the farm's machines do not have: deploy again",
        ),
        ("MISCONFIGURATION", "the farm's queue is not as it was deployed: `farm doctor` looks"),
        ("quota", "the account's quota for Fargate is used up: `farm doctor` tells how to raise it"),
    ];
    let found = meaning.iter().find(|(part, _)| reason.contains(part));
    found.map_or_else(|| reason.to_owned(), |(_, words)| format!("{words} ({reason})"))
}

/// What it costs.
pub(super) fn cost(so_far: f64, expected: Option<f64>, ended: bool, prices: &PriceList) -> String {
    match (ended, expected) {
        (true, _) => format!("{}, {}", dollars(so_far), prices.words()),
        (false, Some(expected)) => {
            format!("{} so far, about {} in all, {}", dollars(so_far), dollars(expected), prices.words())
        }
        (false, None) => format!("{} so far, {}", dollars(so_far), prices.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_batch_says_is_told_with_what_it_means() {
        let told = by_batch("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none");
        assert!(told.contains("by itself") && told.contains("CAPACITY:"), "{told}");
        assert!(by_batch("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE").contains("--max-vcpus"));
        assert_eq!(by_batch("something new"), "something new");
    }

    #[test]
    fn a_cost_is_told_with_the_date_of_its_prices() {
        let told = |expected, ended| cost(0.12, expected, ended, &PriceList::default());
        assert_eq!(
            told(Some(0.4), false),
            "$0.12 so far, about $0.40 in all, at us-east-1's prices of June 2026"
        );
        assert_eq!(told(Some(0.12), true), "$0.12, at us-east-1's prices of June 2026");
        assert_eq!(told(None, false), "$0.12 so far, at us-east-1's prices of June 2026");
    }
}
