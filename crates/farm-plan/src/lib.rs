//! How the frames of a render are shared out to tasks, what that costs, and when it is done.
//!
//! Pure: numbers in, numbers and words out. [`Model`] says what a farm and a scene are like, [`estimate`] what a
//! chunk makes of a render, in closed form; [`simulate`] says the same by playing it through, task by task and
//! with frames of different length, and so is the check on the first. [`choose`] takes the chunk that an upload
//! with these [`Limits`](farm_contract::limits::Limits) gets.
//!
//! All of it is about the frames: the archive follows them, and takes as long whatever the chunk. So is what other
//! renders of the same farm take of its vCPUs left out, and a second attempt of a task.

mod choose;
mod compare;
mod estimate;
mod model;
pub mod prices;
mod simulate;
mod words;

pub use choose::{Choice, MOST_CHILDREN, assess, choose, chunks};
pub use compare::{Comparison, compare};
pub use estimate::{Estimate, estimate};
pub use model::{Model, START_SECONDS};
pub use simulate::simulate;
pub use words::{dollars, duration};
