//! `farm plan`.

use anyhow::{Result, ensure};
use farm::forecast::Forecast;
use farm_contract::Fault;
use farm_contract::frames::FrameSpec;
use farm_contract::limits::{BUDGET, DEADLINE, Limits};
use farm_contract::prices::Price;
use farm_plan::Model;
use farm_plan::prices::PUBLISHED;
use farm_terminal::Look;

use super::{out, prices};

/// Show how frames would be shared out to tasks, what that costs, and when it is done.
#[derive(Debug, clap::Args)]
pub struct Plan {
    /// Frames: 1-250, 1-250x2, "1 5 10-20". With --simulate and without these, one to a million.
    #[arg(long, value_name = "SPEC", required_unless_present = "simulate", allow_hyphen_values = true)]
    frames: Option<FrameSpec>,
    /// Seconds of a frame, on a task of this size. Left out, what the farm assumes of a file that it has not
    /// rendered yet.
    #[arg(long, value_name = "SECONDS")]
    frame_seconds: Option<f64>,
    /// Seconds to fetch and open the scene.
    #[arg(long, value_name = "SECONDS")]
    load_seconds: Option<f64>,
    /// Seconds from a task's start until its program runs.
    #[arg(long, value_name = "SECONDS")]
    start_seconds: Option<f64>,
    /// vCPUs that all tasks together may have.
    #[arg(long, value_name = "VCPUS", default_value_t = 256.0)]
    vcpus: f64,
    /// vCPUs of one task.
    #[arg(long, value_name = "VCPUS", default_value_t = 4.0)]
    task_vcpus: f64,
    /// GiB of memory of one task.
    #[arg(long, value_name = "GIB", default_value_t = 8.0)]
    memory: f64,
    /// At the price of Fargate, and not of Fargate Spot, where a farm starts its tasks unless it is told otherwise.
    #[arg(long)]
    on_demand: bool,
    /// US dollars for an hour of a vCPU and of a GiB, instead of those of Fargate Spot in us-east-1, June 2026.
    #[arg(long, value_name = "VCPU,GIB", value_parser = prices, conflicts_with = "on_demand")]
    prices: Option<Price>,
    /// The frames are to be there within that time, such as 90m or 2h, as cheaply as can be.
    #[arg(long, value_name = "TIME")]
    deadline: Option<String>,
    /// They are to cost no more US dollars than that, such as 2.50, and be there as soon as can be.
    #[arg(long, value_name = "DOLLARS")]
    budget: Option<String>,
    /// Play the plan through, beside a task for each frame and beside the best possible.
    #[arg(long)]
    simulate: bool,
    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

impl Plan {
    pub fn run(self) -> Result<()> {
        let forecast = Forecast { model: self.model()?, limits: self.limits()? };
        let frames = self.frames.as_ref().map(|spec| spec.frames().len()).map(u32::try_from).transpose()?;
        let look = Look::of_stdout();
        let text = match (frames, self.simulate) {
            (Some(frames), false) if self.json => format!("{:#}\n", forecast.plan_json(frames)?),
            (Some(frames), false) => forecast.plan(frames, look, out::width())?,
            (frames, _) => {
                let compared = forecast.compared(frames);
                if self.json {
                    format!("{:#}\n", Forecast::comparison_json(&compared)?)
                } else {
                    forecast.comparison(&compared, look)
                }
            }
        };
        out::text(&text)
    }

    fn model(&self) -> Result<Model> {
        let positive = [
            ("--frame-seconds", self.frame_seconds),
            ("--vcpus", Some(self.vcpus)),
            ("--task-vcpus", Some(self.task_vcpus)),
        ];
        for (name, value) in positive {
            let good = value.is_none_or(|value| value.is_finite() && value > 0.0);
            ensure!(good, "{name} is a number above 0");
        }
        let others = [
            ("--load-seconds", self.load_seconds),
            ("--start-seconds", self.start_seconds),
            ("--memory", Some(self.memory)),
        ];
        for (name, value) in others {
            let good = value.is_none_or(|value| value.is_finite() && value >= 0.0);
            ensure!(good, "{name} is a number from 0 on");
        }
        let prices = self.prices.unwrap_or(if self.on_demand { PUBLISHED.on_demand } else { PUBLISHED.spot });
        let farm =
            Model::of_farm(self.vcpus, self.task_vcpus, prices.task_hour(self.task_vcpus, self.memory));
        let farm = Model {
            load_seconds: self.load_seconds.unwrap_or(farm.load_seconds),
            start_seconds: self.start_seconds.unwrap_or(farm.start_seconds),
            ..farm
        };
        Ok(match self.frame_seconds {
            // Whoever knows how long a frame takes means all of them.
            Some(frame_seconds) => Model { frame_seconds, spread: 0.0, measured: u64::MAX, ..farm },
            None => farm,
        })
    }

    fn limits(&self) -> Result<Limits, Fault> {
        let mut limits = Limits::default();
        for (name, value) in [(DEADLINE, &self.deadline), (BUDGET, &self.budget)] {
            if let Some(value) = value {
                limits.take(name, value)?;
            }
        }
        Ok(limits)
    }
}
