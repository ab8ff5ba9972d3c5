//! A table of what was measured: on stdout, and in `docs/performance.md` between its marks.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::measure::Samples;

/// A table, as Markdown has it.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(head: impl IntoIterator<Item = &'static str>) -> Self {
        Self { head: head.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row, with as many cells as the head has.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// As Markdown, without an end of line.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
        let rows = self.rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
        let head = [line(self.head.clone()), line(vec!["---"; self.head.len()])];
        head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
    }

    /// Prints it, and puts it into the document between the marks of bench `name`.
    ///
    /// # Errors
    /// It cannot be printed, or the document has no place for it.
    pub fn publish(&self, document: &Path, name: &str) -> Result<()> {
        publish(&[self], document, name)
    }

    /// Prints it alone: it is a part of what the document has.
    ///
    /// # Errors
    /// It cannot be printed.
    pub fn print(&self) -> Result<()> {
        print(&self.markdown())
    }
}

fn print(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("cannot print the table")
}

/// Prints tables, and puts them into the document between the marks of bench `name`, one after the other.
///
/// # Errors
/// They cannot be printed, or the document has no place for them.
pub fn publish(tables: &[&Table], document: &Path, name: &str) -> Result<()> {
    let text: Vec<String> = tables.iter().map(|table| table.markdown()).collect();
    let text = text.join("\n\n");
    print(&text)?;
    let shown = document.display();
    let old = fs::read_to_string(document).with_context(|| format!("cannot read {shown}"))?;
    let new = replaced(&old, name, &text);
    let new = new.with_context(|| format!("{shown} has no place for the table of {name}"))?;
    fs::write(document, new).with_context(|| format!("cannot write {shown}"))
}

/// The document with `text` between the marks of `name`; `None` where it has no such marks.
fn replaced(document: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- cargo xtask bench {name} -->"), "<!-- end -->");
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n{text}\n{end}{after}"))
}

/// A median with its spread, in seconds, milliseconds or microseconds: `1.24 s (1.20 to 1.31)`.
pub fn time(samples: &Samples) -> String {
    let (least, most) = samples.spread();
    let median = samples.median();
    if median < 1e-3 {
        return format!("{:.1} µs ({:.1} to {:.1})", median * 1e6, least * 1e6, most * 1e6);
    }
    if median < 1.0 {
        return format!("{:.1} ms ({:.1} to {:.1})", median * 1e3, least * 1e3, most * 1e3);
    }
    format!("{median:.2} s ({least:.2} to {most:.2})")
}

/// Memory in MB: `23 MB`.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;

    #[test]
    fn a_table_takes_its_own_place_in_the_document() {
        let mut table = Table::new(["what", "time"]);
        table.row(["a".to_owned(), "1 s".to_owned()]);
        let text = table.markdown();
        assert_eq!(text, "| what | time |\n| --- | --- |\n| a | 1 s |");
        let marks =
            |name: &str, within: &str| format!("<!-- cargo xtask bench {name} -->\n{within}\n<!-- end -->");
        let before = format!("head\n{}\n{}\ntail\n", marks("one", "old"), marks("two", "other"));
        let after = format!("head\n{}\n{}\ntail\n", marks("one", &text), marks("two", "other"));
        assert_eq!(replaced(&before, "one", &text), Some(after));
        assert_eq!(replaced(&before, "three", &text), None);
    }

    #[test]
    fn times_are_written_with_their_spread() {
        let mut samples = Samples::default();
        for seconds in [1.0, 1.5, 1.25] {
            samples.add(Measure { seconds, memory: 0 });
        }
        assert_eq!(time(&samples), "1.25 s (1.00 to 1.50)");
        let mut short = Samples::default();
        short.add(Measure { seconds: 0.0125, memory: 0 });
        assert_eq!(time(&short), "12.5 ms (12.5 to 12.5)");
        let mut shortest = Samples::default();
        shortest.add(Measure { seconds: 42e-6, memory: 0 });
        assert_eq!(time(&shortest), "42.0 µs (42.0 to 42.0)");
        assert_eq!(megabytes(23_400_000), "23 MB");
    }
}
