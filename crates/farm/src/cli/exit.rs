//! With which codes the program ends. The README has them.

use std::process::ExitCode;

use farm_contract::report::State;

/// The render has ended, and frames are missing.
pub const INCOMPLETE: u8 = 3;
/// The render is under way.
pub const UNDER_WAY: u8 = 4;

/// How a program ends that waited for a render, or looked at it.
pub fn of(state: State) -> ExitCode {
    match state {
        State::Complete => ExitCode::SUCCESS,
        State::Accepted => ExitCode::from(UNDER_WAY),
        State::Rejected | State::Partial | State::Failed => ExitCode::from(INCOMPLETE),
    }
}
