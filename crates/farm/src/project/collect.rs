//! From a main file to all files that it names and needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use blend_file::{Facts, FileKind};
use farm_contract::Fault;
use farm_contract::project::check_path;
use farm_intake::Project;

use super::disk::{self, Look, OnDisk, path};
use super::root::{common_folder, within};
use super::wanted::wanted;
use crate::error::FarmError;

/// How the facts of a library are read.
pub type Reads<'a> = dyn Fn(&Path) -> Result<Facts, FarmError> + 'a;

/// A project as it lies on this disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The folder that all of it lies in.
    pub root: PathBuf,
    /// The file that is rendered.
    pub main: Found,
    /// All others, in the order of their paths.
    pub files: Vec<Found>,
    /// What its libraries name, and what is not there of that; and what is hidden. What else the main file itself lacks,
    /// the verdict tells.
    pub lacks: Vec<Lack>,
    /// Paths of files that are there, while the main file names them in other capital letters.
    pub nearly: Vec<String>,
}

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path in the project.
    pub path: String,
    /// Where it lies on this disk.
    pub disk: PathBuf,
    /// Bytes.
    pub size: u64,
    /// When it was last written to, as far as its disk tells: what was looked at is what is sent.
    pub modified: Option<SystemTime>,
}

impl Found {
    /// Whether the file is the one that was looked at, as far as its length and the time of its last change tell.
    pub(crate) fn is_as(&self, data: &Metadata) -> bool {
        self.size == data.len() && self.modified == data.modified().ok()
    }
}

/// Something that a library (or, where it is hidden, the main file) names and that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// Which file names it, by its path in the project.
    pub library: String,
    /// What it names, as it is written there; empty where it is the library itself that cannot be read.
    pub written: String,
    /// Why it cannot be sent.
    pub why: Why,
}

/// Why something cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is not on this disk.
    Missing,
    /// Its path is none that the farm could follow.
    Outside,
    /// It is in a hidden place, where keys and passwords are.
    Hidden,
    /// It is at an address in a network.
    Address,
    /// It cannot be read.
    Unread(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { library, written, why } = self;
        match why {
            Why::Missing => {
                write!(f, "The library `{library}` names `{written}`, which is not on this disk.")
            }
            Why::Outside => write!(
                f,
                "The library `{library}` names `{written}`, which the farm cannot find by that path. In Blender, open \
                 the library, choose File > External Data > Make All Paths Relative, then save."
            ),
            Why::Hidden => write!(
                f,
                "`{library}` names `{written}`, which is hidden, since a name in its path begins with a dot: nothing hidden \
                 is sent, as keys and passwords are. If the picture needs it, rename it and name it anew in Blender."
            ),
            Why::Address => write!(
                f,
                "The library `{library}` names the address `{written}`: the farm fetches nothing from the network."
            ),
            Why::Unread(why) => write!(f, "What the library `{library}` names was not looked at: {why}"),
        }
    }
}

impl Collected {
    /// What the verdict is told of the files: those that are sent, and those that would be found but for capital
    /// letters, so that it can say so.
    pub fn project(&self) -> Project {
        let others = self.files.iter().map(|file| file.path.clone());
        Project::new(&self.main.path, others.chain(self.nearly.iter().cloned()))
    }
}

/// Collects all files that `main` names and needs, `facts` being its facts where they are known. `read` gives the
/// facts of its libraries.
///
/// # Errors
/// The main file cannot be read, or a path could not be one of a project.
pub fn collect(main: &Path, facts: Option<&Facts>, read: &Reads<'_>) -> Result<Collected, FarmError> {
    let place = place_of(main)?;
    let main = disk::file(&place)
        .ok_or_else(|| FarmError::Disk(main.to_owned(), std::io::ErrorKind::NotFound.into()))?;
    let mut walk = Walk { main: place.clone(), ..Walk::default() };
    walk.seen.insert(place.clone());
    if let Some(facts) = facts {
        walk.visit(&place, facts, true);
    }
    while let Some(library) = walk.libraries.pop_front() {
        match read(&path(&library)) {
            Ok(facts) => walk.visit(&library, &facts, false),
            Err(error) => walk.lack(&library, "", Why::Unread(error.to_string())),
        }
    }
    walk.found.remove(&place);
    walk.rooted(main)
}

/// The path by which a file of a project is read: absolute, without `.` and `..`, as Blender reads paths. So what is
/// looked at is the file that is sent, also where the system would follow a link before a `..`.
///
/// # Errors
/// It is not written in UTF-8, or the folder we are in is not known.
pub(crate) fn settled(file: &Path) -> Result<PathBuf, FarmError> {
    Ok(path(&place_of(file)?))
}

/// A path of this disk as a place: absolute, without `.` and `..`, as Blender reads paths.
///
/// # Errors
/// It is not written in UTF-8, or the folder we are in is not known.
pub(crate) fn place_of(file: &Path) -> Result<String, FarmError> {
    let absolute = std::path::absolute(file).map_err(FarmError::disk(file))?;
    let mut parts = Vec::new();
    for part in absolute.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(|| {
                Fault::new(
                    format!("The path {} is not written in UTF-8.", absolute.display()),
                    "Rename its file and folders to letters, digits, spaces and ordinary signs.",
                )
            })?),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    Ok(parts.join("/"))
}

/// What is known of the project so far. Everything is named by its place.
#[derive(Default)]
struct Walk {
    /// The file that is rendered.
    main: String,
    /// Files, as they were when they were first looked at: before their facts were read.
    found: BTreeMap<String, OnDisk>,
    /// Places where something should be, so that the root is the same once it is there.
    missing: BTreeSet<String>,
    nearly: BTreeSet<String>,
    lacks: Vec<Lack>,
    /// Libraries still to be read, and all that ever were.
    libraries: VecDeque<String>,
    seen: BTreeSet<String>,
}

impl Walk {
    fn visit(&mut self, blend: &str, facts: &Facts, is_main: bool) {
        // Of a library nobody knows what is linked, so all that it names is.
        for file in facts.files.iter().filter(|file| !is_main || file.used) {
            // What nothing shows, nobody misses; yet where it is there, it is sent: a file too many costs bytes, one too
            // few a wrong picture.
            let is_missed = !file.muted && file.used && file.drawn && !file.path.is_empty();
            for wanted in wanted(blend, file) {
                match disk::look(&self.main, &wanted) {
                    Look::There(files) => self.take(file.kind, files),
                    Look::Missing(place) if is_main => {
                        self.nearly.extend(disk::nearly(&place));
                        self.missing.insert(place);
                    }
                    Look::Hidden(place) if is_main => {
                        // The verdict says that it is missing, and this, why.
                        self.missing.insert(place);
                        if is_missed {
                            self.lack(blend, &file.path, Why::Hidden);
                        }
                    }
                    // Of its main file, the verdict tells.
                    _ if is_main => {}
                    _ if !is_missed => {}
                    Look::Hidden(_) => self.lack(blend, &file.path, Why::Hidden),
                    Look::Missing(_) => self.lack(blend, &file.path, Why::Missing),
                    Look::Outside => self.lack(blend, &file.path, Why::Outside),
                    Look::Address => self.lack(blend, &file.path, Why::Address),
                }
            }
        }
    }

    fn take(&mut self, kind: FileKind, files: Vec<OnDisk>) {
        for file in files {
            if kind == FileKind::Library && self.seen.insert(file.place.clone()) {
                self.libraries.push_back(file.place.clone());
            }
            self.found.entry(file.place.clone()).or_insert(file);
        }
    }

    fn lack(&mut self, library: &str, written: &str, why: Why) {
        let lack = Lack { library: library.to_owned(), written: written.to_owned(), why };
        if !self.lacks.contains(&lack) {
            self.lacks.push(lack);
        }
    }

    /// Finds the root, and names everything by its path from there.
    fn rooted(self, main: OnDisk) -> Result<Collected, FarmError> {
        let places = self.found.keys().chain(&self.missing).map(String::as_str);
        let root = common_folder(places.chain([main.place.as_str()]));
        let found = |file: &OnDisk| -> Result<Found, FarmError> {
            let OnDisk { place, size, modified } = file;
            let inside = within(&root, place).to_owned();
            check_path(&inside)?;
            Ok(Found { path: inside, disk: path(place), size: *size, modified: *modified })
        };
        let files = self.found.values().map(found).collect::<Result<_, _>>()?;
        let lacks =
            self.lacks.into_iter().map(|lack| Lack { library: within(&root, &lack.library).into(), ..lack });
        let nearly = self.nearly.iter().map(|place| within(&root, place).to_owned()).collect();
        Ok(Collected { main: found(&main)?, files, lacks: lacks.collect(), nearly, root: path(&root) })
    }
}

#[cfg(test)]
mod tests;
