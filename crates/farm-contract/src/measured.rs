//! How long the tasks of a render took: what the next plan of the same file goes by.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::settings::Settings;

/// So many frames say how long a frame takes. Fewer may have been a test.
pub const ENOUGH: u64 = 16;

/// Times that the tasks of a render measured, and of what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The Blender that rendered, as `4.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blender: Option<String>,
    /// Of an archive: the file that was rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// What was rendered otherwise than the file has it, but for the format, which takes no time to speak of.
    #[serde(default, skip_serializing_if = "Settings::is_none")]
    pub settings: Settings,
    /// Tasks that were looked at.
    pub tasks: u64,
    /// Frames that were looked at.
    pub frames: u64,
    /// Seconds from the start of our program until the scene was open, on average.
    pub load_seconds: f64,
    /// Seconds of a frame, on average.
    pub frame_seconds: f64,
    /// How much longer than the average the frames of a slow task took, as a share: of ten tasks one was slower.
    pub spread: f64,
}

impl Measured {
    /// Of renders with this Blender, of this file of an archive, with these settings; no times yet.
    pub fn of(blender: Option<&str>, main: Option<&str>, settings: &Settings) -> Self {
        Self {
            blender: blender.map(str::to_owned),
            main: main.map(str::to_owned),
            settings: Settings { format: None, ..settings.clone() },
            ..Self::default()
        }
    }

    /// Takes in what the tasks needed for their frames: seconds for how many, of each.
    pub fn take_frames(&mut self, tasks: &[(f64, u64)]) {
        let mut each: Vec<f64> = tasks
            .iter()
            .filter(|(_, frames)| *frames > 0)
            .map(|(all, frames)| all / *frames as f64)
            .collect();
        each.sort_by(f64::total_cmp);
        let all: f64 = tasks.iter().map(|(seconds, _)| seconds).sum();
        self.tasks = each.len() as u64;
        self.frames = tasks.iter().map(|(_, frames)| frames).sum();
        self.frame_seconds = all / self.frames.max(1) as f64;
        // One in ten took this long, or longer.
        let slow = each.get(each.len() * 9 / 10).copied().unwrap_or_default();
        self.spread = if self.frame_seconds > 0.0 { (slow / self.frame_seconds - 1.0).max(0.0) } else { 0.0 };
    }

    /// The earlier times where they say more: this is of few frames, such as one that was missing.
    #[must_use]
    pub fn or_earlier(self, earlier: Option<Self>) -> Self {
        let says_more = |earlier: &Self| earlier.is_like(&self) && earlier.frames > self.frames;
        earlier.filter(|earlier| self.frames < ENOUGH && says_more(earlier)).unwrap_or(self)
    }

    /// Whether frames of the one should take as long as those of the other. Another file of the same name is no
    /// matter: a new version of a shot is much like the one before.
    pub fn is_like(&self, other: &Self) -> bool {
        let what = |of: &Self| (of.blender.clone(), of.main.clone(), of.settings.clone());
        what(self) == what(other)
    }
}

/// Nothing, where what stands there is none: a report is read for other things, too.
pub(crate) fn if_readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Measured>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, State};

    fn of(pairs: &[(&str, &str)]) -> Measured {
        let mut settings = Settings::default();
        for (name, value) in pairs {
            assert_eq!(settings.take(name, value), Ok(true));
        }
        Measured::of(Some("4.5"), None, &settings)
    }

    #[test]
    fn what_was_measured_is_of_use_where_nothing_that_takes_time_is_another() {
        let measured = of(&[("percentage", "50"), ("format", "PNG")]);
        assert!(measured.is_like(&of(&[("percentage", "50"), ("format", "OPEN_EXR")])));
        for other in [&[][..], &[("percentage", "100")], &[("percentage", "50"), ("samples", "4")]] {
            assert!(!measured.is_like(&of(other)), "{other:?}");
        }
        assert!(!measured.is_like(&Measured::of(Some("5.0"), None, &measured.settings)));
        assert!(!measured.is_like(&Measured::of(Some("4.5"), Some("shots/a.blend"), &measured.settings)));
    }

    #[test]
    fn the_average_frame_and_the_slow_task_are_found() {
        let mut measured = Measured::default();
        measured.take_frames(&[(20.0, 10), (0.0, 0), (4.0, 1), (2.0, 1)]);
        assert_eq!((measured.tasks, measured.frames), (3, 12));
        assert_eq!((measured.frame_seconds, measured.spread), (26.0 / 12.0, 4.0 / (26.0 / 12.0) - 1.0));
        measured.take_frames(&[]);
        assert_eq!((measured.frames, measured.frame_seconds, measured.spread), (0, 0.0, 0.0));
    }

    #[test]
    fn one_frame_again_does_not_take_the_place_of_a_whole_render() {
        let took = |frames, pairs| Measured { frames, ..of(pairs) };
        let (whole, one) = (took(250, &[]), took(1, &[]));
        assert_eq!(one.clone().or_earlier(Some(whole.clone())).frames, 250);
        assert_eq!(took(16, &[]).or_earlier(Some(whole.clone())).frames, 16, "it was changed since");
        assert_eq!(
            one.clone().or_earlier(Some(took(250, &[("samples", "4")]))).frames,
            1,
            "of other samples"
        );
        assert_eq!((one.clone().or_earlier(None), whole.clone().or_earlier(Some(one.clone()))), (one, whole));
    }

    #[test]
    fn a_report_is_read_whatever_its_measured_times_are() {
        let mut report = Report::new(State::Complete, "", "b", "k", 0);
        let json = |report: &Report| serde_json::to_value(report).expect("JSON");
        assert!(json(&report).get("measured").is_none());
        report.measured = Some(Measured { frame_seconds: 2.5, tasks: 3, ..of(&[("samples", "4")]) });
        let mut value = json(&report);
        let read =
            |value: &Value| Report::from_json(value.to_string().as_bytes()).expect("a report").measured;
        assert_eq!(read(&value), report.measured);
        for rubbish in [Value::Null, "soon".into(), serde_json::json!({"frame_seconds": "1"})] {
            value["measured"] = rubbish;
            assert_eq!(read(&value), None);
        }
    }
}
