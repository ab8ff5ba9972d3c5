//! A render that is watched, as the page wants it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use farm_contract::record::TaskRecord;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::decode::NoPicture;
use super::sheets::{COLUMNS, PER_SHEET, ROWS, Sheet, Sheets, TILE, picture};
use crate::error::FarmError;
use crate::farm::Farm;
use crate::render::{self, FileLink, Frame, FrameFile, Seen, State, Watch};

/// A render that is watched.
#[derive(Debug)]
pub struct Page {
    farm: Farm,
    /// The upload's folder.
    pub(super) folder: String,
    watch: Mutex<Watch>,
    seen: Mutex<Option<Arc<Seen>>>,
    pub(super) sheets: Arc<Sheets>,
}

impl Page {
    /// Of a render that is looked at in this way.
    pub fn new(watch: Watch) -> Self {
        Self {
            farm: watch.farm().clone(),
            folder: watch.key().folder(),
            sheets: Arc::new(Sheets::new(watch.farm().bucket.clone())),
            watch: Mutex::new(watch),
            seen: Mutex::default(),
        }
    }

    /// The farm.
    pub fn farm(&self) -> &Farm {
        &self.farm
    }

    /// Looks at the render.
    ///
    /// # Errors
    /// A call does not come through.
    pub async fn look(&self) -> Result<Arc<Seen>, FarmError> {
        let seen = Arc::new(self.watch.lock().await.look().await?);
        *self.seen.lock().await = Some(Arc::clone(&seen));
        Ok(seen)
    }

    /// What was seen last.
    pub async fn seen(&self) -> Option<Arc<Seen>> {
        self.seen.lock().await.clone()
    }

    /// The record of a child, if it left one.
    pub(super) async fn record(&self, child: u32) -> Option<TaskRecord> {
        self.watch.lock().await.records().find(|record| record.child == child).cloned()
    }

    /// The state with frames, and with sheets at the addresses that `sheet` gives to their number and edition.
    pub(super) async fn state(
        &self,
        seen: &Seen,
        sheet: impl Fn(usize, u64) -> Option<String>,
        details: impl Fn(usize) -> String,
    ) -> State {
        let mut cells = seen.cells();
        cells.picture =
            seen.frames.iter().map(|frame| if picture(frame).is_some() { '1' } else { '0' }).collect();
        let size = self.sheets.size(&seen.frames, &self.folder).await;
        let mut urls = Vec::new();
        for (number, frames) in seen.frames.chunks(PER_SHEET).enumerate() {
            urls.push(match self.edition(frames).await {
                0 => None,
                edition => sheet(number, edition),
            });
        }
        let [width, height] = size.map_or([None, None], |size| size.frame.map(Some));
        let sheets =
            render::Sheets { tile: size.map_or(TILE, |size| size.tile), columns: COLUMNS, rows: ROWS, urls };
        let details = (0..sheets.urls.len()).map(details).filter(|address| !address.is_empty()).collect();
        State { cells: Some(cells), sheets: Some(sheets), details, width, height, ..seen.state.clone() }
    }

    /// What a sheet of these frames is now, as a number; 0 where it has no picture. It changes with each fetch, also with one
    /// in vain: the page asks for the sheet again, and what did not come is fetched again.
    async fn edition(&self, frames: &[Frame]) -> u64 {
        match pictures(frames) {
            0 => 0,
            pictures => {
                let mut hasher = DefaultHasher::new();
                (pictures, self.sheets.tried(frames).await).hash(&mut hasher);
                hasher.finish().max(1)
            }
        }
    }

    /// Which pictures there are for the sheet of this number, as a number; 0 where there is none.
    pub(super) fn pictures_of(&self, seen: &Seen, number: usize) -> u64 {
        seen.frames.chunks(PER_SHEET).nth(number).map_or(0, pictures)
    }

    /// The sheet of this number, without pictures that do not come in time; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub(super) async fn sheet(
        &self,
        seen: &Seen,
        number: usize,
        patience: Duration,
    ) -> Result<Option<Sheet>, NoPicture> {
        match seen.frames.chunks(PER_SHEET).nth(number) {
            Some(frames) => self.sheets.sheet(frames, &self.folder, patience).await.map(Some),
            None => Ok(None),
        }
    }

    /// The picture of a frame, if there is one.
    pub(super) fn picture<'a>(&self, seen: &'a Seen, number: i32) -> Option<&'a FrameFile> {
        let at = seen.frames.binary_search_by_key(&number, |frame| frame.number).ok()?;
        picture(&seen.frames[at])
    }

    /// Where more is told of the frames of a sheet.
    pub(super) async fn details(&self, seen: &Seen, number: usize, logs: bool) -> Option<Value> {
        let frames = seen.frames.chunks(PER_SHEET).nth(number)?;
        let mut all = serde_json::Map::new();
        for frame in frames {
            let mut of = serde_json::Map::new();
            if picture(frame).is_some() {
                of.insert("full".to_owned(), format!("frame/{}", frame.number).into());
            }
            if logs {
                of.insert("log".to_owned(), format!("log/{}", frame.child).into());
            }
            if self.record(frame.child).await.is_some() {
                of.insert("record".to_owned(), format!("record/{}", frame.child).into());
            }
            all.insert(frame.number.to_string(), Value::Object(of));
        }
        Some(json!(all))
    }

    /// The files beside the frames that are there, each at the address that `of` gives to its name.
    pub(super) fn files(seen: &Seen, of: impl Fn(&str) -> String) -> Vec<FileLink> {
        let names = seen.state.files.iter().map(|file| file.name.clone());
        names.map(|name| FileLink { url: of(&name), name }).collect()
    }
}

fn pictures(frames: &[Frame]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut any = false;
    for (at, file) in frames.iter().enumerate().filter_map(|(at, frame)| Some((at, picture(frame)?))) {
        any = true;
        (at, &file.etag).hash(&mut hasher);
    }
    if any { hasher.finish().max(1) } else { 0 }
}
