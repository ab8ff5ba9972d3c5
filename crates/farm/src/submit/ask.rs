//! What the bucket has already.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use farm_contract::project::{ContentHash, MAX_MANIFEST_BYTES, Manifest, ProjectFile};
use farm_contract::{Fault, keys};
use futures::{StreamExt, TryStreamExt, stream};

use super::hash::{self, Hashed};
use super::plan::Prepared;
use super::progress::{Progress, Step, telling};
use crate::error::FarmError;
use crate::rewrite::Original;

/// Questions to the bucket at once.
const AT_ONCE: usize = 16;
/// What is deleted later than this is there for a render that begins now.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

/// One content of a submission.
#[derive(Debug, Clone)]
pub struct Content {
    /// What it is.
    pub sha256: ContentHash,
    /// Bytes.
    pub size: u64,
    /// Paths of the files that have it, in the project.
    pub paths: Vec<String>,
    /// Whether the bucket has it.
    pub there: bool,
    /// Whether the bucket would delete it soon.
    pub(super) leaving: bool,
    /// One of the files that have it, on this disk.
    pub(super) disk: PathBuf,
    /// Checksums of the parts in which it is sent.
    pub(super) parts: Vec<u64>,
}

/// A submission held against what the bucket has.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// All contents, each once.
    pub contents: Vec<Content>,
    /// The content of the file that is rendered, or of the archive.
    pub main: ContentHash,
    /// The list of the project's files as it is stored, where there is more than one file.
    pub(super) list: Option<Vec<u8>>,
    /// Bytes of the file that is rendered.
    pub(super) main_size: u64,
}

impl Comparison {
    /// Contents that are to be sent.
    pub fn lacking(&self) -> impl Iterator<Item = &Content> {
        self.contents.iter().filter(|content| !content.there)
    }

    /// Bytes that are to be sent.
    pub fn bytes(&self) -> u64 {
        self.lacking().map(|content| content.size).sum()
    }
}

impl Prepared {
    /// Reads all files for their hashes and asks the bucket which of them it lacks. This changes nothing.
    ///
    /// # Errors
    /// A file cannot be read or was changed since it was looked at, or a call did not come through.
    pub async fn compare(&self, client: &Client, progress: &dyn Progress) -> Result<Comparison, FarmError> {
        let hashed = hash::all(&self.files, progress).await?;
        let mut compared = self.sorted(hashed)?;
        let (contents, done) = (&compared.contents, &AtomicU64::new(0));
        let of = contents.len() as u64;
        let asked = stream::iter(0..contents.len()).map(|at| async move {
            let key = keys::project_file(&contents[at].sha256);
            let there = Original::look(client, &self.to.bucket, &key).await?;
            done.fetch_add(1, Ordering::Relaxed);
            let other = there.as_ref().is_some_and(|there| there.size() != Some(contents[at].size));
            if other {
                return Err(FarmError::from(Fault::new(
                    format!("`{key}` in the bucket is not what its name says."),
                    format!("Delete it, and run this again: aws s3 rm s3://{}/{key}", self.to.bucket),
                )));
            }
            Ok::<_, FarmError>((there.is_some(), there.as_ref().is_some_and(is_leaving)))
        });
        let asked = asked.buffered(AT_ONCE).try_collect::<Vec<_>>();
        let asked = telling(asked, progress, Step::Asking, done, of).await?;
        for (content, there) in compared.contents.iter_mut().zip(asked) {
            (content.there, content.leaving) = there;
        }
        Ok(compared)
    }

    /// The files by what they hold.
    fn sorted(&self, hashed: Vec<Hashed>) -> Result<Comparison, FarmError> {
        let files: Vec<ProjectFile> = self
            .files
            .iter()
            .zip(&hashed)
            .map(|(file, hashed)| ProjectFile {
                path: file.path.clone(),
                size: file.size,
                sha256: hashed.sha256.clone(),
            })
            .collect();
        let mut contents: BTreeMap<ContentHash, Content> = BTreeMap::new();
        for (file, Hashed { sha256, parts }) in self.files.iter().zip(hashed) {
            let content = contents.entry(sha256.clone()).or_insert_with(|| Content {
                sha256,
                size: file.size,
                paths: Vec::new(),
                there: false,
                leaving: false,
                disk: file.disk.clone(),
                parts,
            });
            content.paths.push(file.path.clone());
        }
        let Some((main, others)) = files.split_first() else {
            return Err(Fault::new("There is nothing to submit.", "Name a .blend file.").into());
        };
        let list = match others {
            [] => None,
            others => Some(list(&Manifest::new(&main.path, others.to_vec())?)?),
        };
        Ok(Comparison {
            contents: contents.into_values().collect(),
            main: main.sha256.clone(),
            main_size: main.size,
            list,
        })
    }
}

/// The list of a project's files as it is stored.
fn list(manifest: &Manifest) -> Result<Vec<u8>, Fault> {
    let fewer = "Leave out what the scene does not need, such as frames of sequences, and submit it again.";
    let json = serde_json::to_vec(manifest).map_err(|error| {
        Fault::new(format!("The list of the project's files cannot be written: {error}."), fewer)
    })?;
    if json.len() as u64 > MAX_MANIFEST_BYTES {
        let count = manifest.files.len();
        return Err(Fault::new(format!("The project has {count} files, more than the farm takes."), fewer));
    }
    Ok(json)
}

/// Whether something is there. If it would be deleted soon, it is written once more, by the bucket itself.
pub(super) async fn kept(client: &Client, bucket: &str, key: &str) -> Result<bool, FarmError> {
    let Some(original) = Original::look(client, bucket, key).await? else { return Ok(false) };
    if is_leaving(&original) {
        match original.write_again(&[]).await {
            // Somebody else did the same at the same time.
            Ok(_) | Err(FarmError::Replaced(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn is_leaving(original: &Original<'_>) -> bool {
    original.expiration().is_some_and(|told| is_soon(told, SystemTime::now()))
}

/// Whether S3 tells of a deletion that comes soon: `expiry-date="Fri, 21 Dec 2012 00:00:00 GMT", rule-id="..."`.
fn is_soon(told: &str, now: SystemTime) -> bool {
    let date = told.split_once("expiry-date=\"").and_then(|(_, rest)| rest.split_once('"'));
    let date = date.and_then(|(date, _)| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
    // A date that nobody understands may be soon.
    let Some(date) = date.and_then(|date| SystemTime::try_from(date).ok()) else { return true };
    date < now + SOON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_soon_is_written_again() {
        let day = |day: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(day * 24 * 3600);
        // 15,695 days after 1970.
        let told = "expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\", rule-id=\"files\"";
        assert!(is_soon(told, day(15_690)) && is_soon(told, day(15_700)));
        assert!(!is_soon(told, day(15_680)));
        assert!(is_soon("something else", day(15_680)));
    }
}
