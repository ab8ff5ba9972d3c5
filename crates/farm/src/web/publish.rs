//! The page in the bucket, for somebody without credentials: presigned, so that it ends by itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use farm_contract::keys;
use farm_contract::plan::RenderId;

use super::document::document;
use super::page::Page;
use super::sheets::{PER_SHEET, Sheet};
use super::word::word;
use crate::bucket::Bucket;
use crate::error::FarmError;
use crate::render::{Seen, State, millis};

/// A page that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where it is.
    pub url: String,
    /// Whether there are sheets that the next edition makes.
    pub more: bool,
    /// How many pictures did not come; the next edition tries again.
    pub lacking: usize,
    /// Whether it has all that there is to be had of the render.
    pub last: bool,
    render: RenderId,
    /// Its own folder, which no other page has.
    prefix: String,
    /// The sheets that were written: number, edition and address.
    sheets: Vec<(usize, u64, String)>,
}

/// Sheets that one edition makes: so that the address is told soon, and what was made is seen.
const AT_ONCE: usize = 8;

/// Writes the page of what was seen below the render's own records, good until then: a week at most, and no longer than
/// the login that signs it. `before` is what was published before: its address stays, and what has not changed is not
/// written again.
///
/// # Errors
/// The render has no plan, or a call does not come through.
pub async fn publish(
    page: &Arc<Page>,
    seen: &Seen,
    until: SystemTime,
    before: Option<Published>,
) -> Result<Published, FarmError> {
    let found = seen.found();
    let plan = found.planned()?;
    // Uploaded and planned anew: another folder, another address.
    let before = before.filter(|before| before.render == plan.render);
    let prefix = match &before {
        Some(before) => before.prefix.clone(),
        None => keys::page_prefix(&plan.render, &word()?),
    };
    let folder = Folder { page, prefix };
    // Signed for as long as the page itself is good; S3 takes no longer than a week.
    let left = until.duration_since(SystemTime::now()).unwrap_or(Duration::from_secs(1));
    let mut sheets = before.as_ref().map(|before| before.sheets.clone()).unwrap_or_default();
    let (mut made, mut more, mut lacked) = (0, false, 0);
    for number in 0..seen.frames.len().div_ceil(PER_SHEET) {
        let current = page.pictures_of(seen, number);
        if current == 0 || sheets.iter().any(|(other, edition, _)| *other == number && *edition == current) {
            continue;
        }
        if made == AT_ONCE || before.is_none() {
            more = true;
            continue;
        }
        made += 1;
        let drawn = page
            .sheet(seen, number, Duration::MAX)
            .await
            .map_err(|error| FarmError::Picture(error.to_string()))?;
        let Some(Sheet { jpeg, lacking }) = drawn else { continue };
        lacked += lacking;
        // One with a hole is no edition that stays: the next one draws it again.
        let current = current.wrapping_add(lacking as u64);
        if sheets.iter().any(|(other, edition, _)| *other == number && *edition == current) {
            continue;
        }
        let name = format!("sheet-{number}-{current:x}.jpg");
        folder.put(&name, jpeg, "image/jpeg").await?;
        let older = sheets.iter().position(|(other, ..)| *other == number).map(|at| sheets.swap_remove(at));
        sheets.push((number, current, folder.signed(&name, left).await?));
        if let Some((_, edition, _)) = older {
            folder.bucket().delete(&folder.key(&format!("sheet-{number}-{edition:x}.jpg"))).await?;
        }
    }
    // After the sheets: the first picture that could be made tells how large all are.
    let mut state = page.state(seen, |_, _| None, |_| String::new()).await;
    if let Some(shown) = &mut state.sheets {
        for (number, _, url) in &sheets {
            if let Some(place) = shown.urls.get_mut(*number) {
                *place = Some(url.clone());
            }
        }
    }
    state.files = folder.files(seen, left).await?;
    state.expires_at = Some(millis(until));
    state.last_edition = !more && lacked == 0 && seen.is_over() && !seen.awaits_film();
    folder.put_state(&state).await?;
    let url = match before {
        Some(before) => before.url,
        None => {
            let html = document(&folder.signed("state.json", left).await?);
            folder.put("index.html", html.into_bytes(), "text/html; charset=utf-8").await?;
            folder.signed("index.html", left).await?
        }
    };
    Ok(Published {
        url,
        more,
        lacking: lacked,
        last: state.last_edition,
        render: plan.render.clone(),
        prefix: folder.prefix,
        sheets,
    })
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

    async fn put(&self, name: &str, bytes: Vec<u8>, media_type: &str) -> Result<(), FarmError> {
        self.bucket().put(&self.key(name), media_type, bytes).await
    }

    async fn signed(&self, name: &str, within: Duration) -> Result<String, FarmError> {
        self.bucket().signed(&self.key(name), within).await
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn bucket(&self) -> &Bucket {
        &self.page.farm().bucket
    }

    /// The archive and what else is there, each signed.
    async fn files(&self, seen: &Seen, within: Duration) -> Result<Vec<crate::render::FileLink>, FarmError> {
        let mut files = Page::files(seen, str::to_owned);
        for file in &mut files {
            file.url = self.bucket().signed(&format!("{}{}", self.page.folder, file.name), within).await?;
        }
        Ok(files)
    }
}
