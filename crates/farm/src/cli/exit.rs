//! With which codes the program ends. The README has them.

use std::process::ExitCode;

use farm::render;
use farm_contract::report::State;

/// The render has ended, and frames are missing.
pub const INCOMPLETE: u8 = 3;
/// The render is under way.
pub const UNDER_WAY: u8 = 4;

/// How a program ends that looked at a render. What was complete may lack frames since, as those that were marked for being
/// rendered again.
pub fn of_seen(state: &render::State) -> ExitCode {
    if state.state == State::Complete && state.counts.done < state.counts.planned {
        return ExitCode::from(INCOMPLETE);
    }
    of(state.state)
}

/// How a program ends that waited for a render.
pub fn of(state: State) -> ExitCode {
    match state {
        State::Complete => ExitCode::SUCCESS,
        State::Accepted => ExitCode::from(UNDER_WAY),
        State::Rejected | State::Partial | State::Failed => ExitCode::from(INCOMPLETE),
    }
}
