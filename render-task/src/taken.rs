//! A file out of the hands of Blender, which may be a stranger's by then.
//!
//! Whatever stands under a name can be another thing the next moment: a link to a file of ours, say. So
//! a file is opened once, by a path on which there is no link, and all that follows is done with what
//! was opened.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

/// A file that stays the same whatever happens to its name.
#[derive(Debug)]
pub struct Taken {
    file: File,
}

impl Taken {
    /// Takes the file `name` in `folder`.
    ///
    /// # Errors
    /// It is not there, is no plain file, has another name besides, or there is a link on the way.
    pub fn from(folder: &Path, name: &str) -> io::Result<Self> {
        let folder = openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
        let file = File::from(openat2(folder, name, flags, Mode::empty(), resolve)?);
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.nlink() != 1 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file of its own"));
        }
        Ok(Self { file })
    }

    /// A path by which this process, and no other, opens just this file.
    pub fn path(&self) -> PathBuf {
        Path::new("/proc/self/fd").join(self.file.as_raw_fd().to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_a_plain_file_of_one_name_is_taken_and_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("depth")).unwrap();
        std::fs::write(at("depth/frame.png"), "picture").unwrap();
        std::fs::write(at("secret"), "secret").unwrap();
        symlink(at("secret"), at("link.png")).unwrap();
        symlink(at("depth"), at("linked")).unwrap();
        std::fs::hard_link(at("secret"), at("second.png")).unwrap();
        rustix::fs::mknodat(CWD, at("fifo.png"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        for name in
            ["link.png", "linked/frame.png", "second.png", "fifo.png", "depth", "gone", "../x", "/etc/passwd"]
        {
            assert!(Taken::from(folder.path(), name).is_err(), "{name}");
        }
        let taken = Taken::from(folder.path(), "depth/frame.png").unwrap();
        std::fs::remove_file(at("depth/frame.png")).unwrap();
        symlink(at("secret"), at("depth/frame.png")).unwrap();
        assert_eq!(std::fs::read(taken.path()).unwrap(), b"picture");
    }
}
