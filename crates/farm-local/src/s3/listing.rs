//! Listing a bucket in pages: by prefix, folded at a delimiter, in the order of UTF-8 bytes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::object::ObjectRecord;

/// S3's page.
pub(super) const MAX_KEYS: usize = 1000;

/// What is asked for.
#[derive(Debug, Default)]
pub(super) struct Query<'a> {
    pub(super) prefix: &'a str,
    /// Keys that go on past the next delimiter after the prefix are folded into one entry.
    pub(super) delimiter: Option<&'a str>,
    /// Only what comes after this key, or after this folded entry.
    pub(super) after: Option<&'a str>,
    pub(super) max_keys: usize,
}

/// One page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Arc<ObjectRecord>>,
    pub(super) common_prefixes: Vec<String>,
    /// The last entry, where more follow.
    pub(super) next: Option<String>,
}

pub(super) fn list(objects: &BTreeMap<String, Arc<ObjectRecord>>, query: &Query<'_>) -> Page {
    let mut page = Page::default();
    if query.max_keys == 0 {
        return page;
    }
    let mut last = String::new();
    let mut from = match query.after {
        Some(after) if after >= query.prefix => match folded(after, query) {
            // After a folded entry: all that it stands for has been listed.
            Some(entry) if entry == after => past(after),
            _ => Bound::Excluded(after.to_owned()),
        },
        _ => Bound::Included(query.prefix.to_owned()),
    };
    while let Some((key, record)) = objects
        .range::<String, _>((from, Bound::Unbounded))
        .next()
        .filter(|(key, _)| key.starts_with(query.prefix))
    {
        if page.objects.len() + page.common_prefixes.len() == query.max_keys {
            page.next = Some(last);
            break;
        }
        if let Some(entry) = folded(key, query) {
            from = past(entry);
            last = entry.to_owned();
            page.common_prefixes.push(entry.to_owned());
        } else {
            from = Bound::Excluded(key.clone());
            last.clone_from(key);
            page.objects.push(record.clone());
        }
    }
    page
}

/// The entry that a key is folded into: up to and with the delimiter.
fn folded<'k>(key: &'k str, query: &Query<'_>) -> Option<&'k str> {
    let delimiter = query.delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.strip_prefix(query.prefix)?;
    let end = rest.find(delimiter)? + delimiter.len();
    key.get(..query.prefix.len() + end)
}

/// Where the keys that start with `prefix` are over.
fn past(prefix: &str) -> Bound<String> {
    let mut stem = prefix.to_owned();
    while let Some(last) = stem.pop() {
        // The next character in UTF-8 order, over the gap that surrogates leave.
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            stem.push(next);
            return Bound::Included(stem);
        }
    }
    // Nothing but the last character of all: longer than any key is, and after all of them.
    Bound::Excluded("\u{10FFFF}".repeat(257))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::checksum::{Algorithm, Checksum};
    use crate::s3::object::Attributes;
    use proptest::prelude::*;

    fn objects<'a>(keys: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, Arc<ObjectRecord>> {
        let record = |key: &str| ObjectRecord {
            key: key.to_owned(),
            content: String::new(),
            size: 0,
            etag: String::new(),
            last_modified_ms: 0,
            checksum: Checksum::full(Algorithm::Crc32, &[0; 4]),
            parts: Vec::new(),
            attributes: Attributes::default(),
        };
        keys.into_iter().map(|key| (key.to_owned(), Arc::new(record(key)))).collect()
    }

    fn entries(page: &Page) -> Vec<String> {
        let mut all: Vec<_> = page.objects.iter().map(|record| record.key.clone()).collect();
        all.extend(page.common_prefixes.iter().cloned());
        all.sort();
        all
    }

    fn all_pages(
        objects: &BTreeMap<String, Arc<ObjectRecord>>,
        prefix: &str,
        delimiter: Option<&str>,
        max_keys: usize,
    ) -> Vec<String> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = list(objects, &Query { prefix, delimiter, after: after.as_deref(), max_keys });
            found.extend(entries(&page));
            match page.next {
                Some(next) => after = Some(next),
                None => return found,
            }
        }
    }

    #[test]
    fn folders_are_folded_once_over_page_borders() {
        let objects = objects(["a", "a/b", "a/c", "a0", "b/x", "b/y", "c"]);
        for max_keys in 1..6 {
            assert_eq!(all_pages(&objects, "", Some("/"), max_keys), ["a", "a/", "a0", "b/", "c"]);
        }
        assert_eq!(all_pages(&objects, "a/", Some("/"), 10), ["a/b", "a/c"]);
        let page =
            list(&objects, &Query { prefix: "", delimiter: Some("/"), after: Some("a/b"), max_keys: 9 });
        assert_eq!(entries(&page), ["a/", "a0", "b/", "c"], "a/c comes after a/b");
    }

    proptest! {
        /// Pages of any size, put together, are what a plain walk finds.
        #[test]
        fn pages_add_up(
            keys in proptest::collection::btree_set("[a-c/\u{10FFFF}\u{D7FF}é]{1,6}", 0..30),
            prefix in "[a-c/]{0,2}",
            fold in any::<bool>(),
            max_keys in 1usize..7,
        ) {
            let objects = objects(keys.iter().map(String::as_str));
            let delimiter = fold.then_some("/");
            let query = Query { prefix: &prefix, delimiter, after: None, max_keys };
            let mut expected: Vec<String> = Vec::new();
            for key in keys.iter().filter(|key| key.starts_with(&prefix)) {
                let entry = folded(key, &query).unwrap_or(key);
                if expected.last().map(String::as_str) != Some(entry) {
                    expected.push(entry.to_owned());
                }
            }
            prop_assert_eq!(all_pages(&objects, &prefix, delimiter, max_keys), expected);
        }
    }
}
