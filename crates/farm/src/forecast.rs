//! What a render would cost and when it would be done, before anything is sent.
//!
//! Start at [`Forecast`]; its tables are for people, its JSON for programs.

use farm_contract::Fault;
use farm_contract::limits::Limits;
use farm_contract::plan::Layout;
use farm_plan::{Comparison, Model, choose, compare, dollars, duration};
use farm_terminal::{Ink, Look, count};
use serde_json::{Value, json};

use crate::inspect::sheet::Sheet;

/// Frames of the renders that are compared where none are named.
const SIZES: [u32; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// A farm, a scene, and what an upload of it asks for.
#[derive(Debug, Clone, Copy)]
pub struct Forecast {
    /// The farm and the scene.
    pub model: Model,
    /// What the upload asks for.
    pub limits: Limits,
}

impl Forecast {
    /// The plan of `frames` frames, as a table.
    ///
    /// # Errors
    /// There are no frames.
    pub fn plan(&self, frames: u32, look: Look, width: Option<usize>) -> Result<String, Fault> {
        let choice = choose(&self.model, frames, &self.limits);
        let arrays = Layout::new(frames as usize, choice.estimate.chunk)?.arrays.len() as u64;
        let estimate = choice.estimate;
        let mut sheet = Sheet::new(look, width);
        sheet.heading(&format!("{}, {}", count(frames.into(), "frame"), self.of_each()));
        sheet.row("on", &self.farm());
        sheet.row("chunk", &format!("{} a task", count(estimate.chunk.into(), "frame")));
        sheet.row("tasks", &estimate.children.to_string());
        sheet.row("submits", &format!("{}: {} and the archive", arrays + 1, count(arrays, "render job")));
        sheet.row("done after", &duration(estimate.finish_seconds));
        sheet.row("cost", &dollars(estimate.cost_usd));
        for warning in &choice.warnings {
            sheet.row("warning", warning);
        }
        Ok(sheet.end())
    }

    /// The same for programs.
    ///
    /// # Errors
    /// There are no frames, or it cannot be written as JSON.
    pub fn plan_json(&self, frames: u32) -> Result<Value, Fault> {
        let choice = choose(&self.model, frames, &self.limits);
        let arrays = Layout::new(frames as usize, choice.estimate.chunk)?.arrays.len();
        let mut plan = written(&choice.estimate)?;
        plan["frames"] = frames.into();
        plan["submits"] = (arrays + 1).into();
        plan["warnings"] = choice.warnings.into();
        Ok(plan)
    }

    /// The plans of so many frames, or of one to a million, beside a task for each frame and beside the best
    /// possible, all of them played through.
    pub fn compared(&self, frames: Option<u32>) -> Vec<Comparison> {
        let sizes = frames.map_or_else(|| SIZES.to_vec(), |frames| vec![frames]);
        sizes.into_iter().map(|frames| compare(&self.model, frames, &self.limits)).collect()
    }

    /// What was compared, as a table.
    pub fn comparison(&self, compared: &[Comparison], look: Look) -> String {
        let titles = [
            "frames",
            "chunk",
            "tasks",
            "done after",
            "cost",
            "done after",
            "cost",
            "done after",
            "cost",
            "plan/best",
        ];
        let mut rows = vec![titles.map(str::to_owned)];
        rows.extend(compared.iter().map(|of| {
            let Comparison { frames, plan, one_each, best, ratio, .. } = of;
            [
                frames.to_string(),
                plan.chunk.to_string(),
                plan.children.to_string(),
                duration(plan.finish_seconds),
                dollars(plan.cost_usd),
                duration(one_each.finish_seconds),
                dollars(one_each.cost_usd),
                duration(best.finish_seconds),
                dollars(best.cost_usd),
                format!("{ratio:.3}"),
            ]
        }));
        let widths: Vec<usize> = (0..titles.len())
            .map(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or_default())
            .collect();
        // Above them, whose columns they are.
        let spans = [("", 1), ("the plan", 4), ("one frame a task", 2), ("the best possible", 2), ("", 1)];
        let mut columns = widths.iter();
        let groups = spans.map(|(name, span)| {
            let wide: usize = columns.by_ref().take(span).map(|width| width + 2).sum();
            format!("{name:>wide$}")
        });
        let mut text =
            format!("{}\n", look.ink(Ink::Bold, &format!("{}, on {}", self.of_each(), self.farm())));
        text += &format!("{}\n", look.ink(Ink::Dim, groups.concat().trim_end()));
        for (at, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("  {cell:>width$}"));
            let line = cells.collect::<String>();
            text += &if at == 0 { look.ink(Ink::Dim, &line) } else { line };
            text.push('\n');
        }
        for of in compared {
            for warning in &of.warnings {
                text += &format!("warning: {}: {warning}\n", count(of.frames.into(), "frame"));
            }
        }
        text
    }

    /// The same for programs.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn comparison_json(compared: &[Comparison]) -> Result<Value, Fault> {
        Ok(json!({"renders": compared.iter().map(written).collect::<Result<Vec<_>, _>>()?}))
    }

    fn of_each(&self) -> String {
        let assumed = if self.model.measured > 0 { "" } else { " (assumed)" };
        format!("frames of {}{assumed}", duration(self.model.frame_seconds))
    }

    fn farm(&self) -> String {
        let Model { vcpus_allowed, task_vcpus, task_hour, .. } = self.model;
        let at_once = count(self.model.parallel().into(), "task");
        format!(
            "{vcpus_allowed} vCPUs: {at_once} of {task_vcpus} at once, each at {} an hour",
            dollars(task_hour)
        )
    }
}

fn written(value: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|error| {
        Fault::new(format!("The plan cannot be written as JSON: {error}."), "Leave --json out for a table.")
    })
}

#[cfg(test)]
mod tests {
    use farm_plan::prices::PUBLISHED;

    use super::*;

    const PLAIN: Look = Look { colour: false };

    fn forecast() -> Forecast {
        let farm = Model::of_farm(256.0, 4.0, PUBLISHED.spot.task_hour(4.0, 8.0));
        let model = Model { frame_seconds: 30.0, spread: 0.0, measured: u64::MAX, ..farm };
        Forecast { model, limits: Limits::default() }
    }

    #[test]
    fn a_plan_reads_as_the_readme_shows_it() {
        let shown = forecast().plan(250, PLAIN, None).expect("a plan");
        let readme = include_str!("../../../README.md");
        assert!(
            readme.contains(&format!("$ farm plan --frames 1-250 --frame-seconds 30\n{shown}```")),
            "{shown}"
        );
        let first = Forecast { model: Model::of_farm(256.0, 4.0, 0.063), ..forecast() };
        let table = first.plan(250, PLAIN, None).expect("a plan");
        assert!(table.contains("assumed"), "{table}");
    }

    #[test]
    fn a_limit_that_is_not_kept_is_told() {
        let mut late = forecast();
        assert_eq!(late.limits.take("deadline", "1m"), Ok(true));
        assert!(late.plan(250, PLAIN, None).expect("a plan").contains("deadline=1m will hardly be kept"));
        let json = late.plan_json(250).expect("a plan");
        assert_eq!((json["submits"].as_u64(), json["warnings"].as_array().map(Vec::len)), (Some(2), Some(1)));
        assert!(late.plan(0, PLAIN, None).is_err());
        let compared = late.compared(Some(250));
        let table = late.comparison(&compared, PLAIN);
        assert!(table.contains("warning: 250 frames: deadline=1m will hardly be kept"), "{table}");
        let json = Forecast::comparison_json(&compared).expect("JSON");
        assert_eq!(json["renders"][0]["warnings"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn plans_of_all_sizes_are_beside_the_best() {
        let forecast = forecast();
        let compared = forecast.compared(None);
        insta::assert_snapshot!(forecast.comparison(&compared, PLAIN));
        let json = Forecast::comparison_json(&compared).expect("JSON");
        assert_eq!(json["renders"].as_array().map(Vec::len), Some(SIZES.len()));
        assert!(compared.iter().all(|of| of.ratio <= 1.05), "{compared:?}");
    }
}
