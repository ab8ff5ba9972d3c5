//! `farm logs`: what the tasks said.

use std::process::ExitCode;

use anyhow::Result;
use farm::logs::Logs as Reader;
use farm::render::cost::PriceList;
use farm::render::{Frame, Progress, Watch};
use farm_aws::Session;
use farm_contract::Fault;
use farm_contract::frames::FrameSpec;
use farm_terminal::{Ink, Look, printable, say};
use serde_json::json;

use super::at::{ANSWER, At};
use super::out;

/// Tasks whose logs are shown where no frame is named.
const MOST: usize = 10;

/// Show what the tasks of a render said: that of one frame, or those that failed, or all.
#[derive(Debug, clap::Args)]
pub struct Logs {
    #[command(flatten)]
    at: At,
    /// The frame whose task is meant.
    #[arg(value_name = "FRAME", allow_hyphen_values = true)]
    frame: Option<i32>,
    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

impl Logs {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(PriceList::default()).await?;
        let plan = found.planned()?.clone();
        let seen = Watch::new(farm.clone(), found.key).look().await?;
        let children = children(&seen.frames, self.frame, &plan.frames)?;
        let reader = Reader::new(&Session::open(self.at.farm.region.as_deref(), ANSWER).await?);
        let (mut tasks, mut any) = (Vec::new(), false);
        for child in children.iter().take(MOST) {
            let attempts = reader.of_child(&farm, &plan, *child).await?;
            if attempts.is_empty() {
                continue;
            }
            any = true;
            let frames = seen.frames.iter().filter(|frame| frame.child == *child).map(|frame| frame.number);
            let frames = FrameSpec::describe(&frames.collect::<Vec<_>>());
            if self.json {
                let attempts = attempts.iter().map(|it| json!({"stream": it.stream, "lines": it.lines}));
                tasks.push(
                    json!({"child": child, "frames": frames, "attempts": attempts.collect::<Vec<_>>()}),
                );
                continue;
            }
            let look = Look::of_stdout();
            for attempt in attempts {
                let heading = format!("==> task {child}, frames {frames}, attempt {}", attempt.number);
                out::text(&format!("{}\n", look.ink(Ink::Bold, &heading)))?;
                for line in attempt.lines {
                    out::text(&format!("{}\n", printable(&line)))?;
                }
            }
        }
        if !any {
            return Err(Fault::new(
                "There is no log of these tasks.",
                "They have not begun, or ended more than a week ago: Batch remembers its jobs so long. The log group of the \
                 farm keeps what they said for longer.",
            )
            .into());
        }
        if self.json {
            out::json(&json!({"tasks": tasks}))?;
        }
        if let Some(more) = children.len().checked_sub(MOST).filter(|more| *more > 0) {
            say(&format!("and {more} more tasks: name a frame to see its task's."));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Whose logs are shown.
fn children(frames: &[Frame], wanted: Option<i32>, planned: &str) -> Result<Vec<u32>, Fault> {
    if let Some(number) = wanted {
        let frame = frames.iter().find(|frame| frame.number == number);
        return frame.map(|frame| vec![frame.child]).ok_or_else(|| {
            Fault::new(format!("The render has no frame {number}."), format!("It has the frames {planned}."))
        });
    }
    let of = |wanted: &dyn Fn(&Frame) -> bool| {
        let mut children: Vec<u32> =
            frames.iter().filter(|frame| wanted(frame)).map(|frame| frame.child).collect();
        children.sort_unstable();
        children.dedup();
        children
    };
    let failed = of(&|frame| frame.progress == Progress::Failed);
    Ok(if failed.is_empty() { of(&|frame| frame.progress != Progress::Waiting) } else { failed })
}
