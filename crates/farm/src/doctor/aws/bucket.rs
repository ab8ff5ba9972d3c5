//! The farm's bucket, and what the farm says of itself in it.

use aws_sdk_s3::Client;
use farm_aws::{AwsError, Session};
use farm_contract::offer::{Offer, Runs};
use farm_terminal::count;

use super::call::{PATIENCE, is_denied, unseen, within};
use super::farm::Farm;
use crate::bucket::Bucket;
use crate::doctor::check::Check;
use crate::doctor::finding::{Finding, word};
use crate::error::FarmError;
use crate::submit::offer;

/// What somebody heard who asked for a bucket.
#[derive(Debug)]
pub(super) enum Heard {
    /// It is there, and the account's.
    Ours,
    /// There is none of this name.
    Nothing,
    /// It may not be looked at: it is another's, or a right lacks.
    Denied,
    /// It is in another region; which, where S3 says so.
    Elsewhere(Option<String>),
    /// No answer that tells.
    Failed(AwsError),
}

/// Asks for the bucket as one of the caller's account.
pub(super) async fn look(client: &Client, name: &str, account: &str) -> Heard {
    const DOING: &str = "look at the bucket";
    let call = client.head_bucket().bucket(name).expected_bucket_owner(account);
    // The answers have no body: their status is all.
    let heard = async {
        Ok(match call.send().await {
            Ok(_) => Heard::Ours,
            Err(error) => match error.raw_response().map(|answer| answer.status().as_u16()) {
                Some(404) => Heard::Nothing,
                Some(403) => Heard::Denied,
                Some(301 | 307 | 400) => {
                    let region = error.raw_response().and_then(|it| it.headers().get("x-amz-bucket-region"));
                    Heard::Elsewhere(region.map(str::to_owned))
                }
                _ => Heard::Failed(AwsError::new(DOING, error)),
            },
        })
    };
    within(PATIENCE, DOING, heard).await.unwrap_or_else(Heard::Failed)
}

/// The bucket; `read` tells whether something could be read from it.
pub(super) fn judge(heard: &Heard, name: &str, read: bool, farm: &Farm<'_>) -> Finding {
    let (check, account) = (Check::Bucket, &farm.caller.account);
    match heard {
        Heard::Ours => Finding::good(check, format!("{name}, of account {account}")),
        Heard::Nothing => Finding::bad(check, format!("there is no bucket {name}"))
            .advise("See that the name is right (`cargo xtask outputs` prints it), or deploy the farm:")
            .run(farm.deploy()),
        Heard::Denied if read => Finding::warning(
            check,
            format!("{name} can be read, but is not account {account}'s, or these credentials lack the right `s3:ListBucket`"),
        )
        .advise(format!("See that {} is who is meant, or have `s3:ListBucket` added to its rights.", farm.who())),
        Heard::Denied => Finding::bad(
            check,
            format!("{name} is not account {account}'s, or these credentials lack the rights `s3:ListBucket` and `s3:GetObject`"),
        )
        .advise(format!("See that {} is who is meant, or have those added to its rights.", farm.who())),
        Heard::Elsewhere(Some(region)) => Finding::bad(check, format!("{name} is in {region}"))
            .run(format!("farm doctor --bucket {} --region {}", word(name), word(region))),
        Heard::Elsewhere(None) => Finding::bad(check, format!("{name} is not in {}", farm.region))
            .advise("Name its region with --region, or in AWS_REGION."),
        Heard::Failed(error) => unseen(check, error, "s3:ListBucket", farm.who()),
    }
}

/// What the bucket says of the farm.
#[derive(Debug)]
pub(super) enum Told {
    /// All of it.
    Offer(Box<Offer>),
    /// No word.
    Nothing,
    /// It could not be read.
    Failed(FarmError),
}

/// Reads `.farm/farm.json`.
pub(super) async fn told(session: &Session, name: &str) -> Told {
    let bucket = Bucket::new(Client::new(session.config()), name);
    match tokio::time::timeout(PATIENCE, offer(&bucket)).await {
        Ok(Ok(Some(offer))) => Told::Offer(Box::new(offer)),
        Ok(Ok(None)) => Told::Nothing,
        Ok(Err(error)) => Told::Failed(error),
        Err(_) => {
            Told::Failed(AwsError::unsent("read what the farm says of itself", "no answer came").into())
        }
    }
}

/// What the farm says of itself.
pub(super) fn judge_told(told: &Told, farm: &Farm<'_>) -> Finding {
    let check = Check::Offer;
    match told {
        Told::Offer(offer) => of_offer(offer, farm),
        Told::Nothing => Finding::bad(
            check,
            "the bucket does not say what farm it is: none was deployed with it, or not to its end",
        )
        .run(farm.deploy()),
        Told::Failed(FarmError::Asked(fault)) => {
            Finding::bad(check, fault.message.clone()).advise(fault.hint.clone()).run(farm.deploy())
        }
        Told::Failed(FarmError::Aws(error)) if error.code.as_deref() == Some("NoSuchBucket") => {
            Finding::unseen(check, "there is no bucket")
        }
        Told::Failed(FarmError::Aws(error)) if is_denied(error) => {
            unseen(check, error, "s3:GetObject", farm.who())
        }
        Told::Failed(error) => {
            let finding = Finding::unseen(check, error.to_string());
            match error.hint() {
                Some(hint) => finding.advise(hint),
                None => finding,
            }
        }
    }
}

fn of_offer(offer: &Offer, farm: &Farm<'_>) -> Finding {
    let check = Check::Offer;
    let blenders = offer.blenders.join(" and ");
    let (Some(stack), Some(_), Some(_), Some(tasks)) = (&offer.stack, &offer.queue, &offer.logs, offer.tasks)
    else {
        return Finding::warning(
            check,
            "the farm was deployed by an older version, and says little of itself",
        )
        .run(farm.deploy());
    };
    let how = match tasks.runs {
        Runs::SpotFirst => "Fargate Spot first",
        Runs::Spot => "Fargate Spot alone",
        Runs::OnDemand => "Fargate alone",
        Runs::Here => "one machine",
    };
    let at_once = count((tasks.vcpus_allowed / tasks.vcpus).floor().max(0.0) as u64, "task");
    Finding::good(
        check,
        format!("stack {stack}, Blender {blenders}, {at_once} of {} vCPU at once, {how}", tasks.vcpus),
    )
}

/// Of a farm on one machine.
pub(super) fn here(blenders: &[String]) -> Finding {
    let blenders = blenders.join(" and ");
    Finding::good(Check::Offer, format!("a farm on one machine, with Blender {blenders}: AWS is not asked"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::aws::farm::sample;
    use crate::doctor::finding::Verdict;

    #[test]
    fn what_is_heard_of_a_bucket_is_told_with_what_helps() {
        let (mut heard, farm) = (Vec::new(), sample());
        for (of, read, verdict, mend) in [
            (Heard::Ours, true, Verdict::Good, ""),
            (Heard::Nothing, false, Verdict::Bad, "cargo xtask deploy"),
            (Heard::Denied, true, Verdict::Warning, "s3:ListBucket"),
            (Heard::Denied, false, Verdict::Bad, "arn:aws:iam::123456789012:user/td"),
            (
                Heard::Elsewhere(Some("us-east-1".into())),
                false,
                Verdict::Bad,
                "farm doctor --bucket b --region us-east-1",
            ),
            (Heard::Elsewhere(None), false, Verdict::Bad, "--region"),
        ] {
            let finding = judge(&of, "b", read, &farm);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(format!("{:?}", finding.mends).contains(mend), "{finding:?}");
            heard.push(finding.says);
        }
        heard.dedup();
        assert_eq!(heard.len(), 6, "{heard:?}");
    }

    #[test]
    fn a_farm_that_says_little_of_itself_is_to_be_deployed_again() {
        let farm = sample();
        let offer = farm.offer.cloned().expect("an offer");
        let good = judge_told(&Told::Offer(Box::new(offer.clone())), &farm);
        assert_eq!(
            good.says,
            "stack render-farm, Blender 4.5 and 4.1, 64 tasks of 4 vCPU at once, Fargate Spot first"
        );
        let old = judge_told(&Told::Offer(Box::new(Offer { logs: None, ..offer })), &farm);
        assert_eq!((old.verdict, old.mends.len()), (Verdict::Warning, 1));
        assert_eq!(judge_told(&Told::Nothing, &farm).verdict, Verdict::Bad);
        let damaged = Offer::from_json(b"{").expect_err("damaged");
        assert_eq!(judge_told(&Told::Failed(damaged.into()), &farm).verdict, Verdict::Bad);
    }
}
