//! The files that the farm's programs leave for each other in the bucket, where others may write too.
#![no_main]

use farm_contract::Fault;
use farm_contract::frames::{FrameSpec, MAX_NAMED};
use farm_contract::offer::Offer;
use farm_contract::plan::Plan;
use farm_contract::project::Manifest;
use farm_contract::record::TaskRecord;
use farm_contract::report::Report;
use libfuzzer_sys::fuzz_target;
use serde::Serialize;

/// The most frames that a plan may name are 8 MiB; a list that grows doubles.
const MEBIBYTES: usize = 32;

fuzz_target!(|json: &[u8]| farm_fuzz::within(MEBIBYTES, || {
    if let Some(plan) = reads_again(Plan::from_json, json) {
        check(&plan);
    }
    reads_again(TaskRecord::from_json, json);
    reads_again(Report::from_json, json);
    reads_again(Offer::from_json, json);
    if let Some(list) = reads_again(Manifest::from_json, json) {
        let paths = list.files.iter().map(|file| &file.path).chain([&list.main]);
        assert!(
            paths.into_iter().all(|path| !path.starts_with('/') && path.split('/').all(|part| part != ".."))
        );
    }
}));

/// What reads `json` reads what it writes of it, too. Fractions may lose their last digit on the way.
fn reads_again<T: Serialize>(read: impl Fn(&[u8]) -> Result<T, Fault>, json: &[u8]) -> Option<T> {
    let found = read(json).ok()?;
    let written = serde_json::to_vec(&found).expect("it is written as JSON");
    assert!(read(&written).is_ok(), "{}", written.escape_ascii());
    Some(found)
}

fn check(plan: &Plan) {
    let _ = plan.is_submitted();
    let Ok(frames) = plan.frame_list() else { return };
    assert!(!frames.is_empty() && frames.len() as u64 <= MAX_NAMED, "{} frames", frames.len());
    assert!(frames.is_sorted_by(|a, b| a < b));
    let described = FrameSpec::describe(&frames).parse::<FrameSpec>();
    assert_eq!(described.map(|spec| spec.frames()).as_ref(), Ok(&frames));
    for array in &plan.arrays {
        let own = plan.order.of_child(&frames, plan.chunk, array.first_child);
        assert!(own.len() <= plan.chunk.max(1) as usize);
    }
}
