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
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use blend_file::ExternalFile;

    use super::*;
    use crate::project::samples::{self, external, facts};

    /// Files on a disk, and what is said of those that are Blender files.
    struct Disk {
        folder: tempfile::TempDir,
        blends: HashMap<PathBuf, Facts>,
        read: RefCell<Vec<String>>,
    }

    impl Disk {
        fn with(files: &[&str]) -> Self {
            Self { folder: samples::disk(files), blends: HashMap::new(), read: RefCell::default() }
        }

        fn names(mut self, blend: &str, files: &[(FileKind, &str)]) -> Self {
            let files = files.iter().map(|(kind, path)| external(*kind, path)).collect();
            self.blends.insert(self.folder.path().join(blend), facts(files));
            self
        }

        fn collect(&self, main: &str) -> Collected {
            let main = self.folder.path().join(main);
            let read = |path: &Path| {
                let shown = path.strip_prefix(self.folder.path()).expect("inside");
                self.read.borrow_mut().push(shown.display().to_string());
                self.blends.get(path).cloned().ok_or_else(|| FarmError::Asked(Fault::new("It is odd.", "")))
            };
            collect(&main, self.blends.get(&main), &read).expect("collected")
        }
    }

    fn paths(collected: &Collected) -> Vec<&str> {
        collected.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn what_a_scene_names_is_collected_and_nothing_else() {
        let disk = Disk::with(&[
            "shots/a.blend",
            "shots/b.blend",
            "tex/wood.png",
            "tex/stone.png",
            "s/p_1.png",
            "s/p_2.png",
        ]);
        let disk = disk.names(
            "shots/a.blend",
            &[
                (FileKind::Image, "//..\\tex\\wood.png"),
                (FileKind::Image, "//../tex/./wood.png"),
                (FileKind::ImageSequence, "//../s/p_1.png"),
            ],
        );
        let collected = disk.collect("shots/a.blend");
        assert_eq!(collected.root, disk.folder.path());
        assert_eq!((collected.main.path.as_str(), collected.main.size), ("shots/a.blend", 13));
        assert_eq!(paths(&collected), ["s/p_1.png", "s/p_2.png", "tex/wood.png"]);
        assert!(collected.files.iter().all(|file| file.disk == disk.folder.path().join(&file.path)));
        assert!(collected.project().has("tex/wood.png") && collected.project().main == "shots/a.blend");
    }

    #[test]
    fn a_file_alone_is_rooted_in_its_folder() {
        let disk = Disk::with(&["x/a.blend", "x/b.png"]).names("x/a.blend", &[]);
        let collected = disk.collect("x/../x/a.blend");
        assert_eq!((collected.main.path.as_str(), paths(&collected).len()), ("a.blend", 0));
        assert!(disk.collect("x/b.png").files.is_empty(), "of a file without facts, nothing is known");
    }

    #[test]
    fn libraries_are_followed_each_once_even_where_they_link_each_other() {
        let disk = Disk::with(&[
            "shots/a.blend",
            "lib/b.blend",
            "lib/deep/c.blend",
            "lib/tex/b.png",
            "lib/deep/c.png",
        ]);
        let disk = disk
            .names("shots/a.blend", &[(FileKind::Library, "//../lib/b.blend")])
            .names("lib/b.blend", &[(FileKind::Library, "//deep/c.blend"), (FileKind::Image, "//tex/b.png")])
            .names(
                "lib/deep/c.blend",
                &[
                    (FileKind::Library, "//../b.blend"),
                    (FileKind::Library, "//../../shots/a.blend"),
                    (FileKind::Image, "//c.png"),
                ],
            );
        let collected = disk.collect("shots/a.blend");
        assert_eq!(paths(&collected), ["lib/b.blend", "lib/deep/c.blend", "lib/deep/c.png", "lib/tex/b.png"]);
        assert_eq!(*disk.read.borrow(), ["lib/b.blend", "lib/deep/c.blend"]);
        assert!(collected.lacks.is_empty());
    }

    #[test]
    fn what_libraries_lack_is_told_with_the_library() {
        let disk = Disk::with(&["a.blend", "lib/b.blend", "lib/c.blend"]);
        let disk = disk
            .names("a.blend", &[(FileKind::Library, "//lib/b.blend"), (FileKind::Library, "//lib/c.blend")])
            .names(
                "lib/b.blend",
                &[
                    (FileKind::Image, "//gone.png"),
                    (FileKind::Image, "//gone.png"),
                    (FileKind::Font, "/fonts/f.ttf"),
                    (FileKind::Movie, "https://host/a.mp4"),
                    (FileKind::Image, ""),
                ],
            );
        let collected = disk.collect("a.blend");
        let told: Vec<String> = collected.lacks.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].contains("`lib/b.blend`") && told[0].contains("`//gone.png`"), "{told:?}");
        assert!(told[1].contains("Make All Paths Relative"), "{told:?}");
        assert!(told[2].contains("network"), "{told:?}");
        assert!(told[3].contains("`lib/c.blend`") && told[3].contains("It is odd."), "{told:?}");
        assert_eq!(paths(&collected), ["lib/b.blend", "lib/c.blend"], "it is sent all the same");
    }

    #[test]
    fn what_is_missing_counts_for_the_root_and_other_letters_are_found() {
        let disk = Disk::with(&["shots/a.blend", "Tex/Wood.png"]);
        let disk = disk.names("shots/a.blend", &[(FileKind::Image, "//../tex/wood.png")]);
        let collected = disk.collect("shots/a.blend");
        assert_eq!((collected.main.path.as_str(), paths(&collected).len()), ("shots/a.blend", 0));
        assert_eq!(collected.nearly, ["Tex/Wood.png"]);
        assert_eq!(collected.project().nearly("tex/wood.png"), Some("Tex/Wood.png"));
    }

    #[test]
    fn what_nothing_uses_stays_here() {
        let files = ["a.blend", "ref.png", "old.ttf", "muted.mdd", "a.wav", "packed.png"];
        let mut disk = Disk::with(&files);
        let file = |kind, path| external(kind, path);
        let shown_elsewhere = ExternalFile { drawn: false, ..file(FileKind::Image, "//ref.png") };
        let unused = ExternalFile { used: false, ..file(FileKind::Font, "//old.ttf") };
        let muted = ExternalFile { muted: true, ..file(FileKind::MeshCache, "//muted.mdd") };
        let packed = ExternalFile { packed: true, ..file(FileKind::Image, "//packed.png") };
        let files = vec![shown_elsewhere, unused, muted, packed, file(FileKind::Sound, "//a.wav")];
        disk.blends.insert(disk.folder.path().join("a.blend"), facts(files));
        let sent = disk.collect("a.blend");
        assert_eq!(
            paths(&sent),
            ["muted.mdd", "ref.png"],
            "a driver may unmute it, or something unknown show it"
        );
    }

    #[test]
    fn what_is_hidden_is_told_and_not_sent() {
        let disk = Disk::with(&["p/a.blend", "p/lib.blend", ".aws/credentials", ".ssh/id.png"]);
        let disk = disk
            .names(
                "p/a.blend",
                &[(FileKind::Library, "//lib.blend"), (FileKind::Image, "//../.aws/credentials")],
            )
            .names("p/lib.blend", &[(FileKind::Image, "//../.ssh/id.png")]);
        let collected = disk.collect("p/a.blend");
        assert_eq!(paths(&collected), ["p/lib.blend"]);
        let told: Vec<String> = collected.lacks.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("`p/a.blend`") && told[0].contains("`//../.aws/credentials`"), "{told:?}");
        assert!(told[1].contains("`p/lib.blend`") && told[1].contains("hidden"), "{told:?}");
        assert!(!collected.project().has(".aws/credentials"));
    }

    #[test]
    fn a_place_is_absolute_and_has_no_dots() {
        assert_eq!(place_of(Path::new("/a/./b/../c.blend")).expect("a place"), "a/c.blend");
        let here = std::env::current_dir().expect("a folder").join("c.blend");
        assert_eq!(path(&place_of(Path::new("x/../c.blend")).expect("a place")), here);
    }
}
