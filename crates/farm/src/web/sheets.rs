//! The sheets: small pictures of the frames, many on one.
//!
//! A frame is fetched when its sheet is asked for, and not before: nobody pays for the way of ten thousand frames of which
//! he looks at sixty. What was fetched is kept small, and as JPEG: ten thousand of them are some 100 MB and not 1 GB.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use image::{GenericImage, Rgb, RgbImage};
use tokio::sync::{Mutex, Semaphore};

use super::decode::{self, NoPicture};
use crate::bucket::Bucket;
use crate::render::{Frame, FrameFile};

/// Pixels of the longer side of a small picture.
const LONGER: u32 = 240;
/// Pictures in a row, and rows of a sheet.
pub(super) const COLUMNS: u32 = 8;
/// Rows of a sheet.
pub(super) const ROWS: u32 = 8;
/// Pictures of a sheet.
pub(super) const PER_SHEET: usize = (COLUMNS * ROWS) as usize;
/// What a small picture would be called.
const SMALL: &str = "small.jpg";
/// Frames that are fetched at once, and decoded at once.
const AT_ONCE: usize = 4;

/// A small picture as JPEG; none where there is none to be had.
type Small = Option<Arc<[u8]>>;

/// The small pictures that were made so far.
#[derive(Debug)]
pub(super) struct Sheets {
    bucket: Bucket,
    /// Pixels of a small picture, once a frame was seen; and of a frame.
    size: Mutex<Option<Size>>,
    /// ETag -> small picture.
    made: Mutex<HashMap<String, Small>>,
    room: Arc<Semaphore>,
}

/// How large the frames are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// A frame.
    pub frame: [u32; 2],
    /// A small picture.
    pub tile: [u32; 2],
}

impl Size {
    fn of(width: u32, height: u32) -> Self {
        let scale = f64::from(LONGER) / f64::from(width.max(height).max(1));
        let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        Self { frame: [width, height], tile: [side(width), side(height)] }
    }
}

/// The picture of a frame that is there, if one can be shown.
pub(super) fn picture(frame: &Frame) -> Option<&FrameFile> {
    let there = frame.progress.is_there();
    frame.files.iter().find(|file| decode::is_known(&file.name)).filter(|_| there)
}

impl Sheets {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            size: Mutex::default(),
            made: Mutex::default(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// How large the frames are, from one that is there; `folder` is the upload's.
    pub(super) async fn size(&self, frames: &[Frame], folder: &str) -> Option<Size> {
        if let Some(size) = *self.size.lock().await {
            return Some(size);
        }
        let file = frames.iter().find_map(picture)?;
        self.small(file, folder).await;
        *self.size.lock().await
    }

    /// How many of these frames have been made small, and whether all that there are.
    pub(super) async fn made(&self, frames: &[Frame]) -> usize {
        let made = self.made.lock().await;
        frames.iter().filter_map(picture).filter(|file| made.contains_key(&file.etag)).count()
    }

    /// The sheet of these frames as JPEG; those that do not come in time are left out.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub(super) async fn sheet(
        self: &Arc<Self>,
        frames: &[Frame],
        folder: &str,
        patience: Duration,
    ) -> Result<Vec<u8>, NoPicture> {
        let wanted = frames.iter().enumerate().filter_map(|(at, frame)| Some((at, picture(frame)?.clone())));
        let wanted: Vec<_> = wanted.collect();
        let work: Vec<_> = wanted
            .iter()
            .map(|(_, file)| {
                let (this, file, folder) = (Arc::clone(self), file.clone(), folder.to_owned());
                // On its own, so that what comes too late for this edition comes for the next.
                tokio::spawn(async move { this.small(&file, &folder).await })
            })
            .collect();
        let all = stream::iter(work).for_each(|made| async { drop(made.await) });
        // What is late is late.
        let _ = tokio::time::timeout(patience, all).await;
        let size = *self.size.lock().await;
        let Size { tile: [width, height], .. } = size.unwrap_or(Size::of(16, 9));
        let made = self.made.lock().await;
        let small: Vec<(usize, Arc<[u8]>)> =
            wanted.iter().filter_map(|(at, file)| Some((*at, made.get(&file.etag)?.clone()?))).collect();
        drop(made);
        let drawn = tokio::task::spawn_blocking(move || {
            let mut sheet = RgbImage::from_pixel(width * COLUMNS, height * ROWS, Rgb([0, 0, 0]));
            for (at, jpeg) in small {
                let picture = decode::decode(SMALL, &jpeg)?;
                let at = u32::try_from(at).unwrap_or_default();
                let (left, top) = (at % COLUMNS * width, at / COLUMNS * height);
                let (x, y) =
                    ((width - picture.width().min(width)) / 2, (height - picture.height().min(height)) / 2);
                // One of another size than the first, as of another camera, is made to fit.
                let picture = decode::fitted(&picture, [width, height]);
                let _ = sheet.copy_from(&picture, left + x, top + y);
            }
            decode::jpeg(&sheet)
        });
        drawn.await.unwrap_or_else(|error| Err(error.to_string().into()))
    }

    /// A frame as the browser can show it: its media type and bytes.
    ///
    /// # Errors
    /// It cannot be fetched or decoded.
    pub(super) async fn full(
        &self,
        file: &FrameFile,
        folder: &str,
    ) -> Result<(&'static str, Vec<u8>), NoPicture> {
        let bytes = self.fetch(file, folder).await?;
        if let Some(kind) = decode::shown_as_it_is(&file.name) {
            return Ok((kind, bytes));
        }
        let name = file.name.clone();
        let drawn = tokio::task::spawn_blocking(move || decode::jpeg(&decode::decode(&name, &bytes)?));
        Ok(("image/jpeg", drawn.await.unwrap_or_else(|error| Err(error.to_string().into()))?))
    }

    async fn fetch(&self, file: &FrameFile, folder: &str) -> Result<Vec<u8>, NoPicture> {
        let read = self.bucket.read(&format!("{folder}{}", file.name)).await;
        let read = read.map_err(|error| NoPicture::from(error.to_string()))?;
        Ok(read.ok_or_else(|| NoPicture::from("it is not there any more".to_owned()))?.0.to_vec())
    }

    /// Fetches a frame and makes it small, unless that is done. What cannot be, is noted and not tried again.
    async fn small(&self, file: &FrameFile, folder: &str) {
        let Ok(_place) = self.room.acquire().await else { return };
        if self.made.lock().await.contains_key(&file.etag) {
            return;
        }
        let Ok(bytes) = self.fetch(file, folder).await else { return };
        let name = file.name.clone();
        let known = *self.size.lock().await;
        let drawn = tokio::task::spawn_blocking(move || {
            let picture = decode::decode(&name, &bytes).ok()?;
            let size = known.unwrap_or(Size::of(picture.width(), picture.height()));
            Some((decode::jpeg(&decode::fitted(&picture, size.tile)).ok()?, size))
        });
        let drawn = drawn.await.ok().flatten();
        if let Some((_, size)) = &drawn {
            self.size.lock().await.get_or_insert(*size);
        }
        self.made.lock().await.insert(file.etag.clone(), drawn.map(|(small, _)| small.into()));
    }
}
