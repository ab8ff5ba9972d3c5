//! `docs/protocol.md` and the code name the same things.
#![expect(clippy::expect_used, reason = "a failing test panics")]

use farm_contract::exit::TaskExit;
use farm_contract::{command, env, keys, metadata, tags};

#[test]
fn the_protocol_page_names_every_word_of_the_contract() {
    let page = include_str!("../../../docs/protocol.md");
    let words = [
        env::BUCKET_NAME,
        env::JOB_QUEUE_ARN,
        env::JOB_DEFINITION_ARN,
        env::LARGE_JOB_DEFINITION_ARN,
        env::ZIP_JOB_DEFINITION_ARN,
        env::BLENDER_VERSION,
        env::MAX_VCPUS,
        env::TASK_VCPUS,
        env::TASK_PRICE,
        env::START_SECONDS,
        env::FRAME_SECONDS,
        env::TOPIC_ARN,
        env::NOTIFY,
        env::BLENDER,
        env::THREADS,
        env::MEMORY,
        env::SCRATCH,
        env::SPOT_ENVIRONMENT,
        env::METADATA_URI,
        env::PRICES,
        env::FFMPEG,
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
        metadata::CONTENTS,
        keys::TRIGGER_SUFFIXES[0],
        keys::TRIGGER_SUFFIXES[1],
        keys::FARM_PREFIX,
        keys::OFFER,
        keys::STOP_SUFFIX,
    ];
    for own in keys::OWN_NAMES {
        assert!(page.contains(&format!("`KEY/{own}`")), "docs/protocol.md does not name `KEY/{own}`");
    }
    for word in words {
        assert!(page.contains(&format!("`{word}`")), "docs/protocol.md does not name `{word}`");
    }
    for tag in tags::names() {
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

#[test]
fn every_fault_of_the_protocol_page_names_a_test_that_there_is() {
    let page = include_str!("../../../docs/protocol.md");
    let (_, table) = page.split_once("| program, call | fault |").expect("the table");
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 30, "the table is cut off: {} rows", rows.len());
    let sources = sources();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, _, _, test] = cells[..] else { panic!("four cells: {row}") };
        let declared = format!("fn {}(", test.trim_matches('`'));
        assert!(sources.iter().any(|source| source.contains(&declared)), "there is no test {test}");
    }
}

/// All of our sources.
fn sources() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<_> =
        ["crates", "render-task", "trigger-lambda", "zip-task"].map(|name| root.join(name)).into();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() && !entry.ends_with("target") {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                sources.push(std::fs::read_to_string(entry).expect("a source"));
            }
        }
    }
    sources
}
