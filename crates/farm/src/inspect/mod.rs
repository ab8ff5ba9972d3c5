//! What a scene says of itself, and whether the files that it names are there.
//!
//! Start at [`inspect`]; [`Inspection::table`] is for people, [`Inspection::json`] for programs.

mod content;
pub(crate) mod sheet;
mod table;

use std::path::{Path, PathBuf};

use blend_file::{ExternalFile, Facts};
use farm_contract::Fault;
use farm_intake::Known;
use farm_terminal::Look;
use serde_json::{Value, json};

use crate::error::FarmError;
use crate::known;
use crate::project::{Source, State, settled};

/// A scene that was looked at.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Where the file lies; within an archive, its path in that.
    pub path: PathBuf,
    /// Bytes of the file, or of the archive.
    pub size: u64,
    /// What it says.
    pub known: Known,
    /// Of each of its external files, in the same order, where it stands.
    pub states: Vec<State>,
}

/// Looks at a scene.
///
/// # Errors
/// It cannot be read, or is no good Blender file.
pub fn inspect(source: &Source) -> Result<Inspection, FarmError> {
    match source {
        Source::File(path) => {
            let disk = &settled(path)?;
            let size = size_of(disk)?;
            let known = known::of_file(disk)?;
            let states =
                external(&known).iter().map(|file| State::on_disk(disk, file)).collect::<Result<_, _>>()?;
            Ok(Inspection { path: path.clone(), size, known, states })
        }
        Source::Archive { path, main } => {
            let size = size_of(path)?;
            let (known, project) = known::of_archive(path, source.name()?, main.as_deref())?;
            let states = external(&known).iter().map(|file| State::in_archive(&project, file)).collect();
            Ok(Inspection { path: path.join(&project.main), size, known, states })
        }
    }
}

impl Inspection {
    /// A table for people, as wide as the terminal that it is shown on; as wide as it gets where there is none.
    pub fn table(&self, look: Look, width: Option<usize>) -> String {
        table::of(self, look, width)
    }

    /// All of it: the facts, with a `state` for each external file (`packed`, `of_blender`, `there`, `missing`,
    /// `outside`, `hidden`, `address`) and the paths of what is `missing`.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn json(&self) -> Result<Value, Fault> {
        match &self.known {
            Known::Facts(facts) => self.facts_json(facts),
            Known::Head(head, why) => Ok(json!({
                "version": head.version,
                "compression": head.compression,
                "pointer_size": head.pointer_size,
                "byte_order": head.byte_order,
                "scene": head.scene.name,
                "frame_start": head.scene.start,
                "frame_end": head.scene.end,
                "only_the_beginning": why,
            })),
        }
    }

    fn facts_json(&self, facts: &Facts) -> Result<Value, Fault> {
        let mut json = serde_json::to_value(facts).map_err(|error| {
            Fault::new(format!("The facts cannot be written as JSON: {error}."), "Leave --json out.")
        })?;
        let files = json.get_mut("files").and_then(Value::as_array_mut);
        for (file, state) in files.into_iter().flatten().zip(&self.states) {
            let (word, missing) = match state {
                State::Packed => ("packed", None),
                State::OfBlender => ("of_blender", None),
                State::There(_) => ("there", None),
                State::Missing(paths) => ("missing", Some(paths)),
                State::Outside => ("outside", None),
                State::Hidden => ("hidden", None),
                State::Address => ("address", None),
            };
            if let Some(file) = file.as_object_mut() {
                file.insert("state".into(), word.into());
                let paths =
                    missing.map(|paths| paths.iter().map(|path| path.display().to_string().into()).collect());
                file.extend(paths.map(|paths| ("missing".to_owned(), Value::Array(paths))));
            }
        }
        Ok(json)
    }
}

fn size_of(path: &Path) -> Result<u64, FarmError> {
    Ok(path.metadata().map_err(FarmError::disk(path))?.len())
}

fn external(known: &Known) -> &[ExternalFile] {
    match known {
        Known::Facts(facts) => &facts.files,
        Known::Head(..) => &[],
    }
}

#[cfg(test)]
mod tests {
    use blend_file::FileKind;
    use farm_intake::Project;

    use super::*;
    use crate::project::samples::{external, facts};

    #[test]
    fn json_has_the_facts_and_where_each_file_stands() {
        let files = vec![external(FileKind::Image, "//a.png"), external(FileKind::Font, "//b.ttf")];
        let states = vec![State::Missing(vec!["/p/a.png".into()]), State::There(1)];
        let known = Known::Facts(Box::new(facts(files)));
        let inspection = Inspection { path: "p/a.blend".into(), size: 5, known, states };
        let json = inspection.json().expect("JSON");
        assert_eq!(json["version"], "4.5");
        assert_eq!(
            (&json["files"][0]["state"], &json["files"][0]["missing"][0]),
            (&"missing".into(), &"/p/a.png".into())
        );
        assert_eq!(
            (&json["files"][1]["state"], &json["files"][1]["path"]),
            (&"there".into(), &"//b.ttf".into())
        );
        assert!(json["files"][1].get("missing").is_none());
    }

    #[test]
    fn what_is_looked_at_is_what_would_be_sent() {
        let folder = crate::project::samples::disk(&["far/a.blend", "far/deep/b.blend"]);
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink(at("far/deep"), at("link")).expect("linked");
        let missing = inspect(&Source::File(at("link/../a.blend"))).expect_err("not beside the link");
        assert!(matches!(missing, FarmError::Disk(path, _) if path == at("a.blend")));
    }

    #[test]
    fn files_of_an_archive_are_looked_for_in_it() {
        let project = Project::new("p/a.blend", ["p/tex/a.png".to_owned()]);
        let of = |path: &str| State::in_archive(&project, &external(FileKind::Image, path));
        assert_eq!(of("//tex/a.png"), State::There(1));
        assert_eq!(of("//b.png"), State::Missing(vec!["p/b.png".into()]));
        assert_eq!(of("/b.png"), State::Outside);
        assert_eq!(of("https://host/b.png"), State::Address);
    }
}
