//! All of it, in the order in which nothing is there before what it needs.

use std::sync::atomic::Ordering;

use aws_sdk_s3::Client;
use bytes::Bytes;
use farm_contract::keys;
use farm_contract::project::ContentHash;
use futures::{StreamExt, TryStreamExt, stream};

use super::ask::{Content, kept};
use super::plan::Prepared;
use super::progress::{Progress, Step, telling};
use super::put::Puts;
use super::upload::upload;
use crate::error::FarmError;
use crate::tagging;

/// Contents that are sent or kept at once.
const AT_ONCE: usize = 16;

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Contents that were sent; files that are the same count once.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Contents that were there already.
    pub there: u64,
    /// Bytes of those.
    pub bytes_there: u64,
    /// The list of the project's files, where there is one.
    pub project: Option<ContentHash>,
}

impl Prepared {
    /// Sends what the bucket lacks, and then makes the upload, which starts the render.
    ///
    /// Where it fails or is given up, what is sent stays, and is not sent again. Whether there is an upload then,
    /// [`may_be_made`](Self::may_be_made) tells.
    ///
    /// # Errors
    /// The verdict has errors, a file cannot be read or was changed since it was looked at, or a call did not come
    /// through. There is no upload then, but where it is [`FarmError::Unanswered`].
    pub async fn send(&self, client: &Client, progress: &dyn Progress) -> Result<Sent, FarmError> {
        if !self.verdict.errors.is_empty() {
            return Err(FarmError::Errors);
        }
        let compared = self.compare(client, progress).await?;
        let project = compared.list.as_deref().map(ContentHash::of);
        let tags = tagging::of_request(&self.request, project.as_ref())?;
        let bucket = self.to.bucket.as_str();
        let puts = &Puts::new(client, bucket);

        // By their numbers: what is borrowed from a list would tie the work to this thread.
        let contents = &compared.contents;
        let numbers = |wanted: fn(&Content) -> bool| {
            let numbers: Vec<usize> = (0..contents.len()).filter(|at| wanted(&contents[*at])).collect();
            stream::iter(numbers)
        };
        let keeps = numbers(|content| content.leaving).map(|at| async move {
            let content = &contents[at];
            match kept(client, bucket, &keys::project_file(&content.sha256)).await? {
                true => Ok(()),
                false => puts.content(content).await,
            }
        });
        keeps.buffer_unordered(AT_ONCE).try_collect::<()>().await?;

        let sends = numbers(|content| !content.there).map(|at| puts.content(&contents[at]));
        let sends = sends.buffer_unordered(AT_ONCE).try_collect::<()>();
        telling(sends, progress, Step::Sending, &puts.sent, compared.bytes()).await?;

        if let (Some(list), Some(json)) = (&project, &compared.list) {
            let key = keys::project(list);
            if !kept(client, bucket, &key).await? {
                puts.whole(&key, Bytes::copy_from_slice(json)).await?;
            }
        }
        let tags = tagging::encoded(tags.iter().map(|(name, value)| (*name, value.as_str())));
        self.begun.store(true, Ordering::Relaxed);
        let made = upload(client, &self.to, &compared.main, compared.main_size, tags).await;
        if matches!(&made, Err(error) if !matches!(error, FarmError::Unanswered(..))) {
            self.begun.store(false, Ordering::Relaxed);
        }
        made?;

        let files = compared.lacking().count() as u64;
        let there = compared.contents.iter().filter(|content| content.there);
        Ok(Sent {
            files,
            bytes: compared.bytes(),
            there: compared.contents.len() as u64 - files,
            bytes_there: there.map(|content| content.size).sum(),
            project,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program may send from any thread.
    #[expect(dead_code, reason = "that it compiles is the test")]
    fn a_submission_is_sent_from_any_thread(prepared: &Prepared, client: &Client) {
        fn is_send(_: impl Send) {}
        is_send(prepared.send(client, &()));
        is_send(crate::resume(client, &prepared.to, &[]));
    }
}
