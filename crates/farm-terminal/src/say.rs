//! How a line gets to the person in front. A terminal that was closed is no reason to stop in the
//! middle: there may be work to bring to its end.

use std::io::Write;

/// Writes a line to stderr.
pub fn say(text: &str) {
    let told = writeln!(std::io::stderr(), "{text}");
    drop(told);
}

/// Writes a question, and leaves the cursor behind it.
pub fn prompt(question: &str) {
    let mut stderr = std::io::stderr();
    let told = write!(stderr, "{question}").and_then(|()| stderr.flush());
    drop(told);
}

/// What to do next.
pub fn hint(text: &str) {
    say(&format!("\nhint: {text}"));
}
