//! From the bucket into the artist's folder.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use farm_contract::keys::{FrameName, OWN_NAMES};
use farm_local::farm::Farm;

/// Name of the contact sheet.
pub const SHEET: &str = "contact-sheet.jpg";

/// Puts what a render made into a folder, each file whole or not at all.
#[derive(Debug, Clone)]
pub struct Delivery {
    folder: PathBuf,
}

impl Delivery {
    /// Delivers into `folder`, which is made where it is missing. A folder without the farm's own
    /// `mark` in it is somebody else's: files of the names that a render makes are not overwritten.
    pub fn new(folder: &Path, mark: &str) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let delivery = Self { folder: folder.to_owned() };
        if !folder.join(mark).exists() {
            let ours = |name: &str| OWN_NAMES.contains(&name) || name == SHEET;
            let clash = |name: &String| FrameName::parse(name).is_some() || ours(name);
            if let Some(name) = delivery.names().into_iter().find(clash) {
                bail!(
                    "{} holds a `{name}` that the farm did not write; give another folder with --out",
                    folder.display()
                );
            }
        }
        Ok(delivery)
    }

    /// Where the file `name` lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Frames in the folder that are not among `own`: an earlier render's. They are the artist's,
    /// so they stay; but they must not pass for frames of this render.
    pub fn other_frames(&self, own: &[(FrameName, PathBuf)]) -> Vec<i32> {
        let names = self.names().into_iter().filter_map(|name| FrameName::parse(&name));
        let others = names.filter(|name| !own.iter().any(|(own, _)| own == name)).map(|name| name.frame);
        others.collect::<BTreeSet<i32>>().into_iter().collect()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// Copies the object `key` to `name` below the folder. Returns where it lies now.
    pub async fn fetch(&self, farm: &Farm, key: &str, name: &str) -> Result<PathBuf> {
        let target = self.target(name)?;
        let (file, _) =
            farm.store.open_object(farm.bucket(), key).with_context(|| format!("cannot read {key}"))?;
        let to = target.clone();
        tokio::task::spawn_blocking(move || write_whole(file, &to))
            .await
            .context("the copy was broken off")?
            .with_context(|| format!("cannot write {}", target.display()))?;
        Ok(target)
    }

    /// Where a file of this name goes. The name comes out of a key, and so out of a stranger's
    /// `.blend`: it must not lead out of the folder.
    fn target(&self, name: &str) -> Result<PathBuf> {
        let path = Path::new(name);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || path.components().next().is_none() {
            bail!("the render made a file named `{name}`, which would lie outside its folder");
        }
        Ok(self.folder.join(path))
    }
}

fn write_whole(mut from: std::fs::File, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // As any new file: what the person's umask lets others do.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let mut part = tempfile::Builder::new().prefix(".part-").permissions(mode).tempfile_in(folder)?;
    io::copy(&mut from, part.as_file_mut())?;
    part.persist(to).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_files_are_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("notes.txt"), "").expect("written");
        assert!(Delivery::new(folder.path(), ".farm").is_ok());
        for name in OWN_NAMES.into_iter().chain(["frame_0002.png", SHEET]) {
            let file = folder.path().join(name);
            std::fs::write(&file, "mine").expect("written");
            let refused = Delivery::new(folder.path(), ".farm").expect_err(name).to_string();
            assert!(refused.contains(name) && refused.contains("--out"), "{refused}");
            std::fs::remove_file(file).expect("removed");
        }
        std::fs::create_dir(folder.path().join(".farm")).expect("made");
        std::fs::write(folder.path().join("frame_0002.png"), "ours").expect("written");
        let delivery = Delivery::new(folder.path(), ".farm").expect("our own folder");
        assert_eq!(delivery.other_frames(&[]), [2]);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let delivery = Delivery::new(folder.path(), ".farm").expect("made");
        for name in ["../x.png", "/etc/x", "a/../../x", "", ".", "a/./../x"] {
            assert!(delivery.target(name).is_err(), "{name}");
        }
        assert_eq!(delivery.target("layer/x.png").expect("inside"), folder.path().join("layer/x.png"));
    }
}
