//! What is said when a program ends badly.

use std::error::Error;

use crate::say::say;
use crate::words::printable;

/// Tells why the program ends badly, and what helps: what `hint` says of the first error, from the
/// outermost on, of which it knows something.
pub fn report(error: &anyhow::Error, hint: impl Fn(&(dyn Error + 'static)) -> Option<String>) {
    say(&text(error, hint));
}

fn text(error: &anyhow::Error, hint: impl Fn(&(dyn Error + 'static)) -> Option<String>) -> String {
    let mut text = format!("\nerror: {}", printable(&error.to_string()));
    for cause in error.chain().skip(1) {
        text += &format!("\n  caused by: {}", printable(&cause.to_string()));
    }
    if let Some(hint) = error.chain().find_map(hint) {
        text += &format!("\n\nhint: {}", printable(&hint));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_is_told_with_what_it_came_of_and_what_helps() {
        let error = anyhow::Error::new(io::Error::other("a\x1b[2Jb")).context("cannot do it");
        let hint = |error: &(dyn Error + 'static)| error.is::<io::Error>().then(|| "Do it again.".to_owned());
        assert_eq!(text(&error, hint), "\nerror: cannot do it\n  caused by: a[2Jb\n\nhint: Do it again.");
        assert_eq!(text(&error, |_| None), "\nerror: cannot do it\n  caused by: a[2Jb");
    }
}
