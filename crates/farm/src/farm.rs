//! The farm, as the client reaches it: its bucket, its queue, and what it says of itself.

use aws_sdk_batch::Client as Batch;
use farm_aws::Session;
use farm_contract::offer::Offer;

use crate::bucket::Bucket;
use crate::error::FarmError;
use crate::render::cost::PriceList;
use crate::submit::offer;

/// A farm.
#[derive(Debug, Clone)]
pub struct Farm {
    /// Its bucket.
    pub bucket: Bucket,
    /// Where its queue is asked.
    pub batch: Batch,
    /// What it says of itself; none of one that an old version deployed.
    pub offer: Option<Offer>,
    /// What it costs.
    pub prices: PriceList,
}

impl Farm {
    /// The farm of a bucket.
    ///
    /// # Errors
    /// A call does not come through.
    pub async fn open(session: &Session, bucket: &str, prices: PriceList) -> Result<Self, FarmError> {
        let client = aws_sdk_s3::Client::new(session.config());
        let bucket = Bucket::new(client, bucket);
        let offer = offer(&bucket).await?;
        Ok(Self { bucket, batch: Batch::new(session.config()), offer, prices })
    }
}
