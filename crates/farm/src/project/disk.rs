//! What is there of what is wanted.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use blend_file::ExternalFile;
use farm_intake::Project;
use walkdir::WalkDir;

use super::collect::place_of;
use super::root::{common_folder, folder, within};
use super::wanted::{Wanted, wanted};
use crate::error::FarmError;

/// How files end that Blender keeps right in the folder of a cache.
const POINTS: &str = "bphys";
/// How those end that it keeps in the folders there,
const CACHED: [&str; 7] = ["blob", "gz", "json", "obj", "raw", "uni", "vdb"];
/// which have these names.
const CACHES: [&str; 8] = ["blobs", "config", "data", "guiding", "mesh", "meta", "noise", "particles"];
/// How deep it keeps any: those of a bake of nodes lie in `MODIFIER/BAKE/blobs/`.
const DEEP: usize = 4;

/// Where an external file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its content is in the `.blend`, or no file is needed for it.
    Packed,
    /// It comes with Blender.
    OfBlender,
    /// All of it is on this disk: so many files.
    There(usize),
    /// These are not on this disk.
    Missing(Vec<PathBuf>),
    /// It is there, in a hidden place, and so is not sent.
    Hidden,
    /// Its path is none that the farm could follow.
    Outside,
    /// It is at an address in a network.
    Address,
}

impl State {
    /// Where an external file of a `.blend` on this disk stands.
    ///
    /// # Errors
    /// The path of the `.blend` is none that a project could have.
    pub fn on_disk(blend: &Path, file: &ExternalFile) -> Result<Self, FarmError> {
        let blend = place_of(blend)?;
        Ok(Self::of(&blend, file, |wanted| look(&blend, wanted), path))
    }

    /// Where an external file of the main file of an archive stands; `project` is what is in that.
    pub fn in_archive(project: &Project, file: &ExternalFile) -> Self {
        let look = |wanted: &Wanted| match wanted {
            Wanted::File(place) | Wanted::Row(place) | Wanted::Folder(place) if project.has(place) => {
                Look::There(vec![OnDisk { place: place.clone(), size: 0, modified: None }])
            }
            Wanted::File(place) | Wanted::Row(place) | Wanted::Folder(place) => Look::Missing(place.clone()),
            Wanted::Outside => Look::Outside,
            Wanted::Address => Look::Address,
        };
        Self::of(&project.main, file, look, |place| place.into())
    }

    fn of(
        blend: &str,
        file: &ExternalFile,
        look: impl Fn(&Wanted) -> Look,
        path: impl Fn(&str) -> PathBuf,
    ) -> Self {
        if file.is_blenders_own() {
            return Self::OfBlender;
        }
        let wanted = wanted(blend, file);
        let (mut there, mut missing) = (0, Vec::new());
        for wanted in &wanted {
            match look(wanted) {
                Look::There(files) => there += files.len(),
                Look::Missing(place) => missing.push(path(&place)),
                Look::Hidden(_) => return Self::Hidden,
                Look::Outside => return Self::Outside,
                Look::Address => return Self::Address,
            }
        }
        match (wanted.is_empty(), missing.is_empty()) {
            (true, _) => Self::Packed,
            (_, true) => Self::There(there),
            _ => Self::Missing(missing),
        }
    }
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnDisk {
    /// Its place on this disk.
    pub(crate) place: String,
    /// Bytes.
    pub(crate) size: u64,
    /// When it was last written to.
    pub(crate) modified: Option<SystemTime>,
}

impl OnDisk {
    fn new(place: String, data: &Metadata) -> Self {
        Self { place, size: data.len(), modified: data.modified().ok() }
    }
}

/// What came of looking for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// These files.
    There(Vec<OnDisk>),
    /// Nothing is at this place.
    Missing(String),
    /// Something hidden is at this place.
    Hidden(String),
    /// The path is none that the farm could follow.
    Outside,
    /// It is at an address.
    Address,
}

/// Looks for what a `.blend` wants; `main` is the place of the file that is rendered.
pub(crate) fn look(main: &str, wanted: &Wanted) -> Look {
    let (place, files) = match wanted {
        Wanted::File(place) => (place, file(place).into_iter().collect()),
        Wanted::Row(place) => (place, row(place)),
        Wanted::Folder(place) => (place, cache(place)),
        Wanted::Outside => return Look::Outside,
        Wanted::Address => return Look::Address,
    };
    if files.is_empty() {
        Look::Missing(place.clone())
    } else if files.iter().any(|file: &OnDisk| is_hidden(main, &file.place)) {
        Look::Hidden(place.clone())
    } else {
        Look::There(files)
    }
}

/// A place as a path of this disk.
pub(crate) fn path(place: &str) -> PathBuf {
    Path::new("/").join(place)
}

/// A file at this place, links followed.
pub(crate) fn file(place: &str) -> Option<OnDisk> {
    let data = path(place).metadata().ok()?;
    data.is_file().then(|| OnDisk::new(place.to_owned(), &data))
}

/// A file at this place but for capital letters: what an artist's Windows or macOS takes for it.
pub(crate) fn nearly(place: &str) -> Option<String> {
    let mut found = String::new();
    for part in place.split('/') {
        let next = format!("{found}{}{part}", if found.is_empty() { "" } else { "/" });
        found = if path(&next).exists() {
            next
        } else {
            let wanted = part.to_lowercase();
            let mut names = names(&found).into_iter();
            let name = names.find(|name| name.to_lowercase() == wanted)?;
            format!("{found}{}{name}", if found.is_empty() { "" } else { "/" })
        };
    }
    (found != place).then_some(found)
}

/// Names in a folder, sorted, as far as they are written in UTF-8: no path in a project can be otherwise.
fn names(folder: &str) -> Vec<String> {
    let entries = path(folder).read_dir().into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// All files that are named as this one but for the number.
fn row(place: &str) -> Vec<OnDisk> {
    let folder = folder(place);
    let name = place.rsplit('/').next().unwrap_or(place);
    let Some(row) = Row::of(name) else { return file(place).into_iter().collect() };
    let names = names(folder).into_iter().filter(|name| row.has(name));
    names
        .filter_map(|name| file(&if folder.is_empty() { name } else { format!("{folder}/{name}") }))
        .collect()
}

/// Names that differ in a number alone: Blender takes the last one before the ending.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    head: &'a str,
    digits: usize,
    tail: &'a str,
}

impl<'a> Row<'a> {
    /// `None` where the name has no number.
    fn of(name: &'a str) -> Option<Self> {
        let stem = &name[..name.rfind('.').filter(|at| *at > 0).unwrap_or(name.len())];
        let end = stem.rfind(|c: char| c.is_ascii_digit())? + 1;
        let start = stem[..end].trim_end_matches(|c: char| c.is_ascii_digit()).len();
        Some(Self { head: &name[..start], digits: end - start, tail: &name[end..] })
    }

    /// Whether a name is one of these. Numbers are filled up with zeros, and grow beyond that.
    fn has(&self, name: &str) -> bool {
        let number = name.strip_prefix(self.head).and_then(|rest| rest.strip_suffix(self.tail));
        number.is_some_and(|number| {
            number.bytes().all(|byte| byte.is_ascii_digit())
                && (number.len() == self.digits || (number.len() > self.digits && !number.starts_with('0')))
        })
    }
}

/// What Blender keeps in the folder of a cache, and nothing else that lies there: whatever folder a file names, a
/// whole project or home is never taken for a cache.
fn cache(place: &str) -> Vec<OnDisk> {
    let top = path(place);
    let walk = WalkDir::new(&top).max_depth(DEEP).follow_links(true).sort_by_file_name().into_iter();
    let walk =
        walk.filter_entry(|entry| entry.depth() == 0 || !starts_hidden(&entry.file_name().to_string_lossy()));
    // Links in a circle end where they close, as unreadable folders do: what is missing is the render's to find.
    let files = walk.flatten().filter(|entry| {
        let inside = entry.path().strip_prefix(&top).ok().and_then(Path::to_str);
        entry.file_type().is_file() && inside.is_some_and(is_of_cache)
    });
    let found = files.filter_map(|entry| {
        let place = entry.path().to_str()?.trim_start_matches('/').to_owned();
        Some(OnDisk::new(place, &entry.metadata().ok()?))
    });
    found.collect()
}

/// Whether Blender writes a file of this path into the folder of a cache.
fn is_of_cache(inside: &str) -> bool {
    let ending = inside.rsplit_once('.').map_or("", |(_, ending)| ending);
    let mut folders = folder(inside).split('/');
    ending == POINTS || (CACHED.contains(&ending) && folders.any(|folder| CACHES.contains(&folder)))
}

/// Whether a part of a place is hidden, apart from the folders that the main file lies in as well. What hides there
/// are settings, keys and passwords, and who made a `.blend` may not be who submits it.
fn is_hidden(main: &str, place: &str) -> bool {
    within(&common_folder([main, place]), place).split('/').any(starts_hidden)
}

fn starts_hidden(name: &str) -> bool {
    name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::samples;

    struct Disk(tempfile::TempDir);

    impl Disk {
        fn with(files: &[&str]) -> Self {
            Self(samples::disk(files))
        }

        fn place(&self, path: &str) -> String {
            format!("{}/{path}", self.0.path().display()).trim_start_matches('/').to_owned()
        }

        fn found(&self, look: Look) -> Vec<String> {
            let Look::There(files) = look else { return Vec::new() };
            let top = self.place("");
            files.iter().map(|file| file.place.strip_prefix(&top).expect("inside").to_owned()).collect()
        }
    }

    #[test]
    fn a_row_is_all_files_that_differ_in_the_last_number() {
        let disk = Disk::with(&[
            "s/p_0001.png",
            "s/p_0002.png",
            "s/p_12345.png",
            "s/p_01.png",
            "s/p_00003.png",
            "s/p_0004.jpg",
            "s/p_0005.png.bak",
            "s/q_0001.png",
            "s/p_abcd.png",
            "s/v2_0001.jp2",
            "s/v2_0002.jp2",
            "s/plain.png",
        ]);
        let row = |path: &str| disk.found(look(&disk.place("a.blend"), &Wanted::Row(disk.place(path))));
        assert_eq!(row("s/p_0001.png"), ["s/p_0001.png", "s/p_0002.png", "s/p_12345.png"]);
        assert_eq!(row("s/p_0099.png").len(), 3, "whichever of them is named");
        assert_eq!(row("s/v2_0001.jp2"), ["s/v2_0001.jp2", "s/v2_0002.jp2"]);
        assert_eq!(row("s/plain.png"), ["s/plain.png"]);
        assert!(row("s/gone_01.png").is_empty() && row("gone/p_01.png").is_empty());
    }

    #[test]
    fn the_number_of_a_name_is_the_last_before_its_ending() {
        let row = |name: &'static str| Row::of(name).map(|row| (row.head, row.digits, row.tail));
        assert_eq!(row("p_0001.png"), Some(("p_", 4, ".png")));
        assert_eq!(row("2024_p12_final.exr"), Some(("2024_p", 2, "_final.exr")));
        assert_eq!(row("0001.jp2"), Some(("", 4, ".jp2")));
        assert_eq!(row("0001"), Some(("", 4, "")));
        assert_eq!(row("p.mp4"), None);
        assert_eq!(row("é1ü.png"), Some(("é", 1, "ü.png")));
    }

    #[test]
    fn a_cache_is_what_blender_writes_there_and_never_a_project() {
        let disk = Disk::with(&[
            "a.blend",
            "cache/1.bphys",
            "cache/config/config_0002.uni",
            "cache/data/fluid_data_0002.vdb",
            "cache/data/notes.txt",
            "cache/mesh/lMesh_0002.bobj.gz",
            "cache/b.blend",
            "cache/.ssh/id.bphys",
            "3.bphys",
            "mesh/4.obj",
            "tex/a.png",
            "a.json",
            "secret.txt",
        ]);
        let blend = disk.place("a.blend");
        let cache = |path: &str| disk.found(look(&blend, &Wanted::Folder(disk.place(path))));
        let of_cache = [
            "cache/1.bphys",
            "cache/config/config_0002.uni",
            "cache/data/fluid_data_0002.vdb",
            "cache/mesh/lMesh_0002.bobj.gz",
        ];
        assert_eq!(cache("cache"), of_cache);
        let top = disk.place("").trim_end_matches('/').to_owned();
        let of_top = disk.found(look(&disk.place("cache/b.blend"), &Wanted::Folder(top)));
        assert_eq!(of_top, [&["3.bphys"], &of_cache[..], &["mesh/4.obj"]].concat(), "whoever names it");
        assert!(cache("gone").is_empty());
    }

    #[test]
    fn what_is_hidden_stays_here_unless_the_main_file_hides_with_it() {
        let disk = Disk::with(&[
            ".work/shots/a.blend",
            ".work/tex/a.png",
            ".aws/credentials",
            "b.blend",
            ".k/1.bphys",
        ]);
        let looked = |main: &str, wanted: Wanted| look(&disk.place(main), &wanted);
        let file = |path: &str| Wanted::File(disk.place(path));
        let hidden = |path: &str| Look::Hidden(disk.place(path));
        assert!(matches!(looked(".work/shots/a.blend", file(".work/tex/a.png")), Look::There(_)));
        assert_eq!(looked(".work/shots/a.blend", file(".aws/credentials")), hidden(".aws/credentials"));
        assert_eq!(
            looked("b.blend", file(".aws/credentials")),
            hidden(".aws/credentials"),
            "beside it as well"
        );
        assert_eq!(looked("b.blend", Wanted::Folder(disk.place(".k"))), hidden(".k"));
        assert_eq!(looked("b.blend", file(".aws/gone")), Look::Missing(disk.place(".aws/gone")));
    }

    #[test]
    fn links_are_followed_and_circles_end() {
        let disk = Disk::with(&["real/a.png", "real/1.bphys"]);
        let at = |name: &str| disk.0.path().join(name);
        std::os::unix::fs::symlink(at("real"), at("link")).expect("linked");
        std::os::unix::fs::symlink(at("real"), at("real/again")).expect("linked");
        std::os::unix::fs::symlink(at("gone"), at("dead")).expect("linked");
        let found = file(&disk.place("link/a.png")).expect("through a link");
        assert_eq!((found.place, found.size), (disk.place("link/a.png"), 10));
        assert_eq!(file(&disk.place("dead")), None);
        assert_eq!(disk.found(look(&disk.place("x"), &Wanted::Folder(disk.place("link")))), ["link/1.bphys"]);
    }

    #[test]
    fn what_differs_in_capital_letters_alone_is_found() {
        let disk = Disk::with(&["Tex/Wood.PNG"]);
        assert_eq!(nearly(&disk.place("tex/wood.png")), Some(disk.place("Tex/Wood.PNG")));
        assert_eq!(nearly(&disk.place("Tex/Wood.PNG")), None);
        assert_eq!(nearly(&disk.place("tex/stone.png")), None);
    }
}
