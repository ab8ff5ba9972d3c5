//! The person in front: told on stderr, asked on a terminal.

use std::io::{BufRead, IsTerminal, Write};

use stack::deploy::{Host, News};

use super::show::{self, Look};

/// A person at a terminal, or a log.
#[derive(Debug)]
pub struct Console {
    look: Look,
    /// Whether everything is said yes to.
    yes: bool,
}

impl Console {
    /// What stderr is now.
    pub fn new(yes: bool) -> Self {
        Self { look: Look::of_stderr(), yes }
    }

    /// Asks for a text; none where nobody can answer.
    pub fn ask(&self, question: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        show::prompt(question);
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).ok()?;
        Some(answer.trim().to_owned())
    }
}

impl Host for Console {
    fn tell(&mut self, news: &News) {
        let mut stderr = std::io::stderr().lock();
        for line in show::lines(news, self.look) {
            // A terminal that was closed is no reason to stop in the middle of a change.
            let told = writeln!(stderr, "{line}");
            drop(told);
        }
    }

    fn confirm(&mut self, question: &str) -> bool {
        if self.yes {
            return true;
        }
        match self.ask(&format!("{question} [y/N] ")) {
            Some(answer) => matches!(answer.to_lowercase().as_str(), "y" | "yes"),
            None => {
                show::hint("Nobody can be asked here; give --yes to go on without a question.");
                false
            }
        }
    }
}
