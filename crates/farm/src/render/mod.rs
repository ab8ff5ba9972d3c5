//! A render, as it stands: what its plan, its report, the records of its tasks, its frames and its jobs tell.
//!
//! All of it is read from the bucket; the jobs alone from Batch, and who may not ask Batch sees the rest all the same.
//!
//! Start reading at [`find`](mod@find) (which render is meant), then [`Watch`]: it looks again and again, and reads only what is
//! new; [`State`] is what it sees, in the words of the page and of `--json`.

mod census;
pub mod cost;
pub mod find;
mod jobs;
mod state;
pub mod table;
mod tell;
mod watch;

pub(crate) use census::missing;
pub use census::{Frame, FrameFile, Progress};
pub use find::Found;
pub(crate) use jobs::describe;
pub use jobs::{Jobs, Waiting};
pub use state::{Cells, Cost, Counts, FileLink, Seconds, Sheets, State};
pub(crate) use watch::millis;
pub use watch::{Seen, Watch};
