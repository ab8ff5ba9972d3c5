//! In which order the frames of a render are begun.
//!
//! Batch starts the children of an array in the order of their numbers, more or less. So an order is which
//! frames a child has, and in what order it takes them; nothing else knows of it.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The tag, and the option of `farm submit` and of render-task.
pub const ORDER: &str = "order";

/// In which order frames are begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// One after the other.
    #[default]
    Linear,
    /// The first, the last, the one in the middle, and then the middles of what lies between: a shot can be judged
    /// after a few frames.
    Spread,
}

impl Order {
    /// Whether it is the plain one.
    pub fn is_linear(&self) -> bool {
        *self == Self::Linear
    }

    /// The frames of child `child` where each takes `chunk` of `frames`, in the order in which it renders them. Empty
    /// for a child beyond the last. All children together have each frame once.
    pub fn of_child(self, frames: &[i32], chunk: u32, child: u32) -> Vec<i32> {
        let chunk = chunk.max(1) as usize;
        let children = frames.len().div_ceil(chunk);
        let Some(place) = self.places(children).nth(child as usize) else { return Vec::new() };
        let first = place * chunk;
        let own = &frames[first..frames.len().min(first + chunk)];
        self.places(own.len()).map(|place| own[place]).collect()
    }

    /// The child of each of so many frames, in the order of the frames.
    pub fn children(self, frames: usize, chunk: u32) -> Vec<u32> {
        let chunk = chunk.max(1) as usize;
        let mut of_chunk = vec![0; frames.div_ceil(chunk)];
        for (child, place) in (0..).zip(self.places(of_chunk.len())) {
            of_chunk[place] = child;
        }
        (0..frames).map(|place| of_chunk[place / chunk]).collect()
    }

    /// The places of so many things in a row, in the order in which their turn comes.
    fn places(self, count: usize) -> Box<dyn Iterator<Item = usize>> {
        match self {
            Self::Linear => Box::new(0..count),
            Self::Spread => Box::new(spread(count)),
        }
    }
}

fn spread(count: usize) -> impl Iterator<Item = usize> {
    // Half the memory that a pair of the machine's own words takes; no list of frames is as long.
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let ends = (count > 0).then_some(0).into_iter().chain((count > 1).then(|| count - 1));
    let mut open: VecDeque<_> = (count > 2).then(|| (0, count - 1)).into_iter().collect();
    let middles = std::iter::from_fn(move || {
        let (first, last) = open.pop_front()?;
        let middle = first + (last - first) / 2;
        open.extend([(first, middle), (middle, last)].into_iter().filter(|(first, last)| last - first > 1));
        Some(middle)
    });
    ends.chain(middles).map(|place| place as usize)
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Spread => "spread",
        })
    }
}

impl FromStr for Order {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.trim() {
            "linear" => Ok(Self::Linear),
            "spread" => Ok(Self::Spread),
            _ => Err(Fault::new(
                format!("order={text} is no order that the farm knows."),
                "Write order=spread (the first, the last, the middle, then halves) or order=linear.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shot_is_seen_after_a_few_frames() {
        let frames: Vec<i32> = (1..=9).collect();
        let turns =
            |order: Order| (0..9).flat_map(|child| order.of_child(&frames, 1, child)).collect::<Vec<_>>();
        assert_eq!(turns(Order::Spread), [1, 9, 5, 3, 7, 2, 4, 6, 8]);
        assert_eq!(turns(Order::Linear), frames);
        assert_eq!(Order::Spread.of_child(&frames, 9, 0), [1, 9, 5, 3, 7, 2, 4, 6, 8], "also within a child");
        assert_eq!(Order::Spread.of_child(&frames, 4, 1), [9]);
    }

    proptest! {
        #[test]
        fn every_frame_is_one_childs(count in 0usize..500, chunk in 0u32..40) {
            let frames: Vec<i32> = (-7..).take(count).collect();
            for order in [Order::Linear, Order::Spread] {
                let children = u32::try_from(count.div_ceil(chunk.max(1) as usize)).expect("few");
                let mut all = Vec::new();
                let of = order.children(count, chunk);
                prop_assert_eq!(of.len(), count);
                for child in 0..children {
                    let own = order.of_child(&frames, chunk, child);
                    prop_assert!(!own.is_empty());
                    for frame in &own {
                        let place = usize::try_from(frame + 7).expect("a place");
                        prop_assert_eq!(of[place], child);
                    }
                    all.extend(own);
                }
                all.sort_unstable();
                prop_assert_eq!(&all, &frames);
                prop_assert!(order.of_child(&frames, chunk, children).is_empty());
            }
        }
    }

    #[test]
    fn an_order_is_read_as_it_is_written() {
        for order in [Order::Linear, Order::Spread] {
            assert_eq!(order.to_string().parse(), Ok(order));
        }
        assert!("random".parse::<Order>().expect_err("unknown").hint.contains("order=spread"));
    }
}
