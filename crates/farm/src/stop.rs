//! Having a render end before its frames are done.
//!
//! A word in the bucket does it, which the farm's function acts on: who may upload may stop, without a right on Batch.

use farm_contract::keys;
use farm_contract::report::State;
use farm_contract::stop::Stop;

use crate::bucket::Bucket;
use crate::error::FarmError;
use crate::render::Found;

/// Asks the farm to stop a render: its jobs are stopped, and what is done is archived.
///
/// # Errors
/// It is not planned, or has ended; the bucket does not take it.
pub async fn stop(bucket: &Bucket, found: &Found, reason: &str) -> Result<(), FarmError> {
    let plan = found.planned()?;
    if let Some(report) = found.report.as_ref().filter(|report| report.state != State::Accepted) {
        return Err(FarmError::Over(found.key.to_string(), report.message.clone()));
    }
    let json = serde_json::to_vec(&Stop::new(reason)).map_err(|error| FarmError::Json(error.to_string()))?;
    bucket.put(&keys::stop(&plan.render), "application/json", json).await
}
