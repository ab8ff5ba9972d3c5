//! `farm doctor`.

use std::cell::RefCell;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use farm::doctor::{Asked, Check, Finding, Verdict, examine, table};
use farm_terminal::Look;
use serde_json::json;

use super::at::{Where, of_environment};
use super::out;

/// Look whether all is right for a render, in the account and on this machine, and say what mends what is not.
///
/// It changes nothing. The exit code is 1 where something is in the way of a render; warnings are not.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    #[command(flatten)]
    farm: Where,
    /// Look at this machine alone.
    #[arg(long)]
    local: bool,
    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub async fn run(self) -> Result<ExitCode> {
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let asked = Asked {
            bucket: self.farm.bucket.or_else(of_environment),
            region: self.farm.region,
            local: self.local,
            // One of AWS's own addresses is still AWS.
            own_s3: of("AWS_ENDPOINT_URL_S3")
                .filter(|address| of("AWS_ENDPOINT_URL").is_none() && !address.contains("amazonaws.com")),
            blender: of("BLENDER").map(Into::into),
            folder: std::env::current_dir().context("cannot tell which folder this is")?,
        };
        let screen = RefCell::new(Screen::new(asked.checks(), !self.json));
        screen.borrow_mut().show(&[]);
        let findings = examine(&asked, |found| screen.borrow_mut().show(found)).await;
        screen.borrow_mut().clear();
        let bad = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
        if self.json {
            out::json(&json!({"good": !bad, "findings": findings}))?;
        } else {
            out::text(&table::table(&findings, Look::of_stdout(), out::width()))?;
        }
        Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// What is found so far, drawn over itself where stdout is a terminal.
struct Screen {
    awaited: Vec<Check>,
    size: Option<(usize, usize)>,
    drawn: usize,
}

impl Screen {
    fn new(awaited: Vec<Check>, wanted: bool) -> Self {
        Self { awaited, size: out::size().filter(|_| wanted), drawn: 0 }
    }

    fn show(&mut self, found: &[Finding]) {
        let Some((columns, rows)) = self.size else { return };
        let mut lines = table::so_far(&self.awaited, found, Look::of_stdout(), columns);
        // What is longer than the screen could not be drawn over.
        lines.truncate(rows.saturating_sub(1));
        self.clear();
        self.drawn = lines.len();
        self.write(&(lines.join("\n") + "\n"));
    }

    fn clear(&mut self) {
        if self.drawn > 0 {
            self.write(&format!("\x1b[{}F\x1b[0J", self.drawn));
            self.drawn = 0;
        }
    }

    fn write(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        // One that was closed is no reason to stop: the exit code still tells.
        drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
    }
}
