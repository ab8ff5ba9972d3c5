//! What goes into the archive, and where its bytes come from.

use bytes::Bytes;
use farm_contract::keys::BlendKey;
use farm_contract::plan::Plan;

use crate::archive::{DosTime, Entry, Layout};
use crate::census::Census;
use crate::failure::Failure;
use crate::frames::MISSING_TXT;
use crate::missing;

/// Where the content of an entry is.
#[derive(Debug, Clone)]
pub enum Content {
    /// Here.
    Text(Bytes),
    /// In the bucket.
    Object {
        /// Frame that it belongs to.
        frame: i32,
        /// Key.
        key: String,
        /// ETag that it must still have.
        etag: String,
    },
}

/// The planned archive and the contents of its entries, in the same order.
#[derive(Debug)]
pub struct Contents {
    /// Where everything lies.
    pub layout: Layout,
    /// Where each entry's content comes from.
    pub content: Vec<Content>,
}

impl Contents {
    /// The archive of the files that `census` found, whose CRC-32s are all known. Where frames
    /// are missing, its first entry says so.
    ///
    /// # Errors
    /// A file is known to be damaged, or has a name that no archive can hold.
    pub fn of(plan: &Plan, folder: &BlendKey, census: &Census) -> Result<Self, Failure> {
        let (mut entries, mut content, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
        if !census.missing.is_empty() {
            let text = Bytes::from(missing::text(plan, census));
            let (size, crc32) = (text.len() as u64, crc32fast::hash(&text));
            entries.push(Entry { name: MISSING_TXT.to_owned(), size, crc32 });
            content.push(Content::Text(text));
        }
        for file in &census.files {
            let key = folder.file(&file.name);
            // An empty file is never read, so its CRC-32 is looked at here.
            let crc32 = file.crc32.filter(|crc32| file.size > 0 || *crc32 == 0);
            match crc32.filter(|_| !file.damaged) {
                Some(crc32) => entries.push(Entry { name: file.name.clone(), size: file.size, crc32 }),
                None => damaged.push((file.frame, key.clone())),
            }
            content.push(Content::Object { frame: file.frame, key, etag: file.etag.clone() });
        }
        if !damaged.is_empty() {
            return Err(Failure::Damaged { files: damaged });
        }
        let layout = Layout::new(entries, DosTime::from_unix_millis(plan.claimed_at))?;
        Ok(Self { layout, content })
    }

    /// Eight hex digits that differ where the files do: by name, length or content.
    pub fn fingerprint(&self) -> String {
        let mut hasher = crc32fast::Hasher::new();
        for Entry { name, size, crc32 } in self.layout.entries() {
            hasher.update(name.as_bytes());
            // Ends the name, whatever follows.
            hasher.update(&[0]);
            hasher.update(&size.to_le_bytes());
            hasher.update(&crc32.to_le_bytes());
        }
        format!("{:08x}", hasher.finalize())
    }
}
