//! The head of a `.blend`, from any bytes and whatever size is claimed.
#![no_main]

use blend_file::{BlendError, Head, read_head};
use libfuzzer_sys::fuzz_target;

/// It promises to hold a few hundred KiB of the file; what the decoder keeps beside them is larger, a table of
/// 1.2 MB before all.
const MEBIBYTES: usize = 4;

fuzz_target!(|first: &[u8]| {
    let given = first.len() as u64;
    let read = |claimed| farm_fuzz::within(MEBIBYTES, || read_head(first, claimed));
    let whole = read(given);
    let more_follows = read(u64::MAX);
    let of_no_size = read(0);

    assert_eq!(whole, of_no_size.map_err(|error| sized(error, given)), "bytes beyond the end do not count");
    match (&whole, &more_follows) {
        (Ok(head), Ok(again)) => {
            assert_eq!(head, again, "what was read does not depend on what follows");
            check(head);
        }
        (Err(error), Err(other)) => {
            check_words(error);
            check_words(other);
        }
        _ => panic!("{whole:?}, but {more_follows:?} where more follows"),
    }
});

/// The words of a file that is cut off name its claimed size; all else must be the same.
fn sized(error: BlendError, size: u64) -> BlendError {
    match error {
        BlendError::Truncated { .. } => BlendError::Truncated { size },
        other => other,
    }
}

fn check(head: &Head) {
    assert!(head.scene.start <= head.scene.end, "{head:?}");
    assert!(matches!(head.pointer_size, 4 | 8), "{head:?}");
    assert_eq!(head.version.to_string().parse(), Ok(head.version));
}

fn check_words(error: &BlendError) {
    assert!(error.to_string().ends_with('.') && error.hint().ends_with('.'), "{error}");
}
