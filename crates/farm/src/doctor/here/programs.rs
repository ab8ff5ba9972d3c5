//! The programs of others that a farm on this machine works with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use blend_file::Version;
use tokio::process::Command;
use tokio::time::timeout;

use crate::doctor::check::Check;
use crate::doctor::finding::Finding;

/// How long a program may take to say its version. A Blender that was never started here takes its time.
const PATIENCE: Duration = Duration::from_secs(20);
/// The oldest Blender that the farm renders with.
const OLDEST: Version = Version { major: 4, minor: 1 };
/// The Python that Blender's wheel is built for.
const PYTHON: &str = "3.11";

/// A Blender that may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blender {
    /// It says its version.
    There { path: PathBuf, version: Version },
    /// The one that BLENDER names does not start, or does not say that it is one.
    NotThat(PathBuf),
    /// None is named, and none is on PATH.
    None,
}

/// The Blender that is named, or the one on PATH.
pub(super) async fn blender(named: Option<&Path>) -> Blender {
    let path = named.unwrap_or(Path::new("blender"));
    // Also a Python that has `bpy` may be named.
    let ways: [&[&str]; 2] =
        [&["--version"], &["-c", "import bpy; print('Blender', bpy.app.version_string)"]];
    let ways = if named.is_some() { &ways[..] } else { &ways[..1] };
    for way in ways {
        let version = said(path.as_os_str().to_owned(), way).await.and_then(|said| version_of(&said));
        if let Some(version) = version {
            return Blender::There { path: path.to_owned(), version };
        }
    }
    named.map_or(Blender::None, |named| Blender::NotThat(named.to_owned()))
}

/// `Blender 4.5.1 LTS`, wherever it stands: some builds warn first.
fn version_of(said: &str) -> Option<Version> {
    let mut lines = said.lines().filter_map(|line| line.trim().strip_prefix("Blender "));
    lines.find_map(|rest| rest.split(' ').next()?.parse().ok())
}

/// What makes the environment that Blender's wheel is put into: a Python of its version, or uv.
pub(super) async fn python() -> Option<String> {
    let ask = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])";
    let names = [format!("python{PYTHON}"), "python3".to_owned(), "python".to_owned()];
    let kept = pyenv().into_iter().map(PathBuf::into_os_string);
    for program in names.into_iter().map(OsString::from).chain(kept) {
        let said = said(program.clone(), &["-c", ask]).await;
        if said.is_some_and(|said| said.trim() == PYTHON) {
            return Some(program.to_string_lossy().into_owned());
        }
    }
    said("uv".into(), &["--version"]).await.map(|_| "uv".to_owned())
}

/// Those of the version that pyenv keeps.
fn pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").filter(|root| !root.is_empty()).map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let entries = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let start = format!("{PYTHON}.");
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&start))
        .map(|entry| entry.path().join("bin/python"))
        .collect();
    found.sort();
    found
}

/// The version of ffmpeg, where there is one.
pub(super) async fn ffmpeg() -> Option<String> {
    let said = said("ffmpeg".into(), &["-version"]).await?;
    Some(said.strip_prefix("ffmpeg version ")?.split(' ').next()?.to_owned())
}

/// What a program prints that ends well, soon.
async fn said(program: OsString, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(super) fn judge_blender(found: &Blender, python: &Option<String>) -> Finding {
    let check = Check::Blender;
    let fetches = "`cargo xtask local` fetches Blender 4.5 once";
    match (found, python) {
        (Blender::There { path, version }, _) if *version >= OLDEST => {
            Finding::good(check, format!("{version}, {}", path.display()))
        }
        (Blender::NotThat(path), _) => Finding::bad(
            check,
            format!("BLENDER is {}, which does not say that it is a Blender", path.display()),
        )
        .advise("Set BLENDER to a `blender` or to a Python that has bpy, or unset it."),
        (Blender::There { version, .. }, Some(_)) => {
            Finding::good(check, format!("{version} is older than {OLDEST}, so {fetches}"))
        }
        (Blender::None, Some(_)) => Finding::good(check, format!("there is none on PATH, so {fetches}")),
        (_, None) => {
            let says = format!(
                "there is no Blender from {OLDEST} on, and without Python {PYTHON} none can be fetched"
            );
            Finding::bad(check, says)
                .advise(format!("Install Blender, or Python {PYTHON} with its venv module, or uv."))
        }
    }
}

pub(super) fn judge_python(blender: &Blender, python: &Option<String>) -> Finding {
    let check = Check::Python;
    let needed = !matches!(blender, Blender::There { version, .. } if *version >= OLDEST);
    match python {
        Some(python) if python == "uv" => Finding::good(check, format!("uv, which fetches {PYTHON}")),
        Some(python) => Finding::good(check, format!("{PYTHON}, {python}")),
        None => {
            let says = format!("there is no Python {PYTHON} with its venv module, and no uv");
            let finding = if needed {
                Finding::bad(check, says)
            } else {
                Finding::warning(check, format!("{says}: only the tests need it"))
            };
            finding.advise(format!("Install Python {PYTHON}, or uv."))
        }
    }
}

pub(super) fn judge_ffmpeg(version: Option<&str>) -> Finding {
    match version {
        Some(version) => Finding::good(Check::Ffmpeg, version),
        None => {
            Finding::warning(Check::Ffmpeg, "there is none on PATH: on this machine no preview.mp4 is made")
                .advise("Install ffmpeg, as with: sudo apt install ffmpeg")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    fn there(version: &str) -> Blender {
        Blender::There { path: "blender".into(), version: version.parse().expect("a version") }
    }

    #[test]
    fn a_version_is_found_behind_warnings() {
        let said = "Color management: using fallback mode\nBlender 4.5.1 LTS\n\tbuild date: 2025-08-01";
        assert_eq!(version_of(said), Some(Version { major: 4, minor: 5 }));
        assert_eq!(version_of("Blender\nGIMP 3.0"), None);
    }

    #[test]
    fn a_blender_is_there_or_can_be_fetched_or_neither() {
        let python = Some("python3.11".to_owned());
        for (blender, python, verdict, words) in [
            (there("4.5.1"), &None, Verdict::Good, "4.5, blender"),
            (there("3.6"), &python, Verdict::Good, "fetches"),
            (Blender::None, &python, Verdict::Good, "fetches"),
            (there("3.6"), &None, Verdict::Bad, "none can be fetched"),
            (Blender::None, &None, Verdict::Bad, "none can be fetched"),
            (Blender::NotThat("/b".into()), &python, Verdict::Bad, "BLENDER is /b"),
        ] {
            let finding = judge_blender(&blender, python);
            assert!(finding.verdict == verdict && finding.says.contains(words), "{finding:?}");
        }
    }

    #[test]
    fn python_is_in_the_way_only_where_a_blender_must_be_fetched() {
        assert_eq!(judge_python(&there("4.1"), &None).verdict, Verdict::Warning);
        assert_eq!(judge_python(&Blender::None, &None).verdict, Verdict::Bad);
        assert!(judge_python(&Blender::None, &Some("uv".to_owned())).says.starts_with("uv"));
        assert_eq!(judge_ffmpeg(None).verdict, Verdict::Warning);
    }
}
