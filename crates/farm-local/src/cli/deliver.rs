//! From the bucket into the artist's folder.

use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use farm_local::farm::BUCKET;
use farm_local::s3::Store;

/// Puts what a render made into a folder, each file whole or not at all.
#[derive(Debug, Clone)]
pub struct Delivery {
    folder: PathBuf,
}

impl Delivery {
    /// Delivers into `folder`, which is made where it is missing.
    pub fn new(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Copies the object `key` to `name` below the folder. Returns where it lies now.
    pub async fn fetch(&self, store: &Store, key: &str, name: &str) -> Result<PathBuf> {
        let target = self.target(name)?;
        let (file, _) = store.open_object(BUCKET, key).with_context(|| format!("cannot read {key}"))?;
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
    let mut part = tempfile::Builder::new().prefix(".part-").tempfile_in(folder)?;
    io::copy(&mut from, part.as_file_mut())?;
    let kept = part.persist(to).map_err(|error| error.error)?;
    // A temporary file is its maker's alone; what is delivered may be read as any new file.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    kept.set_permissions(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let delivery = Delivery::new(folder.path()).expect("made");
        for name in ["../x.png", "/etc/x", "a/../../x", "", ".", "a/./../x"] {
            assert!(delivery.target(name).is_err(), "{name}");
        }
        assert_eq!(delivery.target("layer/x.png").expect("inside"), folder.path().join("layer/x.png"));
    }
}
