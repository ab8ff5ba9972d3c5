//! Which files a `.blend` wants: what a written path stands for, and where that lies.
//!
//! Places are paths of this disk without the slash at the front: as if the whole disk were the project. So the
//! verdict's own rules say where a written path leads.

use blend_file::{ExternalFile, FileKind};
use farm_intake::{Place, Project, base_of, paths_of};

/// Endings of movies, which are one file each; clips of any other are a picture for each frame.
const MOVIES: [&str; 22] = [
    "avi", "avs", "dv", "flc", "m2t", "m2ts", "m2v", "m4v", "mkv", "mov", "movie", "mp4", "mpeg", "mpg",
    "mts", "mv", "mxf", "ogg", "ogv", "ts", "webm", "wmv",
];

/// What one written path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// One file.
    File(String),
    /// All files that are named like this one but for the number.
    Row(String),
    /// All files in a folder.
    Folder(String),
    /// Nothing that the farm could read: an absolute path, or one that leads nowhere.
    Outside,
    /// An address in a network.
    Address,
}

/// What an external file of the `.blend` at the place `blend` stands for. Nothing, where it needs no file
/// beside it: what is packed, what comes with Blender, sounds. A tiled image that has no tiles wants the file of the
/// name as it is written, which is not there.
pub fn wanted(blend: &str, file: &ExternalFile) -> Vec<Wanted> {
    if file.packed || file.is_blenders_own() || file.kind == FileKind::Sound || file.path == "<builtin>" {
        return Vec::new();
    }
    let disk = Project::alone(blend);
    let base = base_of(&disk, blend, file);
    let place = |written: &String| match disk.place_from(&base, written) {
        Place::Inside(place) if file.is_sequence => Wanted::Row(place),
        Place::Inside(place) => kind(file.kind, place),
        Place::Outside => Wanted::Outside,
        Place::Address => Wanted::Address,
    };
    let mut paths = paths_of(&base, file);
    if paths.is_empty() {
        paths.push(file.path.clone());
    }
    paths.iter().map(place).collect()
}

fn kind(kind: FileKind, place: String) -> Wanted {
    use FileKind as Kind;
    match kind {
        Kind::MovieClip if !is_movie(&place) => Wanted::Row(place),
        Kind::PointCache | Kind::FluidCache => Wanted::Folder(place),
        _ => Wanted::File(place),
    }
}

fn is_movie(place: &str) -> bool {
    let ending = place.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| MOVIES.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::samples::external;

    fn of(kind: FileKind, path: &str) -> Vec<Wanted> {
        wanted("home/ana/shots/a.blend", &external(kind, path))
    }

    #[test]
    fn written_paths_lead_to_places_on_this_disk() {
        let file = |place: &str| vec![Wanted::File(place.to_owned())];
        assert_eq!(of(FileKind::Image, "//tex/a.png"), file("home/ana/shots/tex/a.png"));
        assert_eq!(of(FileKind::Image, "//..\\tex\\a.png"), file("home/ana/tex/a.png"));
        assert_eq!(of(FileKind::Font, "//../../x/./f.ttf"), file("home/x/f.ttf"));
        for path in ["/home/ana/shots/tex/a.png", "C:\\tex\\a.png", "tex/a.png", "", "//../../../../../a.png"]
        {
            assert_eq!(of(FileKind::Image, path), [Wanted::Outside], "{path}");
        }
        assert_eq!(of(FileKind::Movie, "https://host/a.mp4"), [Wanted::Address]);
    }

    #[test]
    fn what_needs_no_file_is_left_out() {
        let mut packed = external(FileKind::Image, "//a.png");
        packed.packed = true;
        assert!(wanted("a.blend", &packed).is_empty());
        assert!(of(FileKind::Sound, "//a.wav").is_empty());
        assert!(of(FileKind::Font, "<builtin>").is_empty());
        assert!(of(FileKind::Library, "/x/4.5/datafiles/assets/nodes.blend").is_empty());
    }

    #[test]
    fn tiles_sequences_clips_and_caches_are_more_than_one_file() {
        let mut tiled = external(FileKind::TiledImage, "//t.<UDIM>.png");
        tiled.tiles = vec![1001, 1012];
        assert_eq!(
            wanted("p/a.blend", &tiled),
            [Wanted::File("p/t.1001.png".into()), Wanted::File("p/t.1012.png".into())]
        );
        let mut cache = external(FileKind::CacheFile, "//c_0001.abc");
        assert_eq!(wanted("p/a.blend", &cache), [Wanted::File("p/c_0001.abc".into())]);
        cache.is_sequence = true;
        assert_eq!(wanted("p/a.blend", &cache), [Wanted::Row("p/c_0001.abc".into())]);
        tiled.tiles.clear();
        assert_eq!(wanted("p/a.blend", &tiled), [Wanted::File("p/t.<UDIM>.png".into())]);
        for (kind, path) in [
            (FileKind::ImageSequence, "//s/p_001.png"),
            (FileKind::VolumeSequence, "//s/p_001.vdb"),
            (FileKind::MovieClip, "//s/p_001.JPG"),
        ] {
            assert!(matches!(of(kind, path).as_slice(), [Wanted::Row(_)]), "{path}");
        }
        assert!(matches!(of(FileKind::MovieClip, "//a.MP4").as_slice(), [Wanted::File(_)]));
        for kind in [FileKind::PointCache, FileKind::FluidCache] {
            assert_eq!(of(kind, "//cache"), [Wanted::Folder("home/ana/shots/cache".into())]);
        }
        assert_eq!(of(FileKind::PointCache, ""), [Wanted::Folder("home/ana/shots/blendcache_a".into())]);
        assert_eq!(of(FileKind::FluidCache, ""), [Wanted::Outside]);
    }

    #[test]
    fn what_a_library_was_packed_with_lies_beside_the_library() {
        let mut file = external(FileKind::Image, "//tex/a.png");
        file.library = Some("//../lib/b.blend".into());
        assert_eq!(wanted("p/shots/a.blend", &file), [Wanted::File("p/lib/tex/a.png".into())]);
    }
}
