//! A scene into the bucket, with all that it names.
//!
//! Each content goes there once, under its hash; the list of a project's files lies there in the same way, and
//! the upload itself is written by the bucket, as a copy of the main file's content. So what was sent once, by
//! whomever and for whichever scene, is not sent again; and an upload is there whole, after all that it needs.
//!
//! Start reading at [`plan_submission`]: it looks at the files, and sends nothing. [`Prepared::send`] does: it
//! hashes (`hash`), asks what the bucket has (`ask`), sends the rest (`put`) and makes the upload (`upload`).

mod ask;
mod body;
mod estimate;
mod hash;
mod plan;
mod progress;
mod put;
mod resumed;
mod scout;
mod send;
mod upload;

pub use ask::{Comparison, Content};
pub use estimate::Expected;
pub use plan::{Prepared, offer, plan_submission};
pub use progress::{Progress, Step};
pub use scout::{Outlook, Whole};
pub use send::Sent;
