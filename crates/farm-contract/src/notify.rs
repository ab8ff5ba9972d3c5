//! Of which ends of uploads somebody is told, by mail or by webhook.

use std::str::FromStr;

use crate::report::State;

/// What the owner of the farm wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// How each render ended, and uploads that were refused.
    #[default]
    Renders,
    /// Only what is not as it should be: refused, without some of the frames, failed.
    Problems,
}

impl Notify {
    /// All there are, the default first.
    pub const ALL: [Self; 2] = [Self::Renders, Self::Problems];

    /// As it is written in settings and in the environment.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renders => "renders",
            Self::Problems => "problems",
        }
    }

    /// Whether an upload that came so far is told of.
    pub const fn wants(self, state: State) -> bool {
        match state {
            State::Accepted => false,
            State::Complete => matches!(self, Self::Renders),
            State::Rejected | State::Partial | State::Failed => true,
        }
    }
}

/// A text that is none of [`Notify::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is renders or problems")]
pub struct NoNotify;

impl FromStr for Notify {
    type Err = NoNotify;

    fn from_str(text: &str) -> Result<Self, NoNotify> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(NoNotify)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_under_way_is_told_of_to_nobody_and_a_problem_to_everybody() {
        for notify in Notify::ALL {
            assert_eq!(notify.as_str().parse(), Ok(notify));
            assert!(!notify.wants(State::Accepted));
            for state in [State::Rejected, State::Partial, State::Failed] {
                assert!(notify.wants(state), "{notify:?} {state:?}");
            }
        }
        assert!(Notify::Renders.wants(State::Complete) && !Notify::Problems.wants(State::Complete));
        assert_eq!("all".parse::<Notify>(), Err(NoNotify));
    }
}
