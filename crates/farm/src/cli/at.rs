//! Which render, of which farm.

use std::time::Duration;

use anyhow::Result;
use farm::render::cost::PriceList;
use farm::render::{Found, find};
use farm::{Farm, Location};
use farm_aws::Session;
use farm_contract::Fault;
use farm_contract::prices::{Price, Prices};

use super::prices;

/// Variable that names the bucket where the command line does not.
pub const BUCKET: &str = "FARM_BUCKET";
/// How long one call waits for its answer.
pub const ANSWER: Duration = Duration::from_secs(60);

/// The farm.
#[derive(Debug, Clone, clap::Args)]
pub struct Where {
    /// Bucket of the farm; left out, the one that FARM_BUCKET names.
    #[arg(long, value_name = "NAME")]
    pub bucket: Option<String>,
    /// Region of the bucket.
    #[arg(long)]
    pub region: Option<String>,
}

/// A render of it.
#[derive(Debug, Clone, clap::Args)]
pub struct At {
    /// The render: s3://BUCKET/KEY.blend, the upload's key, its file name with or without .blend, or the beginning of
    /// the render's id.
    #[arg(value_name = "RENDER")]
    pub render: String,
    #[command(flatten)]
    pub farm: Where,
}

/// One, or all of them.
#[derive(Debug, Clone, clap::Args)]
pub struct AtAny {
    /// The render: s3://BUCKET/KEY.blend, the upload's key, its file name with or without .blend, or the beginning of
    /// the render's id. Left out, the farm's renders.
    #[arg(value_name = "RENDER")]
    render: Option<String>,
    #[command(flatten)]
    farm: Where,
}

/// Other prices than the farm knows.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Priced {
    /// US dollars for an hour of a vCPU and of a GiB on Fargate, instead of us-east-1's of June 2026.
    #[arg(long, value_name = "VCPU,GIB", value_parser = prices)]
    prices: Option<Price>,
    /// The same on Fargate Spot.
    #[arg(long, value_name = "VCPU,GIB", value_parser = prices)]
    spot_prices: Option<Price>,
}

impl Priced {
    pub fn list(&self) -> PriceList {
        let known = PriceList::default().prices;
        PriceList {
            prices: Prices {
                on_demand: self.prices.unwrap_or(known.on_demand),
                spot: self.spot_prices.unwrap_or(known.spot),
            },
            given: self.prices.is_some() || self.spot_prices.is_some(),
        }
    }
}

impl Where {
    /// The farm of this bucket, or else of the one that the environment names.
    pub async fn open(&self, named: Option<&str>, prices: PriceList) -> Result<Farm> {
        let bucket = match named.map(str::to_owned).or_else(|| self.bucket.clone()) {
            Some(bucket) => bucket,
            None => of_environment().ok_or_else(nowhere)?,
        };
        let session = Session::open(self.region.as_deref(), ANSWER).await?;
        Ok(Farm::open(&session, &bucket, prices).await?)
    }
}

impl At {
    /// The farm, and the render.
    pub async fn find(&self, prices: PriceList) -> Result<(Farm, Found)> {
        let location = self.render.parse::<Location>().ok();
        let farm = self.farm.open(location.map(|it| it.bucket).as_deref(), prices).await?;
        let found = find::find(&farm.bucket, &self.render).await?;
        Ok((farm, found))
    }
}

impl AtAny {
    /// The farm, and the render if one is named.
    pub async fn find(self, prices: PriceList) -> Result<(Farm, Option<Found>)> {
        match self.render {
            Some(render) => {
                let (farm, found) = At { render, farm: self.farm }.find(prices).await?;
                Ok((farm, Some(found)))
            }
            None => Ok((self.farm.open(None, prices).await?, None)),
        }
    }
}

/// The bucket that the environment names, with or without `s3://`.
pub(super) fn of_environment() -> Option<String> {
    let named = std::env::var(BUCKET).ok()?;
    let name = named.strip_prefix("s3://").unwrap_or(&named).split('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn nowhere() -> Fault {
    Fault::new(
        "It is not said which farm is meant.",
        format!(
            "Write the render as s3://BUCKET/KEY.blend, name the bucket with --bucket, or once and for all in the \
             environment: {BUCKET}. `cargo xtask outputs` prints it."
        ),
    )
}
