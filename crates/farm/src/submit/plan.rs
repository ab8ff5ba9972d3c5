//! What would be sent, and the verdict on it.

use std::sync::atomic::{AtomicBool, Ordering};

use blend_file::{ParseVersionError, Version};
use farm_contract::Fault;
use farm_contract::keys::OFFER;
use farm_contract::limits::Limits;
use farm_contract::offer::Offer;
use farm_contract::project::ContentHash;
use farm_contract::tags::{Chunk, Request};
use farm_intake::{Known, Question, Verdict, judge};

use crate::bucket::Bucket;
use crate::destination::Destination;
use crate::error::FarmError;
use crate::known;
use crate::location::Location;
use crate::project::{Collected, Found, Lack, Source, collect, settled};
use crate::tagging;

/// Lacks of libraries that are told one by one.
const TOLD: usize = 8;

/// A submission that was looked at, and of which nothing is sent yet.
#[derive(Debug)]
pub struct Prepared {
    /// Where the upload goes.
    pub to: Location,
    /// What the farm says to it. Nothing is sent while it has errors.
    pub verdict: Verdict,
    /// All files: the one that is rendered (or the archive), then the others in the order of their paths.
    pub files: Vec<Found>,
    /// Bytes of all of them.
    pub bytes: u64,
    pub(super) request: Request,
    /// Whether the call that makes the upload has begun, and no answer says that it did not make it.
    pub(super) begun: AtomicBool,
}

impl Prepared {
    /// Whether there may be an upload: once the last call of a [`send`](Self::send) has begun, giving it up does
    /// not take it back.
    pub fn may_be_made(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Has `chunk` say how many frames a task renders, from how many there are, where the upload leaves that to the
    /// farm: for who knows better what a task's start costs there.
    pub fn share_out(&mut self, chunk: impl FnOnce(usize) -> u32) {
        let Some(frames) = &self.verdict.frames else { return };
        if self.request.chunk == Chunk::Auto && self.request.limits == Limits::default() {
            self.request.chunk = Chunk::Frames(chunk(frames.frames().len()));
        }
    }
}

/// Looks at a submission: what belongs to it, where it goes, and whether the farm can render it. This reads files,
/// and no bucket.
///
/// # Errors
/// A file cannot be read, the scene is no good Blender file, or something that is asked for cannot be. What is
/// wrong with the scene is no error here: the verdict tells it.
pub fn plan_submission(
    source: &Source,
    to: &Destination,
    mut request: Request,
    offer: Option<&Offer>,
) -> Result<Prepared, FarmError> {
    let to = to.of(source.name()?)?;
    let blenders = offer.map(versions).transpose()?.unwrap_or_default();
    let ask = |request: &Request, known: &Known, project: &farm_intake::Project| {
        judge(&Question { request, known, project, blenders: &blenders })
    };
    let (verdict, files) = match source {
        Source::Archive { path, main } => {
            let data = path.metadata().map_err(FarmError::disk(path))?;
            let (known, project) = known::of_archive(path, to.key.file_name(), main.as_deref())?;
            request.main.clone_from(main);
            let archive = Found {
                path: source.name()?.to_owned(),
                disk: path.clone(),
                size: data.len(),
                modified: data.modified().ok(),
            };
            (ask(&request, &known, &project), vec![archive])
        }
        Source::File(path) => {
            // It chose the file, and has no more to say.
            request.main = None;
            let path = &settled(path)?;
            let data = path.metadata().map_err(FarmError::disk(path))?;
            let known = known::of_file(path)?;
            let facts = match &known {
                Known::Facts(facts) => Some(&**facts),
                Known::Head(..) => None,
            };
            let collected = collect(path, facts, &known::facts)?;
            if !collected.main.is_as(&data) {
                return Err(FarmError::Changed(path.clone()));
            }
            let mut verdict = ask(&request, &known, &collected.project());
            verdict.warnings.extend(told(&collected.lacks));
            let Collected { main, files, .. } = collected;
            (verdict, [main].into_iter().chain(files).collect())
        }
    };
    // Whether they can be tags is found before anything is sent; the list's own hash is as long as any.
    tagging::of_request(&request, (files.len() > 1).then(|| ContentHash::of(b"")).as_ref())?;
    let bytes = files.iter().map(|file| file.size).sum();
    Ok(Prepared { to, verdict, files, bytes, request, begun: AtomicBool::new(false) })
}

/// What the farm of a bucket offers; `None` where it does not say.
///
/// # Errors
/// A call did not come through, or a later farm says it in another way.
pub async fn offer(bucket: &Bucket) -> Result<Option<Offer>, FarmError> {
    let read = bucket.read(OFFER).await?;
    Ok(read.map(|(json, _)| Offer::from_json(&json)).transpose()?)
}

fn versions(offer: &Offer) -> Result<Vec<Version>, Fault> {
    let read = |text: &String| {
        text.parse().map_err(|error: ParseVersionError| {
            Fault::new(
                format!("The farm says that it has a Blender that is none: {error}."),
                "Deploy the farm again.",
            )
        })
    };
    offer.blenders.iter().map(read).collect()
}

/// What is told of what libraries name and lack.
fn told(lacks: &[Lack]) -> Vec<String> {
    let mut told: Vec<String> = lacks.iter().take(TOLD).map(ToString::to_string).collect();
    if let Some(more) = lacks.len().checked_sub(TOLD).filter(|more| *more > 0) {
        told.push(format!("Its libraries lack {more} more files."));
    }
    told
}
