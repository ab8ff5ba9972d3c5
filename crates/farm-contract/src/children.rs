//! Children of a render that are tried once more, in a job of their own.

use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;
use crate::frames::FrameSpec;

/// The longest list of children that fits beside the other arguments into what Batch hands to a
/// container: 8,192 bytes in all.
const MAX_TEXT: usize = 2_000;

/// Numbers of children in their whole render, ascending. Written as frames are: `3 7-9`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Children(Vec<i32>);

impl Children {
    /// From the numbers that are wanted. Where their list would be too long for a command line, the
    /// closest of them are joined: a child in between finds its frames done and ends at once.
    ///
    /// `None` where there is no number.
    pub fn new(wanted: impl IntoIterator<Item = u32>) -> Option<Self> {
        let mut numbers: Vec<i32> =
            wanted.into_iter().filter_map(|child| i32::try_from(child).ok()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut gap = 1;
        while FrameSpec::describe(&numbers).len() > MAX_TEXT {
            gap *= 2;
            numbers = joined(&numbers, gap);
        }
        (!numbers.is_empty()).then_some(Self(numbers))
    }

    /// How many they are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The child that the job's child `index` stands for. `None` beyond the last.
    pub fn at(&self, index: u32) -> Option<u32> {
        self.0.get(index as usize).and_then(|child| u32::try_from(*child).ok())
    }
}

/// All numbers between those that are no more than `gap` apart.
fn joined(numbers: &[i32], gap: i32) -> Vec<i32> {
    let mut all: Vec<i32> = Vec::new();
    for number in numbers {
        match all.last() {
            Some(last) if number - last <= gap => all.extend(last + 1..=*number),
            _ => all.push(*number),
        }
    }
    all
}

impl fmt::Display for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&FrameSpec::describe(&self.0))
    }
}

impl FromStr for Children {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let numbers = text.parse::<FrameSpec>().map(|spec| spec.frames()).unwrap_or_default();
        let good = numbers.first().is_some_and(|first| *first >= 0);
        good.then_some(Self(numbers)).ok_or_else(|| {
            Fault::new(format!("`{text}` names no children."), "Children are written as `3 7-9`.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_children_are_named_as_they_are() {
        let children = Children::new([9, 3, 8, 7, 3]).expect("some");
        assert_eq!(children.to_string(), "3 7-9");
        assert_eq!((children.count(), children.at(1), children.at(4)), (4, Some(7), None));
        assert_eq!(Children::new([]), None);
        for text in ["", "-1", "x", "3-1"] {
            assert!(text.parse::<Children>().is_err(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_wanted_child_is_named_in_a_text_that_fits(
            wanted in proptest::collection::btree_set(0u32..200_000, 1..3_000)
        ) {
            let children = Children::new(wanted.iter().copied()).expect("some");
            let text = children.to_string();
            prop_assert!(text.len() <= MAX_TEXT);
            let read: Children = text.parse().expect("reads back");
            prop_assert_eq!(&read, &children);
            let named: std::collections::BTreeSet<u32> =
                (0..children.count()).filter_map(|index| children.at(index)).collect();
            prop_assert!(named.is_superset(&wanted));
        }
    }
}
