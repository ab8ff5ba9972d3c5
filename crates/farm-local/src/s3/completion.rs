//! Completing a multipart upload: the parts that the client names become one object.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::checksum::{Algorithm, Checksum, Kind, encode, parts_etag};
use super::conditions::WriteConditions;
use super::content::Pending;
use super::error::StoreError;
use super::multipart::{Part, Upload, locked, no_such_upload};
use super::object::{ObjectRecord, PartRecord, now_ms};
use super::space;
use super::store::{Inner, file_name};

/// S3's least size of a part that is not the last.
const MIN_PART_BYTES: u64 = 5 << 20;

/// A part as the client names it on completion.
#[derive(Debug)]
pub(super) struct NamedPart {
    pub(super) number: i32,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) checksum: Option<(Algorithm, Vec<u8>)>,
}

/// What the client says on completion besides the parts.
#[derive(Debug, Default)]
pub(super) struct Completion {
    pub(super) parts: Vec<NamedPart>,
    pub(super) conditions: WriteConditions,
    /// Bytes of the whole.
    pub(super) size: Option<u64>,
    /// Checksum of the whole, as it stands in the header.
    pub(super) checksum: Option<(Algorithm, String)>,
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(super) kind: Option<String>,
}

impl Inner {
    /// Puts the parts together as one object.
    pub(super) fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        completion: &Completion,
    ) -> Result<Arc<ObjectRecord>, StoreError> {
        let shared = self.upload(bucket, key, id)?;
        // Held to the end: a second completion waits, and then finds that it is over.
        let mut upload = locked(&shared);
        if upload.over {
            return Err(no_such_upload());
        }
        let parts = chosen(&upload, completion)?;
        let size = parts.iter().map(|(_, part)| part.size).sum();
        if completion.size.is_some_and(|given| given != size) {
            return Err(StoreError::refused(
                "InvalidRequest",
                format!("The parts have {size} bytes together, which is not the x-amz-mp-object-size given."),
            ));
        }
        let checksum = checksum(&upload, &parts, completion)?;
        // Before the bytes are copied; it is checked again when the object is switched.
        completion.conditions.check(key, self.record(bucket, key).ok().as_deref())?;

        let content = self.assemble(bucket, key, &parts, size)?;
        let record = ObjectRecord {
            key: key.to_owned(),
            content: file_name(content.path()),
            size,
            etag: parts_etag(&parts.iter().map(|(_, part)| part.md5).collect::<Vec<_>>()),
            last_modified_ms: now_ms(),
            checksum,
            parts: parts
                .iter()
                .map(|(number, part)| PartRecord {
                    number: *number,
                    size: part.size,
                    checksum: encode(&part.checksum),
                })
                .collect(),
            attributes: upload.attributes.clone(),
        };
        let event = "ObjectCreated:CompleteMultipartUpload";
        let created = self.create(bucket, record, content, &completion.conditions, event)?;
        self.end_upload(&mut upload, id);
        Ok(created)
    }

    /// One file with the bytes of all parts. The kernel copies them, or shares the blocks where
    /// the file system can; a lone part is linked.
    fn assemble(
        &self,
        bucket: &str,
        key: &str,
        parts: &[(i32, &Part)],
        size: u64,
    ) -> Result<Pending, StoreError> {
        let path = self.content_path(bucket, &self.sequence.next());
        let pending = Pending::new(path.clone());
        if let [(_, only)] = parts
            && fs::hard_link(&only.path, &path).is_ok()
        {
            let synced = File::open(&path).and_then(|file| file.sync_all());
            synced.map_err(|error| self.space.explain(size, &path, error))?;
            return Ok(pending);
        }
        let _claim = self.space.claim(size, space::may_use_reserve(key, size))?;
        concatenate(&path, parts).map_err(|error| self.space.explain(size, &path, error))?;
        Ok(pending)
    }
}

fn concatenate(path: &Path, parts: &[(i32, &Part)]) -> io::Result<()> {
    let mut whole = OpenOptions::new().write(true).create_new(true).open(path)?;
    for (_, part) in parts {
        let copied = io::copy(&mut File::open(&part.path)?, &mut whole)?;
        if copied != part.size {
            return Err(io::Error::other(format!("a part has {copied} bytes, not {}", part.size)));
        }
    }
    whole.sync_all()
}

/// The parts that the client names, if they are there and may make an object.
fn chosen<'a>(upload: &'a Upload, completion: &Completion) -> Result<Vec<(i32, &'a Part)>, StoreError> {
    let Some(last) = completion.parts.last() else {
        return Err(StoreError::refused("MalformedXML", "The list of parts is empty."));
    };
    if completion.parts.windows(2).any(|pair| pair[0].number >= pair[1].number) {
        return Err(StoreError::refused(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ));
    }
    let mut parts = Vec::with_capacity(completion.parts.len());
    for named in &completion.parts {
        let number = named.number;
        let invalid = |why: &str| StoreError::refused("InvalidPart", format!("Part {number} {why}."));
        let part = upload.parts.get(&number).ok_or_else(|| invalid("was not uploaded"))?;
        if named.etag != part.etag() {
            return Err(invalid("has another ETag than the one given"));
        }
        match &named.checksum {
            Some((algorithm, given)) if *algorithm == upload.algorithm && *given != part.checksum => {
                return Err(invalid("has another checksum than the one given"));
            }
            None if upload.named && upload.kind == Kind::Composite => {
                return Err(StoreError::refused(
                    "InvalidRequest",
                    format!(
                        "The upload was created using a {} checksum. The complete request must include the \
                         checksum for each part. It was missing for part {number} in the request.",
                        upload.algorithm.name().to_lowercase()
                    ),
                ));
            }
            _ => {}
        }
        if part.size < MIN_PART_BYTES && number != last.number {
            return Err(StoreError::refused(
                "EntityTooSmall",
                format!(
                    "Your proposed upload is smaller than the minimum allowed size: part {number} has \
                     {} bytes, the least is {MIN_PART_BYTES}.",
                    part.size
                ),
            ));
        }
        parts.push((number, part));
    }
    Ok(parts)
}

/// The checksum of the whole, if it is the one that the client expects.
fn checksum(
    upload: &Upload,
    parts: &[(i32, &Part)],
    completion: &Completion,
) -> Result<Checksum, StoreError> {
    if let Some(kind) = completion.kind.as_deref().filter(|kind| *kind != upload.kind.name()) {
        return Err(StoreError::refused(
            "InvalidRequest",
            format!("The upload was created with the checksum type {}, not {kind}.", upload.kind.name()),
        ));
    }
    let sums: Vec<_> = parts.iter().map(|(_, part)| (part.checksum.clone(), part.size)).collect();
    let checksum = Checksum::of_parts(upload.algorithm, upload.kind, &sums);
    match &completion.checksum {
        Some((algorithm, given)) if *algorithm == checksum.algorithm => {
            // A composite one may come with or without the number of parts.
            let bare = checksum.value.split('-').next().unwrap_or_default();
            if *given != checksum.value && given != bare {
                return Err(StoreError::refused(
                    "BadDigest",
                    format!(
                        "The {} you specified did not match the calculated checksum: {given} given, \
                         {} calculated.",
                        algorithm.name(),
                        checksum.value
                    ),
                ));
            }
        }
        Some((algorithm, _)) => {
            return Err(StoreError::refused(
                "InvalidRequest",
                format!(
                    "The upload was created with a {} checksum; a {} checksum cannot be checked.",
                    checksum.algorithm.name(),
                    algorithm.name()
                ),
            ));
        }
        None => {}
    }
    Ok(checksum)
}
