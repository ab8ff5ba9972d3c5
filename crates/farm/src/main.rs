//! `farm`: the artist's client. What it says to a person goes to stderr; stdout is for data.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use farm::{FarmError, Location, Resumed, resume};
use farm_aws::{NoRegion, Session};
use farm_terminal::{INTERRUPTED, interrupted, say};

/// How long one call waits for its answer: a bucket copies a part of some GB before it does.
const ANSWER: Duration = Duration::from_secs(300);

/// The render farm, from an artist's machine.
#[derive(Debug, Parser)]
#[command(name = "farm", version, about)]
enum Command {
    /// Have the missing frames of an upload rendered, and only those.
    Resume {
        /// The upload, as `report.json` names it.
        #[arg(value_name = "s3://BUCKET/KEY.blend")]
        upload: Location,
        /// Region of the bucket.
        #[arg(long)]
        region: Option<String>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command = Command::parse();
    let outcome = tokio::select! {
        outcome = run(command) => outcome,
        () = interrupted() => return ExitCode::from(INTERRUPTED),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            farm_terminal::report(&error, |error| {
                let farm = error.downcast_ref::<FarmError>().and_then(FarmError::hint);
                farm.or_else(|| Some(error.downcast_ref::<NoRegion>()?.hint()))
            });
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    let Command::Resume { upload, region } = command;
    let session = Session::open(region.as_deref(), ANSWER).await?;
    match resume(&aws_sdk_s3::Client::new(session.config()), &upload).await? {
        Resumed::Complete => say("Nothing is missing: all frames are rendered and in frames.zip."),
        Resumed::Again { missing, kept } => {
            let which = if missing.is_empty() {
                "what is missing".to_owned()
            } else {
                format!("the frames {missing}")
            };
            say(&if kept {
                format!("The farm renders {which} of {upload}.")
            } else {
                format!(
                    "The farm renders {upload}: all of its frames, since this bucket does not tell that they are \
                     of the same bytes."
                )
            });
            say(&format!("How far it is: {upload}/report.json"));
        }
    }
    Ok(())
}
