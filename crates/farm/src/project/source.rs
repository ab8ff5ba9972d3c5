//! What an artist points to: a file, a folder or an archive.

use std::path::{Path, PathBuf};

use farm_contract::Fault;

use crate::destination::ARCHIVE;
use crate::error::FarmError;

/// How a Blender file's name ends. Those of its backups end otherwise.
const BLEND: &str = ".blend";

/// What an artist submits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A `.blend` with what it names.
    File(PathBuf),
    /// An archive as it is.
    Archive {
        /// The archive.
        path: PathBuf,
        /// Its file that is rendered, where that was said.
        main: Option<String>,
    },
}

impl Source {
    /// Finds what is meant by a path: a `.blend`, a folder with one in it, or a `.blend.zip`. `main` names the
    /// one that is rendered of several.
    ///
    /// # Errors
    /// There is nothing, nothing that can be rendered, or more than one file that could be meant.
    pub fn find(path: &Path, main: Option<&str>) -> Result<Self, FarmError> {
        let data = path.metadata().map_err(FarmError::disk(path))?;
        if data.is_dir() {
            return Ok(Self::File(path.join(in_folder(path, main)?)));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(ARCHIVE) {
            return Ok(Self::Archive { path: path.to_owned(), main: main.map(str::to_owned) });
        }
        if !data.is_file() || !is_blend(&name) {
            return Err(no_blend(&path.display().to_string()).into());
        }
        match main {
            None => Ok(Self::File(path.to_owned())),
            Some(_) => Err(Fault::new(
                format!(
                    "{} is the file that is rendered; --main names one of a folder or archive.",
                    path.display()
                ),
                "Leave --main out.",
            )
            .into()),
        }
    }

    /// Where it lies on this disk.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Archive { path, .. } => path,
        }
    }

    /// The name that it has, and gets in the bucket.
    ///
    /// # Errors
    /// It is not written in UTF-8.
    pub fn name(&self) -> Result<&str, Fault> {
        let path = self.path();
        path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            Fault::new(
                format!("The name of {} is not written in UTF-8.", path.display()),
                "Rename the file to letters, digits, spaces and ordinary signs.",
            )
        })
    }
}

/// The file that is rendered of a folder, as a path in it.
fn in_folder(folder: &Path, asked: Option<&str>) -> Result<PathBuf, FarmError> {
    let shown = folder.display().to_string();
    if let Some(asked) = asked {
        let is_there = is_blend(asked) && folder.join(asked).is_file();
        return if is_there { Ok(asked.into()) } else { Err(none(&shown, Some(asked)).into()) };
    }
    let entries = folder.read_dir().map_err(FarmError::disk(folder))?.flatten();
    let names = entries.filter(|entry| entry.path().is_file()).map(|entry| entry.file_name());
    let mut blends: Vec<_> = names.filter(|name| is_blend(&name.to_string_lossy())).collect();
    blends.sort();
    match blends.as_slice() {
        [] => Err(none(&shown, None).into()),
        [main] => Ok(main.into()),
        several => {
            Err(choose(&shown, several.iter().map(|name| name.to_string_lossy().into()).collect()).into())
        }
    }
}

/// Whether a name is that of a Blender file: hidden ones are of macOS, and those of backups have a number.
fn is_blend(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(BLEND) && !name.starts_with('.')
}

fn none(place: &str, asked: Option<&str>) -> Fault {
    match asked {
        Some(asked) => Fault::new(
            format!("There is no Blender file `{asked}` in {place}."),
            "Write its path in there, such as --main shots/a.blend. Capital letters count.",
        ),
        None => Fault::new(
            format!("There is no Blender file in {place}."),
            "Give a .blend file, the folder that it lies directly in, or an archive named .blend.zip.",
        ),
    }
}

fn no_blend(path: &str) -> Fault {
    let hint = match path.rsplit_once(".blend") {
        Some((_, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            "It is a backup that Blender keeps. Rename it so that it ends in .blend to render it."
        }
        _ => {
            "Give a file whose name ends in .blend (lower case), a folder with one, or an archive named .blend.zip."
        }
    };
    Fault::new(format!("{path} is no Blender file."), hint)
}

fn choose(place: &str, mut several: Vec<String>) -> Fault {
    /// So that a folder of hundreds does not fill the screen.
    const SHOWN: usize = 20;
    several.sort();
    let first = several.first().cloned().unwrap_or_default();
    let more = several.len().saturating_sub(SHOWN);
    several.truncate(SHOWN);
    let list = several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Fault::new(
        format!("Several Blender files are in {place}: {list}{more}."),
        format!("Say which one is rendered: --main \"{first}\"."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fault: FarmError) -> Fault {
        match fault {
            FarmError::Asked(fault) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_main_file_of_a_folder_is_its_only_one_or_the_one_that_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str| std::fs::write(at(name), "").expect("written");
        std::fs::create_dir_all(at("lib/x.blend")).expect("made");
        assert!(
            asked(Source::find(folder.path(), None).expect_err("empty")).message.contains("no Blender file")
        );
        for name in ["a.blend", "a.blend1", "._a.blend", "lib/b.blend", "a.png"] {
            write(name);
        }
        assert_eq!(Source::find(folder.path(), None).expect("one"), Source::File(at("a.blend")));
        assert_eq!(
            Source::find(folder.path(), Some("lib/b.blend")).expect("named"),
            Source::File(at("lib/b.blend"))
        );
        write("c.blend");
        let fault = asked(Source::find(folder.path(), None).expect_err("two"));
        assert!(fault.message.contains("`a.blend`, `c.blend`") && fault.hint.contains("--main"), "{fault:?}");
        assert!(Source::find(folder.path(), Some("d.blend")).is_err());
        assert!(Source::find(folder.path(), Some("a.png")).is_err());
        assert_eq!(Source::find(&at("c.blend"), None).expect("a file").name(), Ok("c.blend"));
        assert!(Source::find(&at("c.blend"), Some("c.blend")).is_err());
        assert!(asked(Source::find(&at("a.blend1"), None).expect_err("backup")).hint.contains("backup"));
        assert!(asked(Source::find(&at("a.png"), None).expect_err("picture")).hint.contains(".blend"));
        assert!(matches!(Source::find(&at("gone.blend"), None), Err(FarmError::Disk(..))));
        write("p.blend.zip");
        assert!(matches!(
            Source::find(&at("p.blend.zip"), Some("x")).expect("an archive"),
            Source::Archive { main: Some(main), .. } if main == "x"
        ));
    }
}
