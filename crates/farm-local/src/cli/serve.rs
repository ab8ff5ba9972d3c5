//! `serve`: the farm kept up on a fixed port, for any S3 client.

use std::collections::HashMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};
use farm_contract::keys::BlendKey;
use farm_contract::report::{Report, State};
use farm_local::farm::{Farm, FarmConfig, REGION};
use farm_local::faults::Faults;
use farm_local::s3::{Credentials, ObjectCreated};
use percent_encoding::NON_ALPHANUMERIC;
use serde_json::Value;
use stack::farm::outputs;

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
            blenders: self.machine.blenders.clone(),
            workers: self.machine.workers(),
            s3_address: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            batch_address: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port + 1)),
            credentials: credentials.clone(),
            faults: Faults::none(),
            retry_delay: None,
        })
        .await?;
        let outcome = tokio::select! {
            outcome = async {
                introduce(&farm, &credentials, &self.out)?;
                narrate(&farm).await
            } => outcome,
            () = interrupted() => Ok(()),
        };
        show::heading(
            "Stopping: no task is left running. What is not finished goes on when the farm starts again.",
        );
        farm.shutdown().await;
        outcome.map(|()| ExitCode::SUCCESS)
    }
}

/// How to use it. The environment goes to stdout, so that a shell can read it.
fn introduce(farm: &Farm, credentials: &Credentials, folder: &Path) -> Result<()> {
    show::heading("The farm is up. In another terminal:\n");
    let environment = format!(
        "export AWS_ENDPOINT_URL_S3={}\nexport AWS_ENDPOINT_URL_BATCH={}\nexport AWS_ENDPOINT_URL_CLOUDWATCH_LOGS={}\nexport AWS_ACCESS_KEY_ID={}\n\
         export AWS_SECRET_ACCESS_KEY={}\nexport AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}\nexport FARM_BUCKET={}",
        farm.s3_endpoint,
        farm.batch_endpoint,
        farm.batch_endpoint,
        credentials.access_key_id,
        credentials.secret_access_key,
        farm.bucket()
    );
    writeln!(std::io::stdout(), "{environment}").context("cannot print the environment of a client")?;
    show::heading("Render 24 frames, and fetch them when the archive is there:\n");
    let outputs = &farm.blueprint.outputs;
    show::line(outputs.get(outputs::UPLOAD_COMMAND).map_or("", String::as_str));
    show::line(&format!("aws s3 cp s3://{}/scene.blend/frames.zip .", farm.bucket()));
    show::heading("The same with the artist's client, which shows how far it is:\n");
    show::line("farm submit scene.blend --frames 1-24 --watch && farm pull scene");
    show::heading(&format!("Bucket and logs are in {}. Ctrl-C stops the farm.\n", folder.display()));
    Ok(())
}

/// Jobs live as long as the farm; what they had rendered stays in the bucket. A copy onto itself
/// makes an upload anew, so that its event starts what is missing.
async fn resume(farm: &Farm) -> Result<()> {
    for object in farm.store.list(farm.bucket(), "").context("cannot list the bucket")? {
        let Ok(key) = BlendKey::parse(&object.key) else { continue };
        // No report, or one that nobody can read, tells of no render.
        let report = farm.store.read(farm.bucket(), &key.report()).ok();
        let report = report.and_then(|json| Report::from_json(&json).ok());
        if report.is_some_and(|report| report.state == State::Accepted) {
            show::line(&format!("{key}: was not finished when the farm stopped; going on"));
            let source = format!(
                "{}/{}",
                farm.bucket(),
                percent_encoding::utf8_percent_encode(key.as_str(), NON_ALPHANUMERIC)
            );
            let copy =
                farm.s3_client().copy_object().bucket(farm.bucket()).key(key.as_str()).copy_source(source);
            copy.metadata_directive(MetadataDirective::Replace)
                .tagging_directive(TaggingDirective::Copy)
                .send()
                .await
                .with_context(|| format!("cannot start {key} again"))?;
        }
    }
    Ok(())
}

/// Tells what becomes of each upload, a line at a time.
async fn narrate(farm: &Farm) -> Result<()> {
    let mut created = farm.store.subscribe();
    let mut jobs = farm.batch.subscribe();
    let mut failures = farm.lambda.failures();
    let mut uploads: HashMap<String, (Follow, u64, u64)> = HashMap::new();
    resume(farm).await?;
    loop {
        tokio::select! {
            biased;
            // What cannot be told of one upload must not end the farm for the others.
            Some(object) = created.recv() => {
                if let Err(error) = one_object(farm, &mut uploads, &object) {
                    show::warning(&format!("{}: {error:#}", object.key));
                }
            }
            Some(event) = jobs.recv() => one_job(farm, &mut uploads, &event),
            Some(failure) = failures.recv() => show::warning(&format!("trigger-lambda gave up: {}", failure.reason)),
            else => return Ok(()),
        }
    }
}

fn one_object(
    farm: &Farm,
    uploads: &mut HashMap<String, (Follow, u64, u64)>,
    object: &ObjectCreated,
) -> Result<()> {
    if object.bucket != farm.bucket() {
        return Ok(());
    }
    if farm.takes(&object.key) {
        match BlendKey::parse(&object.key) {
            Ok(key) => {
                show::line(&format!("{key}: uploaded, {}", show::size(object.size)));
                uploads.insert(object.key.clone(), (Follow::new(farm, key, object), 0, 0));
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
    for news in follow.object(object)? {
        match news {
            News::Accepted(report) => {
                (*planned, *done) = (report.frames.as_ref().map_or(0, |frames| frames.count), 0);
                show::line(&format!("{}: {}", follow.key(), report.message));
                report
                    .warnings
                    .iter()
                    .for_each(|text| show::line(&format!("{}: note: {text}", follow.key())));
            }
            News::Frame { frame, .. } => {
                *done += 1;
                show::line(&format!("{}: frame {frame}  ({done} of {planned})", follow.key()));
            }
            News::File { .. } | News::Archived => {}
            News::Ended(report) => ended(farm, follow.key(), &report),
            News::Stuck(why) => show::warning(&format!("{}: {why}", follow.key())),
        }
    }
    Ok(())
}

/// How an upload ended, and how its owner comes by what was made of it.
fn ended(farm: &Farm, key: &BlendKey, report: &Report) {
    let state = match report.state {
        State::Rejected => "refused: ",
        State::Partial | State::Failed => "failed: ",
        State::Accepted | State::Complete => "",
    };
    show::line(&format!("{key}: {state}{}", report.message));
    report.hint.iter().for_each(|text| show::line(&format!("{key}: hint: {text}")));
    for made in [&report.zip, &report.preview, &report.contact_sheet].into_iter().flatten() {
        show::line(&format!("{key}: aws s3 cp 's3://{}/{made}' .", farm.bucket()));
    }
}

fn one_job(farm: &Farm, uploads: &mut HashMap<String, (Follow, u64, u64)>, event: &Value) {
    for (follow, _, _) in uploads.values_mut() {
        match follow.job(event) {
            Some(News::Stuck(why)) => show::warning(&format!("{}: {why}", follow.key())),
            Some(News::Ended(report)) => ended(farm, follow.key(), &report),
            _ => {}
        }
    }
}
