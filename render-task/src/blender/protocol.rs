//! The JSON lines between us and the driver script: commands one way, answers the other.

use std::path::Path;

use farm_contract::Fault;
use farm_contract::allowances::Allowances;
use farm_contract::settings::Settings;
use serde::{Deserialize, Serialize};

/// What the driver is told to do.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Command<'a> {
    /// Open a file and say what is wrong with it.
    Open {
        /// The file.
        path: &'a Path,
        /// The folder whose files may be read.
        project: &'a Path,
        /// What is let pass.
        #[serde(flatten)]
        allowed: Allowed,
        /// What is wanted otherwise than the file has it.
        wanted: &'a Settings,
    },
    /// Render one frame.
    Render {
        /// Absolute frame number.
        frame: i32,
        /// An empty folder, where all files of the frame land.
        folder: &'a Path,
        /// What the names of the frame's own files begin with.
        stem: &'a str,
    },
    /// Decode a picture with Blender's own reader.
    Check(&'a Path),
    /// End.
    Quit(bool),
}

/// What is let pass, each word always said.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Allowed {
    /// Missing files.
    pub missing: bool,
    /// Scripts and drivers in the file.
    pub scripts: bool,
}

impl From<Allowances> for Allowed {
    fn from(allowed: Allowances) -> Self {
        Self { missing: allowed.missing, scripts: allowed.scripts }
    }
}

/// One line of the driver.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answer {
    /// The most memory that Blender has held at once, in MiB.
    pub peak_memory_mib: u64,
    /// The answer itself.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What the driver answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Blender is there.
    Hello {
        /// The token that the driver was started with.
        token: String,
        /// Blender's version, such as `4.5.15 LTS`.
        blender: String,
    },
    /// The file is open.
    Opened(Opened),
    /// A frame is rendered.
    Rendered(Rendered),
    /// A picture was decoded.
    Checked {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The command could not be done.
    Failed {
        /// Why, as a sentence.
        message: String,
        /// What to do about it, where the driver knows.
        #[serde(default)]
        hint: Option<String>,
    },
}

/// An opened file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Opened {
    /// Name of the scene that is rendered.
    pub scene: String,
    /// Render engine, by Blender's identifier.
    pub engine: String,
    /// Width of a frame in pixels.
    pub width: u32,
    /// Height of a frame in pixels.
    pub height: u32,
    /// Format of the frames, by Blender's identifier.
    pub file_format: String,
    /// What the artist should know.
    pub warnings: Vec<String>,
    /// Why the file must not be rendered as it is. Empty where it may.
    pub faults: Vec<Fault>,
}

/// A rendered frame.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Rendered {
    /// Seconds that Blender took.
    pub seconds: f64,
    /// Width of the frame's own pictures in pixels.
    pub width: u32,
    /// Height of the frame's own pictures in pixels.
    pub height: u32,
    /// Extension of the frame's own pictures, dot included.
    pub extension: String,
    /// What stands between stem and extension, for each of the frame's own pictures.
    pub views: Vec<String>,
    /// What the artist should know of this frame.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Answer {
    /// Reads one line. `None` where it is no answer.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_what_the_driver_reads() {
        let json = |command| serde_json::to_value(command).unwrap();
        let allowed = Allowances { missing: true, scripts: false }.into();
        let wanted = &Settings { samples: Some(4), ..Settings::default() };
        assert_eq!(
            json(Command::Open {
                path: Path::new("/s/p/a.blend"),
                project: Path::new("/s/p"),
                allowed,
                wanted
            }),
            serde_json::json!({"open": {
                "path": "/s/p/a.blend", "project": "/s/p", "missing": true, "scripts": false, "wanted": {"samples": 4},
            }})
        );
        let render = Command::Render { frame: -7, folder: Path::new("/s/f"), stem: "frame_-007" };
        let wanted = serde_json::json!({"render": {"frame": -7, "folder": "/s/f", "stem": "frame_-007"}});
        assert_eq!(json(render), wanted);
        assert_eq!(json(Command::Quit(true)), serde_json::json!({"quit": true}));
    }

    #[test]
    fn answers_are_read_and_chatter_is_not() {
        let line = r#"{"rendered": {"seconds": 1.5, "width": 64, "height": 36, "extension": ".png", "views": ["_L", "_R"]}, "peak_memory_mib": 300}"#;
        let answer = Answer::parse(line).unwrap();
        assert_eq!(answer.peak_memory_mib, 300);
        assert!(matches!(answer.kind, Kind::Rendered(Rendered { width: 64, .. })));
        let line = r#"{"failed": {"message": "no"}, "peak_memory_mib": 0}"#;
        assert_eq!(Answer::parse(line).unwrap().kind, Kind::Failed { message: "no".into(), hint: None });
        for line in
            ["", "Blender 4.5.15 LTS", "{}", r#"{"peak_memory_mib": 1}"#, r#"{"hello": {}}"#, "[1]", "\u{0}"]
        {
            assert_eq!(Answer::parse(line), None, "{line}");
        }
    }
}
