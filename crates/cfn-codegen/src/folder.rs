//! `stack/schemas`: the list of types, one schema each, and where they are from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::schema::Schema;
use crate::sources::{Package, sha256};

/// The folder.
pub struct Folder {
    path: PathBuf,
}

/// `SOURCES.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The providers' schemas.
    pub providers: Package,
    /// The service specification.
    pub specification: Package,
    /// SHA-256 of each schema's file, by the type's name.
    pub schemas: BTreeMap<String, String>,
}

const HEADER: &str = "# Written by `cargo xtask codegen`, do not edit by hand. The schemas beside this file are\n\
                      # excerpts of these two packages: structure without prose.\n\n";

impl Folder {
    /// The folder at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The types that are wanted, from the file `TYPES`: one a line, in the order of the alphabet.
    ///
    /// # Errors
    /// The file cannot be read, or its lines are out of order.
    pub fn types(&self) -> Result<Vec<String>> {
        let text = self.read("TYPES")?;
        let types: Vec<String> = text.lines().map(str::to_owned).collect();
        match types.iter().zip(types.iter().skip(1)).find(|(one, next)| one >= next) {
            Some((one, next)) => {
                bail!("{}: `{next}` must stand before `{one}`", self.path.join("TYPES").display())
            }
            None => Ok(types),
        }
    }

    /// Where the schemas are from; none before the first fetch.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn record(&self) -> Result<Option<Record>> {
        if !self.path.join("SOURCES.toml").exists() {
            return Ok(None);
        }
        Ok(Some(toml::from_str(&self.read("SOURCES.toml")?).context("SOURCES.toml cannot be read")?))
    }

    /// The schemas of these types. Those that are not there are left out.
    ///
    /// # Errors
    /// A schema cannot be read, or is not what the record says.
    pub fn schemas(&self, types: &[String]) -> Result<Vec<Schema>> {
        let Some(record) = self.record()? else { return Ok(Vec::new()) };
        let mut schemas = Vec::new();
        for name in types {
            let Some(hash) = record.schemas.get(name) else { continue };
            let file = file_of(name);
            let text = self.read(&file)?;
            if sha256(text.as_bytes()) != *hash {
                bail!(
                    "{file} is not what SOURCES.toml records: `cargo xtask codegen --update` writes both anew"
                );
            }
            schemas.push(Schema::parse(&text).with_context(|| format!("{file} cannot be read"))?);
        }
        Ok(schemas)
    }

    /// Files that no type of the record accounts for.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn strays(&self) -> Result<Vec<PathBuf>> {
        let mut known = BTreeSet::from(["TYPES".to_owned(), "SOURCES.toml".to_owned()]);
        known.extend(self.types()?.iter().map(|name| file_of(name)));
        let mut strays = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !known.contains(&name) {
                strays.push(path);
            }
        }
        strays.sort();
        Ok(strays)
    }

    /// Writes the schemas and the record, and removes what is no longer listed.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, providers: &Package, specification: &Package, schemas: &[Schema]) -> Result<()> {
        let mut record = Record {
            providers: providers.clone(),
            specification: specification.clone(),
            schemas: BTreeMap::new(),
        };
        for schema in schemas {
            let text = schema.text()?;
            record.schemas.insert(schema.type_name.clone(), sha256(text.as_bytes()));
            fs::write(self.path.join(file_of(&schema.type_name)), text)?;
        }
        fs::write(self.path.join("SOURCES.toml"), HEADER.to_owned() + &toml::to_string(&record)?)?;
        for stray in self.strays()? {
            fs::remove_file(stray)?;
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<String> {
        let path = self.path.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// `AWS::Batch::JobQueue` lies in `Batch.JobQueue.json`.
fn file_of(name: &str) -> String {
    format!("{}.json", name.trim_start_matches("AWS::").replace("::", "."))
}
