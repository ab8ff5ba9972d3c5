//! crates/blend-file
