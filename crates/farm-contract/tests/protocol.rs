//! `docs/protocol.md` and the code name the same things.

use farm_contract::exit::TaskExit;
use farm_contract::{command, env, keys, metadata, tags};

#[test]
fn the_protocol_page_names_every_word_of_the_contract() {
    let page = include_str!("../../../docs/protocol.md");
    let words = [
        env::BUCKET_NAME,
        env::JOB_QUEUE_ARN,
        env::JOB_DEFINITION_ARN,
        env::ZIP_JOB_DEFINITION_ARN,
        env::BLENDER_VERSION,
        env::MAX_VCPUS,
        env::TASK_VCPUS,
        env::FRAME_SECONDS,
        env::BLENDER,
        env::THREADS,
        env::SCRATCH,
        env::ARRAY_INDEX,
        env::JOB_ID,
        env::JOB_ATTEMPT,
        command::CONTAINER,
        metadata::SOURCE,
        metadata::RENDER,
        metadata::FRAME,
        metadata::FILES,
        metadata::SECONDS,
        metadata::CRC32,
        keys::TRIGGER_SUFFIXES[0],
        keys::TRIGGER_SUFFIXES[1],
        keys::FARM_PREFIX,
    ];
    for word in words {
        assert!(page.contains(&format!("`{word}`")), "docs/protocol.md does not name `{word}`");
    }
    for tag in [tags::FRAME, tags::FRAMES, tags::CHUNK] {
        assert!(page.contains(&format!("`{tag}=")), "docs/protocol.md does not show the tag `{tag}`");
    }
    for tag in tags::RESERVED {
        assert!(page.contains(&format!("`{tag}`")), "docs/protocol.md does not name the tag `{tag}`");
    }
    for exit in TaskExit::ALL {
        let retries = if exit.retries() { "tries again" } else { "stops" };
        let row = match exit {
            TaskExit::Done => "| 0 | Done | - |".to_owned(),
            exit => format!("| {} | {exit:?} | {retries} |", exit.code()),
        };
        assert!(page.contains(&row), "docs/protocol.md has no row `{row}`");
    }
}
