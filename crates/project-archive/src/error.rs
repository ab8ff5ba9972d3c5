//! Why an archive is not unpacked, in the words of the person who made it.

use std::io;

/// Why an archive is not unpacked. The text says what is wrong, [`hint`] what to do about it; both
/// are whole sentences. Names are shown without what could garble a terminal.
///
/// [`hint`]: UnpackError::hint
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the texts say they are")]
pub enum UnpackError {
    /// The file is something else.
    #[error("This is not a ZIP archive: {found}.")]
    NotZip { found: &'static str },
    /// The record at the end is missing or incomplete.
    #[error("The archive is cut off: its table of contents, which stands at its end, is missing.")]
    CutOff,
    /// The archive contradicts itself.
    #[error("The archive is damaged: {what}.")]
    Damaged { what: &'static str },
    /// The archive ends in two ways, of which programs take one or the other.
    #[error("The archive has two ends, which say different things about what is in it.")]
    TwoEnds,
    /// One of several files that are an archive together.
    #[error("The archive is one of several parts.")]
    Split,
    /// More files and folders than the limit.
    #[error("The archive has more than {limit} files and folders.")]
    TooManyEntries { limit: u64 },
    /// The table of contents is larger than memory is set aside for.
    #[error("The archive's table of contents is too long.")]
    TooLongTable,
    /// All files together are larger than the limit.
    #[error("The archive holds {}, more than the {} that are unpacked.", size(*.bytes), size(*.limit))]
    TooLarge { bytes: u64, limit: u64 },
    /// All files together are more times larger than in the archive than the limit says.
    #[error(
        "The archive holds {} packed into {}. Nothing of a project shrinks more than {limit} times.",
        size(*.bytes), size(*.packed)
    )]
    TooTight { bytes: u64, packed: u64, limit: u64 },
    /// A name, or a part of it, is longer than the limit.
    #[error("A name in the archive is longer than {limit} bytes: `{name}`.")]
    TooLongName { name: String, limit: usize },
    /// A name has more parts than the limit.
    #[error("A file in the archive lies deeper than {limit} folders: `{name}`.")]
    TooDeep { name: String, limit: usize },
    /// A name is written in the characters of one country.
    #[error("A name in the archive is not in UTF-8: `{name}`.")]
    NotUtf8 { name: String },
    /// A name has a line break, a NUL or another control character in it.
    #[error("A name in the archive has a control character in it: `{name}`.")]
    ControlCharacter { name: String },
    /// A name has `\` in it.
    #[error("A name in the archive has a backslash in it: `{name}`.")]
    Backslash { name: String },
    /// A name begins with `/`.
    #[error("A name in the archive begins at the root of a disk: `{name}`.")]
    Absolute { name: String },
    /// A name begins with a letter and `:`.
    #[error("A name in the archive begins with a drive letter: `{name}`.")]
    DriveLetter { name: String },
    /// A part of a name is `..`.
    #[error("A name in the archive leads out of the project's folder: `{name}`.")]
    Parent { name: String },
    /// A part of a name is `.` or nothing.
    #[error("A name in the archive has an empty part: `{name}`.")]
    EmptyPart { name: String },
    /// A name stands in the archive twice.
    #[error("The archive has two files or folders named `{name}`.")]
    Duplicate { name: String },
    /// Two names that are one on Windows and macOS.
    #[error(
        "The archive has names that differ in upper and lower case alone: `{one}` and `{other}`, in `{name}`."
    )]
    SameButForCase { name: String, one: String, other: String },
    /// A name is a file's in one place and a folder's in another.
    #[error("In the archive, `{name}` or a folder that it is in is a file and a folder as well.")]
    FileAndFolder { name: String },
    /// A symbolic link.
    #[error("`{name}` in the archive is a link to another file, not a file.")]
    Link { name: String },
    /// A device, pipe or socket.
    #[error("`{name}` in the archive is neither a file nor a folder.")]
    Special { name: String },
    /// The name is that of a file and the attributes are those of a folder, or the other way.
    #[error("The archive contradicts itself about whether `{name}` is a file or a folder.")]
    UnclearKind { name: String },
    /// The archive has another name for it as well.
    #[error("The archive has two names for one file: `{name}` is one of them.")]
    TwoNames { name: String },
    /// The header in front of an entry and the table of contents differ.
    #[error("The archive contradicts itself about `{name}`.")]
    TwoHeaders { name: String },
    /// Two entries share bytes of the archive.
    #[error("`{name}` and `{other}` lie over one another in the archive.")]
    Overlap { name: String, other: String },
    /// An entry reaches past where entries end.
    #[error("`{name}` reaches past the end of what the archive has.")]
    BeyondEnd { name: String },
    /// An entry needs a password.
    #[error("`{name}` in the archive is encrypted.")]
    Encrypted { name: String },
    /// An entry is packed in a way that is not unpacked here.
    #[error("`{name}` in the archive is packed with {method}, which the farm cannot unpack.")]
    UnknownMethod { name: String, method: String },
    /// An entry has more or fewer bytes than it says.
    #[error("`{name}` in the archive does not have the size that the archive says.")]
    WrongSize { name: String },
    /// An entry has other bytes than were packed.
    #[error("`{name}` in the archive is damaged: its checksum is wrong.")]
    WrongChecksum { name: String },
    /// An entry's packed bytes make no sense.
    #[error("`{name}` in the archive is damaged: it cannot be unpacked.")]
    DamagedData { name: String },
    /// The folder has something in it.
    #[error("The folder that the archive is to be unpacked into is not empty.")]
    NotEmpty,
    /// The folder is none, or cannot be looked into.
    #[error("The folder that the archive is to be unpacked into cannot be read: {0}.")]
    Folder(#[source] io::Error),
    /// Reading the archive failed.
    #[error("The archive cannot be read: {0}.")]
    Read(#[source] io::Error),
    /// Writing what was in it failed.
    #[error("`{name}` cannot be written: {source}.")]
    Write { name: String, source: io::Error },
}

impl UnpackError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotZip { .. } => {
                "Upload a ZIP archive under a name that ends in .blend.zip. A single .blend file is \
                 uploaded as it is, under a name that ends in .blend."
            }
            Self::CutOff | Self::BeyondEnd { .. } => {
                "The copy or the upload was probably interrupted. Check that the archive opens on your \
                 machine and upload it again."
            }
            Self::Damaged { .. }
            | Self::WrongSize { .. }
            | Self::WrongChecksum { .. }
            | Self::DamagedData { .. } => {
                "Check that the archive unpacks on your machine. If it does, pack the project's folder \
                 again, with another program if there is one, and upload that."
            }
            Self::TwoEnds
            | Self::TwoNames { .. }
            | Self::TwoHeaders { .. }
            | Self::Overlap { .. }
            | Self::UnclearKind { .. }
            | Self::Duplicate { .. }
            | Self::FileAndFolder { .. } => {
                "Programs would unpack different things from it. Pack the project's folder into a new \
                 archive, rather than adding to an old one, and upload that."
            }
            Self::Split => "Pack the project's folder into one archive, not into several parts.",
            Self::TooManyEntries { .. } | Self::TooLongTable | Self::TooLarge { .. } => {
                "Leave out what the scene does not need: old versions, rendered frames, caches that are \
                 baked into files elsewhere."
            }
            Self::TooTight { .. } => {
                "Look for huge files that are all but empty, such as unfinished caches or pictures of one \
                 colour, and leave them out or save them compressed."
            }
            Self::TooLongName { .. } | Self::TooDeep { .. } => {
                "Pack the project's folder itself rather than folders around it, and give what is in it \
                 shorter names."
            }
            Self::NotUtf8 { .. } => {
                "Rename the file to letters without accents, or pack the project's folder with a program \
                 that writes names in UTF-8, such as 7-Zip or what macOS and Windows 11 have themselves."
            }
            Self::ControlCharacter { .. } | Self::EmptyPart { .. } => {
                "Give the file or folder an ordinary name and pack the project's folder again."
            }
            Self::Backslash { .. } => {
                "Rename the file if the backslash is part of its name. Otherwise an old program wrote the \
                 archive: pack the project's folder with 7-Zip or with what your system has itself."
            }
            Self::Absolute { .. } | Self::DriveLetter { .. } | Self::Parent { .. } => {
                "Copy what the scene needs into the project's folder (File > External Data > Make Paths \
                 Relative helps in Blender), and pack that folder alone."
            }
            Self::SameButForCase { .. } => {
                "On Windows and macOS these are the same. Give one of them another name, have the scene \
                 point to it, and pack the project's folder again."
            }
            Self::Link { .. } => {
                "Put the file itself into the project's folder in place of the link and pack the folder \
                 again."
            }
            Self::Special { .. } => "Take it out of the project's folder and pack the folder again.",
            Self::Encrypted { .. } => "Pack the project's folder without a password.",
            Self::UnknownMethod { .. } => {
                "Pack the project's folder with the method Deflate, which all programs know, or store it \
                 without compression."
            }
            Self::NotEmpty | Self::Folder(_) => {
                "Unpack the archive into a folder that is there and is empty."
            }
            Self::Read(_) => "Nothing is known to be wrong with the archive itself. Try again.",
            Self::Write { .. } => {
                "Nothing is known to be wrong with the archive itself. Check that the machine has enough \
                 room on its disk, and try again."
            }
        }
    }
}

/// A stranger's name for a message: not endless, and nothing in it that is not seen as it is.
pub(crate) fn shown(name: &[u8]) -> String {
    const MOST: usize = 200;
    // Control characters, and those that turn the direction of what follows.
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text = String::from_utf8_lossy(name);
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|letter| if hidden(letter) { char::REPLACEMENT_CHARACTER } else { letter })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.into_iter().find(|(unit, _)| bytes >= 10 * unit);
    match unit {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}
