//! What the fuzz targets share: how much memory an input may make its parser take.

use std::alloc::System;
use std::panic;
use std::sync::Once;

use cap::Cap;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Runs `work`, and ends the process where it holds more than `mebibytes` at once beyond what is held
/// already. libFuzzer looks at the whole process once a second and would miss what is soon freed.
pub fn within<T>(mebibytes: usize, work: impl FnOnce() -> T) -> T {
    static TALKS_FREELY: Once = Once::new();
    TALKS_FREELY.call_once(|| {
        // The words of a panic and its backtrace take more than some targets may.
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            limit(usize::MAX);
            hook(info);
        }));
    });
    limit(MEMORY.allocated().saturating_add(mebibytes << 20));
    let done = work();
    limit(usize::MAX);
    done
}

fn limit(bytes: usize) {
    MEMORY.set_limit(bytes).expect("no less than what is held");
}
