//! Where tasks run and in whose turn: Fargate Spot first, and Fargate where Spot is full, unless the
//! farm is to have one of them alone.
//!
//! Neither environment is named, nor is the queue: a change that replaces one makes the new one
//! before the old one goes, and two of one name cannot stand at once. Spot and on-demand are two
//! environments from the first day, as one cannot be turned into the other.

use super::config::{FarmConfig, FarmError, Spot};
use super::network::Network;
use super::parameters::FarmParameters;
use crate::cfn::batch::{self, compute_environment, job_queue, scheduling_policy};
use crate::cfn::{Handle, Parameter};
use crate::template::Template;

/// Where Batch says that a job waits for capacity, it is given up after this: a deadline is better
/// missed with a word than in silence. The longest that Batch takes. AWS documents that it says so of
/// instances; of Fargate it may not.
const WAIT_FOR_CAPACITY: i64 = 24 * 60 * 60;
/// A job that can never run is given up after this. The shortest that Batch takes.
const WAIT_IN_VAIN: i64 = 10 * 60;

/// Seconds after which what somebody rendered no longer counts against his turn.
const SHARE_DECAY: f64 = 3600.0;

/// Where jobs are submitted to, and where they run.
pub(super) struct Compute {
    pub queue: Handle<batch::JobQueue>,
    /// The environment that is Fargate Spot.
    pub spot: Handle<batch::ComputeEnvironment>,
}

pub(super) fn add(
    template: &mut Template,
    config: &FarmConfig,
    parameters: &FarmParameters,
    network: &Network,
) -> Result<Compute, FarmError> {
    use compute_environment::ComputeResourcesType::{Fargate, FargateSpot};
    let spot = environment(FargateSpot, &parameters.max_spot_vcpus, network);
    let spot = template.add("SpotCompute", spot)?;
    let on_demand = environment(Fargate, &parameters.max_on_demand_vcpus, network);
    let on_demand = template.add("OnDemandCompute", on_demand)?;
    // A queue that is made without a policy can never get one.
    let policy = batch::SchedulingPolicy {
        fairshare_policy: Some(
            scheduling_policy::FairsharePolicy {
                share_decay_seconds: Some(SHARE_DECAY.into()),
                ..scheduling_policy::FairsharePolicy::new()
            }
            .into(),
        ),
        ..batch::SchedulingPolicy::new()
    };
    let policy = template.add("FairShare", policy)?;
    // Both stand in any case: one that is left out costs nothing, and is there when it is wanted.
    let environments = match config.spot {
        Spot::First => vec![&spot, &on_demand],
        Spot::Only => vec![&spot],
        Spot::Never => vec![&on_demand],
    };
    let order = (1..)
        .zip(environments)
        .map(|(turn, environment)| job_queue::ComputeEnvironmentOrder::new(environment, turn));
    let queue = batch::JobQueue {
        compute_environment_order: Some(order.collect::<Vec<_>>().into()),
        job_state_time_limit_actions: Some(
            [
                limit("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", WAIT_FOR_CAPACITY),
                limit("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", WAIT_IN_VAIN),
                limit("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", WAIT_IN_VAIN),
            ]
            .into(),
        ),
        scheduling_policy_arn: Some((&policy).into()),
        state: Some(job_queue::State::Enabled.into()),
        ..batch::JobQueue::new(1)
    };
    let queue = template.add("Queue", queue)?;
    Ok(Compute { queue, spot })
}

fn environment(
    kind: compute_environment::ComputeResourcesType,
    ceiling: &Parameter<i64>,
    network: &Network,
) -> batch::ComputeEnvironment {
    let resources = compute_environment::ComputeResources {
        security_group_ids: Some([network.security_group.group_id()].into()),
        subnets: Some(network.subnets.clone()),
        ..compute_environment::ComputeResources::new(ceiling.value(), kind)
    };
    batch::ComputeEnvironment {
        compute_resources: Some(resources.into()),
        // Ceilings and subnets change in place, under running jobs. Without a role of ours, Batch
        // takes the one that it makes for itself.
        replace_compute_environment: Some(false.into()),
        state: Some(compute_environment::State::Enabled.into()),
        ..batch::ComputeEnvironment::new(compute_environment::Type::Managed)
    }
}

fn limit(reason: &str, seconds: i64) -> job_queue::JobStateTimeLimitAction {
    job_queue::JobStateTimeLimitAction::new(
        job_queue::Action::Cancel,
        seconds,
        reason,
        job_queue::JobStateTimeLimitActionState::Runnable,
    )
}
