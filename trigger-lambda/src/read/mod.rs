//! What an upload holds, without Blender: the facts of its file, and which files come with it.
//!
//! Only what is needed is read, in ranges; a file of gigabytes is no other here than a small one. What
//! cannot be looked through is no reason to refuse it: the tasks open it with Blender anyhow.
//!
//! Start reading at [`scene`].

mod project;
mod ranged;

use std::io;

use anyhow::{Context, Result};
use blend_file::{Limits, ReadError, Source};
use farm_contract::Fault;
use farm_contract::keys::BlendKey;
use farm_contract::tags::Request;
use farm_intake::{Known, Project};
use tokio::time::Instant;

use crate::storage::{Object, Storage};
use ranged::{Ranged, Trouble};

/// What is kept of a file at once, in bytes, and as much again of what is told of it: the function has a small
/// memory.
const MEMORY: usize = 40 << 20;

/// What is unpacked of a file that can only be unpacked from its beginning on, in bytes.
const UNPACKED: u64 = 1 << 30;

/// The scene that an upload holds.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What is known of its file.
    pub known: Known,
    /// The files that come with it.
    pub project: Project,
}

/// What came of reading an upload.
#[derive(Debug)]
pub enum Read {
    /// It was read.
    Scene(Box<Scene>),
    /// It cannot be rendered, whatever is asked for.
    Refused(Fault),
    /// It was replaced or deleted meanwhile.
    Gone,
}

/// Reads an upload, as long as there is time `until`.
///
/// # Errors
/// The bucket does not answer or denies access.
pub async fn scene(
    storage: &Storage,
    key: &BlendKey,
    object: &Object,
    request: &Request,
    until: Instant,
) -> Result<Read> {
    let project = match &request.project {
        Some(list) if !key.is_archive() => match project::listed(storage, list).await? {
            Ok(project) => Some(project),
            Err(fault) => return Ok(Read::Refused(fault)),
        },
        _ => None,
    };
    let ranged = Ranged::new(storage, key.as_str(), object, until);
    let trouble = ranged.trouble();
    let (key, main) = (key.clone(), request.main.clone());
    // The readers wait for the bytes that they ask for; other uploads of this invocation shall not.
    let reading = tokio::task::spawn_blocking(move || {
        if key.is_archive() {
            return project::packed(ranged, &key, main.as_deref());
        }
        let project = project.unwrap_or_else(|| Project::alone(key.file_name()));
        let mut ranged = ranged;
        known(&mut ranged).map(|known| Scene { known, project })
    });
    let read = reading.await.context("the reading of the upload broke off")?;
    match (read, trouble.take()) {
        (_, Some(Trouble::Gone)) => Ok(Read::Gone),
        (_, Some(Trouble::Failed(error))) => Err(error),
        (Ok(scene), _) => Ok(Read::Scene(Box::new(scene))),
        (Err(Unread::Refused(fault)), _) => Ok(Read::Refused(fault)),
        // Without its beginning, or an archive's end, nothing can be said of it: the next invocation tries.
        (Err(Unread::Broken(error)), _) => Err(error).context("the upload could not be read"),
    }
}

/// Why nothing is known of an upload.
#[derive(Debug)]
enum Unread {
    /// It is at fault.
    Refused(Fault),
    /// It could not be read.
    Broken(io::Error),
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

/// What is known of a file: all of it where it can be looked through, else what its beginning says.
fn known(source: &mut dyn Source) -> Result<Known, Unread> {
    let limits = Limits { memory_bytes: MEMORY, unpacked_bytes: UNPACKED, ..Limits::default() };
    let known = Known::read(source, &limits).map_err(|error| match error {
        ReadError::Blend(error) => Fault::new(error.to_string(), error.hint()).into(),
        ReadError::Source(error) => Unread::Broken(error),
    })?;
    if let Known::Head(_, why) = &known {
        tracing::warn!("the file could not be looked through: {why}");
    }
    Ok(known)
}
