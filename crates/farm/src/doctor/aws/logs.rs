//! Where the tasks write what they say. Without it none of them starts.

use aws_sdk_cloudwatchlogs::Client;
use farm_aws::AwsError;

use super::call::{ask, unseen};
use super::farm::Farm;
use crate::doctor::check::Check;
use crate::doctor::finding::{Finding, word};

/// Whether there is a log group of this name.
pub(super) async fn look(client: &Client, name: &str) -> Result<bool, AwsError> {
    let call = client.describe_log_groups().log_group_name_prefix(name).send();
    let groups = ask("look for the log group", call).await?.log_groups.unwrap_or_default();
    // The shortest that begins so is the first.
    Ok(groups.iter().any(|group| group.log_group_name() == Some(name)))
}

/// What that means for a render.
pub(super) fn judge(name: &str, found: &Result<bool, AwsError>, farm: &Farm<'_>) -> Finding {
    let check = Check::Logs;
    match found {
        Ok(true) => Finding::good(check, name),
        Ok(false) => Finding::bad(check, format!("there is no log group {name}: no task starts without it"))
            .run(format!(
                "aws logs create-log-group --log-group-name {} --region {}",
                word(name),
                word(farm.region)
            )),
        Err(error) => unseen(check, error, "logs:DescribeLogGroups", farm.who()),
    }
}
