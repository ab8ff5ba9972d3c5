//! Lines of a table: headings, and below them names with what is said of each.

use farm_terminal::{Ink, Look, plain};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns in front of what is said.
const NAME: usize = 14;
/// Columns of words in front of a path.
const MOST_WORDS: usize = 40;
/// No line is made narrower than this.
const NARROWEST: usize = 40;

/// A table in the making.
pub(crate) struct Sheet {
    text: String,
    look: Look,
    width: usize,
}

impl Sheet {
    pub(crate) fn new(look: Look, width: Option<usize>) -> Self {
        Self { text: String::new(), look, width: width.map_or(usize::MAX, |width| width.max(NARROWEST)) }
    }

    /// A heading, with space above.
    pub(crate) fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let text = fitted(&plain(text), self.width);
        self.text += &self.look.ink(Ink::Bold, &text);
        self.text.push('\n');
    }

    /// A name and what is said of it, on as many lines as it needs. Nothing, where nothing is said.
    pub(crate) fn row(&mut self, name: &str, said: &str) {
        let room = self.width.saturating_sub(NAME + 3);
        for (at, line) in wrapped(&plain(said), room).iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            self.text += &format!("  {} {line}\n", self.look.ink(Ink::Dim, &format!("{name:<NAME$}")));
        }
    }

    /// A name, and a word of which the colour says something.
    pub(crate) fn mark(&mut self, name: &str, word: &str, ink: Ink) {
        let name = self.look.ink(Ink::Dim, &format!("{name:<NAME$}"));
        self.text += &format!("  {name} {}\n", self.look.ink(ink, word));
    }

    /// A name of which the colour says something, words on it in so many columns, and a path: all on one line, in
    /// which both are shortened.
    pub(super) fn file(&mut self, (name, ink): (&str, Ink), words: &str, columns: usize, path: &str) {
        let columns = columns.min(MOST_WORDS).min(self.width.saturating_sub(NAME + 4) / 5 * 2);
        let words = fitted(&plain(words), columns);
        let words = format!("{words}{}", " ".repeat(columns.saturating_sub(words.width())));
        let room = self.width.saturating_sub(NAME + columns + 4);
        let line = format!("{words} {}", fitted(&plain(path), room));
        self.text += &format!("  {} {}\n", self.look.ink(ink, &format!("{name:<NAME$}")), line.trim_end());
    }

    pub(crate) fn end(self) -> String {
        self.text
    }
}

/// A text in so many columns: what is too long loses its middle, since a path tells most at its ends.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let kept = columns.saturating_sub(1);
    let head = taken(text.chars(), kept / 3);
    let tail = taken(text.chars().rev(), kept - head.width());
    format!("{head}…{}", tail.chars().rev().collect::<String>())
}

/// As many of these as have room in so many columns.
fn taken(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut taken = String::new();
    let mut room = columns;
    for c in chars {
        let Some(left) = room.checked_sub(c.width().unwrap_or_default()) else { break };
        room = left;
        taken.push(c);
    }
    taken
}

/// A text in lines of so many columns, broken at spaces.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = fitted(word, columns);
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_loses_its_middle_or_is_broken() {
        assert_eq!(fitted("//tex/wood.png", 14), "//tex/wood.png");
        assert_eq!(fitted("//textures/old/wood.png", 13), "//te…wood.png");
        assert_eq!(fitted("é".repeat(5).as_str(), 3), "…éé");
        assert_eq!(fitted("//テクスチャ/画像.png", 14), "//テ…/画像.png");
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a_very_long_word b", 7), ["a_…word", "b"]);
        assert!(wrapped("", 7).is_empty());
    }

    #[test]
    fn nothing_that_a_file_says_moves_the_cursor() {
        let mut sheet = Sheet::new(Look { colour: false }, None);
        sheet.heading("Scene \x1b[2J\nB");
        sheet.row("camera", "\x1b[1A x");
        assert_eq!(sheet.end(), "Scene [2J B\n  camera         [1A x\n");
    }
}
