//! Frames from the bucket into a folder, each whole or not at all.
//!
//! A frame is written beside its name, its CRC-32 compared with what its task wrote down, and renamed. What lies there
//! already with the same bytes is not fetched again: so a pull that was broken off goes on, and one that follows a render
//! fetches each frame once.

use std::collections::HashMap;
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
}

impl Pull {
    /// Into this folder, which is made where it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(bucket: Bucket, key: BlendKey, folder: &Path) -> Result<Self, FarmError> {
        std::fs::create_dir_all(folder).map_err(FarmError::written(folder))?;
        Ok(Self { bucket, key, folder: folder.to_owned(), there: HashMap::new(), heads: HashMap::new() })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
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
                Fetched::Gone => continue,
            }
            self.there.insert(file.name, file.etag);
        }
        Ok(pulled)
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
        let mut beside: HashMap<i32, Vec<FrameFile>> = HashMap::new();
        for (name, listed) in others {
            let Some(head) = self.heads.get(&name) else { continue };
            let Some(frame) = head.number(metadata::FRAME) else { continue };
            if head.get(metadata::SOURCE) != Some(plan.source.id.as_str()) {
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
        let path = self.folder.join(safe(&file.name)?);
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

/// A name below the upload's folder as a path that leads nowhere else.
fn safe(name: &str) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(name);
    let inside = !name.is_empty()
        && !name.contains(|c: char| c.is_control() || c == '\\')
        && path.components().all(|part| matches!(part, Component::Normal(_)));
    inside.then_some(path).ok_or_else(|| {
        Fault::new(
            format!("`{}` would be written outside of the folder.", name.escape_debug()),
            "No program of the farm gives a file such a name: delete it from the bucket.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in ["frame_0001.png", "masks/mask_0001.exr", "a b.png"] {
            assert_eq!(safe(name).ok(), Some(PathBuf::from(name)));
        }
        for name in ["", "../a.png", "/etc/passwd", "a/../../b", "a\\b", "a\nb", "./a"] {
            assert!(safe(name).is_err(), "{name}");
        }
    }
}
