//! Which images are in the registry already.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::account::Login;
use crate::digest::Digest;
use crate::error::ImagesError;
use crate::names::{Repository, Tag};
use crate::news::Told;

/// How many questions are asked at once.
const AT_ONCE: usize = 4;

/// What is in the registry.
#[derive(Debug, Serialize)]
pub struct Found {
    /// The account: 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The repository with its registry, as a task names it.
    pub repository: String,
    /// The digest of each tag that was asked for; none where there is no such tag.
    pub images: BTreeMap<String, Option<Digest>>,
}

/// Asks for the digests of tags.
///
/// A repository that does not exist has no tags: that is how it is before the first deploy.
///
/// # Errors
/// The registry does not say.
pub async fn find(
    login: &Login,
    repository: &Repository,
    tags: &[Tag],
    told: &Told,
) -> Result<Found, ImagesError> {
    let questions = stream::iter(tags).map(|tag| async move {
        let digest = login.registry.digest(repository, tag, told).await?;
        Ok::<_, ImagesError>((tag.to_string(), digest))
    });
    Ok(Found {
        account: login.account().to_owned(),
        region: login.region().to_owned(),
        repository: login.full(repository),
        images: questions.buffer_unordered(AT_ONCE).try_collect().await?,
    })
}
