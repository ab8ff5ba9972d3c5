//! `missing.txt`: what a partial archive lacks, for the person who opens it.

use std::collections::BTreeMap;
use std::fmt::Write;

use farm_contract::frames::FrameSpec;
use farm_contract::plan::Plan;
use farm_contract::{command, tags};

use crate::census::Census;
use crate::verdict::frames;

/// S3's limit for the value of a tag.
const MAX_TAG_VALUE: usize = 256;

/// The text, for a census that lacks frames.
pub fn text(plan: &Plan, census: &Census) -> String {
    let missing = census.missing_frames();
    let ranges = FrameSpec::describe(&missing);
    let mut text = format!(
        "This archive is not complete: {} of {} {} missing.\n\nMissing: {ranges}\n\nRender {} of {}\n\nWhy\n",
        missing.len(),
        frames(census.planned),
        if missing.len() == 1 { "is" } else { "are" },
        plan.render,
        plan.key,
    );
    // One reason is most often that of many frames.
    let mut reasons: BTreeMap<(&str, &str), Vec<i32>> = BTreeMap::new();
    for missing in &census.missing {
        let reason = (missing.fault.message.as_str(), missing.fault.hint.as_str());
        reasons.entry(reason).or_default().push(missing.frame);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, frames)| frames.first().copied());
    for ((message, hint), frames) in reasons {
        let word = if frames.len() == 1 { "Frame" } else { "Frames" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {word} {}: {message}\n    {hint}", FrameSpec::describe(&frames));
    }
    let _ = write!(
        text,
        "\nTo render what is missing, and only that\n  {}\n",
        command::resume(&plan.bucket, &plan.key)
    );
    text.push_str(
        "  Or upload the same file again, under the same name and with the same \
         tags: only the missing\n  frames are rendered, and frames.zip then holds all of them.\n",
    );
    if ranges.len() <= MAX_TAG_VALUE {
        let _ = writeln!(
            text,
            "  For an archive of only the missing frames, upload it with the tag {}={ranges}",
            tags::FRAMES
        );
    }
    text
}
