//! render-task: one child of a render, as Batch starts it.
//!
//! It finds out which frames are its own, leaves alone those that are good in the bucket, has
//! one Blender render the others, and uploads each frame once it has been read back whole.
//!
//! It must never trust Blender's exit code, never upload a picture that it has not decoded,
//! never write into the folder of an upload that was replaced, and never let Blender see a
//! credential: what Blender opens was written by a stranger.
//!
//! Start reading at [`task`], the child from its first call to its record.

pub mod answer;
pub mod args;
pub mod blender;
pub mod environment;
pub mod failure;
pub mod frame;
pub mod good;
pub mod init;
pub mod journal;
pub mod machine;
pub mod picture;
pub mod project;
pub mod session;
pub mod spending;
pub mod stop;
pub mod store;
pub mod taken;
pub mod task;
