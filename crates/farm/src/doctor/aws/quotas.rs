//! How many vCPUs the account may have on Fargate at once. A new account often has few.

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::error::SdkError;
use farm_aws::AwsError;
use farm_contract::offer::{Runs, Tasks};
use farm_terminal::count;

use super::call::{ask, unseen};
use super::farm::Farm;
use crate::doctor::check::Check;
use crate::doctor::finding::{Finding, word};

/// What a farm asks for that is not deployed yet, or does not say: what a deploy takes where it is not told.
const USUAL: Tasks = Tasks { vcpus: 4.0, memory_mib: 8192, vcpus_allowed: 256.0, runs: Runs::SpotFirst };

/// One of the two quotas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub check: Check,
    code: &'static str,
    name: &'static str,
}

/// Fargate Spot.
pub(super) const SPOT: Kind = Kind { check: Check::Spot, code: "L-36FBB829", name: "Fargate Spot" };
/// Fargate.
pub(super) const ON_DEMAND: Kind = Kind { check: Check::OnDemand, code: "L-3032A538", name: "Fargate" };

/// The account's quota, or the one that AWS gives to accounts that never asked. None where AWS names neither.
pub(super) async fn look(client: &Client, kind: Kind) -> Result<Option<f64>, AwsError> {
    let doing = format!("look at the quota of {}", kind.name);
    let own = client.get_service_quota().service_code("fargate").quota_code(kind.code);
    let own = async {
        match own.send().await {
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_resource_exception() => Ok(None),
            answer => answer.map(|answer| answer.quota.and_then(|quota| quota.value)),
        }
    };
    if let Some(value) = ask(&doing, own).await? {
        return Ok(Some(value));
    }
    let usual = client.get_aws_default_service_quota().service_code("fargate").quota_code(kind.code);
    let usual = async {
        match usual.send().await {
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_resource_exception() => Ok(None),
            answer => answer.map(|answer| answer.quota.and_then(|quota| quota.value)),
        }
    };
    ask(&doing, usual).await
}

/// What a quota means for a render.
pub(super) fn judge(kind: Kind, found: &Result<Option<f64>, AwsError>, farm: &Farm<'_>) -> Finding {
    let check = kind.check;
    let tasks = farm.tasks().filter(|tasks| tasks.vcpus > 0.0).unwrap_or(USUAL);
    let value = match found {
        Ok(Some(value)) => *value,
        Ok(None) => return Finding::unseen(check, format!("AWS names no quota of {} here", kind.name)),
        Err(error) => return unseen(check, error, "servicequotas:GetServiceQuota", farm.who()),
    };
    let used = match kind.check {
        Check::Spot => tasks.runs != Runs::OnDemand,
        _ => tasks.runs != Runs::Spot,
    };
    if !used {
        return Finding::good(check, format!("{value} vCPU, and this farm does not use it"));
    }
    let asked = tasks.vcpus_allowed;
    let who = if farm.tasks().is_some() { "the farm" } else { "a farm" };
    let raise = format!(
        "aws service-quotas request-service-quota-increase --service-code fargate --quota-code {} --desired-value {} \
         --region {}",
        kind.code,
        asked.ceil(),
        word(farm.region)
    );
    let at_once = (value / tasks.vcpus).floor();
    if value >= asked {
        Finding::good(check, format!("{value} vCPU; {who} asks for {asked}"))
    } else if at_once < 1.0 {
        let says = format!(
            "{value} vCPU: no task of {} vCPU runs on {}; {who} asks for {asked}",
            tasks.vcpus, kind.name
        );
        Finding::bad(check, says).run(raise)
    } else {
        let frames = if at_once < 2.0 { "one frame".to_owned() } else { count(at_once as u64, "frame") };
        Finding::warning(check, format!("{value} vCPU: {frames} at a time; {who} asks for {asked}"))
            .run(raise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::aws::farm::sample;
    use crate::doctor::finding::{Mend, Verdict};

    #[test]
    fn a_quota_is_held_against_what_the_farm_asks_for() {
        for (value, verdict, words) in [
            (256.0, Verdict::Good, "256 vCPU; the farm asks for 256"),
            (6.0, Verdict::Warning, "6 vCPU: one frame at a time; the farm asks for 256"),
            (100.0, Verdict::Warning, "100 vCPU: 25 frames at a time; the farm asks for 256"),
            (2.0, Verdict::Bad, "2 vCPU: no task of 4 vCPU runs on Fargate; the farm asks for 256"),
            (0.0, Verdict::Bad, "0 vCPU: no task of 4 vCPU runs on Fargate; the farm asks for 256"),
        ] {
            let finding = judge(ON_DEMAND, &Ok(Some(value)), &sample());
            assert_eq!((finding.verdict, finding.says.as_str()), (verdict, words));
            let raise = Mend::Run(
                "aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 \
                 --desired-value 256 --region eu-west-1"
                    .to_owned(),
            );
            assert_eq!(finding.mends, if verdict == Verdict::Good { vec![] } else { vec![raise] });
        }
        assert_eq!(judge(SPOT, &Ok(None), &sample()).verdict, Verdict::NotLookedAt);
    }

    #[test]
    fn what_a_farm_does_not_use_is_not_in_its_way() {
        let farm = sample();
        let mut offer = farm.offer.cloned().expect("an offer");
        for (runs, unused) in [(Runs::OnDemand, SPOT), (Runs::Spot, ON_DEMAND)] {
            offer.tasks = offer.tasks.map(|tasks| Tasks { runs, ..tasks });
            let finding = judge(unused, &Ok(Some(0.0)), &Farm { offer: Some(&offer), ..farm });
            assert_eq!(finding.verdict, Verdict::Good, "{finding:?}");
        }
        let none = judge(SPOT, &Ok(Some(6.0)), &Farm { offer: None, ..farm });
        assert_eq!(none.says, "6 vCPU: one frame at a time; a farm asks for 256");
    }
}
