//! The upload itself: a copy of the main file's content, by the bucket, with the tags that start its render.

use aws_sdk_s3::Client;
use farm_contract::keys;
use farm_contract::project::ContentHash;

use crate::copying::Copying;
use crate::error::FarmError;
use crate::location::Location;

/// The most that S3 copies in one piece.
const WHOLE: u64 = 5 << 30;
/// Longer ones are copied in parts of this length, always: so the same bytes have the same ETag, by which frames
/// are known again.
const PART: u64 = 512 << 20;

/// Makes the upload.
///
/// # Errors
/// The bucket did not do it, or did not say whether it did.
pub(super) async fn upload(
    client: &Client,
    to: &Location,
    content: &ContentHash,
    size: u64,
    tagging: String,
) -> Result<(), FarmError> {
    let from = keys::project_file(content);
    let copying = Copying {
        client,
        bucket: &to.bucket,
        from: &from,
        source: None,
        to: to.key.as_str(),
        replaced: None,
        described: None,
        tagging: Some(tagging),
    };
    let copied = if size <= WHOLE { copying.whole().await } else { copying.in_parts(&lengths(size)).await };
    copied.map(drop).map_err(|failed| match failed.status {
        Some(status) if is_refusal(status) => failed.error.into(),
        _ => FarmError::Unanswered(to.key.to_string(), failed.error),
    })
}

/// Whether an answer of this number of HTTP's says that nothing was done.
fn is_refusal(status: u16) -> bool {
    (400..500).contains(&status)
}

/// Lengths of the parts of so many bytes.
fn lengths(size: u64) -> Vec<u64> {
    let starts = (0..size.div_ceil(PART)).map(|part| part * PART);
    starts.map(|start| PART.min(size - start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_lost_is_no_refusal() {
        assert!(is_refusal(403) && is_refusal(412));
        assert!(
            !is_refusal(500) && !is_refusal(503) && !is_refusal(200),
            "a copy's error may come with a 200"
        );
    }

    #[test]
    fn the_parts_of_a_size_are_always_the_same() {
        assert_eq!(lengths(2 * PART), [PART, PART]);
        assert_eq!(lengths(2 * PART + 1), [PART, PART, 1]);
        assert_eq!(lengths(WHOLE + 1).iter().sum::<u64>(), WHOLE + 1);
    }
}
