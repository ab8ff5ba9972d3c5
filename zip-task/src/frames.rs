//! Which files of the render's frames are in the bucket.
//!
//! Names say little here: a file counts by what its metadata says it was rendered from. Where a task of this very
//! render wrote down that it put the file, and the bucket lists it with the ETag that it got then, that is as good,
//! and saves a call for each file.

use std::collections::{BTreeMap, BTreeSet};

use crc32fast::Hasher;
use farm_contract::keys::{BlendKey, FrameName, OWN_NAMES, TRIGGER_SUFFIXES};
use farm_contract::metadata;
use farm_contract::plan::SourceId;
use futures::{StreamExt, TryStreamExt, stream};

use crate::records::Records;
use crate::store::{Head, Listed, StorageError, Store};

/// Calls under way at once.
const HEADS: usize = 64;
/// Files read at once, only to learn their CRC-32.
const READS: usize = 4;
const READ_BYTES: u64 = 1 << 20;

/// Name of the list of missing frames in a partial archive.
pub const MISSING_TXT: &str = "missing.txt";

/// One file of a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameFile {
    /// Absolute frame number.
    pub frame: i32,
    /// Key relative to the folder: the name in the archive.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// ETag, quotes included.
    pub etag: String,
    /// CRC-32 of the content, once known.
    pub crc32: Option<u32>,
    /// Whether it is a picture of the frame itself, not an extra file of its File Output nodes.
    pub own: bool,
    /// How many files its frame has.
    pub files: usize,
    /// Seconds that Blender took for the frame.
    pub seconds: f64,
    /// Whether the bucket holds other bytes than were rendered.
    pub damaged: bool,
}

/// Files of planned frames, each frame's in the order of the archive.
#[derive(Debug, Default)]
pub struct Found {
    /// Frame -> its files.
    pub frames: BTreeMap<i32, Vec<FrameFile>>,
    /// Frames that were to be rendered again and were not: what is there of them is what was there before.
    pub older: Vec<i32>,
    /// What the artist should know of files that were left out.
    pub warnings: Vec<String>,
}

impl Found {
    /// The files of `frame` where all of them are there.
    pub fn whole(&self, frame: i32) -> Option<&[FrameFile]> {
        self.frames.get(&frame).map(Vec::as_slice).filter(|files| is_whole(files))
    }

    /// Takes what was there before of frames of which nothing new is there, whole.
    fn keep_older(&mut self, older: BTreeMap<i32, Vec<FrameFile>>) {
        for (frame, mut files) in older {
            sort(&mut files);
            if self.whole(frame).is_none() && is_whole(&files) {
                self.frames.insert(frame, files);
                self.older.push(frame);
            }
        }
    }
}

fn is_whole(files: &[FrameFile]) -> bool {
    files.first().is_some_and(|file| file.own && files.len() >= file.files)
}

fn sort(files: &mut [FrameFile]) {
    files.sort_unstable_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
}

/// Looks at everything in the folder.
///
/// # Errors
/// The bucket did not tell.
pub async fn find(
    store: &Store,
    folder: &BlendKey,
    source: &SourceId,
    planned: &BTreeSet<i32>,
    records: &Records,
) -> Result<Found, StorageError> {
    let prefix = folder.folder();
    let mut found = Found::default();
    let (mut older, again) = (BTreeMap::new(), source.again());
    let mut candidates = Vec::new();
    for listed in store.list(&prefix).await? {
        let name = listed.key.strip_prefix(&prefix).unwrap_or_default();
        if let Some(file) = recorded(name, &listed, records) {
            if planned.contains(&file.frame) {
                found.frames.entry(file.frame).or_default().push(file);
            }
            continue;
        }
        let key = listed.key;
        match candidate(key.strip_prefix(&prefix).unwrap_or_default()) {
            Candidate::Yes => candidates.push(key),
            Candidate::No => {}
            Candidate::Unsafe => {
                found.warnings.push(format!("`{key}` was left out: an archive cannot safely hold its name."));
            }
        }
    }
    let mut heads = stream::iter(candidates)
        .map(|key| async { store.head(&key).await.map(|head| (key, head)) })
        .buffer_unordered(HEADS);
    while let Some((key, head)) = heads.try_next().await? {
        // Deleted since it was listed: not there.
        let Some(head) = head else { continue };
        let of = head.metadata.get(metadata::SOURCE).map(String::as_str);
        let frames = if of == Some(source.as_str()) {
            &mut found.frames
        } else if of == Some(again.as_str()) {
            &mut older
        } else {
            continue;
        };
        let name = key.strip_prefix(&prefix).unwrap_or_default();
        match read_head(name, head) {
            Some(file) if planned.contains(&file.frame) => {
                frames.entry(file.frame).or_default().push(file);
            }
            Some(_) => {}
            None => {
                found.warnings.push(format!("`{key}` was left out: it does not say which frame it is of."))
            }
        }
    }
    for files in found.frames.values_mut() {
        sort(files);
    }
    found.keep_older(older);
    found.warnings.sort_unstable();
    Ok(found)
}

/// Reads the files whose CRC-32 nobody has written down.
///
/// # Errors
/// The bucket did not give them.
pub async fn learn_checksums(
    store: &Store,
    folder: &BlendKey,
    files: &mut [FrameFile],
) -> Result<(), StorageError> {
    let unknown = files.iter_mut().filter(|file| file.crc32.is_none());
    stream::iter(unknown)
        .map(|file| async {
            let key = folder.file(&file.name);
            let mut hasher = Hasher::new();
            let mut bytes = vec![0; file.size.min(READ_BYTES) as usize];
            for start in (0..file.size).step_by(READ_BYTES as usize) {
                let bytes = &mut bytes[..(file.size - start).min(READ_BYTES) as usize];
                store.read(&key, &file.etag, start, bytes).await?;
                hasher.update(bytes);
            }
            file.crc32 = Some(hasher.finalize());
            Ok(())
        })
        .buffer_unordered(READS)
        .try_collect()
        .await
}

/// A file that is just as a task of this render wrote down that it put it.
fn recorded(name: &str, listed: &Listed, records: &Records) -> Option<FrameFile> {
    let put = records.put(name)?;
    let same = put.file.etag == listed.etag && put.file.bytes == listed.size;
    let safe = matches!(candidate(name), Candidate::Yes);
    (same && safe).then(|| FrameFile {
        frame: put.frame,
        name: name.to_owned(),
        size: listed.size,
        etag: listed.etag.clone(),
        crc32: Some(put.file.crc32),
        own: is_own(name, put.frame),
        files: put.files,
        seconds: put.seconds,
        damaged: false,
    })
}

/// Whether a file is a picture of the frame itself, by its name.
fn is_own(name: &str, frame: i32) -> bool {
    FrameName::parse(name).is_some_and(|name| name.frame == frame)
}

enum Candidate {
    Yes,
    No,
    Unsafe,
}

/// Whether a name in the folder can be a frame's.
fn candidate(name: &str) -> Candidate {
    // What zip-task itself makes, and the markers that some programs put for folders.
    if OWN_NAMES.contains(&name) || matches!(name, "" | MISSING_TXT) || name.ends_with('/') {
        return Candidate::No;
    }
    // Another upload, and what lies in its folder.
    if name.split('/').any(|part| TRIGGER_SUFFIXES.iter().any(|suffix| part.ends_with(suffix))) {
        return Candidate::No;
    }
    let climbs = name.split('/').any(|part| matches!(part, "" | "." | ".."));
    let drive = name.as_bytes().get(1) == Some(&b':');
    if climbs || drive || name.contains('\\') || name.chars().any(char::is_control) {
        return Candidate::Unsafe;
    }
    Candidate::Yes
}

/// A file of some frame of our source. `None` where its metadata cannot be read.
fn read_head(name: &str, head: Head) -> Option<FrameFile> {
    let frame: i32 = head.metadata.get(metadata::FRAME)?.parse().ok()?;
    let files = head.metadata.get(metadata::FILES)?.parse().ok()?;
    let seconds = head.metadata.get(metadata::SECONDS).and_then(|text| text.parse().ok());
    let seconds = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    let stated = head.metadata.get(metadata::CRC32).and_then(|text| u32::from_str_radix(text, 16).ok());
    let crc32 = head.crc32.or(stated);
    Some(FrameFile {
        frame,
        name: name.to_owned(),
        size: head.size,
        etag: head.etag,
        crc32,
        own: is_own(name, frame),
        files,
        seconds: seconds.unwrap_or_default(),
        damaged: stated.is_some_and(|stated| crc32 != Some(stated)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::record::{FileRecord, FrameRecord};

    fn file(name: &str, files: usize, own: bool) -> FrameFile {
        let (name, etag) = (name.to_owned(), "\"e\"".to_owned());
        FrameFile { frame: 1, name, size: 1, etag, crc32: Some(0), own, files, seconds: 0.0, damaged: false }
    }

    fn head(pairs: &[(&str, &str)], crc32: Option<u32>) -> Head {
        let metadata = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Head { size: 3, etag: "\"e\"".into(), crc32, metadata }
    }

    #[test]
    fn a_file_is_what_a_task_wrote_down_as_long_as_it_lies_there_unchanged() {
        let files = ["frame_0007.png", "depth/7.exr", "report.json"].map(|name| FileRecord {
            name: name.into(),
            bytes: 3,
            crc32: 9,
            etag: "\"e\"".into(),
        });
        let frame = FrameRecord { frame: 7, seconds: 1.5, bytes: 9, files: files.into() };
        let records = Records::of_frames([frame]);
        let listed = |name: &str, size, etag: &str| {
            recorded(name, &Listed { key: format!("a.blend/{name}"), size, etag: etag.into() }, &records)
        };
        let own = listed("frame_0007.png", 3, "\"e\"").expect("unchanged");
        assert_eq!((own.frame, own.files, own.crc32, own.own, own.seconds), (7, 3, Some(9), true, 1.5));
        assert!(!listed("depth/7.exr", 3, "\"e\"").expect("unchanged").own);
        for (name, size, etag) in [
            ("frame_0007.png", 4, "\"e\""),
            ("frame_0007.png", 3, "\"other\""),
            ("frame_0008.png", 3, "\"e\""),
            ("report.json", 3, "\"e\""),
        ] {
            assert_eq!(listed(name, size, etag), None, "{name} {size} {etag}");
        }
    }

    #[test]
    fn a_frame_is_whole_with_all_its_files_and_one_of_its_own() {
        let mut found = Found::default();
        found.frames.insert(1, vec![file("frame_0001.png", 1, true)]);
        found.frames.insert(2, vec![file("frame_0002.png", 2, true)]);
        found.frames.insert(3, vec![file("depth/0003.exr", 1, false)]);
        found.frames.insert(4, vec![file("frame_0004.png", 2, true), file("depth/0004.exr", 2, false)]);
        let whole: Vec<i32> = (0..6).filter(|frame| found.whole(*frame).is_some()).collect();
        assert_eq!(whole, [1, 4]);
    }

    #[test]
    fn a_frame_of_before_counts_where_nothing_took_its_place() {
        let mut found = Found::default();
        found.frames.insert(1, vec![file("frame_0001.png", 1, true)]);
        // Its picture came, and what belongs beside it did not.
        found.frames.insert(2, vec![file("frame_0002.png", 2, true)]);
        let older = |name: &str, files| vec![file(name, files, true)];
        found.keep_older(BTreeMap::from([
            (1, older("frame_0001_old.png", 1)),
            (2, vec![file("depth/2.exr", 2, false)]),
            (3, older("frame_0003.png", 1)),
            (4, older("frame_0004.png", 2)),
        ]));
        assert_eq!(found.older, [3]);
        assert!(found.whole(3).is_some() && found.whole(2).is_none() && found.whole(4).is_none());
        assert_eq!(found.whole(1).map(|files| files[0].name.as_str()), Some("frame_0001.png"));
    }

    #[test]
    fn names_that_are_not_a_frames_or_would_leave_the_archive_are_left_out() {
        for name in
            OWN_NAMES.into_iter().chain(["", "missing.txt", "sub/", "b.blend", "b.blend/frame_0001.png"])
        {
            assert!(matches!(candidate(name), Candidate::No), "{name}");
        }
        for name in ["../x.png", "a/../x.png", "/x.png", "a//x.png", "a\\x.png", "C:x.png", "a\n.png"] {
            assert!(matches!(candidate(name), Candidate::Unsafe), "{name}");
        }
        for name in ["frame_0001.png", "depth/frame 1 ä.exr", "notes.txt"] {
            assert!(matches!(candidate(name), Candidate::Yes), "{name}");
        }
    }

    #[test]
    fn metadata_that_cannot_be_read_is_no_frame() {
        assert!(read_head("frame_0001.png", head(&[], None)).is_none());
        assert!(read_head("frame_0001.png", head(&[(metadata::FRAME, "1")], None)).is_none());
        let pairs = [(metadata::FRAME, "1"), (metadata::FILES, "x")];
        assert!(read_head("frame_0001.png", head(&pairs, None)).is_none());
    }

    #[test]
    fn two_checksums_that_disagree_are_a_damaged_file() {
        let pairs = [(metadata::FRAME, "7"), (metadata::FILES, "1"), (metadata::CRC32, "0000000a")];
        let read = |crc32| read_head("frame_0007.png", head(&pairs, crc32)).expect("readable");
        assert!(!read(Some(10)).damaged);
        assert!(!read(None).damaged);
        assert_eq!(read(None).crc32, Some(10));
        assert!(read(Some(11)).damaged);
        assert!(read(None).own);
    }
}
