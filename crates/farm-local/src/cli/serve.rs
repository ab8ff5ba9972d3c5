//! `serve`: the farm kept up on a fixed port, for any S3 client.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use farm_contract::keys::BlendKey;
use farm_local::farm::{BUCKET, Farm, FarmConfig, REGION};
use farm_local::s3::{Credentials, ObjectCreated};
use serde_json::Value;

use super::follow::{Follow, News};
use super::{Machine, interrupted, show};

/// Port of S3. Batch has the next one.
const PORT: u16 = 9024;

/// Where to keep the farm.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Folder of the bucket and the logs, kept between runs.
    #[arg(long, default_value = "renders/.farm")]
    out: PathBuf,
    /// Port of S3 on loopback; Batch has the next one.
    #[arg(long, default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1024..65535))]
    port: u16,
    #[command(flatten)]
    machine: Machine,
}

impl Serve {
    /// Serves until Ctrl-C.
    pub async fn run(self) -> Result<ExitCode> {
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot make {}", self.out.display()))?;
        let credentials = Credentials::kept_in(&self.out.join("credentials"))
            .context("cannot keep the credentials of the loopback farm")?;
        let farm = Farm::start(FarmConfig {
            folder: self.out.clone(),
            programs: self.machine.programs()?,
            blender: self.machine.blender.clone(),
            blender_version: self.machine.blender_version.clone(),
            workers: self.machine.workers(),
            s3_address: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            batch_address: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port + 1)),
            credentials: credentials.clone(),
            retry_delays: None,
        })
        .await?;
        introduce(&farm, &credentials, &self.out);
        tokio::select! {
            () = narrate(&farm) => {}
            () = interrupted() => {}
        }
        show::heading("Stopping: no task is left running.");
        farm.shutdown().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// How to use it. The environment goes to stdout, so that a shell can read it.
#[expect(clippy::print_stdout, reason = "the environment of a client is this command's data")]
fn introduce(farm: &Farm, credentials: &Credentials, folder: &Path) {
    show::heading("The farm is up. In another terminal:");
    show::heading("");
    println!("export AWS_ENDPOINT_URL_S3={}", farm.s3_endpoint);
    println!("export AWS_ENDPOINT_URL_BATCH={}", farm.batch_endpoint);
    println!("export AWS_ACCESS_KEY_ID={}", credentials.access_key_id);
    println!("export AWS_SECRET_ACCESS_KEY={}", credentials.secret_access_key);
    println!("export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}");
    show::heading("Render 24 frames, and fetch them when the archive is there:\n");
    show::line(&format!(
        "aws s3api put-object --bucket {BUCKET} --key scene.blend --body scene.blend --tagging frame=24"
    ));
    show::line(&format!("aws s3 cp s3://{BUCKET}/scene.blend/frames.zip ."));
    show::heading(&format!("Bucket and logs are in {}. Ctrl-C stops the farm.\n", folder.display()));
}

/// Tells what becomes of each upload, a line at a time.
async fn narrate(farm: &Farm) {
    let mut created = farm.store.subscribe();
    let mut jobs = farm.batch.subscribe();
    let mut failures = farm.lambda.failures();
    let mut uploads: HashMap<String, (Follow, u64, u64)> = HashMap::new();
    loop {
        tokio::select! {
            biased;
            // What cannot be told of one upload must not end the farm for the others.
            Some(object) = created.recv() => {
                if let Err(error) = one_object(farm, &mut uploads, &object).await {
                    show::warning(&format!("{}: {error:#}", object.key));
                }
            }
            Some(event) = jobs.recv() => one_job(&uploads, &event),
            Some(failure) = failures.recv() => show::warning(&format!("trigger-lambda gave up: {}", failure.reason)),
            else => return,
        }
    }
}

async fn one_object(
    farm: &Farm,
    uploads: &mut HashMap<String, (Follow, u64, u64)>,
    object: &ObjectCreated,
) -> Result<()> {
    if object.bucket != BUCKET {
        return Ok(());
    }
    if stack::farm::storage::notifies(&object.key) {
        match BlendKey::parse(&object.key) {
            Ok(key) => {
                show::line(&format!("{key}: uploaded, {}", show::size(object.size)));
                uploads.insert(object.key.clone(), (Follow::new(&farm.store, key, object), 0, 0));
            }
            Err(fault) => show::line(&format!("{}: {} {}", object.key, fault.message, fault.hint)),
        }
        return Ok(());
    }
    // Below which upload the object lies; at most one, since the longest key wins.
    let owner = uploads
        .keys()
        .filter(|key| object.key.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('/')))
        .max_by_key(|key| key.len())
        .cloned();
    let Some((follow, planned, done)) = owner.and_then(|key| uploads.get_mut(&key)) else { return Ok(()) };
    for news in follow.object(object).await? {
        match news {
            News::Accepted(report) => {
                (*planned, *done) = (report.frames.as_ref().map_or(0, |frames| frames.count), 0);
                show::line(&format!("{}: {}", follow.key(), report.message));
                report.warnings.iter().for_each(|text| show::warning(text));
            }
            News::Frame { frame, .. } => {
                *done += 1;
                show::line(&format!("{}: frame {frame}  ({done} of {planned})", follow.key()));
            }
            News::File { .. } => {}
            News::Ended(report) => {
                show::line(&format!("{}: {}", follow.key(), report.message));
                report.hint.iter().for_each(|text| show::line(&format!("  {text}")));
            }
            News::Stuck(why) => show::warning(&format!("{}: {why}", follow.key())),
        }
    }
    Ok(())
}

fn one_job(uploads: &HashMap<String, (Follow, u64, u64)>, event: &Value) {
    for (follow, _, _) in uploads.values() {
        if let Some(News::Stuck(why)) = follow.job(event) {
            show::warning(&format!("{}: {why}", follow.key()));
        }
    }
}
