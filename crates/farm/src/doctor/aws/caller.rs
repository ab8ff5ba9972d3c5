//! Who asks, and where.

use farm_aws::{AwsError, Caller, NoRegion, hint};

use crate::doctor::check::Check;
use crate::doctor::finding::Finding;

/// The region that is asked, beside that of the farm's queue.
pub(super) fn region(asked: &str, of_farm: Option<&str>) -> Finding {
    match of_farm {
        Some(farm) if farm != asked => {
            Finding::bad(Check::Region, format!("{asked} is asked, and the farm stands in {farm}"))
                .advise(format!("Run it with --region {farm}, or set AWS_REGION to {farm}."))
        }
        _ => Finding::good(Check::Region, asked),
    }
}

/// Where no region is named. Without a bucket nobody may want to go to AWS at all.
pub(super) fn nowhere(error: NoRegion, farm_is_named: bool) -> Finding {
    let says = error.to_string();
    match farm_is_named {
        true => Finding::bad(Check::Region, says).advise(error.hint()),
        false => Finding::unseen(Check::Region, format!("{says}; so only this machine is looked at"))
            .advise(error.hint()),
    }
}

/// Who is logged in.
pub(super) fn credentials(caller: &Result<Caller, AwsError>, farm_is_named: bool) -> Finding {
    let error = match caller {
        Ok(Caller { account, arn }) => {
            return Finding::good(Check::Credentials, format!("account {account}, {arn}"));
        }
        Err(error) => error,
    };
    let says = words(error);
    let finding = match farm_is_named || !error.is_logged_out() {
        true => Finding::bad(Check::Credentials, says),
        false => Finding::unseen(Check::Credentials, format!("{says}; so only this machine is looked at")),
    };
    finding.advise(error.hint(hint::any).unwrap_or_else(|| "Log in to AWS again.".to_owned()))
}

fn words(error: &AwsError) -> String {
    let code = error.code.as_deref().unwrap_or_default();
    if code.contains("Expired") {
        return "these credentials have expired".to_owned();
    }
    if ["InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"].contains(&code) {
        return "AWS does not know these credentials".to_owned();
    }
    match error.is_logged_out() {
        true => "nobody is logged in to AWS here".to_owned(),
        false => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::aws::farm::region_of;
    use crate::doctor::finding::Verdict;

    #[test]
    fn another_region_than_the_farm_s_is_told() {
        let of_farm = region_of("arn:aws:batch:eu-west-1:123456789012:job-queue/a");
        assert_eq!(region("eu-west-1", of_farm).verdict, Verdict::Good);
        let other = region("us-east-1", of_farm);
        assert_eq!(other.says, "us-east-1 is asked, and the farm stands in eu-west-1");
        assert_eq!(region("us-east-1", region_of("damaged")).verdict, Verdict::Good);
    }

    #[test]
    fn who_names_no_farm_may_not_want_to_go_to_aws() {
        assert_eq!(nowhere(NoRegion, false).verdict, Verdict::NotLookedAt);
        assert_eq!(nowhere(NoRegion, true).verdict, Verdict::Bad);
    }
}
