//! How a run ended, told to the person in front.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use farm_contract::Fault;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{self, FrameName};
use farm_contract::record::FrameFault;
use farm_contract::report::{Report, State};
use farm_local::sheet::{self, SheetError};

use super::deliver::{Delivery, SHEET};
use super::show::{self, Progress};

/// How long each part took.
#[derive(Debug, Default)]
pub struct Parts {
    /// The upload.
    pub upload: Duration,
    /// From the upload to the plan.
    pub plan: Duration,
    /// From the plan to the last frame.
    pub frames: Duration,
    /// From the last frame to the archive.
    pub archive: Duration,
    /// From the archive to the moving pictures, where there are any.
    pub preview: Option<Duration>,
}

/// A run that came to its end.
pub struct Outcome {
    /// The last report.
    pub report: Report,
    /// What was shown of it.
    pub progress: Progress,
    /// Where the time went.
    pub parts: Parts,
    /// The whole time.
    pub all: Duration,
    /// The most memory that one Blender held, in MiB; 0 where none rendered.
    pub peak_memory_mib: u64,
    /// Delivered files: name below the folder, and path.
    pub delivered: Vec<(String, PathBuf)>,
}

impl Outcome {
    /// Tells it. The exit code is 0 only when every frame is there.
    pub fn tell(self, delivery: &Delivery) -> Result<ExitCode> {
        let Self { report, progress, delivered, .. } = &self;
        let mut own: Vec<(FrameName, PathBuf)> = delivered
            .iter()
            .filter_map(|(name, path)| Some((FrameName::parse(name)?, path.clone())))
            .collect();
        own.sort();
        own.dedup();
        let others = delivery.other_frames(&own);
        show::heading(&report.message);
        if let (Some((_, first)), Some((_, last))) = (own.first(), own.last()) {
            let more = match own.len() {
                1 => String::new(),
                _ => format!(" ... {}", last.file_name().unwrap_or_default().to_string_lossy()),
            };
            let kept = match progress.kept() {
                0 => String::new(),
                kept => format!(" ({kept} were there already)"),
            };
            show::item("frames", &format!("{}{more}{kept}", first.display()));
        }
        if report.zip.is_some() {
            show::item("archive", &sized(&delivery.path(keys::FRAMES_ZIP)));
        }
        if report.preview.is_some() {
            show::item("preview", &sized(&delivery.path(keys::PREVIEW)));
            show::item("moving sheet", &sized(&delivery.path(keys::CONTACT_SHEET)));
        }
        draw_sheet(delivery, own.into_iter().map(|(_, path)| path).collect());
        show::item("report", &delivery.path("report.json").display().to_string());
        if report.state != State::Rejected {
            show::item("time", &self.times());
        }
        if self.peak_memory_mib > 0 {
            show::item(
                "memory",
                &format!("at most {} in each Blender", show::size(self.peak_memory_mib << 20)),
            );
        }
        if !others.is_empty() {
            show::warning(&format!(
                "the folder also holds frames of an earlier render, which are not in this archive: {}",
                FrameSpec::describe(&others)
            ));
        }
        report.problems.iter().for_each(show::fault);
        tell_faults(report);
        if let Some(hint) = &report.hint {
            show::hint(hint);
        }
        Ok(if report.state == State::Complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn times(&self) -> String {
        let Parts { upload, plan, frames, archive, preview } = self.parts;
        let begun = format!(
            "{} in all: upload {}, plan {}",
            show::span(self.all),
            show::span(upload),
            show::span(plan)
        );
        if self.report.zip.is_none() {
            return begun;
        }
        let each = self.progress.each().map_or_else(String::new, |each| format!(" ({each})"));
        let preview = preview.filter(|_| self.report.preview.is_some());
        let preview =
            preview.map_or_else(String::new, |preview| format!(", preview {}", show::span(preview)));
        format!("{begun}, frames {}{each}, archive {}{preview}", show::span(frames), show::span(archive))
    }
}

/// A file and its size.
fn sized(path: &Path) -> String {
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    format!("{} ({})", path.display(), show::size(bytes))
}

/// A sheet is a courtesy: where the format cannot be shown, the render is no worse.
fn draw_sheet(delivery: &Delivery, frames: Vec<PathBuf>) {
    let path = delivery.path(SHEET);
    match sheet::draw(&frames, &path) {
        Ok(_) => show::item("contact sheet", &path.display().to_string()),
        Err(SheetError::Empty) => {}
        Err(error) => show::item("contact sheet", &format!("none: {error}")),
    }
}

/// Each fault once, with its frames; what the report's own message says is not said again.
fn tell_faults(report: &Report) {
    let faults = report.frames.iter().flat_map(|frames| &frames.faults);
    let mut told: Vec<(&Fault, Vec<i32>)> = Vec::new();
    for FrameFault { frame, fault } in faults {
        match told.iter_mut().find(|(known, _)| *known == fault) {
            Some((_, frames)) => frames.push(*frame),
            None => told.push((fault, vec![*frame])),
        }
    }
    for (fault, frames) in told {
        if !report.message.contains(&fault.message) {
            show::line(&format!("frames {}: {} {}", FrameSpec::describe(&frames), fault.message, fault.hint));
        }
    }
}
