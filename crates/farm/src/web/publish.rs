//! The page in the bucket, for somebody without credentials: presigned, so that it ends by itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use farm_aws::AwsError;
use farm_contract::keys;

use super::document::document;
use super::page::Page;
use crate::error::FarmError;
use crate::render::{Seen, State, millis};

/// A page that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where it is.
    pub url: String,
    /// When that address ends at the latest.
    pub until: SystemTime,
    /// Numbers of the sheets that were written, with their editions.
    sheets: Vec<(usize, u64)>,
}

/// Writes the page of what was seen below the render's own records, good for so long. `before` is what was published
/// before: its address stays, and what has not changed is not written again.
///
/// # Errors
/// The render is not planned, or a call does not come through.
pub async fn publish(
    page: &Arc<Page>,
    seen: &Seen,
    within: Duration,
    before: Option<Published>,
) -> Result<Published, FarmError> {
    let Some(plan) = &seen.plan else { return Err(FarmError::NotPlanned(seen.key.to_string())) };
    let folder = Folder { page, prefix: format!("{}page/", keys::render_prefix(&plan.render)) };
    let until = before.as_ref().map_or_else(|| SystemTime::now() + within, |before| before.until);
    // Signed for as long as the page itself is good; S3 takes no longer than a week.
    let left = until.duration_since(SystemTime::now()).unwrap_or(Duration::from_secs(1));
    let mut written = before.as_ref().map(|before| before.sheets.clone()).unwrap_or_default();
    let wanted = std::sync::Mutex::new(Vec::new());
    let note = |number: usize, edition: u64| {
        wanted.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((number, edition));
        Some(String::new())
    };
    let mut state = page.state(seen, note, |_| String::new()).await;
    let wanted = wanted.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut urls = vec![None; state.sheets.as_ref().map_or(0, |sheets| sheets.urls.len())];
    for (number, edition) in wanted {
        // The edition counts what was made; making it is what a sheet does.
        let name = format!("sheet-{number}-{edition:x}.jpg");
        if !written.contains(&(number, edition)) {
            if let Some(bytes) =
                page.sheet(seen, number).await.map_err(|error| FarmError::Picture(error.to_string()))?
            {
                folder.put(&name, bytes, "image/jpeg").await?;
            }
            written.retain(|(other, _)| *other != number);
            written.push((number, edition));
        }
        if let Some(url) = urls.get_mut(number) {
            *url = Some(folder.signed(&name, left).await?);
        }
    }
    if let Some(sheets) = &mut state.sheets {
        sheets.urls = urls;
        if let Some(size) = page.sheets.size(&seen.frames, &page.folder).await {
            sheets.tile = size.tile;
        }
    }
    state.files = folder.files(seen, left).await?;
    state.expires_at = Some(millis(until));
    folder.put_state(&state).await?;
    let url = match before {
        Some(before) => before.url,
        None => {
            let html = document(&folder.signed("state.json", left).await?);
            folder.put("index.html", html.into_bytes(), "text/html; charset=utf-8").await?;
            folder.signed("index.html", left).await?
        }
    };
    Ok(Published { url, until, sheets: written })
}

struct Folder<'a> {
    page: &'a Page,
    prefix: String,
}

impl Folder<'_> {
    async fn put_state(&self, state: &State) -> Result<(), FarmError> {
        let json = serde_json::to_vec(state).map_err(|error| FarmError::Json(error.to_string()))?;
        self.put("state.json", json, "application/json").await
    }

    async fn put(&self, name: &str, bytes: Vec<u8>, kind: &str) -> Result<(), FarmError> {
        let bucket = &self.page.farm().bucket;
        let key = format!("{}{name}", self.prefix);
        let put = bucket.client.put_object().bucket(&bucket.name).key(&key).content_type(kind);
        let put = put.cache_control("no-cache").body(ByteStream::from(bytes)).send().await;
        put.map(drop).map_err(|error| AwsError::new(format!("write `{key}`"), error).into())
    }

    async fn signed(&self, name: &str, within: Duration) -> Result<String, FarmError> {
        self.sign(&format!("{}{name}", self.prefix), within).await
    }

    async fn sign(&self, key: &str, within: Duration) -> Result<String, FarmError> {
        let bucket = &self.page.farm().bucket;
        let doing = || format!("sign the address of `{key}`");
        let config = PresigningConfig::expires_in(within)
            .map_err(|error| AwsError::unsent(doing(), error.to_string()))?;
        let signed = bucket.client.get_object().bucket(&bucket.name).key(key).presigned(config).await;
        Ok(signed.map_err(|error| AwsError::new(doing(), error))?.uri().to_owned())
    }

    /// The archive and what else is there, each signed.
    async fn files(&self, seen: &Seen, within: Duration) -> Result<Vec<crate::render::FileLink>, FarmError> {
        let mut files = Page::files(seen, str::to_owned);
        for file in &mut files {
            file.url = self.sign(&format!("{}{}", self.page.folder, file.name), within).await?;
        }
        Ok(files)
    }
}
