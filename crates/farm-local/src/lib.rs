//! crates/farm-local
