//! Texts and numbers as a person reads them.

/// A text of others, which may have lines of its own, without what moves the cursor.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

/// A text of others on one line, without what moves the cursor.
pub fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).collect()
}

/// So many of a thing.
pub fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A number of bytes.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(0, "job"), count(1, "job"), count(2, "job")], ["0 jobs", "1 job", "2 jobs"]);
        assert_eq!(
            [size(5), size(1_500), size(2_340_000), size(1_230_000_000)],
            ["5 bytes", "1.5 kB", "2.3 MB", "1.23 GB"]
        );
    }

    #[test]
    fn what_others_say_does_not_move_the_cursor() {
        assert_eq!(printable("\x1b[2Jtwo\r\nlines"), "[2Jtwo\nlines");
        assert_eq!(plain("\x1b[2Jtwo\r\n lines"), "[2Jtwo lines");
    }
}
