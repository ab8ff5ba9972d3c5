//! Numbers, which a template may write as texts: what comes out of a parameter is one.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A number, however it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Number(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

impl TryFrom<Written> for Number {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => {
                text.parse().map(Self).map_err(|_| format!("`{text}` is not a whole number"))
            }
        }
    }
}

/// A pair, as Batch writes the entries of an environment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    pub name: String,
    pub value: String,
}

/// The entries as a map.
pub(super) fn map(pairs: Vec<Pair>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()
}
