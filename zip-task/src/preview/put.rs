//! What was made, on its way into the bucket.

use std::path::Path;

use bytes::Bytes;
use crc32fast::Hasher;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Trouble;
use crate::failure::Failure;
use crate::store::{Condition, Label, Part, Store, Upload};
use crate::upload::Stop;

/// What is longer goes in parts of this length: it is never in memory whole.
const PART: u64 = 8 << 20;

/// Writes what is in memory.
///
/// # Errors
/// The bucket did not take it.
pub async fn bytes(
    store: &Store,
    label: &Label,
    bytes: Vec<u8>,
    condition: &Condition,
) -> Result<(), Trouble> {
    let crc32 = crc32fast::hash(&bytes);
    Ok(store.put(label, Bytes::from(bytes), crc32, condition).await?)
}

/// Writes what is in a file.
///
/// # Errors
/// The bucket did not take it, or `stop` completed: then nothing of it is there.
pub async fn file(
    store: &Store,
    label: &Label,
    file: &NamedTempFile,
    condition: &Condition,
    stop: &Stop,
) -> Result<(), Trouble> {
    let length = file.as_file().metadata().map_err(Trouble::Scratch)?.len();
    if length <= PART {
        let whole = tokio::fs::read(file.path()).await.map_err(Trouble::Scratch)?;
        return bytes(store, label, whole, condition).await;
    }
    store.clear_unfinished(&label.key).await?;
    let upload = store.begin(label).await?;
    let sent = tokio::select! {
        biased;
        () = stop.clone() => Err(Failure::Stopped.into()),
        sent = parts(&upload, file.path()) => sent,
    };
    let result = match sent {
        Ok((parts, crc32)) => upload.complete(parts, length, crc32, condition).await.map_err(Trouble::from),
        Err(trouble) => Err(trouble),
    };
    if result.is_err()
        && let Err(error) = upload.abort().await
    {
        tracing::warn!(%error, "parts of an unfinished film stay until the bucket tidies them up");
    }
    result
}

/// Sends all parts, and gives them with the CRC-32 of the whole.
async fn parts(upload: &Upload<'_>, path: &Path) -> Result<(Vec<Part>, u32), Trouble> {
    let mut from = File::open(path).await.map_err(Trouble::Scratch)?;
    let (mut parts, mut whole) = (Vec::new(), Hasher::new());
    for number in 1.. {
        let mut bytes = Vec::new();
        (&mut from).take(PART).read_to_end(&mut bytes).await.map_err(Trouble::Scratch)?;
        if bytes.is_empty() {
            break;
        }
        let mut part = Hasher::new();
        part.update(&bytes);
        whole.combine(&part);
        parts.push(upload.part(number, Bytes::from(bytes), part.finalize()).await?);
    }
    Ok((parts, whole.finalize()))
}
