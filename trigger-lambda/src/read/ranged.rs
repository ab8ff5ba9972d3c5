//! An object in the bucket, as readers want it: bytes by their place, now.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use blend_file::ENOUGH;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::storage::{Object, Storage};

/// All that is read of one upload, in bytes.
const MOST_BYTES: u64 = 192 << 20;

/// Why the bucket did not give what it was asked for.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The object was replaced or deleted.
    Gone,
    /// It did not answer.
    Failed(anyhow::Error),
}

/// Where trouble with the bucket is kept until the readers have come back.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Option<Trouble>>>);

impl Kept {
    /// The first trouble, if there was one.
    pub(super) fn take(&self) -> Option<Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, trouble: Trouble) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }
}

/// An object of exactly one version. For threads that may wait, none of which is the runtime's.
#[derive(Debug)]
pub(super) struct Ranged {
    runtime: Handle,
    storage: Storage,
    key: String,
    object: Object,
    until: Instant,
    left: u64,
    trouble: Kept,
    position: u64,
    /// The object's first bytes, once they were asked for: nearly all readers begin there, more than once.
    first: Vec<u8>,
}

impl Ranged {
    /// Of a task of the runtime that does the calls.
    pub(super) fn new(storage: &Storage, key: &str, object: &Object, until: Instant) -> Self {
        let now = Instant::now();
        Self {
            runtime: Handle::current(),
            storage: storage.clone(),
            key: key.to_owned(),
            object: object.clone(),
            // The other half of the time is for planning and submitting.
            until: now + until.saturating_duration_since(now) / 2,
            left: MOST_BYTES,
            trouble: Kept::default(),
            position: 0,
            first: Vec::new(),
        }
    }

    /// After this nothing more is read.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Where trouble with the bucket will be found.
    pub(super) fn trouble(&self) -> Kept {
        self.trouble.clone()
    }

    fn fetch(&mut self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        if length == 0 {
            return Ok(Vec::new());
        }
        self.left = self.left.checked_sub(length).ok_or_else(|| {
            io::Error::new(io::ErrorKind::QuotaExceeded, "there is more of it than the farm looks at")
        })?;
        let range = self.storage.range(&self.key, &self.object, offset, length);
        match self.runtime.block_on(range) {
            Ok(Some(bytes)) if bytes.len() as u64 == length => Ok(bytes),
            Ok(Some(_)) => {
                self.trouble
                    .keep(Trouble::Failed(anyhow::anyhow!("the bucket gave fewer bytes than it has")));
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(None) => {
                self.trouble.keep(Trouble::Gone);
                Err(io::Error::new(io::ErrorKind::NotFound, "it was replaced meanwhile"))
            }
            Err(error) => {
                self.trouble.keep(Trouble::Failed(error));
                Err(io::Error::other("the bucket did not answer"))
            }
        }
    }

    /// Exactly these bytes, which are there.
    fn bytes(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.object.size);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        // Without the beginning of the file nothing can be said at all.
        if offset > 0 {
            in_time(self.until)?;
        }
        if self.first.is_empty() && offset < ENOUGH as u64 {
            self.first = self.fetch(0, self.object.size.min(ENOUGH as u64))?;
        }
        if end <= self.first.len() as u64 {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let bytes = self.first.get(offset..).and_then(|bytes| bytes.get(..length));
            return bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        }
        self.fetch(offset, length as u64)
    }
}

/// That there is time left: what a stranger's file has readers do can take long though nothing is fetched.
pub(super) fn in_time(until: Instant) -> io::Result<()> {
    match Instant::now() < until {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::TimedOut, "there was no time to look through it")),
    }
}

impl blend_file::Source for Ranged {
    fn size(&self) -> u64 {
        self.object.size
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.bytes(offset, length)
    }
}

impl Read for Ranged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.object.size.saturating_sub(self.position);
        let length = usize::try_from(there).map_or(buffer.len(), |there| there.min(buffer.len()));
        let bytes = self.bytes(self.position, length)?;
        buffer[..length].copy_from_slice(&bytes);
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for Ranged {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.object.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
