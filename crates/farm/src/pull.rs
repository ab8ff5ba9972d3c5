//! Frames from the bucket into a folder, each whole or not at all.
//!
//! A frame is written beside its name, its CRC-32 compared with what its task wrote down, and renamed. What lies there
//! already with the same bytes is not fetched again: so a pull that was broken off goes on, and one that follows a render
//! fetches each frame once. A folder is one upload's: frames of others, and an artist's own, are not written over.

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crc_fast::{CrcAlgorithm, Digest};
use farm_aws::AwsError;
use farm_contract::keys::{BlendKey, FrameName, OWN_NAMES};
use farm_contract::{Fault, metadata};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::io::AsyncWriteExt;

use crate::bucket::{Bucket, Head};
use crate::copying::status;
use crate::error::FarmError;
use crate::render::{FrameFile, Seen};

/// File that says of which upload the frames of a folder are.
const MARK: &str = ".farm-pull";
/// What helps where a folder has other frames.
const ELSEWHERE: &str = "Nothing was written. Name another folder behind the render: farm pull RENDER DIR.";
/// Files at once.
const AT_ONCE: usize = 8;

/// A folder that frames are pulled into.
#[derive(Debug)]
pub struct Pull {
    bucket: Bucket,
    key: BlendKey,
    folder: PathBuf,
    /// Name -> ETag of what is known to lie in the folder.
    there: HashMap<String, String>,
    /// Name -> what a file beside the pictures said of itself.
    heads: HashMap<String, Head>,
    /// Names that no file of this folder can have.
    left_out: BTreeSet<String>,
    /// Whether the folder is known to be this upload's.
    claimed: bool,
}

/// A file that is being written. What is not renamed goes away, also where nobody waits for it any more.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After the rename there is none of this name.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What came of one file.
#[derive(Debug, Clone, Copy)]
enum Fetched {
    /// It was fetched: so many bytes.
    Now(u64),
    /// It lay in the folder.
    There,
    /// It is no longer what it was when it was listed.
    Gone,
}

/// What came of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Files that were fetched.
    pub fetched: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Files that lay in the folder already.
    pub there: u64,
    /// Files that were replaced or deleted since they were listed.
    pub gone: u64,
}

impl Pull {
    /// Into this folder, which is made where it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(bucket: Bucket, key: BlendKey, folder: &Path) -> Result<Self, FarmError> {
        std::fs::create_dir_all(folder).map_err(FarmError::written(folder))?;
        Ok(Self {
            bucket,
            key,
            folder: folder.to_owned(),
            there: HashMap::new(),
            heads: HashMap::new(),
            left_out: BTreeSet::new(),
            claimed: false,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Names that are left out: they would lead out of the folder, or are none on some systems.
    pub fn left_out(&self) -> &BTreeSet<String> {
        &self.left_out
    }

    /// Fetches what is done and not in the folder yet. `told` hears of each file that was fetched.
    ///
    /// # Errors
    /// A file cannot be written, is not what its task put, or a call does not come through.
    pub async fn round(
        &mut self,
        seen: &Seen,
        told: &(dyn Fn(&str, u64) + Sync),
    ) -> Result<Pulled, FarmError> {
        let there = || seen.frames.iter().filter(|frame| frame.progress.is_there());
        let partly = there().any(|frame| frame.files.len() < frame.files_in_all);
        let mut beside = if partly { self.beside(seen).await? } else { HashMap::new() };
        let mut wanted = Vec::new();
        for frame in there() {
            let more =
                if frame.files.len() < frame.files_in_all { beside.remove(&frame.number) } else { None };
            let files = frame.files.iter().cloned().chain(more.unwrap_or_default());
            wanted.extend(files.filter(|file| self.there.get(&file.name) != Some(&file.etag)));
        }
        let (wanted, odd): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|file| safe(&file.name).is_some());
        self.left_out.extend(odd.into_iter().map(|file| file.name));
        if !wanted.is_empty() {
            self.claim(&wanted).await?;
        }
        let this = &*self;
        let outcomes: Vec<(FrameFile, Fetched)> = stream::iter(wanted)
            .map(|file| async move {
                let fetched = this.file(&file).await?;
                if let Fetched::Now(bytes) = fetched {
                    told(&file.name, bytes);
                }
                Ok::<_, FarmError>((file, fetched))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut pulled = Pulled::default();
        for (file, fetched) in outcomes {
            match fetched {
                Fetched::Now(bytes) => {
                    pulled.fetched += 1;
                    pulled.bytes += bytes;
                }
                Fetched::There => pulled.there += 1,
                Fetched::Gone => {
                    pulled.gone += 1;
                    continue;
                }
            }
            self.there.insert(file.name, file.etag);
        }
        Ok(pulled)
    }

    /// Makes sure that this folder has frames of this upload and of no other, before anything is written into it.
    async fn claim(&mut self, wanted: &[FrameFile]) -> Result<(), FarmError> {
        if self.claimed {
            return Ok(());
        }
        let own = format!("s3://{}/{}\n", self.bucket.name, self.key);
        let mark = self.folder.join(MARK);
        match tokio::fs::read_to_string(&mark).await {
            Ok(marked) if marked == own => {
                self.claimed = true;
                return Ok(());
            }
            Ok(other) => {
                let what = format!("{} has the frames of {}.", self.folder.display(), other.trim());
                return Err(Fault::new(what, ELSEWHERE).into());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(FarmError::disk(&mark)(error)),
        }
        for file in wanted {
            let path = self.folder.join(&file.name);
            if path.exists() && !self.is_there(&path, file).await? {
                return Err(self.foreign(&file.name));
            }
        }
        // Those that are to come must not take the place of others either.
        let known = |name: &str| wanted.iter().any(|file| file.name == name);
        let entries = std::fs::read_dir(&self.folder).map_err(FarmError::disk(&self.folder))?;
        let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        if let Some(name) = names.find(|name| FrameName::parse(name).is_some() && !known(name)) {
            return Err(self.foreign(&name));
        }
        tokio::fs::write(&mark, own).await.map_err(FarmError::written(&mark))?;
        self.claimed = true;
        Ok(())
    }

    fn foreign(&self, name: &str) -> FarmError {
        let what = format!("{} holds a `{name}` that is none of this render's.", self.folder.display());
        Fault::new(what, ELSEWHERE).into()
    }

    /// What lies beside the pictures of frames that no record of this render tells of, by frame: files that say of
    /// themselves that they are of this frame, made from the same source.
    async fn beside(&mut self, seen: &Seen) -> Result<HashMap<i32, Vec<FrameFile>>, FarmError> {
        let Some(plan) = &seen.plan else { return Ok(HashMap::new()) };
        let folder = self.key.folder();
        let listed = self.bucket.list(&folder).await?;
        let others = listed.into_iter().filter_map(|listed| {
            let name = listed.key.strip_prefix(&folder)?.to_owned();
            let own = OWN_NAMES.contains(&name.as_str()) || FrameName::parse(&name).is_some();
            (!own).then_some((name, listed))
        });
        let others: Vec<_> = others.collect();
        let known = |name: &str, etag: &str| self.heads.get(name).is_some_and(|head| head.etag == etag);
        let new: Vec<_> = others.iter().filter(|(name, it)| !known(name, &it.etag)).cloned().collect();
        let bucket = &self.bucket;
        let heads = stream::iter(new)
            .map(|(name, listed)| async move { bucket.head(&listed.key).await.map(|head| (name, head)) });
        let heads: Vec<_> = heads.buffer_unordered(AT_ONCE).try_collect().await?;
        self.heads.extend(heads.into_iter().filter_map(|(name, head)| Some((name, head?))));
        let again = plan.source.id.again();
        let mut beside: HashMap<i32, Vec<FrameFile>> = HashMap::new();
        for (name, listed) in others {
            let Some(head) = self.heads.get(&name) else { continue };
            let Some(frame) = head.number(metadata::FRAME) else { continue };
            let source = head.get(metadata::SOURCE);
            let older = seen.is_over() && source == Some(again.as_str());
            if source != Some(plan.source.id.as_str()) && !older {
                continue;
            }
            let crc32 = head.get(metadata::CRC32).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            let file = FrameFile { name, etag: listed.etag, size: listed.size, crc32 };
            beside.entry(frame).or_default().push(file);
        }
        Ok(beside)
    }

    /// Fetches one file, unless it lies there already.
    async fn file(&self, file: &FrameFile) -> Result<Fetched, FarmError> {
        let path = self.folder.join(&file.name);
        if self.is_there(&path, file).await? {
            return Ok(Fetched::There);
        }
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(FarmError::written(parent))?;
        }
        let key = self.key.file(&file.name);
        let doing = || format!("fetch `{key}`");
        let call = self.bucket.client.get_object().bucket(&self.bucket.name).key(&key).if_match(&file.etag);
        let answer = match call.send().await {
            Ok(answer) => answer,
            // Replaced or deleted since it was listed: the next round sees what is there then.
            Err(error) if matches!(status(&error), Some(404 | 412)) => return Ok(Fetched::Gone),
            Err(error) => return Err(AwsError::new(doing(), error).into()),
        };
        // Beside it, so that the rename is one step; two pulls at once do not share a file.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let guard = Part(path.with_file_name(format!(".{name}.{}.part", std::process::id())));
        let part = &guard.0;
        let written = async {
            let mut out = tokio::fs::File::create(part).await.map_err(FarmError::written(part))?;
            let mut crc = Digest::new(CrcAlgorithm::Crc32IsoHdlc);
            let (mut body, mut bytes) = (answer.body, 0u64);
            while let Some(chunk) =
                body.try_next().await.map_err(|error| AwsError::broken(doing(), error.to_string()))?
            {
                crc.update(&chunk);
                bytes += chunk.len() as u64;
                out.write_all(&chunk).await.map_err(FarmError::written(part))?;
            }
            out.flush().await.map_err(FarmError::written(part))?;
            if bytes != file.size || file.crc32.is_some_and(|wanted| u64::from(wanted) != crc.finalize()) {
                return Err(FarmError::Damaged(key.clone()));
            }
            tokio::fs::rename(part, &path).await.map_err(FarmError::written(&path))?;
            Ok(bytes)
        };
        written.await.map(Fetched::Now)
    }

    /// Whether a file with these very bytes lies there.
    async fn is_there(&self, path: &Path, file: &FrameFile) -> Result<bool, FarmError> {
        match tokio::fs::metadata(path).await {
            Ok(data) if data.len() != file.size => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(FarmError::disk(path)(error)),
        }
        let Some(wanted) = file.crc32 else { return Ok(false) };
        let read = path.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let path = read.to_string_lossy();
            crc_fast::checksum_file(CrcAlgorithm::Crc32IsoHdlc, &path, None)
        });
        let found = found.await.map_err(std::io::Error::other).and_then(|crc| crc);
        Ok(found.map_err(FarmError::disk(path))? == u64::from(wanted))
    }
}

/// A name below the upload's folder as a path that leads nowhere else, on any system.
fn safe(name: &str) -> Option<&Path> {
    let path = Path::new(name);
    let inside = !name.is_empty()
        && !name.contains(|c: char| c.is_control() || c == '\\')
        && path.components().all(|part| matches!(part, Component::Normal(_)));
    inside.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in ["frame_0001.png", "masks/mask_0001.exr", "a b.png"] {
            assert_eq!(safe(name), Some(Path::new(name)));
        }
        for name in ["", "../a.png", "/etc/passwd", "a/../../b", "a\\b", "a\nb", "./a"] {
            assert!(safe(name).is_none(), "{name}");
        }
    }
}
