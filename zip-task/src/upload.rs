//! Writes the planned archive to the bucket, part by part.
//!
//! A part is read, checked and sent on its own, a few at a time, so memory does not grow with
//! the archive. The archive appears only after the bytes of every entry were found to be those
//! that its headers promise; until then nothing of it can be seen, and nothing stays behind.

use std::ops::Range;

use bytes::Bytes;
use crc32fast::Hasher;
use futures::future::{BoxFuture, Shared};
use futures::{StreamExt, TryStreamExt, stream};

use crate::archive::{Ledger, Piece};
use crate::contents::{Content, Contents};
use crate::failure::Failure;
use crate::store::{Condition, Label, Part, StorageError, Store, Upload};

/// Completes when the task is asked to stop.
pub type Stop = Shared<BoxFuture<'static, ()>>;

const MIB: u64 = 1 << 20;
/// The smallest part: fewer requests than with S3's own minimum, still small in memory.
const MIN_PART: u64 = 8 * MIB;
/// S3's limits.
const MAX_PARTS: u64 = 10_000;
const MAX_PART: u64 = 5 * 1024 * MIB;
/// Parts under way share this much memory, as far as one part fits.
const MEMORY: u64 = 48 * MIB;
const MAX_PARTS_AT_ONCE: u64 = 4;
/// Files read at once for one part.
const READS: usize = 8;

/// A range of an entry that was read.
struct Read {
    entry: usize,
    start: u64,
    hasher: Hasher,
}

/// A range of the archive.
struct Assembled {
    bytes: Bytes,
    hasher: Hasher,
    reads: Vec<Read>,
}

/// Writes the archive under `label`, if `condition` holds by then.
///
/// # Errors
/// The bucket failed, a frame is damaged or has changed, or `stop` completed. The key is then
/// as it was.
pub async fn write(
    store: &Store,
    label: &Label,
    contents: &Contents,
    condition: &Condition,
    stop: &Stop,
) -> Result<(), Failure> {
    let len = contents.layout.len();
    let part = part_size(len);
    if part > MAX_PART {
        return Err(Failure::TooLarge { bytes: len, limit: MAX_PART * MAX_PARTS });
    }
    if len <= part {
        let whole = unless(stop, assemble(store, contents, 0..len)).await?;
        let mut ledger = Ledger::default();
        note(&mut ledger, contents, whole.reads)?;
        close(ledger, contents)?;
        return Ok(store.put(label, whole.bytes, whole.hasher.finalize(), condition).await?);
    }
    store.clear_unfinished(&label.key).await?;
    let upload = store.begin(label).await?;
    let result = in_parts(store, &upload, contents, part, condition, stop).await;
    // Beginning is one call more than the archive needs where its answer was lost.
    let tidied = match result {
        Ok(()) => store.clear_unfinished(&label.key).await,
        Err(_) => upload.abort().await,
    };
    if let Err(error) = tidied {
        tracing::warn!(%error, "parts of an unfinished archive stay until the bucket tidies them up");
    }
    result
}

/// Runs `work` unless `stop` completes first.
///
/// # Errors
/// [`Failure::Stopped`], or that of `work`.
pub async fn unless<T, E: Into<Failure>>(
    stop: &Stop,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.clone() => Err(Failure::Stopped),
        result = work => result.map_err(Into::into),
    }
}

async fn in_parts(
    store: &Store,
    upload: &Upload<'_>,
    contents: &Contents,
    size: u64,
    condition: &Condition,
    stop: &Stop,
) -> Result<(), Failure> {
    let len = contents.layout.len();
    let (parts, crc32) = unless(stop, send(store, upload, contents, size)).await?;
    Ok(upload.complete(parts, len, crc32, condition).await?)
}

/// Sends all parts, and gives them with the CRC-32 of the whole.
async fn send(
    store: &Store,
    upload: &Upload<'_>,
    contents: &Contents,
    size: u64,
) -> Result<(Vec<Part>, u32), Failure> {
    let len = contents.layout.len();
    let starts = (0..len.div_ceil(size)).map(|place| place * size);
    let at_once = (MEMORY / size).clamp(1, MAX_PARTS_AT_ONCE) as usize;
    // In order, so that the CRC-32s of the parts can be joined to that of the whole.
    let mut sent = stream::iter((1..).zip(starts))
        .map(|(number, start)| async move {
            let part = assemble(store, contents, start..len.min(start + size)).await?;
            let sent = upload.part(number, part.bytes, part.hasher.clone().finalize()).await?;
            Ok::<_, Failure>((sent, part.hasher, part.reads))
        })
        .buffered(at_once);
    let (mut parts, mut whole, mut ledger) = (Vec::new(), Hasher::new(), Ledger::default());
    while let Some((part, hasher, reads)) = sent.try_next().await? {
        note(&mut ledger, contents, reads)?;
        whole.combine(&hasher);
        parts.push(part);
    }
    close(ledger, contents)?;
    Ok((parts, whole.finalize()))
}

/// Reads a range of the archive.
async fn assemble(store: &Store, contents: &Contents, range: Range<u64>) -> Result<Assembled, StorageError> {
    // A part fits into memory, or `write` would not have asked for it.
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let mut rest = bytes.as_mut_slice();
    let mut places = Vec::new();
    for piece in contents.layout.pieces(range) {
        let (place, behind) = rest.split_at_mut(piece.len() as usize);
        places.push((piece, place));
        rest = behind;
    }
    let mut filled = stream::iter(places)
        .map(|(piece, place)| async move {
            let read = match piece {
                Piece::Bytes(own) => {
                    place.copy_from_slice(&own);
                    None
                }
                Piece::Content { entry, start, .. } => {
                    match &contents.content[entry] {
                        Content::Text(text) => {
                            place.copy_from_slice(&text[start as usize..start as usize + place.len()]);
                        }
                        Content::Object { key, etag, .. } => store.read(key, etag, start, place).await?,
                    }
                    Some((entry, start))
                }
            };
            let mut hasher = Hasher::new();
            hasher.update(place);
            Ok::<_, StorageError>((read, hasher))
        })
        .buffered(READS);
    let (mut whole, mut reads) = (Hasher::new(), Vec::new());
    while let Some((read, hasher)) = filled.try_next().await? {
        whole.combine(&hasher);
        reads.extend(read.map(|(entry, start)| Read { entry, start, hasher }));
    }
    drop(filled);
    Ok(Assembled { bytes: Bytes::from(bytes), hasher: whole, reads })
}

fn note(ledger: &mut Ledger, contents: &Contents, reads: Vec<Read>) -> Result<(), Failure> {
    for Read { entry, start, hasher } in reads {
        let planned = &contents.layout.entries()[entry];
        ledger.note(entry, planned, start, hasher).map_err(|mismatch| damaged(contents, mismatch.entry))?;
    }
    Ok(())
}

fn close(ledger: Ledger, contents: &Contents) -> Result<(), Failure> {
    ledger.close(contents.layout.entries()).map_err(|mismatch| damaged(contents, mismatch.entry))
}

fn damaged(contents: &Contents, entry: usize) -> Failure {
    match &contents.content[entry] {
        Content::Object { frame, key, .. } => Failure::Damaged { files: vec![(*frame, key.clone())] },
        Content::Text(_) => Failure::Damaged { files: Vec::new() },
    }
}

/// Length of every part but the last, a whole number of MiB.
fn part_size(len: u64) -> u64 {
    len.div_ceil(MAX_PARTS).max(MIN_PART).div_ceil(MIB) * MIB
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_archive_has_parts_that_the_bucket_takes(len in 0u64..MAX_PART * MAX_PARTS) {
            let size = part_size(len);
            prop_assert!((MIN_PART..=MAX_PART).contains(&size));
            prop_assert!(len.div_ceil(size) <= MAX_PARTS);
        }
    }

    #[test]
    fn an_archive_beyond_all_parts_is_told() {
        assert!(part_size(MAX_PART * MAX_PARTS + 1) > MAX_PART);
        assert_eq!(part_size(80_000 * MIB), MIN_PART);
    }
}
