//! Whether a Blender renders: a tiny picture, with the engine and the denoiser that scenes use.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use blend_file::Version;

use super::script;

const SCRIPT: &str = include_str!("self_check.py");
/// Long enough for a cold start from a slow disk.
const PATIENCE: Duration = Duration::from_secs(180);

/// Lets `blender` render, and gives its version. `lacks` may refuse the version.
///
/// # Errors
/// Why it cannot be used, as a clause.
pub fn render(blender: &Path, lacks: impl Fn(Version) -> Option<String>) -> Result<Version, String> {
    if !blender.exists() {
        return Err("there is no such file".to_owned());
    }
    let folder = Folder::new()?;
    let (program, said) = (folder.0.join("self_check.py"), folder.0.join("said.txt"));
    fs::write(&program, SCRIPT).map_err(|error| format!("no test can be written ({error})"))?;
    let log = fs::File::create(&said).map_err(|error| format!("no test can be written ({error})"))?;
    let errors = log.try_clone().map_err(|error| format!("no test can be written ({error})"))?;

    let mut child = script(blender, &program)
        .arg(&folder.0)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("it does not start ({error})"))?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let ended = child.kill().and_then(|()| child.wait());
                let end = ended.err().map(|error| format!(", nor ends ({error})")).unwrap_or_default();
                return Err(format!("it does not finish a tiny picture in {} s{end}", PATIENCE.as_secs()));
            }
            Err(error) => return Err(format!("its end cannot be awaited ({error})")),
        }
    };

    let said = fs::read(&said).unwrap_or_default();
    let said = last_words(&String::from_utf8_lossy(&said));
    let version = fs::read_to_string(folder.0.join("version.txt"));
    let version = version.ok().and_then(|text| text.trim().parse::<Version>().ok());
    let Some(version) = version else {
        return Err(format!("it ran no Python script of ours ({status}{said})"));
    };
    if let Some(why) = lacks(version) {
        return Err(why);
    }
    match fs::read(folder.0.join("frame.png")) {
        Ok(png) if is_whole_png(&png, 32, 18) => Ok(version),
        Ok(_) => Err(format!("the test picture that it wrote is damaged ({status}{said})")),
        Err(_) => Err(format!("it wrote no picture when asked for one with denoising ({status}{said})")),
    }
}

/// What it printed last, to be shown with the reason.
fn last_words(said: &str) -> String {
    let error = |line: &&str| line.contains("Error") || line.contains("error");
    let line = said.lines().rfind(error).or_else(|| said.lines().rfind(|line| !line.trim().is_empty()));
    line.map(|line| format!(", `{}`", line.trim().chars().take(160).collect::<String>())).unwrap_or_default()
}

/// By its signature, its size and its end; what lies between is the renderer's.
fn is_whole_png(bytes: &[u8], width: u32, height: u32) -> bool {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    bytes.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")
        && bytes.get(16..24) == Some(&size)
        && bytes.ends_with(b"IEND\xaeB`\x82")
}

/// A folder of our own that goes when this does.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let stamp = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        let folder = std::env::temp_dir().join(format!("farm-self-check-{}-{stamp}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{} cannot be made ({error})", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it: the system clears its temporary folder.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_whole_only_with_its_end_and_its_size() {
        let mut png =
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x20\0\0\0\x12rest\0\0\0\0IEND\xaeB`\x82".to_vec();
        assert!(is_whole_png(&png, 32, 18));
        assert!(!is_whole_png(&png, 18, 32));
        png.pop();
        assert!(!is_whole_png(&png, 32, 18));
        assert!(!is_whole_png(b"", 32, 18));
    }
}
