//! A render as a page: a contact sheet that fills, in a browser.
//!
//! The page itself is in `page/`: one document without anything from elsewhere. Here it is put together and served on
//! loopback, or written into the bucket for somebody without credentials.
//!
//! Start reading at [`Page`]: it watches a render and has the state, the sheets and the details. `server` answers a browser
//! from it, `publish` writes it down.

mod decode;
mod document;
mod page;
mod publish;
mod server;
mod sheets;
mod word;

pub use document::document;
pub use page::Page;
pub use publish::{Published, publish};
pub use server::{Server, serve};
