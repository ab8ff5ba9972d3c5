//! Unpacks an artist's project archive, such as `scene.blend.zip`, into an empty folder.
//!
//! The archive is a stranger's: whatever it claims, nothing is written outside the folder, nothing
//! in it is a link or can be started, no more is written than [`Limits`] allow, and memory stays
//! bounded. An archive that two programs could read differently is refused: what the artist sees
//! in it must be what is rendered. So there is one reader here, a strict one, and no second
//! opinion: a library that makes the best of damaged archives would see others than these checks.
//!
//! Start at [`unpack`]. It goes through the archive in this order, and all but the last step is
//! done before the first byte is written:
//!
//! 1. `end` finds the end of the archive, which says where its table of contents stands;
//! 2. `directory` reads that table, `names` judges each name in it;
//! 3. `places` holds the header in front of each entry against the table, and the entries
//!    against one another;
//! 4. `contents` finds that they are no bomb;
//! 5. `data` unpacks each entry and `folder` writes it.
//!
//! Nothing has to be unpacked to see what is in an archive: [`contents()`] ends before the last step,
//! [`table()`] takes a look at the table of contents alone, and [`open_member`] reads any bytes of one
//! file.

mod contents;
mod data;
mod directory;
mod end;
mod error;
mod fields;
mod folder;
mod header;
mod inflate;
mod names;
mod places;
mod reader;

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

pub use contents::{Contents, Member, Table, contents, table};
pub use directory::Entry;
pub use error::UnpackError;
pub use reader::{Reader, open_member};

/// How much an archive may hold. More is refused before anything is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders, those included that only stand in the name of another
    /// (`a/b/c.png` counts as three).
    pub entries: u64,
    /// Bytes of all files together, unpacked.
    pub bytes: u64,
    /// How many times larger than in the archive all files together may be, unpacked.
    pub ratio: u64,
    /// Files that have no more bytes than this together may be packed as tightly as they like.
    pub ratio_from: u64,
    /// Bytes of a name, with all folders in it. (A part of it never has more than 255: no file
    /// system has room for more.)
    pub name_bytes: usize,
    /// Parts of a name: `a/b/c.png` has three.
    pub depth: usize,
}

impl Default for Limits {
    /// Plenty for a project: 100,000 files and folders, 64 GiB, packed 200 times smaller once it
    /// is over 16 MiB (pictures and caches shrink two to twenty times, a bomb a thousand times),
    /// names of 1000 bytes with 32 parts.
    fn default() -> Self {
        Self {
            entries: 100_000,
            bytes: 64 << 30,
            ratio: 200,
            ratio_from: 16 << 20,
            name_bytes: 1000,
            depth: 32,
        }
    }
}

/// What was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The files, relative to the folder and with `/` between the parts, in the archive's order.
    pub files: Vec<String>,
    /// Bytes of all files together.
    pub bytes: u64,
}

/// Unpacks `archive` into the folder `into`, which must be there and be empty.
///
/// Files get the permissions 0644, folders 0755, both the time of now. What macOS adds to archives
/// (`__MACOSX/` and every `.DS_Store`) is left out; its names must keep the rules as well. When
/// this fails, the folder is as empty as before.
///
/// # Errors
/// [`UnpackError::NotEmpty`], [`UnpackError::Folder`], [`UnpackError::Read`] and
/// [`UnpackError::Write`] are about this machine, all others about the archive.
pub fn unpack(mut archive: impl Read + Seek, into: &Path, limits: &Limits) -> Result<Unpacked, UnpackError> {
    let mut folder = folder::Folder::open(into)?;
    let contents = contents(&mut archive, limits)?;
    let mut unpacked = Unpacked { files: Vec::new(), bytes: contents.bytes() };
    let mut buffers = data::Buffers::new();
    for member in contents.members.into_iter().filter(|member| !member.left_out) {
        archive.seek(SeekFrom::Start(member.start)).map_err(UnpackError::Read)?;
        if member.is_folder {
            folder.add_folder(&member.name)?;
            data::unpack(&mut archive, &member, &mut buffers, |_| Ok(()))?;
        } else {
            let mut file = folder.add_file(&member.name)?;
            data::unpack(&mut archive, &member, &mut buffers, |bytes| file.write(bytes))?;
            unpacked.files.push(member.name);
        }
    }
    folder.keep();
    Ok(unpacked)
}
