//! The tags of an upload, and the frames and tasks that come of them.
//!
//! An input is text: on its first line the scene's first and last frame and how many tasks run at
//! once, then a line `key=value` for every tag.
#![no_main]

use farm_contract::frames::{FrameSpec, MAX_NAMED};
use farm_contract::plan::{ARRAY_CHILDREN, Layout, MAX_ARRAYS};
use farm_contract::tags::{Chunk, Request};
use farm_plan::{Model, assess, choose};
use libfuzzer_sys::fuzz_target;

/// The most frames that a request may name are 8 MiB; a list that grows doubles.
const MEBIBYTES: usize = 32;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = str::from_utf8(input) else { return };
    let (first, tags) = text.split_once('\n').unwrap_or((text, ""));
    let mut numbers = first.split(' ').map(str::parse::<i32>);
    let mut number = |otherwise| numbers.next().and_then(Result::ok).unwrap_or(otherwise);
    let range = (number(1), number(250));
    let (parallel, step) = (number(64).unsigned_abs(), number(1).unsigned_abs());
    let tags = tags.lines().map(|line| line.split_once('=').unwrap_or((line, "")));
    farm_fuzz::within(MEBIBYTES, || check(tags, range, step, parallel));
});

fn check<'a>(
    tags: impl Iterator<Item = (&'a str, &'a str)>,
    (start, end): (i32, i32),
    step: u32,
    parallel: u32,
) {
    let request = match Request::from_tags(tags) {
        Ok(request) => request,
        Err(fault) => return assert!(!fault.message.is_empty() && !fault.hint.is_empty()),
    };
    let Ok(spec) = request.frames.resolve(start, end, step) else { return };
    let frames = spec.frames();
    let again = spec.to_string().parse::<FrameSpec>().map(|spec| spec.frames());
    assert_eq!(again.as_ref(), Ok(&frames), "{spec}");
    assert!(!frames.is_empty() && frames.len() as u64 <= MAX_NAMED, "{spec} is {} frames", frames.len());

    let model = Model::of_farm(f64::from(parallel), 1.0, 0.2);
    let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    let chosen = match request.chunk {
        Chunk::Auto => choose(&model, count, &request.limits),
        Chunk::Frames(chunk) => assess(&model, count, chunk, &request.limits),
    };
    assert!(chosen.estimate.finish_seconds.is_finite() && chosen.estimate.cost_usd >= 0.0, "{chosen:?}");
    let Ok(layout) = Layout::new(frames.len(), chosen.estimate.chunk) else { return };
    let children: u64 = layout.arrays.iter().map(|array| u64::from(array.children)).sum();
    let holds = children * u64::from(layout.chunk);
    assert!(layout.arrays.len() <= MAX_ARRAYS as usize, "{layout:?}");
    assert!(layout.arrays.iter().all(|array| array.children <= *ARRAY_CHILDREN.end()), "{layout:?}");
    assert!(holds >= frames.len() as u64, "{layout:?} for {} frames", frames.len());
}
