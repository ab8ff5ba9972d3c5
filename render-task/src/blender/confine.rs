//! Blender opens files of strangers, and with `scripts=allow` runs their Python. So before it starts,
//! this program starts once more in its place, gives up what Blender has no need of, and becomes
//! Blender:
//!
//! - no network: a socket other than a local one is refused, and with it the address where a task gets
//!   its credentials;
//! - no look into other processes of the same user;
//! - where the supervisor is root, another user, to whom nothing belongs but the scratch folder.
//!
//! What it gives up it cannot get back, and neither can what it starts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// The first argument by which this program is asked to become Blender.
pub const CONFINED: &str = "--confined";
/// User and group of Blender where the supervisor is root: of no account in any image or distribution.
const STRANGER: u32 = 61_184;

/// What marks the number of a system call as one of x32, and the numbers that differ there.
const X32: i64 = 0x4000_0000;
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
    if let Err(error) = give_up_syscalls() {
        return io::Error::other(error);
    }
    Command::new(program).args(arguments).exec()
}

fn give_up_syscalls() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let only_local = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Ne,
        u64::from(libc::AF_UNIX.unsigned_abs()),
    )?;
    let sockets = vec![SeccompRule::new(vec![only_local])?];
    let mut refused = BTreeMap::from([
        (libc::SYS_socket, sockets.clone()),
        // It makes sockets too, and whatever else, past any filter.
        (libc::SYS_io_uring_setup, Vec::new()),
        (libc::SYS_ptrace, Vec::new()),
        (libc::SYS_process_vm_readv, Vec::new()),
        (libc::SYS_process_vm_writev, Vec::new()),
        (libc::SYS_pidfd_getfd, Vec::new()),
    ]);
    // The same calls by the numbers of x32, which some kernels know beside those of x86_64.
    refused.insert(X32 + libc::SYS_socket, sockets);
    let by_x32 = [libc::SYS_io_uring_setup, libc::SYS_pidfd_getfd, X32_PTRACE, X32_VM_READV, X32_VM_WRITEV];
    refused.extend(by_x32.map(|number| (X32 + number, Vec::new())));
    let denied = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter: BpfProgram = SeccompFilter::new(refused, SeccompAction::Allow, denied, arch)?.try_into()?;
    Ok(seccompiler::apply_filter(&filter)?)
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
    /// A stranger where we are root and may choose, as long as a stranger can get at the programs and
    /// at the scratch folder.
    pub fn choose(programs: &[&Path], scratch: &Path) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self::Ourselves;
        }
        let paths = programs.iter().copied().chain(scratch.parent());
        match paths.into_iter().find(|path| !open_to_all(path)) {
            None => Self::Stranger,
            Some(closed) => {
                tracing::warn!(
                    "warning: Blender runs as root like this task: `{}` is open to root alone",
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

/// Whether every user gets there: through all folders on the way, and into it.
fn open_to_all(path: &Path) -> bool {
    let Ok(real) = path.canonicalize() else { return false };
    real.ancestors().all(|part| {
        part.metadata()
            .is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0 || metadata.uid() == STRANGER)
    })
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
        std::fs::create_dir(&below).unwrap();
        let mode =
            |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
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
