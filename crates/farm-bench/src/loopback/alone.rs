//! The same without a farm: the processes alone, and the bytes with nothing but disk and hashing.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use crc_fast::{CrcAlgorithm, Digest as Crc};
use md5::{Digest as _, Md5};

use super::farm::{PROGRAM, at_once, fresh};
use crate::measure::{Measure, program};

/// Bytes that are read at once.
pub const CHUNK: usize = 256 << 10;

/// Does `0..count`, as many at once as there are cores, and measures it. Each thread has something of its own.
///
/// # Errors
/// One of them failed.
pub fn shared_out<Own>(
    count: usize,
    own: impl Fn() -> Result<Own> + Sync,
    each: impl Fn(&mut Own, usize) -> Result<()> + Sync,
) -> Result<Measure> {
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let work = || {
            let mut own = own()?;
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Ok(());
                }
                each(&mut own, index)?;
            }
        };
        let threads: Vec<_> = (0..at_once()).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().map_err(|_| anyhow::anyhow!("a thread broke off")).and_then(|done| done)
        })
    })?;
    Ok(Measure { seconds: begun.elapsed().as_secs_f64(), memory: 0 })
}

/// For threads that need nothing of their own.
fn nothing() -> Result<()> {
    Ok(())
}

/// Starts so many processes and waits for each. Each has a group of its own and a log, as a task has.
///
/// # Errors
/// One cannot be started, or fails.
pub fn processes(below: &Path, count: usize) -> Result<Measure> {
    let (_held, folder) = fresh(below)?;
    shared_out(count, nothing, |(), index| {
        let log = OpenOptions::new().create(true).append(true).open(folder.join(format!("{index}.log")));
        let log = log.context("cannot write a log")?;
        let mut command = Command::new(PROGRAM);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.env_clear().stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let status = command.status().with_context(|| format!("cannot run {PROGRAM}"))?;
        ensure!(status.success(), "{PROGRAM} failed");
        Ok(())
    })
}

/// What is done with a copy besides writing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// As a bucket takes an object in: hashed for its ETag and its checksum, and brought to the disk.
    Kept,
    /// As a client writes what it fetches.
    None,
}

/// Copies files, each in one thread from its first byte to its last.
///
/// # Errors
/// One cannot be read or written.
pub fn disk_and_hashing(below: &Path, files: &[PathBuf], care: Care) -> Result<Measure> {
    let (_held, folder) = fresh(below)?;
    shared_out(files.len(), nothing, |(), index| {
        let mut from = File::open(&files[index])?;
        let mut to = File::create_new(folder.join(index.to_string()))?;
        let (mut hashes, mut buffer) = (Hashes::default(), vec![0; CHUNK]);
        loop {
            let read = from.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            to.write_all(&buffer[..read])?;
            hashes.update(&buffer[..read], care);
        }
        Ok(hashes.finish(&to, care)?)
    })
}

/// What a bucket computes of the bytes that it takes in.
pub struct Hashes {
    md5: Md5,
    crc: Crc,
}

impl Default for Hashes {
    fn default() -> Self {
        Self { md5: Md5::new(), crc: Crc::new(CrcAlgorithm::Crc64Nvme) }
    }
}

impl Hashes {
    /// More bytes, where they are to be kept.
    pub fn update(&mut self, bytes: &[u8], care: Care) {
        if care == Care::Kept {
            self.md5.update(bytes);
            self.crc.update(bytes);
        }
    }

    /// All bytes are in the file: where they are to be kept, it goes to the disk.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn finish(self, file: &File, care: Care) -> std::io::Result<()> {
        if care == Care::Kept {
            file.sync_all()?;
            std::hint::black_box((self.md5.finalize(), self.crc.finalize()));
        }
        Ok(())
    }
}

/// Copies the folder of files with `cp`.
///
/// # Errors
/// It failed.
pub fn cp(below: &Path, from: &Path, care: Care) -> Result<Measure> {
    let (_held, folder) = fresh(below)?;
    let script = match care {
        Care::Kept => r#"cp -r "$0" "$1"/copy && sync "$1"/copy/*"#,
        Care::None => r#"cp -r "$0" "$1"/copy"#,
    };
    program(Command::new("sh").args(["-c", script]).args([from, &folder]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_done_once_and_a_failure_is_told() {
        let done = AtomicUsize::new(0);
        let measured = shared_out(100, nothing, |(), index| {
            done.fetch_add(index, Ordering::Relaxed);
            Ok(())
        });
        assert!(measured.is_ok());
        assert_eq!(done.into_inner(), 4950);
        let failed = shared_out(3, nothing, |(), index| {
            ensure!(index != 1, "one is wrong");
            Ok(())
        });
        assert!(failed.expect_err("told").to_string().contains("one is wrong"));
    }
}
