//! What is handed to Lambda: a zip file.

use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes of a function's code.
pub struct Size {
    /// As it is handed over.
    pub zipped: usize,
    /// As it is started.
    pub unpacked: usize,
}

/// The size of this file in a package, in which it is called `entry`. Packed as `stack deploy` packs it.
///
/// # Errors
/// It cannot be read.
pub fn size(file: &Path, entry: &str) -> Result<Size> {
    let shown = file.display();
    let code = std::fs::read(file).with_context(|| format!("cannot read {shown}"))?;
    let zipped = zipped(&code, entry).with_context(|| format!("cannot zip {shown}"))?;
    Ok(Size { zipped, unpacked: code.len() })
}

fn zipped(code: &[u8], entry: &str) -> Result<usize> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .unix_permissions(0o755);
    writer.start_file(entry, packed)?;
    writer.write_all(code)?;
    Ok(writer.finish()?.into_inner().len())
}

/// Bytes as `2.31 MB`.
pub fn mb(bytes: usize) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_what_its_file_packs_to() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), vec![7; 1_000_000]).expect("written");
        let size = size(file.path(), "bootstrap").expect("read");
        assert_eq!(mb(size.unpacked), "1.00 MB");
        assert!(size.zipped < 10_000, "{}", size.zipped);
    }
}
