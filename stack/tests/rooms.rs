//! Which room of this crate may know which: `cfn`, `template`, `farm`, `deploy` and the command line,
//! each those before it alone; and none before `deploy` calls anybody.
#![allow(clippy::expect_used, reason = "a failing test panics")]

use std::path::{Path, PathBuf};

/// The rooms in order. The command line is another crate, which calls this one `stack`.
const ROOMS: [&str; 5] = ["cfn", "template", "farm", "deploy", "cli"];
/// What only `deploy` needs.
const CALLS: [&str; 3] = ["aws_sdk_", "farm_aws", "tokio"];

fn source(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(source(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.clone(), std::fs::read_to_string(&path).expect("text")));
        }
    }
    found
}

/// What a text of this room names that it must not know.
fn broken(room: usize, text: &str) -> Vec<String> {
    let crates = ["crate::", "stack::"];
    let later = ROOMS[room + 1..].iter().flat_map(|later| crates.map(|name| format!("{name}{later}")));
    let calls = CALLS.iter().filter(|_| room < 3).map(|call| (*call).to_owned());
    // A list of rooms in one line would hide them.
    let lists = crates.map(|name| format!("use {name}{{"));
    later.chain(calls).chain(lists).filter(|word| text.contains(word)).collect()
}

#[test]
fn each_room_knows_those_before_it_alone() {
    for (at, room) in ROOMS.iter().enumerate() {
        let files = source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room));
        assert!(files.len() > 2, "{room} is elsewhere");
        for (path, text) in files {
            assert_eq!(broken(at, &text), Vec::<String>::new(), "{}", path.display());
        }
    }
}

#[test]
fn a_wrong_direction_is_found() {
    assert_eq!(broken(1, "use crate::farm::FarmConfig;"), ["crate::farm"]);
    assert_eq!(broken(2, "aws_sdk_s3::Client"), ["aws_sdk_"]);
    assert_eq!(broken(3, "use crate::{cfn, farm};"), ["use crate::{"]);
    assert_eq!(broken(4, "use stack::deploy;"), Vec::<String>::new());
}
