//! The commands: one file for each, or for a few that are alike.

mod ask;
mod at;
mod control;
mod cost;
mod doctor;
mod exit;
mod inspect;
mod logs;
mod out;
mod plan;
mod progress;
mod pull;
mod status;
mod submit;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap_complete::Shell;
use farm_contract::prices::Price;

pub use control::{Cancel, Remove, Rerender, Resume};
pub use cost::Cost;
pub use doctor::Doctor;
pub use inspect::Inspect;
pub use logs::Logs;
pub use plan::Plan;
pub use pull::Pull;
pub use status::{List, Status};
pub use submit::Submit;
pub use watch::Watch;

/// Prints what completes the commands in a shell.
pub fn completions(shell: Shell, mut command: clap::Command) -> Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "farm", &mut text);
    out::text(&String::from_utf8_lossy(&text)).map(|()| ExitCode::SUCCESS)
}

/// Two prices, as `0.04048,0.004445`.
fn prices(text: &str) -> Result<Price, String> {
    let price =
        |text: &str| text.trim().parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0);
    let both = text.split_once(',').and_then(|(vcpu, gib)| Some((price(vcpu)?, price(gib)?)));
    both.map(|(vcpu_hour, gib_hour)| Price { vcpu_hour, gib_hour })
        .ok_or_else(|| "write two prices in US dollars, such as 0.04048,0.004445".to_owned())
}
