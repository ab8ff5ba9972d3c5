//! The project on this machine: the upload, and the files that its scene reads beside it.
//!
//! An upload is a single `.blend`, an archive of a project, or a project's main file whose other files
//! lie one by one in the bucket. All end in one folder, of which Blender may read everything and which
//! holds nothing else.
//!
//! Start reading at [`Fetch::run`].

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use farm_contract::Fault;
use farm_contract::exit::TaskExit;
use farm_contract::keys;
use farm_contract::project::{ContentHash, MAX_MANIFEST_BYTES, Manifest, ProjectFile};
use futures::{StreamExt, TryStreamExt, stream};
use project_archive::{Limits, UnpackError, unpack};
use sha2::{Digest, Sha256};

use crate::args::Args;
use crate::blender::confine;
use crate::failure::Failure;
use crate::store::{Bucket, Upload};

/// Others may look in: Blender can be another user.
const READABLE: u32 = 0o755;
/// Files of a project that are fetched at once.
const AT_ONCE: usize = 8;
/// The longest name that a file system takes, in bytes.
const NAME_BYTES: usize = 255;

const SUBMIT_AGAIN: &str = "Submit the project again with `farm submit`: it sends what the bucket lacks.";

/// A project that lies here whole.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// The file that is rendered, in it.
    pub main: PathBuf,
    /// Bytes that were fetched.
    pub bytes: u64,
}

/// What is to be fetched, and where to.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// The upload.
    pub upload: &'a Upload,
    /// What the child was told.
    pub args: &'a Args,
    /// The task's scratch folder.
    pub scratch: &'a Path,
}

impl Fetch<'_> {
    /// Fetches all of it.
    ///
    /// # Errors
    /// The upload was replaced, the archive or the list is not one, a file is missing in the bucket, or
    /// there is no room.
    pub async fn run(&self) -> Result<Project, Failure> {
        let folder = self.scratch.join("project");
        confine::folder(self.scratch, confine::TRAVERSED)
            .and_then(|()| confine::folder(&folder, READABLE))
            .map_err(|error| Failure::scratch("make a folder", error))?;
        if self.args.blend.is_archive() {
            return self.archive(folder).await;
        }
        match &self.args.project {
            Some(list) => self.files(folder, list).await,
            None => {
                let name = self.args.blend.file_name();
                let main = folder.join(if name.len() > NAME_BYTES { "scene.blend" } else { name });
                let bytes = self.bucket.download(self.upload, &main).await?;
                readable(&main)?;
                Ok(Project { folder, main, bytes })
            }
        }
    }

    async fn archive(&self, folder: PathBuf) -> Result<Project, Failure> {
        let Some(main) = self.args.main.as_deref() else {
            let message = "The task was not told which file of the archive it renders.";
            return Err(Failure::new(TaskExit::Usage, message, "Upload the archive again."));
        };
        let archive = self.scratch.join("project.zip");
        let bytes = self.bucket.download(self.upload, &archive).await?;
        let (from, into) = (archive.clone(), folder.clone());
        let unpacked = tokio::task::spawn_blocking(move || {
            let archive = File::open(&from).map_err(UnpackError::Read)?;
            let unpacked = unpack(archive, &into, &Limits::default())?;
            // Its room is the frames' now.
            fs::remove_file(&from).map_err(UnpackError::Read)?;
            Ok(unpacked)
        });
        let unpacked = unpacked.await.map_err(|error| {
            let message = "The archive could not be unpacked.";
            Failure::new(TaskExit::Failed, message, "Upload the archive again.").because(error)
        })?;
        let unpacked = unpacked.map_err(of_unpacking)?;
        if !unpacked.files.iter().any(|file| file == main) {
            let message = format!("There is no `{main}` in the archive.");
            return Err(Failure::new(TaskExit::Scene, message, "Upload the archive again."));
        }
        Ok(Project { main: folder.join(main), folder, bytes })
    }

    async fn files(&self, folder: PathBuf, list: &ContentHash) -> Result<Project, Failure> {
        let manifest = self.manifest(list).await?;
        let main = folder.join(&manifest.main);
        for path in manifest.files.iter().map(|file| &file.path).chain([&manifest.main]) {
            folders(&folder, path)?;
        }
        let mut bytes = self.bucket.download(self.upload, &main).await?;
        readable(&main)?;
        // Content that stands in several places is fetched once.
        let mut places: BTreeMap<&ContentHash, Vec<&ProjectFile>> = BTreeMap::new();
        for file in &manifest.files {
            places.entry(&file.sha256).or_default().push(file);
        }
        let fetches = stream::iter(places.into_values()).map(|files| self.content(&folder, files));
        let fetched: Vec<u64> = fetches.buffer_unordered(AT_ONCE).try_collect().await?;
        bytes += fetched.iter().sum::<u64>();
        Ok(Project { folder, main, bytes })
    }

    async fn manifest(&self, list: &ContentHash) -> Result<Manifest, Failure> {
        let key = keys::project(list);
        let path = self.scratch.join("project.json");
        self.bucket
            .download_content(&key, &path)
            .await
            .map_err(|failure| gone(failure, "the list of its files"))?;
        let read = || -> std::io::Result<Vec<u8>> {
            let mut json = Vec::new();
            File::open(&path)?.take(MAX_MANIFEST_BYTES).read_to_end(&mut json)?;
            Ok(json)
        };
        let json = read().map_err(|error| Failure::scratch("read the list of the project's files", error))?;
        if ContentHash::of(&json) != *list {
            return Err(Failure::of(TaskExit::Scene, damaged(&key)));
        }
        Manifest::from_json(&json).map_err(|fault| Failure::of(TaskExit::Scene, fault))
    }

    /// Fetches one content and puts it in all of its places. Gives its bytes.
    async fn content(&self, folder: &Path, places: Vec<&ProjectFile>) -> Result<u64, Failure> {
        let Some((first, others)) = places.split_first() else { return Ok(0) };
        let key = keys::project_file(&first.sha256);
        let path = folder.join(&first.path);
        let fetched = self.bucket.download_content(&key, &path).await;
        let bytes = fetched.map_err(|failure| gone(failure, &format!("`{}`", first.path)))?;
        let (hashed, wanted) = (path.clone(), first.sha256.clone());
        let hash = tokio::task::spawn_blocking(move || sha256(&hashed)).await;
        let hash = hash.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        if hash.map_err(|error| Failure::scratch("read a file of the project", error))? != wanted {
            return Err(Failure::of(TaskExit::Scene, damaged(&first.path)));
        }
        readable(&path)?;
        for other in others {
            let copied = tokio::fs::copy(&path, folder.join(&other.path)).await;
            copied.map_err(|error| Failure::scratch("copy a file of the project", error))?;
        }
        Ok(bytes)
    }
}

/// Makes the folders that a path of the project leads through.
fn folders(folder: &Path, path: &str) -> Result<(), Failure> {
    for (at, _) in path.match_indices('/') {
        let made = confine::folder(&folder.join(&path[..at]), READABLE);
        made.map_err(|error| Failure::scratch("make a folder", error))?;
    }
    Ok(())
}

/// Under another umask, Blender as somebody else could not read it.
fn readable(path: &Path) -> Result<(), Failure> {
    let readable = fs::set_permissions(path, PermissionsExt::from_mode(0o644));
    readable.map_err(|error| Failure::scratch("hand over the upload", error))
}

fn sha256(path: &Path) -> std::io::Result<ContentHash> {
    let (mut file, mut hash, mut bytes) = (File::open(path)?, Sha256::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(ContentHash::from_digest(&hash.finalize())),
            read => hash.update(&bytes[..read]),
        }
    }
}

fn damaged(what: &str) -> Fault {
    Fault::new(format!("`{what}` of the project is not what was submitted."), SUBMIT_AGAIN)
}

/// What it means that a file of the project is not in the bucket.
fn gone(failure: Failure, what: &str) -> Failure {
    match failure.exit {
        TaskExit::Superseded => {
            let message = format!("The bucket no longer has {what} of the project.");
            Failure::new(TaskExit::Scene, message, SUBMIT_AGAIN)
        }
        _ => failure,
    }
}

/// What it means for the child that the archive was not unpacked.
fn of_unpacking(error: UnpackError) -> Failure {
    match error {
        UnpackError::Write { source: error, .. } | UnpackError::Read(error) => {
            Failure::scratch("unpack the archive", error)
        }
        error => Failure::new(TaskExit::Scene, error.to_string(), error.hint()),
    }
}
