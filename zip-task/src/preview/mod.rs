//! Moving pictures of a render: the frames as a film, and all of it at one glance.
//!
//! They are made when the archive and its report stand, and whatever becomes of them changes neither: what goes wrong
//! here is a warning in the report. The frames are read once more, one after the other, and never lie on the disk; the
//! film does, since its index goes to its front when it is done.
//!
//! Start reading at [`make`].

mod exr;
mod feed;
mod ffmpeg;
mod film;
mod format;
mod put;
mod sheet;
mod tiles;
mod trouble;

use farm_contract::keys::BlendKey;
use farm_contract::preview::Preview;
use farm_contract::{env, keys};

use crate::failure::Failure;
use crate::frames::FrameFile;
use crate::label::{Label, Maker};
use crate::store::{Condition, Head, Store};
use crate::upload::{Stop, unless};
use ffmpeg::Ffmpeg;
use format::Format;
use sheet::Layout;

pub use trouble::Trouble;

/// What moving pictures are made of.
#[derive(Debug)]
pub struct Shot<'a> {
    /// The bucket.
    pub store: &'a Store,
    /// The upload.
    pub folder: &'a BlendKey,
    /// How fast the frames play.
    pub preview: Preview,
    /// One picture of each frame that is there, in their order.
    pub pictures: Vec<FrameFile>,
    /// Whose they are.
    pub maker: Maker<'a>,
}

/// One picture of each frame: of several views the first.
pub fn pictures(files: &[FrameFile]) -> Vec<FrameFile> {
    let mut pictures: Vec<FrameFile> = Vec::new();
    for file in files.iter().filter(|file| file.own) {
        if pictures.last().is_none_or(|last| last.frame != file.frame) {
            pictures.push(file.clone());
        }
    }
    pictures
}

/// A film, or a sheet, that is to be there.
struct Wanted {
    label: Label,
    /// What must be true of its key when it is written.
    condition: Condition,
    /// Whether it is there already.
    stands: bool,
}

impl Wanted {
    async fn look(shot: &Shot<'_>, key: String, content_type: &'static str) -> Result<Self, Failure> {
        let label = shot.maker.label(key, content_type);
        let head: Option<Head> = shot.store.head(&label.key).await?;
        let stands = head.as_ref().is_some_and(|head| label.is_of(head));
        let condition = head.map_or(Condition::Absent, |head| Condition::Unchanged(head.etag));
        Ok(Self { label, condition, stands })
    }
}

/// Makes film and contact sheet, unless those of the same frames are there already. `ours` tells whether the folder
/// still belongs to the render.
///
/// # Errors
/// There are none, and why. Where `stop` completed nothing is left of them.
pub async fn make(
    shot: &Shot<'_>,
    stop: &Stop,
    ours: impl Future<Output = Result<Condition, Failure>>,
) -> Result<(), Trouble> {
    // In this order, as for the archive.
    let film = Wanted::look(shot, shot.folder.preview(), "video/mp4");
    let sheet = Wanted::look(shot, shot.folder.contact_sheet(), "image/gif");
    let (film, sheet) = unless(stop, async { futures::try_join!(film, sheet) }).await?;
    unless(stop, ours).await?;
    if film.stands && sheet.stands {
        return Ok(());
    }
    let made = unless_trouble(stop, draw(shot)).await?;
    put::bytes(shot.store, &sheet.label, made.sheet, &sheet.condition).await?;
    put::file(shot.store, &film.label, &made.film, &film.condition, stop).await?;
    Ok(())
}

/// What ffmpeg made.
struct Made {
    film: tempfile::NamedTempFile,
    sheet: Vec<u8>,
}

async fn draw(shot: &Shot<'_>) -> Result<Made, Trouble> {
    let ffmpeg = Ffmpeg::find()?;
    let format = Format::of(shot).await?;
    let layout = Layout::of(shot.pictures.len());
    let film = scratch()?;
    let tiles = film::run(&ffmpeg, shot, &format, &layout, film.path()).await?;
    let sheet = sheet::run(&ffmpeg, &layout, &tiles).await?;
    Ok(Made { film, sheet })
}

/// The file of the film, which goes with this.
fn scratch() -> Result<tempfile::NamedTempFile, Trouble> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("preview-").suffix(".mp4");
    match std::env::var_os(env::SCRATCH) {
        Some(folder) => builder.tempfile_in(folder),
        None => builder.tempfile(),
    }
    .map_err(Trouble::Scratch)
}

async fn unless_trouble<T>(
    stop: &Stop,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    tokio::select! {
        biased;
        () = stop.clone() => Err(Failure::Stopped.into()),
        result = work => result,
    }
}

/// What stands in a folder from an earlier render, of what this one did not make.
///
/// # Errors
/// The bucket did not tell.
pub async fn leftovers(store: &Store, folder: &BlendKey) -> Result<Vec<String>, Failure> {
    let mut left = Vec::new();
    for name in [keys::PREVIEW, keys::CONTACT_SHEET] {
        let key = folder.file(name);
        if store.head(&key).await?.is_some() {
            left.push(format!("`{key}` is from an earlier render."));
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(frame: i32, name: &str, own: bool) -> FrameFile {
        let (name, etag) = (name.to_owned(), "\"e\"".to_owned());
        FrameFile { frame, name, size: 1, etag, crc32: Some(0), own, files: 1, seconds: 0.0, damaged: false }
    }

    #[test]
    fn of_several_views_the_first_is_shown() {
        let files = [
            file(1, "frame_0001.png", true),
            file(1, "depth/0001.exr", false),
            file(2, "frame_0002_L.png", true),
            file(2, "frame_0002_R.png", true),
            file(7, "frame_0007_L.png", true),
        ];
        let names: Vec<String> = pictures(&files).into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["frame_0001.png", "frame_0002_L.png", "frame_0007_L.png"]);
    }
}
