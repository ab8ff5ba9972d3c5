//! JSON that says its version, so that a newer program's is told from a damaged one.

use serde::Deserialize;

use crate::fault::Fault;

/// Reads JSON that has a `version`, and tells a newer version from a damaged file.
pub(crate) fn read<T: for<'a> Deserialize<'a>>(json: &[u8], what: &str, version: u32) -> Result<T, Fault> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |error: serde_json::Error| {
        Fault::new(format!("{what} is damaged: {error}."), "Upload the file again; nothing was overwritten.")
    };
    let found: Versioned = serde_json::from_slice(json).map_err(damaged)?;
    if found.version != version {
        return Err(Fault::new(
            format!("{what} has version {}; this program knows version {version}.", found.version),
            "Deploy the farm again so that all of its programs are of one version.",
        ));
    }
    serde_json::from_slice(json).map_err(damaged)
}
