//! Where an upload lies.

use std::fmt;
use std::str::FromStr;

use farm_contract::Fault;
use farm_contract::command;
use farm_contract::keys::BlendKey;

/// An upload in a bucket: `s3://BUCKET/KEY.blend`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// The upload.
    pub key: BlendKey,
}

/// Why a text names no upload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoLocation {
    /// It is no `s3://BUCKET/KEY`.
    #[error("it is written s3://BUCKET/KEY.blend")]
    Form,
    /// Its key is none of an upload.
    #[error("{} {}", .0.message, .0.hint)]
    Key(Fault),
}

impl FromStr for Location {
    type Err = NoLocation;

    fn from_str(text: &str) -> Result<Self, NoLocation> {
        let (bucket, key) =
            text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or(NoLocation::Form)?;
        if bucket.is_empty() || key.is_empty() {
            return Err(NoLocation::Form);
        }
        // A folder is easily taken for its upload: that is what lists show.
        let key = BlendKey::parse(key.trim_end_matches('/')).map_err(NoLocation::Key)?;
        Ok(Self { bucket: bucket.to_owned(), key })
    }
}

impl Location {
    /// The command that does something with it, as a shell reads it.
    pub fn command(&self, verb: &str) -> String {
        command::farm(verb, &self.bucket, self.key.as_str())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_named_by_bucket_and_key() {
        let location: Location = "s3://farm/my films/shot 1.blend".parse().expect("an upload");
        assert_eq!((location.bucket.as_str(), location.key.as_str()), ("farm", "my films/shot 1.blend"));
        assert_eq!(location.to_string(), "s3://farm/my films/shot 1.blend");
        assert_eq!(
            "s3://farm/a.blend/".parse::<Location>().map(|it| it.key.to_string()),
            Ok("a.blend".into())
        );
        for text in ["", "a.blend", "s3://farm", "s3://farm/", "s3:///a.blend", "https://farm/a.blend"] {
            assert_eq!(text.parse::<Location>(), Err(NoLocation::Form), "{text}");
        }
        assert!(matches!("s3://farm/a.png".parse::<Location>(), Err(NoLocation::Key(_))));
    }
}
