//! The function's code, as Lambda takes it: a zip file with `bootstrap` in it.

use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// What Lambda starts.
const BOOTSTRAP: &str = "bootstrap";
/// How a program for Linux begins.
const ELF: &[u8] = b"\x7fELF";

/// Reads the function's code: the program itself, or a zip file with it.
///
/// # Errors
/// Lambda could not start it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    if bytes.starts_with(ELF) {
        return zipped(&bytes).with_context(|| format!("cannot zip {shown}"));
    }
    let mut archive = ZipArchive::new(Cursor::new(&bytes))
        .with_context(|| format!("{shown} is neither a program for Linux nor a zip file"))?;
    let index = archive.index_for_name(BOOTSTRAP);
    let index =
        index.with_context(|| format!("{shown} has no `{BOOTSTRAP}` in it, which is what Lambda starts"))?;
    // Raw: it is looked at, not unpacked, however it is packed.
    let entry = archive.by_index_raw(index).with_context(|| format!("{shown} is damaged"))?;
    if entry.unix_mode().is_some_and(|mode| mode & 0o111 == 0) {
        bail!("`{BOOTSTRAP}` in {shown} may not be executed; zip it with its mode (chmod 755)");
    }
    drop(entry);
    Ok(bytes)
}

/// The same program gives the same bytes, so that a deploy of it changes nothing.
fn zipped(program: &[u8]) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .unix_permissions(0o755);
    writer.start_file(BOOTSTRAP, packed)?;
    writer.write_all(program)?;
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(name: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut writer = ZipWriter::new(file.reopen().expect("opened"));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, stored.unix_permissions(mode)).expect("begun");
        writer.write_all(b"program").expect("written");
        writer.finish().expect("ended");
        file
    }

    fn holding(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        file
    }

    #[test]
    fn code_that_lambda_could_not_start_is_refused() {
        assert!(read(archive(BOOTSTRAP, 0o755).path()).is_ok());
        let refused =
            |file: &tempfile::NamedTempFile| format!("{:#}", read(file.path()).expect_err("refused"));
        assert!(refused(&archive("main", 0o755)).contains("no `bootstrap`"));
        assert!(refused(&archive(BOOTSTRAP, 0o644)).contains("chmod 755"));
        assert!(refused(&holding(b"no zip")).contains("neither a program for Linux nor a zip file"));
        let error = read(Path::new("/nowhere/code.zip")).expect_err("missing");
        assert!(format!("{error:#}").contains("cannot read /nowhere/code.zip"));
    }

    #[test]
    fn a_program_is_zipped_as_lambda_wants_it_and_the_same_each_time() {
        let program = holding(&[ELF, &[7; 100_000]].concat());
        let code = read(program.path()).expect("zipped");
        assert_eq!(read(program.path()).expect("zipped"), code);
        assert!(code.len() < 10_000, "it is packed");
        let again = holding(&code);
        assert_eq!(read(again.path()).expect("a good zip file"), code);
    }
}
