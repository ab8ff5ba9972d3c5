//! Tools that `cargo xtask test` sets up.

use std::path::PathBuf;

/// What a test asks that not every machine can have; none where the command that runs the tests has
/// said that it is left out.
///
/// # Panics
/// The variable names nothing, and nobody said that this is left out.
pub fn tool(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    let left_out = std::env::var("FARM_TEST_LEFT_OUT").unwrap_or_default();
    let known = path.is_some() || left_out.split(',').any(|name| name == variable);
    assert!(known, "{variable} names nothing; run the tests with `cargo xtask test`");
    path
}
