//! Which frames: the grammar of the `frames` tag, and which frames a child renders.

use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;

/// The first and the last frame that Blender knows.
pub const BLENDER_FRAMES: std::ops::RangeInclusive<i32> = -1_048_574..=1_048_574;

/// The most frames that one [`FrameSpec`] may name, repeats counted: all that Blender knows.
pub const MAX_NAMED: u64 = 2_097_149;

/// How a frame tag may be written, for messages.
pub const EXAMPLES: &str = "frame=120 (that many from the scene's first), frames=1-120, frames=1-120x2, \
     frames=1 5 10-20, frames=scene";

/// `start-end`, or `start-endxstep`, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRange {
    start: i32,
    end: i32,
    step: u32,
}

impl FrameRange {
    /// Every frame from `start` to `end`.
    ///
    /// # Errors
    /// The range is empty or leaves what Blender knows.
    pub fn new(start: i32, end: i32) -> Result<Self, Fault> {
        Self::with_step(start, end, 1)
    }

    /// Every `step`th frame from `start` to `end`.
    ///
    /// # Errors
    /// The range is empty or leaves what Blender knows, or the step is 0.
    pub fn with_step(start: i32, end: i32, step: u32) -> Result<Self, Fault> {
        if end < start {
            return Err(Fault::new(
                format!("The frame range {start}-{end} runs backwards."),
                format!("Write the lower frame first: frames={end}-{start}."),
            ));
        }
        if step == 0 {
            return Err(Fault::new(
                format!("The frame range {start}-{end}x0 has a step of 0."),
                format!("Write the step as 1 or more: frames={start}-{end}x2 is every second frame."),
            ));
        }
        if !BLENDER_FRAMES.contains(&start) || !BLENDER_FRAMES.contains(&end) {
            return Err(Fault::new(
                format!("The frame range {start}-{end} leaves the frames that Blender knows."),
                format!("Frames go from {} to {}.", BLENDER_FRAMES.start(), BLENDER_FRAMES.end()),
            ));
        }
        Ok(Self { start, end, step })
    }

    /// First frame.
    pub fn start(self) -> i32 {
        self.start
    }

    /// Last frame, which the step may jump over.
    pub fn end(self) -> i32 {
        self.end
    }

    fn count(self) -> u64 {
        u64::from(self.end.abs_diff(self.start)) / u64::from(self.step) + 1
    }

    fn frames(self) -> impl Iterator<Item = i32> {
        // `new` keeps both ends within a million, so a step that does not fit jumps over all.
        let step = usize::try_from(self.step).unwrap_or(usize::MAX);
        (self.start..=self.end).step_by(step)
    }
}

impl fmt::Display for FrameRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.start == self.end, self.step) {
            (true, _) => write!(f, "{}", self.start),
            (false, 1) => write!(f, "{}-{}", self.start, self.end),
            (false, step) => write!(f, "{}-{}x{step}", self.start, self.end),
        }
    }
}

impl FromStr for FrameRange {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let malformed = || {
            Fault::new(
                format!("`{text}` is not a frame or a range of frames."),
                format!("Frames are written like this: {EXAMPLES}."),
            )
        };
        let (range, step) = match text.split_once('x') {
            Some((range, step)) => (range, step.parse().map_err(|_| malformed())?),
            None => (text, 1),
        };
        // A minus sign at the front belongs to the number, not to the range.
        let dash = range.char_indices().skip(1).find_map(|(at, c)| (c == '-').then_some(at));
        let number = |digits: &str| {
            let plain = digits.strip_prefix('-').unwrap_or(digits);
            let clean = !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit());
            clean.then(|| digits.parse().ok()).flatten().ok_or_else(malformed)
        };
        match dash {
            Some(at) => Self::with_step(number(&range[..at])?, number(&range[at + 1..])?, step),
            None if step == 1 && !text.contains('x') => {
                let frame = number(range)?;
                Self::new(frame, frame)
            }
            None => Err(malformed()),
        }
    }
}

/// Frames as a user writes them: one or more ranges, between them a space, a comma or a plus.
///
/// The text form is canonical (spaces, no signs that a tag or a URL would change) and short, so
/// it can travel on a command line; [`FrameSpec::frames`] is what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSpec(Vec<FrameRange>);

impl FrameSpec {
    /// One range.
    pub fn range(range: FrameRange) -> Self {
        Self(vec![range])
    }

    /// From one frame to the next, where all are one range. 1 where they are several.
    pub fn step(&self) -> u32 {
        match self.0.as_slice() {
            [range] => range.step,
            _ => 1,
        }
    }

    /// The frames in ascending order, each once.
    pub fn frames(&self) -> Vec<i32> {
        let mut frames: Vec<i32> = self.0.iter().flat_map(|range| range.frames()).collect();
        frames.sort_unstable();
        frames.dedup();
        frames
    }

    /// Text for any list of frames, ranges found again: `1-3 7`.
    pub fn describe(frames: &[i32]) -> String {
        let mut text = Vec::new();
        let mut rest = frames;
        while let [first, ..] = rest {
            let run = rest.windows(2).take_while(|pair| pair[1].checked_sub(pair[0]) == Some(1)).count();
            text.push(match run {
                0 => first.to_string(),
                run => format!("{first}-{}", rest[run]),
            });
            rest = &rest[run + 1..];
        }
        text.join(" ")
    }
}

impl fmt::Display for FrameSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.0.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{range}")?;
        }
        Ok(())
    }
}

impl FromStr for FrameSpec {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let ranges = text
            .split([' ', ',', '+'])
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<FrameRange>, _>>()?;
        if ranges.is_empty() {
            return Err(Fault::new(
                "No frames are named.",
                format!("Frames are written like this: {EXAMPLES}."),
            ));
        }
        // Ranges may overlap; what they name in all must still fit a small function's memory.
        let named: u64 = ranges.iter().map(|range| range.count()).sum();
        if named > MAX_NAMED {
            return Err(Fault::new(
                format!("`{text}` names {named} frames."),
                format!("Name each frame once; the farm takes up to {MAX_NAMED} in one render."),
            ));
        }
        Ok(Self(ranges))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(text: &str) -> Vec<i32> {
        text.parse::<FrameSpec>().expect(text).frames()
    }

    #[test]
    fn every_form_of_the_grammar() {
        assert_eq!(frames("7"), [7]);
        assert_eq!(frames("1-4"), [1, 2, 3, 4]);
        assert_eq!(frames("1-8x3"), [1, 4, 7]);
        assert_eq!(frames("1 5 10-12"), [1, 5, 10, 11, 12]);
        assert_eq!(frames("1,5"), [1, 5]);
        assert_eq!(frames("-2-1"), [-2, -1, 0, 1]);
        assert_eq!(frames("-4--2"), [-4, -3, -2]);
        assert_eq!(frames("5-6 1-5 6"), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn what_is_no_frame_is_refused_with_the_way_to_write_it() {
        for text in [
            "",
            " ",
            "abc",
            "1-",
            "-",
            "1--",
            "1-2-3",
            "5x2",
            "1-4x",
            "1-4x0",
            "10-1",
            "1.5",
            "1-2000000",
            "99999999999",
            "1-+4",
            "٣",
        ] {
            let fault = text.parse::<FrameSpec>().expect_err(text);
            assert!(!fault.hint.is_empty(), "{text}");
        }
        let fault = "10-1".parse::<FrameSpec>().expect_err("backwards");
        assert_eq!(fault.hint, "Write the lower frame first: frames=1-10.");
    }

    #[test]
    fn frames_are_described_in_ranges() {
        assert_eq!(FrameSpec::describe(&[1, 2, 3, 7, 9, 10]), "1-3 7 9-10");
        assert_eq!(FrameSpec::describe(&[]), "");
    }

    proptest! {
        #[test]
        fn a_spec_reads_back(ranges in proptest::collection::vec((-500..500i32, 0..500i32, 1..9u32), 1..5)) {
            let spec = FrameSpec(ranges.into_iter()
                .map(|(start, more, step)| FrameRange::with_step(start, start + more, step).expect("in range"))
                .collect());
            let again: FrameSpec = spec.to_string().parse().expect("canonical text");
            prop_assert_eq!(again.frames(), spec.frames());
            prop_assert_eq!(frames(&FrameSpec::describe(&spec.frames())), spec.frames());
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC*") {
            let _ = text.parse::<FrameSpec>();
        }
    }
}
