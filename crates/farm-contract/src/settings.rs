//! What an upload wants otherwise than its file has it: tags, and flags of render-task.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Name of the scene that is rendered.
pub const SCENE: &str = "scene";
/// Name of the camera that it is rendered through.
pub const CAMERA: &str = "camera";
/// Name of the one view layer that is rendered.
pub const VIEW_LAYER: &str = "view_layer";
/// Format of the frames, by Blender's identifier.
pub const FORMAT: &str = "format";
/// Render engine, by Blender's identifier.
pub const ENGINE: &str = "engine";
/// Samples of Cycles.
pub const SAMPLES: &str = "samples";
/// Percentage of the scene's resolution.
pub const PERCENTAGE: &str = "percentage";

/// All of them.
pub const NAMES: [&str; 7] = [SCENE, CAMERA, VIEW_LAYER, FORMAT, ENGINE, SAMPLES, PERCENTAGE];

/// The formats that a frame can have, by Blender's identifiers.
pub const FORMATS: [&str; 10] =
    ["PNG", "JPEG", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "TIFF", "WEBP", "JPEG2000", "HDR", "BMP", "TARGA"];
/// Formats of Blender that hold all frames in one file.
pub const MOVIES: [&str; 3] = ["FFMPEG", "AVI_JPEG", "AVI_RAW"];

/// The engine that the farm renders with.
pub const CYCLES: &str = "CYCLES";

/// The most samples that Cycles takes.
const MOST_SAMPLES: u32 = 1 << 24;
/// The largest percentage that Blender takes.
const MOST_PERCENT: u32 = i16::MAX as u32;

/// What an upload wants otherwise than its file has it. Whatever is not there is as the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The scene that is rendered, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// The camera, by its object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// The one view layer that is rendered, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_layer: Option<String>,
    /// The frames' format: one of [`FORMATS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The engine: [`CYCLES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Samples of Cycles, one or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
    /// Percentage of the resolution, one or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<u32>,
}

impl Settings {
    /// Whether all is as the file has it.
    pub fn is_none(&self) -> bool {
        self.pairs().is_empty()
    }

    /// What is otherwise, by the names of the tags.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        let all = [
            (SCENE, self.scene.clone()),
            (CAMERA, self.camera.clone()),
            (VIEW_LAYER, self.view_layer.clone()),
            (FORMAT, self.format.clone()),
            (ENGINE, self.engine.clone()),
            (SAMPLES, number(self.samples)),
            (PERCENTAGE, number(self.percentage)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Takes the tag `name` with its `value`. Whether the name is one of ours.
    ///
    /// # Errors
    /// The value cannot be one: the hint shows what can.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, Fault> {
        let value = value.trim();
        match name {
            SCENE => self.scene = Some(named(SCENE, "scene", value)?),
            CAMERA => self.camera = Some(named(CAMERA, "camera", value)?),
            VIEW_LAYER => self.view_layer = Some(named(VIEW_LAYER, "view layer", value)?),
            FORMAT => self.format = Some(format(value)?),
            ENGINE => self.engine = Some(engine(value)?),
            SAMPLES => self.samples = Some(number(SAMPLES, value, MOST_SAMPLES)?),
            PERCENTAGE => self.percentage = Some(number(PERCENTAGE, value, MOST_PERCENT)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The fault of a name that the file does not have: the hint lists those that it has.
pub fn unknown(tag: &str, what: &str, name: &str, known: &[&str]) -> Fault {
    /// So that a file with thousands does not fill the report.
    const SHOWN: usize = 20;
    let message = format!("The file has no {what} `{name}`, which the tag {tag}={name} asks for.");
    let mut shown: Vec<String> = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if known.len() > SHOWN {
        shown.push(format!("and {} more", known.len() - SHOWN));
    }
    let hint = match shown.as_slice() {
        [] => format!("It has no {what} at all: leave the tag `{tag}` out, or add one and save."),
        [one] => format!("It has one, {one}: write {tag}={}, or leave the tag out.", known[0]),
        all => format!("It has these: {}. Capital letters count.", all.join(", ")),
    };
    Fault::new(message, hint)
}

fn named(tag: &str, what: &str, value: &str) -> Result<String, Fault> {
    let hint = || format!("Write the {what}'s name as Blender shows it, or leave the tag `{tag}` out.");
    match value {
        "" => Err(Fault::new(format!("{tag}= names no {what}."), hint())),
        _ if value.contains(|c: char| c.is_control()) => {
            Err(Fault::new(format!("{tag}={} cannot be a name.", value.escape_debug()), hint()))
        }
        _ => Ok(value.to_owned()),
    }
}

fn format(value: &str) -> Result<String, Fault> {
    let upper = value.to_ascii_uppercase();
    if FORMATS.contains(&upper.as_str()) {
        return Ok(upper);
    }
    let message = match MOVIES.contains(&upper.as_str()) {
        true => format!("format={value} is a movie, which cannot be rendered frame by frame."),
        false => format!("format={value} is no format that the farm writes frames in."),
    };
    Err(Fault::new(message, format!("Write one of {}.", FORMATS.join(", "))))
}

fn engine(value: &str) -> Result<String, Fault> {
    match value.to_ascii_uppercase() {
        upper if upper == CYCLES => Ok(upper),
        _ => Err(Fault::new(
            format!("engine={value} is none that the farm renders with."),
            "Write engine=CYCLES, or leave the tag `engine` out: other engines need a graphics card or a display.",
        )),
    }
}

fn number(tag: &str, value: &str, most: u32) -> Result<u32, Fault> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<u32>() {
        Ok(number) if digits && (1..=most).contains(&number) => Ok(number),
        _ => Err(Fault::new(
            format!("{tag}={value} is not a number from 1 to {most}."),
            format!("Write it in digits alone, such as {tag}=50, or leave the tag `{tag}` out."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_taken_and_given_back() {
        let mut settings = Settings::default();
        assert!(settings.is_none());
        let given = ["Shot 1", " Left ", "Fog", "open_exr", "Cycles", "64", "50"];
        for (name, value) in NAMES.into_iter().zip(given) {
            assert_eq!(settings.take(name, value), Ok(true), "{name}");
        }
        assert_eq!(settings.take("owner", "ana"), Ok(false));
        let values: Vec<String> = settings.pairs().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["Shot 1", "Left", "Fog", "OPEN_EXR", "CYCLES", "64", "50"]);
        let names: Vec<&str> = settings.pairs().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, NAMES);
        let json = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(serde_json::from_str::<Settings>(&json).expect("JSON"), settings);
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        for (name, value, part) in [
            (SCENE, "", "name"),
            (CAMERA, "a\nb", "name"),
            (FORMAT, "FFMPEG", "PNG"),
            (FORMAT, "GIF", "OPEN_EXR"),
            (ENGINE, "BLENDER_EEVEE", "engine=CYCLES"),
            (SAMPLES, "0", "samples=50"),
            (SAMPLES, "-1", "samples=50"),
            (SAMPLES, "+5", "samples=50"),
            (PERCENTAGE, "32768", "percentage=50"),
            (PERCENTAGE, "50%", "percentage=50"),
        ] {
            let fault = Settings::default().take(name, value).expect_err(value);
            assert!(fault.hint.contains(part), "{fault:?}");
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let names: Vec<String> = (0..30).map(|at| format!("Camera.{at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let fault = unknown(CAMERA, "camera", "camera", &names);
        assert!(fault.message.contains("camera=camera") && fault.hint.contains("`Camera.0`"), "{fault:?}");
        assert!(fault.hint.contains("10 more") && !fault.hint.contains("Camera.20"), "{fault:?}");
        assert!(unknown(SCENE, "scene", "B", &["A"]).hint.contains("scene=A"));
        assert!(unknown(CAMERA, "camera", "B", &[]).hint.contains("no camera at all"));
    }
}
