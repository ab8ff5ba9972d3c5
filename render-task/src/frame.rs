//! One rendered frame on its way into the bucket: read back whole, then uploaded.
//!
//! Extra files (of File Output nodes) go first, the frame's own after them, and each says how
//! many files the frame has: whoever finds fewer knows that the frame is not whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use farm_contract::Fault;
use farm_contract::exit::TaskExit;
use farm_contract::keys::{BlendKey, FrameName, OWN_NAMES, TRIGGER_SUFFIXES};
use farm_contract::metadata;
use farm_contract::plan::{RenderId, SourceId};
use farm_contract::record::{FileRecord, FrameRecord};
use walkdir::WalkDir;

use crate::failure::Failure;
use crate::good;
use crate::picture::{self, Size};
use crate::store::{Bucket, Put, Upload};
use crate::taken::Taken;

/// How often a file is put that something else is written in place of.
const PUTS: u32 = 5;
/// Less than this, and the scratch folder counts as full, in bytes.
const NEARLY_FULL: u64 = 16 << 20;

/// Where frames go and what they are marked with.
#[derive(Debug)]
pub struct Target {
    /// The bucket.
    pub bucket: Bucket,
    /// Key of the upload.
    pub blend: BlendKey,
    /// What the pixels depend on.
    pub source: SourceId,
    /// The render.
    pub render: RenderId,
    /// The bytes that are rendered.
    pub upload: Upload,
    /// The task's scratch folder.
    pub scratch: PathBuf,
}

/// A frame that Blender calls rendered.
#[derive(Debug, Clone)]
pub struct Produced {
    /// Absolute frame number.
    pub frame: i32,
    /// Seconds that Blender took.
    pub seconds: f64,
    /// The size that its own pictures must have.
    pub size: Size,
    /// The folder that holds all of its files.
    pub folder: PathBuf,
    /// All of its files, in the order in which they are to be uploaded.
    pub files: Vec<ProducedFile>,
}

/// One file of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducedFile {
    /// Path below the frame's folder, which is also its place below the upload's key.
    pub name: String,
    /// Whether it is a picture of the frame itself.
    pub own: bool,
}

/// Why a frame did not arrive.
#[derive(Debug)]
pub enum Trouble {
    /// The frame is at fault; others may do better.
    Frame(Fault),
    /// The child has to end.
    Task(Failure),
}

impl Produced {
    /// Looks at what lies in the folder of a frame. `wanted` are the names of its own files.
    ///
    /// # Errors
    /// One of them is missing, or a name is not text.
    pub fn collect(
        frame: i32,
        seconds: f64,
        size: Size,
        folder: PathBuf,
        wanted: &[String],
    ) -> Result<Self, Fault> {
        let mut files = Vec::new();
        for entry in WalkDir::new(&folder).sort_by_file_name() {
            let entry = entry.map_err(|error| unreadable(&error.to_string()))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let path = entry.path().strip_prefix(&folder).unwrap_or(entry.path());
            let name = path.to_str().ok_or_else(|| unreadable(&path.to_string_lossy()))?.to_owned();
            if is_reserved(&name) {
                return Err(Fault::new(
                    format!("The frame has a file `{name}`: a name that the farm keeps for its own."),
                    "Give the File Output nodes and their slots other names, and upload the file again.",
                ));
            }
            let own = FrameName::parse(&name).is_some_and(|name| name.frame == frame);
            files.push(ProducedFile { name, own });
        }
        if let Some(missing) =
            wanted.iter().find(|name| !files.iter().any(|file| file.own && file.name == **name))
        {
            return Err(Fault::new(
                format!("Blender wrote no `{missing}`."),
                "Check the output settings of the file; if they are right, upload it again.",
            ));
        }
        files.sort_by_key(|file| file.own);
        Ok(Self { frame, seconds, size, folder, files })
    }

    /// The files that only Blender can read back.
    pub fn for_blender(&self) -> Vec<PathBuf> {
        let paths = self.files.iter().map(|file| self.folder.join(&file.name));
        paths.filter(|path| !picture::is_known(path)).collect()
    }
}

/// Whether a name below an upload's key is one that a frame may not have: that of the farm's own verdicts,
/// or that of an upload, which would start a render.
fn is_reserved(name: &str) -> bool {
    let starts = TRIGGER_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    starts || name.rsplit('/').next().is_some_and(|last| OWN_NAMES.contains(&last))
}

fn unreadable(what: &str) -> Fault {
    Fault::new(
        format!("A file of the frame cannot be read back: {what}."),
        "Give the File Output nodes and their slots plain names, and upload the file again.",
    )
}

/// The fault of a picture that is not whole.
pub fn damaged(name: &str, why: &str) -> Fault {
    Fault::new(
        format!("The picture `{name}` that Blender wrote is not whole: {why}."),
        "Upload the file again; if it fails again, give the task more storage, or choose another output format.",
    )
}

/// The failure of a full scratch folder, if it is full: then a fault of a frame has that cause.
pub fn scratch_is_full(scratch: &Path) -> Option<Failure> {
    match rustix::fs::statvfs(scratch) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            (free < NEARLY_FULL).then(Failure::scratch_full)
        }
        Err(error) => {
            tracing::warn!("warning: the free space of the scratch folder is not known: {error}");
            None
        }
    }
}

/// Reads a frame back and uploads it; its folder is gone afterwards.
///
/// # Errors
/// See [`Trouble`].
pub async fn finish(target: Arc<Target>, produced: Produced) -> (i32, Result<FrameRecord, Trouble>) {
    let result = check_and_upload(&target, &produced).await;
    if let Err(error) = tokio::fs::remove_dir_all(&produced.folder).await {
        tracing::warn!("warning: the files of frame {} stay in the scratch folder: {error}", produced.frame);
    }
    (produced.frame, result)
}

async fn check_and_upload(target: &Target, produced: &Produced) -> Result<FrameRecord, Trouble> {
    let task = |failure| Trouble::Task(failure);
    let taken = {
        let produced = produced.clone();
        let checked = tokio::task::spawn_blocking(move || check(&produced)).await;
        checked.map_err(|error| {
            let again = "Upload the file again.";
            task(Failure::new(TaskExit::Failed, "A picture could not be read back.", again).because(error))
        })?
    };
    let taken = taken.map_err(|fault| match scratch_is_full(&target.scratch) {
        Some(failure) => task(failure),
        None => Trouble::Frame(fault),
    })?;
    let mut files = Vec::new();
    for (file, (taken, crc32, bytes)) in produced.files.iter().zip(taken) {
        let path = taken.path();
        let key = target.blend.file(&file.name);
        let put = Put {
            key: key.clone(),
            path: &path,
            content_type: picture::content_type(Path::new(&file.name)),
            crc32,
            metadata: marks(target, produced, crc32),
        };
        let etag = put_once(target, produced.frame, put).await.map_err(task)?;
        files.push(FileRecord { name: file.name.clone(), bytes, crc32, etag });
    }
    let bytes = files.iter().map(|file| file.bytes).sum();
    Ok(FrameRecord { frame: produced.frame, seconds: produced.seconds, bytes, files })
}

/// Uploads one file. A child that was taken for lost may still be at work, and so may one of an older
/// upload: so a file is put in place of exactly what was seen there before the upload was found to be
/// the one that is rendered. Then a file of an older upload never takes the place of a newer one's. Gives the
/// ETag; empty where another attempt's file lies there, whose bytes may be other ones.
async fn put_once(target: &Target, frame: i32, put: Put<'_>) -> Result<String, Failure> {
    for _ in 0..PUTS {
        let seen = target.bucket.head(&put.key).await?;
        target.bucket.check_unchanged(&target.upload).await?;
        // Another attempt was faster, or it is our own put, whose answer was lost.
        let there = seen.as_ref().is_some_and(|seen| good::is_of(seen, &target.source, frame));
        // The same bytes may have been uploaded again with other tags: then the file is not ours to replace.
        if !there && seen.is_some() {
            target.bucket.check_owner(&target.blend, &target.render).await?;
        }
        if there {
            return Ok(String::new());
        }
        if let Some(etag) = target.bucket.put_file(&put, seen.as_ref()).await? {
            return Ok(etag);
        }
        tracing::info!("`{}` changed while it was uploaded; looking again", put.key);
    }
    Err(Failure::new(
        TaskExit::TryAgain,
        format!("`{}` changes faster than it can be uploaded.", put.key),
        "See that nothing else writes into the folder of the upload.",
    ))
}

/// Takes every file and decodes it. Gives each with its CRC-32 and its length.
fn check(produced: &Produced) -> Result<Vec<(Taken, u32, u64)>, Fault> {
    let check_file = |file: &ProducedFile| {
        let taken = Taken::from(&produced.folder, &file.name);
        let taken = taken.map_err(|error| damaged(&file.name, &error.to_string()))?;
        let path = taken.path();
        let size = picture::read(&path, Path::new(&file.name));
        let size = size.map_err(|error| damaged(&file.name, &error.to_string()))?;
        if let Some(size) = size.filter(|_| file.own) {
            check_size(&file.name, size, produced.size)?;
        }
        let (crc32, length) =
            picture::crc32(&path).map_err(|error| damaged(&file.name, &error.to_string()))?;
        Ok((taken, crc32, length))
    };
    produced.files.iter().map(check_file).collect()
}

/// A picture of another size than the scene's is not the planned one.
///
/// # Errors
/// The sizes differ.
pub fn check_size(
    name: &str,
    (width, height): Size,
    (wanted_width, wanted_height): Size,
) -> Result<(), Fault> {
    if (width, height) == (wanted_width, wanted_height) {
        return Ok(());
    }
    Err(Fault::new(
        format!(
            "The picture `{name}` has {width} x {height} pixels instead of {wanted_width} x {wanted_height}."
        ),
        "Check the resolution and the border in the output properties, and upload the file again.",
    ))
}

fn marks(target: &Target, produced: &Produced, crc32: u32) -> HashMap<String, String> {
    [
        (metadata::SOURCE, target.source.to_string()),
        (metadata::RENDER, target.render.to_string()),
        (metadata::FRAME, produced.frame.to_string()),
        (metadata::FILES, produced.files.len().to_string()),
        (metadata::SECONDS, format!("{:.3}", produced.seconds)),
        (metadata::CRC32, format!("{crc32:08x}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        folder
    }

    fn collect(files: &[&str], wanted: &[&str]) -> Result<Vec<(String, bool)>, Fault> {
        let folder = folder(files);
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let produced = Produced::collect(7, 1.0, (1, 1), folder.path().to_owned(), &wanted)?;
        Ok(produced.files.into_iter().map(|file| (file.name, file.own)).collect())
    }

    #[test]
    fn extra_files_are_uploaded_before_the_frames_own() {
        let files = collect(
            &["frame_0007_L.png", "z depth/Image0007.exr", "frame_0007_R.png", "frame_0008.png"],
            &["frame_0007_L.png", "frame_0007_R.png"],
        );
        let wanted = [
            ("frame_0008.png", false),
            ("z depth/Image0007.exr", false),
            ("frame_0007_L.png", true),
            ("frame_0007_R.png", true),
        ];
        assert_eq!(files.unwrap(), wanted.map(|(name, own)| (name.to_owned(), own)));
    }

    #[test]
    fn a_file_with_a_name_of_the_farms_own_is_refused() {
        for name in
            ["report.json", "preview.mp4", "frames.zip", "x.blend", "deep/x.blend.zip", "deep/report.json"]
        {
            let fault = collect(&["frame_0007.png", name], &["frame_0007.png"]).unwrap_err();
            assert!(fault.message.contains(name), "{fault:?}");
        }
    }

    #[test]
    fn a_frame_without_one_of_its_own_files_is_refused() {
        for files in [&[][..], &["frame_0007_L.png"], &["sub/frame_0007_R.png", "frame_0007_L.png"]] {
            let fault = collect(files, &["frame_0007_L.png", "frame_0007_R.png"]).unwrap_err();
            assert!(fault.message.contains("frame_000"), "{fault:?}");
        }
    }
}
