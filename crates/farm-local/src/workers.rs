//! How many children run at once on this machine, and with how many threads each.

use std::num::NonZero;

use farm_contract::exit::TaskExit;

/// Memory that a child is expected to hold: a scene of middling size in Cycles.
const CHILD_MEMORY_MIB: u64 = 3 * 1024;
/// More children than this gain nothing: by then every core is busy through threads.
const MOST_AT_ONCE: usize = 4;
/// Threads for each core. More than one: what a child leaves idle, another takes, and the last child of a render has
/// the cores of those that have ended.
const THREADS_PER_CORE: usize = 2;

/// Frames that a child has at least, where there are as many: less than those a start of Blender may cost, of scenes
/// whose frames take no longer than it.
const FRAMES: usize = 16;
/// Children after each other on one place, at most. More would even nothing out: the last ones have the cores of
/// those that have ended.
const ROUNDS: usize = 4;

/// How a child exits that memory ran out for: it says so, or Linux killed it (128 and the number of the signal).
/// From then on one fewer runs at once, since nobody knows what a scene needs before it is rendered.
pub const MEMORY_RAN_OUT: [i32; 2] = [TaskExit::OutOfMemory as i32, 128 + 9];

/// Children at once, and threads for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    /// Children at once.
    pub count: usize,
    /// Threads that Blender gets in each.
    pub threads: usize,
}

impl Workers {
    /// What pays on this machine, or `asked` children with the threads shared out among them.
    ///
    /// Several Blenders beat one: a frame has stretches that keep one thread busy, and another child's frame
    /// fills them. A Blender of a single thread takes more of a processor's time for the same frame, since threads
    /// of its own then wait for each other by spinning. Memory sets the limit.
    pub fn for_this_machine(asked: Option<NonZero<usize>>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::share(cores, memory_available_mib(), asked)
    }

    /// Frames of one child, of `frames` in all: an even share for each of those at once, or several where they are
    /// many.
    pub fn chunk(self, frames: usize) -> u32 {
        let rounds = (frames / (self.count * FRAMES)).clamp(1, ROUNDS);
        u32::try_from(frames.div_ceil(self.count * rounds).max(1)).unwrap_or(u32::MAX)
    }

    fn share(cores: usize, memory_mib: Option<u64>, asked: Option<NonZero<usize>>) -> Self {
        let fitting =
            memory_mib.map_or(1, |mib| usize::try_from(mib / CHILD_MEMORY_MIB).unwrap_or(usize::MAX));
        let count = match asked {
            Some(asked) => asked.get(),
            None => cores.min(MOST_AT_ONCE).min(fitting).max(1),
        };
        let threads = (THREADS_PER_CORE * cores / count).clamp(1, cores);
        Self { count, threads }
    }
}

/// What Linux believes it can still hand out. `None` where it does not say.
fn memory_available_mib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_shared_out_evenly_and_blender_starts_seldom() {
        let two = Workers { count: 2, threads: 2 };
        let chunks = [0, 1, 2, 16, 24, 63, 64, 128, 250, 1000].map(|frames| two.chunk(frames));
        assert_eq!(chunks, [1, 1, 1, 8, 12, 32, 16, 16, 32, 125]);
    }

    #[test]
    fn cores_are_shared_and_memory_sets_the_limit() {
        let gib = |gib: u64| Some(gib * 1024);
        assert_eq!(Workers::share(2, gib(20), None), Workers { count: 2, threads: 2 });
        assert_eq!(Workers::share(16, gib(64), None), Workers { count: 4, threads: 8 });
        assert_eq!(Workers::share(16, gib(7), None), Workers { count: 2, threads: 16 });
        assert_eq!(Workers::share(8, gib(1), None), Workers { count: 1, threads: 8 });
        assert_eq!(Workers::share(1, gib(20), None), Workers { count: 1, threads: 1 });
        assert_eq!(Workers::share(2, gib(20), NonZero::new(5)), Workers { count: 5, threads: 1 });
    }
}
