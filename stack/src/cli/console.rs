//! The person in front: told on stderr, asked on a terminal.

use std::io::{BufRead, IsTerminal};

use async_trait::async_trait;
use stack::deploy::{Answer, Host, News};
use tokio::sync::oneshot;

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
    pub async fn ask(&self, question: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        show::prompt(question);
        let (tell, told) = oneshot::channel();
        // A thread of its own: Ctrl-C is to be heard while it waits, and the program ends without it.
        std::thread::spawn(move || {
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            // Nobody waits any more where the program is ending.
            let _ = tell.send(read.ok().map(|_| answer.trim().to_owned()));
        });
        told.await.ok().flatten()
    }
}

#[async_trait(?Send)]
impl Host for Console {
    fn tell(&mut self, news: &News) {
        for line in show::lines(news, self.look) {
            show::say(&line);
        }
    }

    async fn confirm(&mut self, question: &str) -> Answer {
        if self.yes {
            return Answer::Yes;
        }
        match self.ask(&format!("{question} [y/N] ")).await {
            None => Answer::Nobody,
            Some(answer) if matches!(answer.to_lowercase().as_str(), "y" | "yes") => Answer::Yes,
            Some(_) => Answer::No,
        }
    }
}
