//! "Batch Job State Change", as EventBridge delivers it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::config::BatchConfig;
use super::ids;
use super::model::JobDetail;

/// The event of one change of state; `now` in milliseconds since 1970.
pub(super) fn state_change(
    config: &BatchConfig,
    detail: &JobDetail,
    now: i64,
) -> Result<Value, serde_json::Error> {
    let resource = detail.job_arn.clone();
    Ok(json!({
        "version": "0",
        "id": ids::uuid(),
        "detail-type": "Batch Job State Change",
        "source": "aws.batch",
        "account": config.account,
        "time": time(now),
        "region": config.region,
        "resources": [resource],
        "detail": serde_json::to_value(detail)?,
    }))
}

/// ISO 8601 in UTC, to the second.
fn time(milliseconds: i64) -> String {
    let seconds = Timestamp::from_second(milliseconds.div_euclid(1000));
    seconds.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn time_is_iso_8601_to_the_second() {
        assert_eq!(super::time(1_641_944_200_058), "2022-01-11T23:36:40Z");
    }
}
