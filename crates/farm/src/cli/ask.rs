//! A question to whoever sits in front.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result};
use farm_contract::Fault;
use farm_terminal::prompt;

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// Anything else.
    No,
}

/// Whether somebody sits in front.
///
/// # Errors
/// Nobody can be asked: stdin is no terminal.
pub fn can_be_asked() -> Result<(), Fault> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Fault::new("Nobody can be asked here.", "Say it beforehand: --yes."))
}

/// Asks, and waits for the answer.
///
/// # Errors
/// Nobody can be asked: stdin is no terminal.
pub async fn ask(question: &str) -> Result<Answer> {
    can_be_asked()?;
    prompt(&format!("{question} [y/N] "));
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let answer = answer.await.context("the question was broken off")?.context("cannot read the answer")?;
    let yes = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
    Ok(if yes { Answer::Yes } else { Answer::No })
}
