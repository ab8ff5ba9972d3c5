//! From a main file to all files that it names and needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::{Component, Path, PathBuf};

use blend_file::{ExternalFile, Facts, FileKind};
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
    /// What its libraries name, and what is not there of that. What the main file itself lacks, the verdict tells.
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
}

/// Something that a library names and that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The library, by its path in the project.
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
    let mut walk = Walk::default();
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
    /// Files with their sizes.
    found: BTreeMap<String, u64>,
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
        for file in facts.files.iter().filter(|file| !is_main || is_needed(file)) {
            for wanted in wanted(blend, file) {
                match disk::look(blend, &wanted) {
                    Look::There(files) => self.take(file.kind, files),
                    Look::Missing(place) if is_main => {
                        self.nearly.extend(disk::nearly(&place));
                        self.missing.insert(place);
                    }
                    // Of its main file, the verdict tells.
                    _ if is_main => {}
                    // What nothing in the library shows, nobody misses.
                    _ if file.muted || !file.used || !file.drawn || file.path.is_empty() => {}
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
            self.found.insert(file.place, file.size);
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
        let found = |place: &str, size: u64| -> Result<Found, FarmError> {
            let inside = within(&root, place).to_owned();
            check_path(&inside)?;
            Ok(Found { path: inside, disk: path(place), size })
        };
        let files = self.found.iter().map(|(place, size)| found(place, *size)).collect::<Result<_, _>>()?;
        let lacks =
            self.lacks.into_iter().map(|lack| Lack { library: within(&root, &lack.library).into(), ..lack });
        let nearly = self.nearly.iter().map(|place| within(&root, place).to_owned()).collect();
        Ok(Collected {
            main: found(&main.place, main.size)?,
            files,
            lacks: lacks.collect(),
            nearly,
            root: path(&root),
        })
    }
}

/// Whether a file that the main file names may show in its picture. What is muted may be by a driver, so it is
/// taken along where it is there. Of a library nobody knows what is linked, so all that it names is.
fn is_needed(file: &ExternalFile) -> bool {
    use FileKind as Kind;
    match file.kind {
        Kind::Image | Kind::ImageSequence | Kind::Movie | Kind::TiledImage => file.drawn,
        Kind::Sound => false,
        _ => file.used,
    }
}
