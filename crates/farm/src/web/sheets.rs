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

/// Pixels of a small picture where no frame tells: as if they were of the usual 16 to 9.
pub(super) const TILE: [u32; 2] = [LONGER, 135];

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
    /// ETag -> how often the frame did not come.
    missed: Mutex<HashMap<String, usize>>,
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

/// A sheet as JPEG.
pub(super) struct Sheet {
    pub jpeg: Vec<u8>,
    /// Pictures that did not come, and may come the next time.
    pub lacking: usize,
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
            missed: Mutex::default(),
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

    /// How often these frames were fetched, in vain or not: from one number to the next their sheet may be another.
    pub(super) async fn tried(&self, frames: &[Frame]) -> usize {
        let (made, missed) = (self.made.lock().await, self.missed.lock().await);
        let tried = |file: &FrameFile| {
            usize::from(made.contains_key(&file.etag)) + missed.get(&file.etag).copied().unwrap_or_default()
        };
        frames.iter().filter_map(picture).map(tried).sum()
    }

    /// The sheet of these frames; those that do not come, or not in time, are left out.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub(super) async fn sheet(
        self: &Arc<Self>,
        frames: &[Frame],
        folder: &str,
        patience: Duration,
    ) -> Result<Sheet, NoPicture> {
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
        let [width, height] = self.size.lock().await.map_or(TILE, |size| size.tile);
        let made = self.made.lock().await;
        let small: Vec<(usize, Arc<[u8]>)> =
            wanted.iter().filter_map(|(at, file)| Some((*at, made.get(&file.etag)?.clone()?))).collect();
        let lacking = wanted.iter().filter(|(_, file)| !made.contains_key(&file.etag)).count();
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
        let jpeg = drawn.await.unwrap_or_else(|error| Err(error.to_string().into()))?;
        Ok(Sheet { jpeg, lacking })
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

    /// Fetches a frame and makes it small, unless that is done. What cannot be shown is noted and not tried again.
    async fn small(&self, file: &FrameFile, folder: &str) {
        let Ok(_place) = self.room.acquire().await else { return };
        if self.made.lock().await.contains_key(&file.etag) {
            return;
        }
        let Ok(bytes) = self.fetch(file, folder).await else {
            *self.missed.lock().await.entry(file.etag.clone()).or_default() += 1;
            return;
        };
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use farm_testing::{Reply, serve};

    use super::*;
    use crate::render::Progress;

    #[tokio::test]
    async fn a_sheet_with_a_hole_is_another_and_gets_its_picture_when_it_is_asked_for_again() {
        let refused = AtomicBool::new(false);
        let address = serve(move |_| match refused.swap(true, Ordering::Relaxed) {
            false => Reply::Say(403, String::new(), "<Error><Code>AccessDenied</Code></Error>".to_owned()),
            true => Reply::Say(200, String::new(), "no picture".to_owned()),
        });
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{address}"))
            .region(Region::new("us-east-1"))
            .force_path_style(true)
            .credentials_provider(Credentials::new("testing", "testing", None, None, "test"));
        let bucket = Bucket::new(aws_sdk_s3::Client::from_conf(config.build()), "farm");
        let sheets = Arc::new(Sheets::new(bucket));
        let file =
            FrameFile { name: "frame_0001.png".to_owned(), etag: "\"1\"".to_owned(), size: 10, crc32: None };
        let frames = [Frame {
            number: 1,
            child: 0,
            progress: Progress::Done,
            seconds: None,
            fault: None,
            files: vec![file],
            files_in_all: 1,
        }];
        let mut tried = vec![sheets.tried(&frames).await];
        for lacking in [1, 0] {
            let sheet = sheets.sheet(&frames, "a.blend/", Duration::from_secs(60)).await;
            assert_eq!(sheet.map(|sheet| sheet.lacking).ok(), Some(lacking));
            tried.push(sheets.tried(&frames).await);
        }
        assert_eq!(tried, [0, 1, 2], "the page asks for it again each time");
    }
}
