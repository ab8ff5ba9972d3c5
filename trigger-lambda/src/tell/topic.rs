//! The topic, as far as the trigger uses it.

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use aws_sdk_sns::Client;

use super::notice::Notice;
use crate::submit::words;

/// Who tells all those that subscribed.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// A client with the SDK's retries: who is told twice has lost nothing.
    pub(crate) fn new(aws: &SdkConfig, arn: &str) -> Self {
        Self { client: Client::new(aws), arn: arn.to_owned() }
    }

    /// Tells it.
    ///
    /// # Errors
    /// SNS does not answer, or does not let us.
    pub(crate) async fn publish(&self, notice: &Notice) -> Result<()> {
        let call = self.client.publish().topic_arn(&self.arn);
        match call.subject(&notice.subject).message(&notice.text).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(anyhow!(words(error)))
                .with_context(|| format!("cannot tell `{}` to the topic", notice.subject)),
        }
    }
}
