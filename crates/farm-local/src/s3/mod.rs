//! S3 on a directory: what the farm's programs need of it, with AWS's own answers and refusals.
//!
//! [`Store`] keeps buckets and objects as files, [`serve`] speaks the S3 protocol over it on
//! loopback. Whoever wants to know of new objects asks [`Store::subscribe`].
//!
//! It must never listen beyond loopback, never hold a whole object in memory, never show half
//! of an object (a crash leaves the old one or none), and never accept what AWS refuses. Not
//! here: versions, access lists, lifecycle rules, encryption, more than one user.
//!
//! Start reading at [`Store`] (`store.rs`: what lies where), then `switch.rs` (how an
//! object comes to be), then `protocol/mod.rs` (which calls exist).

mod actions;
mod checksum;
mod completion;
mod conditions;
mod content;
mod error;
mod events;
mod listing;
mod multipart;
mod object;
mod open;
mod protocol;
mod serve;
mod space;
mod store;
mod switch;
mod tags;

pub use error::StoreError;
pub use events::ObjectCreated;
pub use object::{ObjectInfo, PutAttributes};
pub use serve::{Credentials, ServeError, serve, serve_with};
pub use space::FreeSpace;
pub use store::{Store, StoreOptions};
