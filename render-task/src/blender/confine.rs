//! Blender opens files of strangers, and with `scripts=allow` runs their Python. So before it starts,
//! this program starts once more in its place, gives up what Blender has no need of, and becomes
//! Blender:
//!
//! - no sockets: with them goes the network, the address where a task gets its credentials, and whatever
//!   else on this machine listens;
//! - no tracing of other processes, and no typing into the terminal that it was started from;
//! - where the supervisor is root, another user, to whom nothing belongs but its home and the folders of
//!   frames; where it cannot be another one, all that makes root more than a user.
//!
//! What it gives up it cannot get back, and neither can what it starts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::Errno;
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// The first argument by which this program is asked to become Blender.
pub const CONFINED: &str = "--confined";
/// Types into a console, among other things; no header of Rust's has it.
const TIOCLINUX: u64 = 0x541C;
/// A folder that others may go through.
pub const TRAVERSED: u32 = 0o711;
/// A folder that is its owner's alone.
pub const OWN: u32 = 0o700;
/// User and group of Blender where the supervisor is root: of no account in any image or distribution.
const STRANGER: u32 = 61_184;

/// What marks the number of a system call as one of x32, and the numbers that differ there.
const X32: i64 = 0x4000_0000;
const X32_IOCTL: i64 = 514;
const X32_PTRACE: i64 = 521;
const X32_VM_READV: i64 = 539;
const X32_VM_WRITEV: i64 = 540;

/// The program and its arguments, if this process is asked to become it.
pub fn asked(mut arguments: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    (arguments.nth(1)? == CONFINED).then(|| arguments.collect())
}

/// Becomes the program, confined. Returns only where that fails.
pub fn become_program(line: &[OsString]) -> io::Error {
    let [program, arguments @ ..] = line else {
        return io::Error::new(io::ErrorKind::InvalidInput, "there is no program to become");
    };
    // No longer of our terminal, nor of our group: a Ctrl-C there is for us, and we end Blender when its
    // frame is accounted for.
    if let Err(error) = rustix::process::setsid() {
        return error.into();
    }
    if let Err(error) = give_up_capabilities().and_then(|()| give_up_syscalls()) {
        return io::Error::other(error);
    }
    Command::new(program).args(arguments).exec()
}

type GaveUp = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// What root has beyond other users is not handed on to the program.
fn give_up_capabilities() -> GaveUp {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    for capability in CapabilitySet::all().iter() {
        // The kernel knows fewer than there are names.
        match remove_capability_from_bounding_set(capability) {
            Err(Errno::INVAL) | Ok(()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn give_up_syscalls() -> GaveUp {
    let asks = |request: u64| -> Result<SeccompRule, seccompiler::BackendError> {
        let is = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, request)?;
        SeccompRule::new(vec![is])
    };
    let typing = vec![asks(libc::TIOCSTI)?, asks(TIOCLINUX)?];
    let mut refused = BTreeMap::from([
        (libc::SYS_socket, Vec::new()),
        (libc::SYS_ioctl, typing.clone()),
        // It makes sockets too, and whatever else, past any filter.
        (libc::SYS_io_uring_setup, Vec::new()),
        (libc::SYS_ptrace, Vec::new()),
        (libc::SYS_process_vm_readv, Vec::new()),
        (libc::SYS_process_vm_writev, Vec::new()),
        (libc::SYS_pidfd_getfd, Vec::new()),
    ]);
    // The same calls by the numbers of x32, which some kernels know beside those of x86_64.
    let by_x32 = [
        libc::SYS_socket,
        libc::SYS_io_uring_setup,
        libc::SYS_pidfd_getfd,
        X32_PTRACE,
        X32_VM_READV,
        X32_VM_WRITEV,
    ];
    refused.extend(by_x32.map(|number| (X32 + number, Vec::new())));
    refused.insert(X32 + X32_IOCTL, typing);
    let denied = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter: BpfProgram = SeccompFilter::new(refused, SeccompAction::Allow, denied, arch)?.try_into()?;
    Ok(seccompiler::apply_filter(&filter)?)
}

/// Makes a folder with these rights, whatever the umask is, or gives them to the one that is there.
///
/// # Errors
/// The system does not let us, or what is there is no folder.
pub fn folder(at: &Path, mode: u32) -> io::Result<()> {
    match fs::create_dir(at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at.symlink_metadata()?.is_dir() => {}
        made => made?,
    }
    fs::set_permissions(at, PermissionsExt::from_mode(mode))
}

/// Writes a file that others may read.
///
/// # Errors
/// The system does not let us.
pub fn file(at: &Path, content: &[u8]) -> io::Result<()> {
    fs::write(at, content)?;
    fs::set_permissions(at, PermissionsExt::from_mode(0o644))
}

/// Who Blender is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// As we are.
    Ourselves,
    /// A user that owns nothing.
    Stranger,
}

impl User {
    /// A stranger where we are root and may choose, as long as a stranger can get at the program and
    /// at the scratch folder.
    pub fn choose(program: &Path, scratch: &Path) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self::Ourselves;
        }
        let program = in_path(program);
        let paths = [Some(program.as_path()), scratch.parent()];
        match paths.into_iter().flatten().find(|path| !open_to_all(path)) {
            None => Self::Stranger,
            Some(closed) => {
                tracing::warn!(
                    "warning: Blender runs as root, though with no right of root's: `{}` is open to root alone",
                    closed.display()
                );
                Self::Ourselves
            }
        }
    }

    /// Has a program run as this user.
    pub fn run(self, program: &mut tokio::process::Command) {
        if self == Self::Stranger {
            program.uid(STRANGER).gid(STRANGER);
        }
    }

    /// Gives a folder to this user, to write into.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn give(self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Stranger => chown(folder, Some(STRANGER), Some(STRANGER)),
        }
    }
}

/// Whether every user gets there: through all folders on the way that is given and on that to which its
/// links lead, and into it.
fn open_to_all(path: &Path) -> bool {
    let Ok(real) = path.canonicalize() else { return false };
    let parts = path.ancestors().chain(real.ancestors()).filter(|part| !part.as_os_str().is_empty());
    parts.map(Path::metadata).all(|metadata| {
        metadata
            .is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0 || metadata.uid() == STRANGER)
    })
}

/// Where a program lies that is named by its name alone.
fn in_path(program: &Path) -> PathBuf {
    if program.components().count() > 1 {
        return program.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| program.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_in_the_first_place_asks() {
        let asked = |line: &[&str]| asked(line.iter().map(OsString::from));
        assert_eq!(
            asked(&["render-task", "--confined", "blender", "-b"]),
            Some(vec!["blender".into(), "-b".into()])
        );
        for line in
            [&["render-task"][..], &["render-task", "--bucket=--confined"], &["x", "y", "--confined"], &[]]
        {
            assert_eq!(asked(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_folder_on_the_way_that_is_closed_closes_all_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("below");
        fs::create_dir(&below).unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        mode(folder.path(), 0o755);
        assert!(open_to_all(&below));
        mode(&below, 0o700);
        assert!(!open_to_all(&below));
        mode(&below, 0o755);
        mode(folder.path(), 0o700);
        assert!(!open_to_all(&below));
        assert!(!open_to_all(Path::new("/nowhere")));
    }
}
