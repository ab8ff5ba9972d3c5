//! Why zip-task ended without an archive, for the exit code and for the person who waits.

use farm_contract::Fault;
use farm_contract::exit::TaskExit;

use crate::archive::NameTooLong;
use crate::store::{Kind, StorageError};

/// What the same upload does once more, for hints.
pub const AGAIN: &str =
    "Upload the same file again with the same tags: frames that are done are not rendered again.";

/// What has a render go on that was stopped, for hints.
pub const GO_ON: &str = "`farm resume` renders what is missing, and only that.";

/// zip-task ends early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The bucket failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The plan cannot be used.
    #[error("{0}")]
    Plan(Fault),
    /// A newer upload owns the folder.
    #[error("`{folder}` now belongs to a newer upload{}", of_render(by.as_deref()))]
    Superseded {
        /// Folder of the upload.
        folder: String,
        /// Render that the report there names; none where that upload was rejected.
        by: Option<String>,
    },
    /// Frames whose bytes are not those that were uploaded.
    #[error("{} damaged in the bucket: {}", if files.len() == 1 { "a file of a frame is" } else { "files of frames are" }, names(files))]
    Damaged {
        /// Frame and key of each.
        files: Vec<(i32, String)>,
    },
    /// Something that was listed has changed since, again and again.
    #[error("`{key}` changes while the archive is made")]
    Restless {
        /// What changed last.
        key: String,
    },
    /// An archive beyond what the bucket can hold in one object.
    #[error("the archive would have {bytes} bytes; one object holds {limit}")]
    TooLarge {
        /// Length of the archive.
        bytes: u64,
        /// What fits.
        limit: u64,
    },
    /// A name that no archive can hold.
    #[error(transparent)]
    Name(#[from] NameTooLong),
    /// The report cannot be written as JSON.
    #[error("the report could not be put into words")]
    Json(#[source] serde_json::Error),
    /// Asked to stop from outside.
    #[error("stopped from outside before all was made")]
    Stopped,
}

impl Failure {
    /// How the task ends.
    pub fn exit(&self) -> TaskExit {
        match self {
            Self::Storage(error) => match error.kind {
                Kind::NoSpace => TaskExit::NoSpace,
                Kind::Unavailable | Kind::Conflict | Kind::Missing => TaskExit::TryAgain,
                Kind::Denied | Kind::Other => TaskExit::Failed,
            },
            Self::Superseded { .. } => TaskExit::Superseded,
            Self::Restless { .. } | Self::Stopped => TaskExit::TryAgain,
            Self::Plan(_) | Self::Damaged { .. } | Self::TooLarge { .. } | Self::Name(_) | Self::Json(_) => {
                TaskExit::Failed
            }
        }
    }

    /// The same in the artist's words.
    pub fn fault(&self) -> Fault {
        let hint = match self {
            Self::Plan(fault) => return fault.clone(),
            Self::Storage(error) => match error.kind {
                Kind::NoSpace => format!("Make room in the bucket. {AGAIN}"),
                Kind::Denied => format!(
                    "The zip task lacks a permission on the bucket: deploy the farm again. Then: {AGAIN}"
                ),
                Kind::Other => AGAIN.to_owned(),
                Kind::Unavailable | Kind::Conflict | Kind::Missing => {
                    format!("The farm tries again by itself. If that does not help: {AGAIN}")
                }
            },
            Self::Superseded { .. } => {
                "Nothing was overwritten. See the report of the newer upload.".to_owned()
            }
            Self::Damaged { files } => {
                format!("Delete {} from the bucket. {AGAIN}", names(files))
            }
            Self::Restless { .. } => format!("Wait until no render writes to this folder. {AGAIN}"),
            Self::TooLarge { .. } => {
                "Take the frames one by one, or render fewer of them in one upload.".to_owned()
            }
            Self::Name(_) | Self::Json(_) | Self::Stopped => AGAIN.to_owned(),
        };
        let mut message = self.to_string();
        if let Some(first) = message.get(..1) {
            message = format!("{}{}.", first.to_uppercase(), &message[1..]);
        }
        Fault::new(message, hint)
    }
}

/// The first few of what may be thousands of keys.
fn names(files: &[(i32, String)]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = files.iter().take(SHOWN).map(|(_, key)| format!("`{key}`")).collect();
    let more = files.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

fn of_render(by: Option<&str>) -> String {
    by.map(|render| format!(", render {render}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_sentence_with_a_way_out() {
        let files: Vec<_> = (1..=7).map(|frame| (frame, format!("a.blend/frame_000{frame}.png"))).collect();
        let fault = Failure::Damaged { files }.fault();
        assert!(
            fault.message.starts_with("Files of frames are damaged in the bucket: `a.blend/frame_0001.png`,")
        );
        assert!(fault.message.ends_with(" and 2 more."), "{}", fault.message);
        let failure = Failure::Superseded { folder: "a.blend/".into(), by: None };
        assert_eq!(failure.exit(), TaskExit::Superseded);
        assert!(!failure.fault().hint.is_empty());
    }
}
