//! Why the client could not do what it was asked to, and what helps.

use std::path::{Path, PathBuf};

use blend_file::BlendError;
use farm_aws::{AwsError, hint};
use farm_contract::Fault;
use project_archive::UnpackError;

/// The client could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum FarmError {
    /// There is no such upload.
    #[error("there is no `{0}` in the bucket")]
    NoUpload(String),
    /// It is not planned yet.
    #[error("the farm has not planned a render of `{0}` yet")]
    NotPlanned(String),
    /// It cannot be rendered as it is: why, and what to do.
    #[error("`{0}` was refused: {1}")]
    Rejected(String, String, Option<String>),
    /// Its render is under way.
    #[error("`{0}` is being rendered")]
    UnderWay(String),
    /// Its render has ended: how, in the report's words.
    #[error("the render of `{0}` has ended: {1}")]
    Over(String, String),
    /// It was replaced while it was looked at.
    #[error("`{0}` was replaced in this moment")]
    Replaced(String),
    /// It was asked for something that cannot be.
    #[error(transparent)]
    Asked(#[from] Fault),
    /// The scene has errors; the verdict names them.
    #[error("the scene cannot be rendered as it is, so nothing was sent")]
    Errors,
    /// A file that is no good Blender file.
    #[error("{}: {}", .0.display(), .1)]
    Blend(PathBuf, BlendError),
    /// An archive that the farm would refuse.
    #[error("{}: {}", .0.display(), .1)]
    Archive(PathBuf, UnpackError),
    /// A file of this machine that cannot be read.
    #[error("cannot read {}: {}", .0.display(), .1)]
    Disk(PathBuf, std::io::Error),
    /// A file of this machine that cannot be written.
    #[error("cannot write {}: {}", .0.display(), .1)]
    Written(PathBuf, std::io::Error),
    /// Small pictures that cannot be made.
    #[error("the pictures cannot be made: {0}")]
    Picture(String),
    /// A port that cannot be listened on.
    #[error("cannot listen on port {0}: {1}")]
    Listen(u16, std::io::Error),
    /// A system without random numbers.
    #[error("this system gives no random numbers: {0}")]
    Random(String),
    /// A file of the bucket that is not what was put there.
    #[error("`{0}` came with other bytes than its task put there")]
    Damaged(String),
    /// Something that cannot be written as JSON.
    #[error("it cannot be written as JSON: {0}")]
    Json(String),
    /// A file that was written to in the meantime.
    #[error("{} was changed while it was sent", .0.display())]
    Changed(PathBuf),
    /// The call that makes an upload, of which nobody knows whether it did.
    #[error("{1}; `{0}` may have been uploaded all the same")]
    Unanswered(String, AwsError),
    /// A call that did not come through.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl FarmError {
    /// Whether the same call may succeed in a moment: nobody answered, or somebody asked for patience.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Aws(error) if error.is_passing())
    }

    /// A file of this machine that cannot be read, for use with `map_err`.
    pub(crate) fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Disk(path, error)
    }

    /// A file of this machine that cannot be written, for use with `map_err`.
    pub(crate) fn written(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Written(path, error)
    }

    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoUpload(_) => {
                Some("Name the .blend as it lies in the bucket: s3://BUCKET/KEY.blend.".to_owned())
            }
            Self::NotPlanned(_) => Some(
                "Wait some seconds. If it stays so, `farm doctor` looks why the farm takes nothing in.".to_owned(),
            ),
            Self::Rejected(_, _, hint) => hint.clone(),
            Self::UnderWay(key) => {
                Some(format!("Wait for it (farm watch shows how far it is), or stop it first: farm cancel '{key}'."))
            }
            Self::Replaced(key) => {
                Some(format!("The newer upload of `{key}` has a render of its own: see its report.json."))
            }
            Self::Asked(fault) => Some(fault.hint.clone()),
            Self::Errors => None,
            Self::Blend(_, error) => Some(error.hint().to_owned()),
            Self::Archive(_, error) => Some(error.hint().to_owned()),
            Self::Disk(_, error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some("Check the path: capital letters count.".to_owned())
            }
            Self::Disk(..) => Some("Check who may read the file, and that its disk is there.".to_owned()),
            Self::Over(..) | Self::Json(_) | Self::Picture(_) | Self::Random(_) => None,
            Self::Written(..) => Some("Check who may write there, and that the disk has room.".to_owned()),
            Self::Listen(..) => Some("Name another with --port, or none: then a free one is taken.".to_owned()),
            Self::Damaged(_) => Some(
                "Run it again. If it stays so, the frame is damaged in the bucket: farm rerender renders it once more."
                    .to_owned(),
            ),
            Self::Changed(_) => Some(
                "Wait until Blender and whatever else writes to the project has finished, then run the same command \
                 again: what is sent already is not sent again."
                    .to_owned(),
            ),
            Self::Unanswered(key, _) => Some(format!(
                "Look for `{key}/report.json` in a minute: if it tells of this upload, the render has begun. If not, run the \
                 same command again: what is sent already is not sent again."
            )),
            Self::Aws(error) => error.hint(answered),
        }
    }
}

/// What helps against what a bucket answers to an artist.
fn answered(told: &str) -> Option<String> {
    let has = |part: &str| told.to_lowercase().contains(part);
    if has("nosuchbucket") || has("bucket does not exist") {
        return Some("Check the bucket's name and --region: `cargo xtask outputs` prints both.".to_owned());
    }
    if has("permanentredirect") || has("must be addressed using the specified endpoint") {
        return Some("The bucket is in another region: name it with --region.".to_owned());
    }
    if has("accessdenied") || has("access denied") || has("not authorized") || has("forbidden") {
        return Some(
            "These credentials may not do that in this bucket. Ask whoever runs the farm for the rights of an artist: to \
             list the bucket, to read and write its objects and their tags, and for farm rm to delete them; and for how far \
             tasks are, batch:DescribeJobs and batch:ListJobs."
                .to_owned(),
        );
    }
    hint::any(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_s_answer_is_explained_to_an_artist() {
        for (told, part) in [
            ("NoSuchBucket: The specified bucket does not exist", "name"),
            ("AccessDenied: Access Denied", "rights"),
            ("PermanentRedirect: The bucket you are attempting to access must be addressed", "--region"),
            ("SlowDown: Throttling", "patience"),
        ] {
            assert!(answered(told).is_some_and(|hint| hint.contains(part)), "{told}");
        }
        assert_eq!(answered(": Something that nobody has seen"), None);
    }
}
