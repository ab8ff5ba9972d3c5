//! The child: from its first look into the bucket to its record.
//!
//! 1. What is good already is left alone ([`crate::good`]).
//! 2. The upload is downloaded, and what is of its project ([`crate::project`]); Blender opens it and says what is wrong with it.
//! 3. Frame after frame is rendered; while one renders, the ones before it are read back and
//!    uploaded ([`crate::session`], [`crate::frame`]).
//! 4. Whatever happened, a record of it is written.

use std::time::Instant;

use farm_contract::exit::TaskExit;
use farm_contract::keys;
use farm_contract::record::{Paid, TaskRecord};

use crate::args::Args;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::frame::Target;
use crate::good;
use crate::journal::Journal;
use crate::machine::Machine;
use crate::project::Fetch;
use crate::session::{Scene, Session};
use crate::spending::Spending;
use crate::stop::Stop;
use crate::store::{Bucket, Upload};

/// Runs the child to its end.
///
/// # Errors
/// Frames of it are not in the bucket; the failure says why.
pub async fn run(args: &Args, environment: &Environment, mut stop: Stop) -> Result<(), Failure> {
    let child = args.child(environment.array_index).ok_or_else(|| {
        Failure::new(
            TaskExit::Usage,
            format!("This job has no child {}.", environment.array_index),
            "AWS Batch starts render-task as the trigger submits it; upload the file again.",
        )
    })?;
    let bucket = Bucket::from_env(&args.bucket).await;
    let mut journal = Journal::new(child);
    journal.machine = Machine::look(environment).await;
    let key = keys::task(&args.render, child);
    if journal.machine.is_some() && (environment.attempt > 1 || args.is_second_try()) {
        journal.paid_before = paid_before(&bucket, &key).await;
    }
    let (spending, allowed) = match spending(args, environment, &bucket, &journal, child) {
        Ok(Some(spending)) => {
            let allowed = spending.begin(journal.paid_seconds()).await;
            (Some(spending), allowed)
        }
        Ok(None) => (None, Ok(())),
        Err(failure) => (None, Err(failure)),
    };
    let watching = spending.clone().map(|spending| tokio::spawn(spending.watch(stop.stopper())));
    let worked = match allowed {
        Ok(()) => work(child, args, environment, &bucket, &mut journal, &mut stop).await,
        Err(failure) => Err(failure),
    };
    watching.inspect(|watching| watching.abort());
    if let Some(spending) = &spending {
        spending.end(journal.paid_seconds()).await;
    }
    let ended = match worked {
        Ok(()) => journal.verdict(),
        Err(failure) => Err(failure),
    };
    let record = serde_json::to_vec(&journal.record(environment, &ended)).map_err(|error| {
        Failure::new(TaskExit::Failed, "The task's record cannot be written down.", "Upload the file again.")
            .because(error)
    });
    let written = match record {
        Ok(record) => bucket.put_json(&key, record).await,
        Err(failure) => Err(failure),
    };
    match (ended, written) {
        (Ok(()), written) => written,
        (Err(failure), written) => {
            if let Err(unwritten) = written {
                tracing::warn!("warning: {unwritten}");
            }
            Err(failure)
        }
    }
}

/// What counts the render's cost, where it may not cost more than so much and somebody is billed for it.
fn spending(
    args: &Args,
    environment: &Environment,
    bucket: &Bucket,
    journal: &Journal,
    child: u32,
) -> Result<Option<Spending>, Failure> {
    let Some(most) = args.max_cost else { return Ok(None) };
    match &journal.machine {
        Some(machine) => Spending::new(bucket, &args.render, child, environment, machine, most).map(Some),
        None if environment.metadata.is_some() => Err(Failure::new(
            TaskExit::TryAgain,
            "Fargate did not tell what this task costs, and the render may not cost more than so much.",
            "Another attempt asks again.",
        )),
        None => Ok(None),
    }
}

/// What was paid for the attempts of a child that left a record.
async fn paid_before(bucket: &Bucket, key: &str) -> Vec<Paid> {
    match bucket.read(key).await {
        Ok(Some(json)) => match TaskRecord::from_json(&json) {
            Ok(record) => record.paid_before.into_iter().chain(record.paid).collect(),
            Err(fault) => {
                tracing::warn!("warning: the record of an earlier attempt: {fault}");
                Vec::new()
            }
        },
        Ok(None) => Vec::new(),
        Err(failure) => {
            // What it cost is no reason not to render.
            tracing::warn!("warning: the record of an earlier attempt: {failure}");
            Vec::new()
        }
    }
}

async fn work(
    child: u32,
    args: &Args,
    environment: &Environment,
    bucket: &Bucket,
    journal: &mut Journal,
    stop: &mut Stop,
) -> Result<(), Failure> {
    let all = args.frames.frames();
    let mine = args.order.of_child(&all, args.chunk, child);
    journal.kept = stop.unless(good::frames(bucket, &args.blend, &args.source, &mine)).await?;
    let todo: Vec<i32> = mine.iter().copied().filter(|frame| !journal.kept.contains(frame)).collect();
    tracing::info!("child {child}: {} of {} frames to render", todo.len(), mine.len());
    if todo.is_empty() {
        return Ok(());
    }
    let scratch = tempfile::Builder::new()
        .prefix("render-task-")
        .tempdir_in(&environment.scratch)
        .map_err(|error| Failure::scratch("make a folder", error))?;
    let upload = Upload {
        key: args.blend.as_str().to_owned(),
        etag: args.etag.clone(),
        version_id: args.version_id.clone(),
    };
    let started = Instant::now();
    let fetch = Fetch { bucket, upload: &upload, args, scratch: scratch.path() };
    let project = stop.unless(fetch.run()).await?;
    journal.download = started.elapsed().as_secs_f64();
    tracing::info!("downloaded {} bytes in {:.1} s", project.bytes, journal.download);
    let target = Target {
        bucket: bucket.clone(),
        blend: args.blend.clone(),
        source: args.source.clone(),
        render: args.render.clone(),
        upload,
        scratch: scratch.path().to_owned(),
    };
    let scene = Scene { project, allowed: args.allowed(), settings: args.settings() };
    Session::new(target, environment, scene, journal, stop).render(&todo).await
}
