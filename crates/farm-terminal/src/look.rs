//! How it looks: colours, where they are wanted.

use std::io::IsTerminal;

/// What lines are written to.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether it shows colours.
    pub colour: bool,
}

/// The terminal's own colours, by what they mean.
#[derive(Debug, Clone, Copy)]
pub enum Ink {
    /// Something is well.
    Green,
    /// Something is not.
    Red,
    /// Something is to be looked at.
    Yellow,
    /// Something matters little.
    Dim,
    /// Something is a heading.
    Bold,
}

impl Look {
    /// What stderr is now.
    pub fn of_stderr() -> Self {
        Self::of(std::io::stderr().is_terminal())
    }

    /// What stdout is now.
    pub fn of_stdout() -> Self {
        Self::of(std::io::stdout().is_terminal())
    }

    fn of(terminal: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colour: terminal && wanted }
    }

    /// A text in a colour, where there are colours.
    pub fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Green => 32,
            Ink::Red => 31,
            Ink::Yellow => 33,
            Ink::Dim => 2,
            Ink::Bold => 1,
        };
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_what_shows_them() {
        assert_eq!(Look { colour: true }.ink(Ink::Red, "no"), "\x1b[31mno\x1b[0m");
        assert_eq!(Look { colour: true }.ink(Ink::Red, ""), "");
        assert_eq!(Look { colour: false }.ink(Ink::Red, "no"), "no");
    }
}
