//! `farm`: the artist's client. What it says to a person goes to stderr; stdout is for data, and for the tables
//! of `inspect` and `plan`.

mod cli;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use farm::{FarmError, Location, Resumed, resume};
use farm_aws::{NoRegion, Session};
use farm_contract::Fault;
use farm_terminal::{INTERRUPTED, interrupted, say};

use cli::{Inspect, Plan, Submit};

/// How long one call waits for its answer: a bucket copies a part of some GB before it does.
const ANSWER: Duration = Duration::from_secs(300);

/// The render farm, from an artist's machine.
#[derive(Debug, Parser)]
#[command(name = "farm", version, about)]
enum Command {
    /// Show what a .blend says of itself, and whether the files that it names are there.
    Inspect(Inspect),
    /// Show how frames would be shared out to tasks, what that costs, and when it is done.
    Plan(Plan),
    /// Send a scene with the files that it names to the farm, and have it rendered.
    ///
    /// Only what the farm does not have yet is sent. What would fail is told before anything is.
    Submit(Box<Submit>),
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

fn main() -> ExitCode {
    let command = Command::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("\nerror: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(command));
    // What is still being read is of no use to anybody.
    runtime.shutdown_background();
    code
}

async fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Inspect(inspect) => until_interrupted(inspect.run()).await,
        Command::Plan(plan) => plan.run().map(|()| ExitCode::SUCCESS),
        Command::Submit(submit) => submit.run().await,
        Command::Resume { upload, region } => until_interrupted(again(upload, region)).await,
    };
    outcome.unwrap_or_else(|error| {
        farm_terminal::report(&error, |error| {
            let farm = error.downcast_ref::<FarmError>().and_then(FarmError::hint);
            let asked = || Some(error.downcast_ref::<Fault>()?.hint.clone());
            farm.or_else(asked).or_else(|| Some(error.downcast_ref::<NoRegion>()?.hint()))
        });
        ExitCode::FAILURE
    })
}

async fn until_interrupted(work: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    tokio::select! {
        outcome = work => outcome.map(|()| ExitCode::SUCCESS),
        () = interrupted() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

/// A client of the bucket's region.
async fn client(region: Option<&str>) -> Result<aws_sdk_s3::Client> {
    let session = Session::open(region, ANSWER).await?;
    Ok(aws_sdk_s3::Client::new(session.config()))
}

async fn again(upload: Location, region: Option<String>) -> Result<()> {
    match resume(&client(region.as_deref()).await?, &upload).await? {
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
