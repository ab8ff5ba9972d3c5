//! How a render stands, in the words of `--json` and of the page that shows it.

use std::collections::BTreeMap;

use farm_contract::report;
use serde::{Deserialize, Serialize};

/// Version of [`State`]'s JSON.
pub const STATE_VERSION: u32 = 1;

/// How a render stands. Times are in seconds, costs in US dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`STATE_VERSION`].
    pub version: u32,
    /// Key of the upload.
    pub name: String,
    /// Its bucket.
    pub bucket: String,
    /// The render's id; none where the upload was rejected.
    pub render: Option<String>,
    /// How far it came, as its report says.
    pub state: report::State,
    /// The same in a sentence.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Why tasks wait, where some do.
    pub why_waiting: Option<String>,
    /// What the artist should know.
    pub warnings: Vec<String>,
    /// Frames a second, of the scene.
    pub fps: Option<f64>,
    /// Pixels of a frame; left out where no frame was looked at, as only a page does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels of a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// How many frames are how far.
    pub counts: Counts,
    /// How long it takes.
    pub seconds: Seconds,
    /// What it costs; none where nobody sends a bill, or nobody knows.
    pub cost: Option<Cost>,
    /// What is there to fetch beside the frames: frames.zip, the film, the contact sheet.
    pub files: Vec<FileLink>,
    /// Each frame; left out where they are not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<Cells>,
    /// Pictures of the frames, many on one sheet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheets: Option<Sheets>,
    /// Where the details of the frames of each sheet are; empty where there are none.
    #[serde(default)]
    pub details: Vec<String>,
    /// When this was written, milliseconds since 1970.
    pub written_at: u64,
    /// When its addresses end, milliseconds since 1970.
    pub expires_at: Option<u64>,
    /// Whether a published page is as it stays: nobody need ask for it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last_edition: bool,
}

/// How many frames are how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub planned: usize,
    /// There.
    pub done: usize,
    /// At work, or about to be.
    pub running: usize,
    /// Not begun.
    pub waiting: usize,
    /// Not to be had.
    pub failed: usize,
}

/// How long it takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// A frame, half of them longer.
    pub median: Option<f64>,
    /// The slowest frame.
    pub slowest: Option<f64>,
    /// Which that is.
    pub slowest_frame: Option<i32>,
    /// Until it is done, about.
    pub left: Option<f64>,
    /// Since it was planned, until its end where it has ended.
    pub elapsed: Option<f64>,
}

/// What it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// So far.
    pub so_far: f64,
    /// In all, about.
    pub expected: Option<f64>,
    /// The same in words, with the date of the prices.
    pub words: String,
}

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLink {
    /// Its name below the upload's folder.
    pub name: String,
    /// Where it is: in the bucket as `s3://BUCKET/KEY`, on a page where a browser can fetch it.
    pub url: String,
}

/// The frames, as columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cells {
    /// Absolute numbers, ascending.
    pub frame: Vec<i32>,
    /// One letter for each: waiting, starting, rendering, done, kept, failed.
    pub state: String,
    /// Seconds that Blender took.
    pub seconds: Vec<Option<f64>>,
    /// The child that renders it.
    pub child: Vec<u32>,
    /// Why a frame could not be rendered, by its number.
    pub fault: BTreeMap<i32, String>,
    /// One digit for each: whether there is a picture of it on its sheet.
    #[serde(default)]
    pub picture: String,
}

/// Pictures of the frames, in their order, many on one sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheets {
    /// Pixels of one picture.
    pub tile: [u32; 2],
    /// Pictures in a row.
    pub columns: u32,
    /// Rows of a sheet.
    pub rows: u32,
    /// Where each sheet is; none where it has no picture yet. Another address where the sheet is another.
    pub urls: Vec<Option<String>>,
}
