//! Where in a bucket something goes.

use std::str::FromStr;

use farm_contract::Fault;
use farm_contract::keys::BlendKey;

use crate::location::Location;

/// `.blend.zip`: how the key of an archive ends.
pub(crate) const ARCHIVE: &str = ".blend.zip";

/// Where an upload goes: `s3://BUCKET`, `s3://BUCKET/FOLDER/` or `s3://BUCKET/KEY.blend`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The bucket.
    pub bucket: String,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    /// Below this, under its own name. Empty, or ends in a slash.
    Folder(String),
    /// Under this key.
    Key(BlendKey),
}

impl Destination {
    /// The top of a bucket.
    pub fn bucket(name: impl Into<String>) -> Self {
        Self { bucket: name.into(), at: At::Folder(String::new()) }
    }

    /// The same with another name than the file's own, whose ending stays.
    ///
    /// # Errors
    /// The place is named whole already, or the name has a folder in it.
    pub fn named(self, name: &str, file: &str) -> Result<Self, Fault> {
        let At::Folder(folder) = &self.at else {
            return Err(Fault::new(
                format!("The render is to be called `{name}`, and its key is named as well."),
                "Leave one of them out.",
            ));
        };
        let end = if file.ends_with(ARCHIVE) { ARCHIVE } else { ".blend" };
        if name.is_empty() || name.contains('/') {
            let hint = format!("A folder goes behind the bucket: s3://{}/FOLDER/.", self.bucket);
            return Err(Fault::new(format!("`{name}` is no name of a render."), hint));
        }
        let stem = name.strip_suffix(end).unwrap_or(name);
        let key = BlendKey::parse(&format!("{folder}{stem}{end}"))?;
        Ok(Self { bucket: self.bucket, at: At::Key(key) })
    }

    /// Where a file or archive of this name comes to lie.
    ///
    /// # Errors
    /// The key cannot be an upload's, or a file was to become an archive or the other way round.
    pub fn of(&self, name: &str) -> Result<Location, Fault> {
        let key = match &self.at {
            At::Folder(folder) => BlendKey::parse(&format!("{folder}{name}"))?,
            At::Key(key) => key.clone(),
        };
        if key.is_archive() != name.ends_with(ARCHIVE) {
            let ending = if name.ends_with(ARCHIVE) { ARCHIVE } else { ".blend" };
            return Err(Fault::new(
                format!("`{name}` cannot be uploaded as `{key}`: that is another kind of file."),
                format!("Name a key that ends in {ending}, or a folder: s3://{}/FOLDER/.", self.bucket),
            ));
        }
        Ok(Location { bucket: self.bucket.clone(), key })
    }
}

impl FromStr for Destination {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let form = || {
            Fault::new(
                format!("`{text}` names no place in a bucket."),
                "Write s3://BUCKET, s3://BUCKET/FOLDER/ or s3://BUCKET/KEY.blend.",
            )
        };
        let rest = text.strip_prefix("s3://").ok_or_else(form)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || key.starts_with('/') {
            return Err(form());
        }
        // A folder of frames is easily taken for its upload: that is what lists show.
        let at = match BlendKey::parse(key.trim_end_matches('/')) {
            Ok(key) => At::Key(key),
            Err(_) if key.is_empty() || key.ends_with('/') => At::Folder(key.to_owned()),
            Err(_) => {
                return Err(Fault::new(
                    format!("`{text}` is neither a folder nor the name of a .blend file."),
                    format!("Write s3://{bucket}/{key}/ for a folder, or a key that ends in .blend."),
                ));
            }
        };
        Ok(Self { bucket: bucket.to_owned(), at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(destination: &str, name: &str) -> Result<String, Fault> {
        destination.parse::<Destination>()?.of(name).map(|location| location.key.to_string())
    }

    #[test]
    fn a_file_goes_below_a_folder_or_under_a_key() {
        assert_eq!(key("s3://farm", "a.blend"), Ok("a.blend".into()));
        assert_eq!(key("s3://farm/", "a.blend"), Ok("a.blend".into()));
        assert_eq!(key("s3://farm/my film/", "a.blend"), Ok("my film/a.blend".into()));
        assert_eq!(key("s3://farm/b.blend", "a.blend"), Ok("b.blend".into()));
        assert_eq!(key("s3://farm/b.blend/", "a.blend"), Ok("b.blend".into()));
        assert_eq!(key("s3://farm/x/", "a.blend.zip"), Ok("x/a.blend.zip".into()));
        assert_eq!(Destination::bucket("farm"), "s3://farm".parse().expect("a bucket"));
    }

    #[test]
    fn a_render_may_have_another_name_than_its_file() {
        let named = |to: &str, name: &str, file: &str| {
            let to: Destination = to.parse().expect("a place");
            Ok::<_, Fault>(to.named(name, file)?.of(file)?.key.to_string())
        };
        assert_eq!(named("s3://farm/film/", "take 2", "a.blend"), Ok("film/take 2.blend".into()));
        assert_eq!(named("s3://farm", "b.blend", "a.blend"), Ok("b.blend".into()));
        assert_eq!(named("s3://farm", "b", "a.blend.zip"), Ok("b.blend.zip".into()));
        for (to, name) in [("s3://farm/c.blend", "b"), ("s3://farm", "x/b"), ("s3://farm", "")] {
            assert!(named(to, name, "a.blend").is_err(), "{to} {name}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_with_the_way_to_write_it() {
        for text in ["", "farm", "s3://", "s3:///a.blend", "s3://farm//a.blend", "https://farm/a.blend"] {
            assert!(key(text, "a.blend").is_err(), "{text}");
        }
        let fault = key("s3://farm/shots", "a.blend").expect_err("a folder or not");
        assert!(fault.hint.contains("s3://farm/shots/"), "{fault:?}");
        let fault = key("s3://farm/a.blend", "a.blend.zip").expect_err("another kind");
        assert!(fault.hint.contains(".blend.zip"), "{fault:?}");
        assert!(key("s3://farm/a.blend.zip", "a.blend").is_err());
        assert!(key("s3://farm/.farm/", "a.blend").is_err());
    }
}
