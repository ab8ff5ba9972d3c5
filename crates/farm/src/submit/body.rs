//! Bytes on their way, counted.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Bytes that are handed over at once.
const PIECE: usize = 64 << 10;

/// A body of these bytes, which adds to `sent` what is on its way. Where the SDK tries once more, what it had
/// sent before is taken off again.
pub(super) fn counted(bytes: Bytes, sent: Arc<AtomicU64>) -> ByteStream {
    let ours = Arc::new(AtomicU64::new(0));
    ByteStream::new(SdkBody::retryable(move || {
        sent.fetch_sub(ours.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        SdkBody::from_body_1_x(Counted {
            rest: bytes.clone(),
            sent: Arc::clone(&sent),
            ours: Arc::clone(&ours),
        })
    }))
}

struct Counted {
    rest: Bytes,
    sent: Arc<AtomicU64>,
    ours: Arc<AtomicU64>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.sent.fetch_add(length as u64, Ordering::Relaxed);
        self.ours.fetch_add(length as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_again_is_counted_once() {
        let sent = Arc::new(AtomicU64::new(10));
        let body = counted(Bytes::from(vec![1; 3 * PIECE + 1]), Arc::clone(&sent)).into_inner();
        assert_eq!(body.content_length(), Some(3 * PIECE as u64 + 1));
        for _ in 0..2 {
            let again = body.try_clone().expect("another attempt");
            let whole = ByteStream::new(again).collect().await.expect("read").into_bytes();
            assert_eq!(whole.len(), 3 * PIECE + 1);
            assert_eq!(sent.load(Ordering::Relaxed), 10 + 3 * PIECE as u64 + 1);
        }
    }
}
