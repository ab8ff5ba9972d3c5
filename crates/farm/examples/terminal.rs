//! What `farm watch`, `status`, `list` and `cost` show of a render that never was, in colours: for the pictures in the
//! documents. `cargo run -p farm --example terminal -- watch`
#![allow(clippy::print_stdout, reason = "it is for looking at")]

use std::time::SystemTime;

use farm::render::cost::{Ledger, PriceList};
use farm::render::table::{self, Row};
use farm::render::{Cost, Counts, Frame, Progress, Seconds, Seen, State};
use farm_contract::keys::BlendKey;
use farm_contract::report;
use farm_terminal::Look;

const LOOK: Look = Look { colour: true };
const COLUMNS: Option<usize> = Some(100);
const NAME: &str = "shots/sh010.blend";

fn main() {
    let view = std::env::args().nth(1).unwrap_or_default();
    let Ok(key) = BlendKey::parse(NAME) else { return };
    let seen = seen(key);
    match view.as_str() {
        "watch" => {
            println!("$ farm watch sh010\n");
            println!("{}", table::one(&seen, LOOK, COLUMNS));
            print!(
                "{}{}",
                table::strip(&seen.frames, LOOK, COLUMNS),
                table::legend(&seen.frames, LOOK, COLUMNS)
            );
        }
        "status" => {
            println!("$ farm status sh020\n");
            print!("{}", table::one(&failed(seen), LOOK, COLUMNS));
        }
        "list" => {
            println!("$ farm list\n");
            print!("{}", table::list(&rows(), LOOK, COLUMNS));
        }
        "cost" => {
            println!("$ farm cost sh010\n");
            print!("{}", table::bill(NAME, &ledger(), &PriceList::default(), LOOK, COLUMNS));
        }
        _ => println!("watch, status, list or cost"),
    }
}

/// In the middle: ends, middles and what lies between are done, as the farm begins them.
fn seen(key: BlendKey) -> Seen {
    let order = farm_contract::order::Order::Spread;
    let numbers: Vec<i32> = (1..=240).collect();
    let frames = numbers.iter().zip(order.children(240, 4)).map(|(number, child)| Frame {
        number: *number,
        child,
        progress: match child {
            0..24 => Progress::Done,
            24..38 if number % 4 == 1 => Progress::Rendering,
            38..40 if number % 4 == 1 => Progress::Starting,
            _ => Progress::Waiting,
        },
        seconds: None,
        fault: None,
        files: Vec::new(),
        files_in_all: 0,
    });
    let frames: Vec<Frame> = frames.collect();
    let of = |wanted: &[Progress]| frames.iter().filter(|frame| wanted.contains(&frame.progress)).count();
    let counts = Counts {
        planned: frames.len(),
        done: of(&[Progress::Done]),
        running: of(&[Progress::Rendering, Progress::Starting]),
        waiting: of(&[Progress::Waiting]),
        failed: 0,
    };
    let state = State {
        version: 1,
        name: key.to_string(),
        bucket: "farm-111122223333-eu-west-1".to_owned(),
        render: Some("9855a1f278366ad88a4d".to_owned()),
        state: report::State::Accepted,
        message: "Rendering 240 frames (1-240) with Blender 4.5 in 60 tasks.".to_owned(),
        hint: None,
        why_waiting: Some(
            "16 tasks are at work at once, which is all that the farm's 64 vCPUs allow; the others come after them"
                .to_owned(),
        ),
        warnings: Vec::new(),
        fps: Some(24.0),
        width: Some(1920),
        height: Some(1080),
        counts,
        seconds: Seconds {
            median: Some(41.2),
            slowest: Some(75.0),
            slowest_frame: Some(121),
            left: Some(412.0),
            elapsed: Some(338.0),
        },
        cost: Some(Cost {
            so_far: 0.12,
            expected: Some(0.27),
            words: "$0.12 so far, about $0.27 in all, at us-east-1's prices of June 2026".to_owned(),
        }),
        files: Vec::new(),
        cells: None,
        sheets: None,
        details: Vec::new(),
        written_at: 0,
        expires_at: None,
        last_edition: false,
    };
    Seen {
        key,
        plan: None,
        report: None,
        frames,
        jobs: None,
        ledger: ledger(),
        at: SystemTime::UNIX_EPOCH,
        state,
    }
}

/// One that has ended and lacks frames.
fn failed(mut seen: Seen) -> Seen {
    seen.frames.truncate(48);
    for frame in &mut seen.frames {
        let lost = (17..=19).contains(&frame.number);
        frame.progress = if lost { Progress::Failed } else { Progress::Done };
        frame.fault = lost.then(|| {
            "The image `glaze` is not with the upload. Pack it, or send the scene with farm submit."
                .to_owned()
        });
    }
    seen.state.name = "shots/sh020.blend".to_owned();
    seen.state.state = report::State::Partial;
    seen.state.message = "frames.zip holds 45 of 48 frames. Frames 17-19 are missing.".to_owned();
    seen.state.hint = Some("Pack it, or send the scene with farm submit.".to_owned());
    seen.state.why_waiting = None;
    seen.state.counts = Counts { planned: 48, done: 45, running: 0, waiting: 0, failed: 3 };
    seen.state.seconds.left = None;
    seen.state.cost = Some(Cost {
        so_far: 0.08,
        expected: Some(0.08),
        words: "$0.08, at us-east-1's prices of June 2026".to_owned(),
    });
    seen
}

fn rows() -> Vec<Row> {
    let row = |name: &str, state, done, planned, time: &str, cost: Option<&str>| Row {
        name: name.to_owned(),
        render: None,
        since: None,
        state,
        frames: Some((done, planned)),
        time: Some(time.to_owned()),
        cost: cost.map(str::to_owned),
    };
    vec![
        row(NAME, report::State::Accepted, 96, 240, "6 min 52 s left", Some("$0.12")),
        row("shots/sh020.blend", report::State::Partial, 45, 48, "4 min 10 s", None),
        row("shots/sh005.blend", report::State::Complete, 96, 96, "5 min 2 s", None),
        row("look/vase.blend", report::State::Complete, 1, 1, "58 s", None),
    ]
}

fn ledger() -> Ledger {
    Ledger {
        attempts: 62,
        spot_hours: 3.9,
        spot_usd: 0.245,
        on_demand_hours: 0.12,
        on_demand_usd: 0.0237,
        start_hours: 0.7,
        render_hours: 2.9,
        free_hours: 0.0,
        unknown: 0,
    }
}
