//! Why the client could not do what it was asked to, and what helps.

use farm_aws::{AwsError, hint};

/// The client could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum FarmError {
    /// There is no such upload.
    #[error("there is no `{0}` in the bucket")]
    NoUpload(String),
    /// It cannot be rendered as it is: why, and what to do.
    #[error("`{0}` was refused: {1}")]
    Rejected(String, String, Option<String>),
    /// Its render is under way.
    #[error("`{0}` is being rendered")]
    UnderWay(String),
    /// It was replaced while it was looked at.
    #[error("`{0}` was replaced in this moment")]
    Replaced(String),
    /// A call that did not come through.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl FarmError {
    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoUpload(_) => {
                Some("Name the .blend as it lies in the bucket: s3://BUCKET/KEY.blend.".to_owned())
            }
            Self::Rejected(_, _, hint) => hint.clone(),
            Self::UnderWay(key) => Some(format!(
                "Wait for it: `{key}/report.json` tells how far it is. If it stays as it is for hours, upload \
                 the file again with the same tags."
            )),
            Self::Replaced(key) => {
                Some(format!("The newer upload of `{key}` has a render of its own: see its report.json."))
            }
            Self::Aws(error) => error.hint(hint::any),
        }
    }
}
