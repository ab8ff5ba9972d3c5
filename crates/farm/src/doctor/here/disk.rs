//! Room on the disk.

use std::io;
use std::path::Path;

use farm_terminal::size;
use rustix::fs::statvfs;

use crate::doctor::check::Check;
use crate::doctor::finding::Finding;

/// What the farm's programs, a Blender and a render of some thousand frames take together.
const WANTED: u64 = 8_000_000_000;

/// Bytes that may still be written into a folder.
pub(super) fn free(folder: &Path) -> io::Result<u64> {
    let told = statvfs(folder)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

pub(super) fn judge(free: io::Result<u64>, folder: &Path) -> Finding {
    let shown = folder.display();
    match free {
        Ok(free) if free >= WANTED => {
            Finding::good(Check::Disk, format!("{} are free in {shown}", size(free)))
        }
        Ok(free) => Finding::warning(
            Check::Disk,
            format!(
                "{} are free in {shown}; programs, Blender and frames take up to {}",
                size(free),
                size(WANTED)
            ),
        )
        .advise("Make room, or work in a folder of another disk."),
        Err(error) => {
            Finding::unseen(Check::Disk, format!("{shown} does not tell how much is free: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn a_disk_that_is_nearly_full_is_told() {
        let folder = Path::new("/renders");
        assert_eq!(judge(Ok(WANTED), folder).says, "8.00 GB are free in /renders");
        assert_eq!(judge(Ok(WANTED - 1), folder).verdict, Verdict::Warning);
        assert_eq!(judge(free(Path::new("/no/such")), folder).verdict, Verdict::NotLookedAt);
        assert!(free(Path::new("/")).is_ok());
    }
}
