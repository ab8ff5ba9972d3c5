//! Patterns, as AWS writes them: regular expressions of ECMAScript.

use anyhow::{Result, anyhow};

/// Sees that a pattern can be read by what will check literals against it.
///
/// # Errors
/// It cannot.
pub fn compile(pattern: &str) -> Result<()> {
    match regress::Regex::new(pattern) {
        Ok(_) => Ok(()),
        Err(error) => Err(anyhow!("the pattern `{pattern}` cannot be read ({error}): mend it in fixups.rs")),
    }
}

/// Whether any text matches.
pub fn takes_all(pattern: &str) -> bool {
    matches!(pattern, ".*" | "^.*$" | "")
}
