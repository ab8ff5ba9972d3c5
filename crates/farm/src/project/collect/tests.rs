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
    let disk =
        Disk::with(&["shots/a.blend", "lib/b.blend", "lib/deep/c.blend", "lib/tex/b.png", "lib/deep/c.png"]);
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
        .names("p/a.blend", &[(FileKind::Library, "//lib.blend"), (FileKind::Image, "//../.aws/credentials")])
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
