//! Why a file cannot be read, in the words of the person who made the file.

use crate::version::Version;

/// Why a file cannot be read. The text says what is wrong with the file, [`hint`] what to
/// do about it; both are whole sentences.
///
/// [`hint`]: BlendError::hint
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlendError {
    /// The file has no bytes.
    #[error("The file is empty.")]
    Empty,
    /// The file is something else.
    #[error("This is not a Blender file: {found}.")]
    NotBlend {
        /// What it looks like, such as "it is a ZIP archive".
        found: &'static str,
    },
    /// The file ends before what was looked for in it: its scene, or the end of its blocks.
    #[error("The file is cut off: it ends after {}.", bytes(*.size))]
    Truncated {
        /// Bytes in the whole file.
        size: u64,
    },
    /// The file contradicts itself.
    #[error("The file is damaged: {what}.")]
    Damaged {
        /// What is wrong, without a full stop.
        what: &'static str,
    },
    /// A kind of `.blend` that this reader does not know.
    #[error("The file is written in a way that this farm cannot read: {what}.")]
    Unsupported {
        /// What is new about it, without a full stop.
        what: String,
    },
    /// Everything is in order, but no scene stands where Blender puts it.
    #[error("The file does not say which scene and which frames it renders.")]
    NoScene,
    /// The bytes that were given do not reach far enough; the file has more.
    #[error("The first {} of the file do not reach to its scene.", bytes(*.given as u64))]
    NeedsMore {
        /// How many first bytes were given.
        given: usize,
    },
    /// The facts of the file cannot be had within the limits that were set.
    #[error("There is more to look through in the file than the farm looks at.")]
    TooMuch,
}

/// Why a file's facts cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source failed; the file may be in order.
    #[error("The file cannot be read: {0}.")]
    Source(#[from] std::io::Error),
    /// The file is at fault.
    #[error(transparent)]
    Blend(#[from] BlendError),
}

impl BlendError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "Save the scene in Blender again and upload that file.",
            Self::NotBlend { .. } => {
                "Upload the .blend file that File > Save As writes in Blender, under its own name."
            }
            Self::Truncated { .. } => {
                "The copy or the upload was probably interrupted. Check that the file opens in Blender \
                 and upload it again."
            }
            Self::Damaged { .. } => {
                "Check that the file opens in Blender. If it does, save it again with File > Save As and \
                 upload that; if it does not, go back to a .blend1 backup."
            }
            Self::Unsupported { .. } => {
                "The farm knows files of Blender 2.4 to 5. Save the scene with one of these and upload it \
                 again."
            }
            Self::TooMuch => {
                "The file can be rendered all the same. If it was saved with compression by a Blender before \
                 3.0, save it again with a newer one."
            }
            Self::NoScene | Self::NeedsMore { .. } => {
                "Open the file in Blender, make the scene that shall be rendered the current one, save \
                 and upload it again."
            }
        }
    }

    pub(crate) fn unknown_format(format: u32, version: Version) -> Self {
        Self::Unsupported { what: format!("file format {format}, saved by Blender {version}") }
    }
}

fn bytes(count: u64) -> String {
    match count {
        1 => "1 byte".to_owned(),
        0..=9_999 => format!("{count} bytes"),
        _ => format!("{} KiB", count / 1024),
    }
}
