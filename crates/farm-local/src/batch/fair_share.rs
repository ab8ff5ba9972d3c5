//! Who is next: the RUNNABLE work of all shares, and the order in which it gets a slot.
//!
//! A share is one share identifier on a fair-share queue, or a whole queue without such a
//! policy. The share with the fewest running goes first, then the one that last had a slot
//! longest ago; within a share, first come, first served. So a single frame never waits behind
//! ten thousand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Names a share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share {
    /// Index of the queue.
    pub queue: usize,
    /// The share identifier, on a fair-share queue.
    pub identifier: Option<Arc<str>>,
}

#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<T>,
    running: usize,
    /// When it last got a slot or gave one back. A share that is new counts from when it came,
    /// or a stream of new shares could hold up an old one for ever.
    served: u64,
}

/// The lines of all shares.
#[derive(Debug)]
pub(super) struct FairShare<T> {
    lines: BTreeMap<Share, Line<T>>,
    clock: u64,
}

impl<T> FairShare<T> {
    pub fn new() -> Self {
        Self { lines: BTreeMap::new(), clock: 0 }
    }

    /// Joins the end of its line.
    pub fn push_back(&mut self, share: &Share, item: T) {
        self.line(share).waiting.push_back(item);
    }

    /// Goes before all others of its share: what is tried again.
    pub fn push_front(&mut self, share: &Share, item: T) {
        self.line(share).waiting.push_front(item);
    }

    fn line(&mut self, share: &Share) -> &mut Line<T> {
        if !self.lines.contains_key(share) {
            self.clock += 1;
        }
        let served = self.clock;
        self.lines.entry(share.clone()).or_insert_with(|| Line {
            waiting: VecDeque::new(),
            running: 0,
            served,
        })
    }

    /// Takes the next item that is still `alive` and counts it as running. Items that are not
    /// (cancelled while they waited) are dropped on the way.
    pub fn take(&mut self, alive: impl Fn(&T) -> bool) -> Option<T> {
        loop {
            let waiting = self.lines.iter_mut().filter(|(_, line)| !line.waiting.is_empty());
            let (share, line) = waiting.min_by_key(|(_, line)| (line.running, line.served))?;
            while let Some(item) = line.waiting.pop_front() {
                if alive(&item) {
                    self.clock += 1;
                    line.running += 1;
                    line.served = self.clock;
                    return Some(item);
                }
            }
            if line.running == 0 {
                let share = share.clone();
                self.lines.remove(&share);
            }
        }
    }

    /// One item of this share no longer runs.
    pub fn done(&mut self, share: &Share) {
        self.clock += 1;
        if let Some(line) = self.lines.get_mut(share) {
            line.running = line.running.saturating_sub(1);
            line.served = self.clock;
            if line.running == 0 && line.waiting.is_empty() {
                self.lines.remove(share);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(name: &str) -> Share {
        Share { queue: 0, identifier: Some(Arc::from(name)) }
    }

    #[test]
    fn two_shares_on_one_slot_alternate() {
        let mut pool = FairShare::new();
        for i in 0..3 {
            pool.push_back(&share("a"), ("a", i));
        }
        for i in 0..3 {
            pool.push_back(&share("b"), ("b", i));
        }
        let mut order = Vec::new();
        while let Some(item) = pool.take(|_| true) {
            pool.done(&share(item.0));
            order.push(item);
        }
        assert_eq!(order, [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]);
    }

    #[test]
    fn shares_that_come_while_another_runs_are_next() {
        let mut pool = FairShare::new();
        pool.push_back(&share("a"), ("a", 0));
        pool.push_back(&share("a"), ("a", 1));
        assert_eq!(pool.take(|_| true), Some(("a", 0)));
        pool.push_back(&share("b"), ("b", 0));
        pool.push_back(&share("c"), ("c", 0));
        for (ended, next) in [("a", ("b", 0)), ("b", ("c", 0)), ("c", ("a", 1))] {
            pool.done(&share(ended));
            assert_eq!(pool.take(|_| true), Some(next));
        }
    }

    #[test]
    fn the_share_with_the_fewest_running_goes_first() {
        let mut pool = FairShare::new();
        for i in 0..4 {
            pool.push_back(&share("a"), ("a", i));
        }
        assert_eq!(pool.take(|_| true), Some(("a", 0)));
        assert_eq!(pool.take(|_| true), Some(("a", 1)));
        pool.push_back(&share("b"), ("b", 0));
        pool.push_back(&share("b"), ("b", 1));
        pool.push_back(&share("b"), ("b", 2));
        assert_eq!(pool.take(|_| true), Some(("b", 0)));
        assert_eq!(pool.take(|_| true), Some(("b", 1)));
        assert_eq!(pool.take(|_| true), Some(("a", 2)), "even, and a had its slot longer ago");
    }

    #[test]
    fn what_is_tried_again_goes_before_its_share_and_the_dead_are_passed_over() {
        let mut pool = FairShare::new();
        pool.push_back(&share("a"), 1);
        pool.push_back(&share("a"), 2);
        pool.push_front(&share("a"), 0);
        assert_eq!(pool.take(|item| *item != 0), Some(1));
        pool.done(&share("a"));
        assert_eq!(pool.take(|item| *item != 2), None);
        assert!(pool.lines.is_empty());
    }

    #[test]
    fn a_stream_of_new_shares_does_not_hold_up_an_old_one() {
        let mut pool = FairShare::new();
        for i in 0..50 {
            pool.push_back(&share("old"), format!("old {i}"));
        }
        let mut served = 0;
        for i in 0..100 {
            let fresh = share(&format!("new{i}"));
            pool.push_back(&fresh, format!("new{i}"));
            let item = pool.take(|_| true).unwrap();
            let name = item.split(' ').next().unwrap();
            pool.done(&share(name));
            served += usize::from(name == "old");
        }
        assert!(served >= 10, "the old share got {served} of 100 slots");
    }

    proptest! {
        /// With one slot, every share that has work is served within as many turns as there
        /// are shares.
        #[test]
        fn no_share_starves(sizes in prop::collection::vec(1usize..20, 1..8)) {
            let mut pool = FairShare::new();
            for (index, size) in sizes.iter().enumerate() {
                for _ in 0..*size {
                    pool.push_back(&share(&index.to_string()), index);
                }
            }
            let mut left = sizes.clone();
            let mut waited = vec![0; sizes.len()];
            while let Some(index) = pool.take(|_| true) {
                pool.done(&share(&index.to_string()));
                left[index] -= 1;
                for (other, turns) in waited.iter_mut().enumerate() {
                    *turns = if other == index || left[other] == 0 { 0 } else { *turns + 1 };
                    prop_assert!(*turns < sizes.len());
                }
            }
            prop_assert!(left.iter().all(|count| *count == 0));
        }
    }
}
