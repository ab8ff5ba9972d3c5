//! Where the schemas come from: two packages, fetched with the ordinary clients of their
//! registries.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::merge::{self, Specification};
use crate::schema::Schema;

/// The Python package with the providers' schemas.
const PROVIDERS: &str = "cfn-lint";
/// The Node package with the service specification.
const SPECIFICATION: &str = "@aws-cdk/aws-service-spec";
/// The region whose schemas are taken.
const REGION: &str = "us-east-1";

/// A package, as `SOURCES.toml` records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence.
    pub license: String,
    /// What is taken from it.
    pub gives: String,
    /// SHA-256 of the file that the registry serves.
    pub sha256: String,
}

/// Both packages, unpacked in memory.
pub struct Sources {
    /// The providers' schemas.
    pub providers: Package,
    /// The service specification.
    pub specification: Package,
    wheel: zip::ZipArchive<File>,
    names: Value,
    database: Value,
}

/// Which versions to fetch; none is the newest.
#[derive(Debug, Default, Clone)]
pub struct Versions {
    /// Of the providers' schemas.
    pub providers: Option<String>,
    /// Of the service specification.
    pub specification: Option<String>,
}

impl Sources {
    /// Fetches both into `folder`.
    ///
    /// # Errors
    /// A client is not there or fails, or a package is not laid out as expected.
    pub fn fetch(versions: &Versions, folder: &Path) -> Result<Self> {
        let wanted = match &versions.providers {
            Some(version) => format!("{PROVIDERS}=={version}"),
            None => PROVIDERS.to_owned(),
        };
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary", ":all:", "--dest"]).arg(folder).arg(&wanted);
        run(&mut pip)?;
        let wanted = format!("{SPECIFICATION}@{}", versions.specification.as_deref().unwrap_or("latest"));
        let mut npm = Command::new("npm");
        npm.args(["pack", "--silent", "--pack-destination"]).arg(folder).arg(&wanted);
        run(&mut npm)?;
        Self::open(&only(folder, "whl")?, &only(folder, "tgz")?)
    }

    fn open(wheel: &Path, tarball: &Path) -> Result<Self> {
        let mut archive = zip::ZipArchive::new(File::open(wheel)?).context("the wheel cannot be read")?;
        let names = read(&mut archive, &format!("cfnlint/data/schemas/providers/{REGION}.json"))?;
        let metadata = archive
            .file_names()
            .filter_map(Result::ok)
            .find(|name| name.ends_with(".dist-info/METADATA"))
            .context("the wheel has no metadata")?
            .into_owned();
        let mut text = String::new();
        archive.by_name(&metadata)?.read_to_string(&mut text)?;
        let field = |key: &str| {
            text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).map(str::to_owned)
        };
        let providers = Package {
            name: PROVIDERS.to_owned(),
            version: field("Version").context("the wheel has no version")?,
            license: field("License-Expression")
                .or_else(|| field("License"))
                .context("the wheel has no licence")?,
            gives: "structure, enums, patterns, ranges, formats".to_owned(),
            sha256: sha256(&fs::read(wheel)?),
        };

        let mut database = Value::Null;
        let mut manifest = Value::Null;
        let mut tar = tar::Archive::new(GzDecoder::new(File::open(tarball)?));
        for entry in tar.entries()? {
            let entry = entry?;
            match entry.path()?.to_str() {
                Some("package/db.json.gz") => database = serde_json::from_reader(GzDecoder::new(entry))?,
                Some("package/package.json") => manifest = serde_json::from_reader(entry)?,
                _ => {}
            }
        }
        let field = |key: &str| manifest[key].as_str().map(str::to_owned);
        let specification = Package {
            name: SPECIFICATION.to_owned(),
            version: field("version").context("the package has no version")?,
            license: field("license").context("the package has no licence")?,
            gives: "attributes, what a reference yields, which property wants which resource".to_owned(),
            sha256: sha256(&fs::read(tarball)?),
        };
        Ok(Self { providers, specification, wheel: archive, names, database })
    }

    /// The schemas of these types.
    ///
    /// # Errors
    /// A type is in one of the sources and not in the other, or in neither.
    pub fn schemas(&mut self, types: &[String]) -> Result<Vec<Schema>> {
        let specification = Specification::read(&self.database)
            .with_context(|| format!("{SPECIFICATION} is not laid out as expected"))?;
        types
            .iter()
            .map(|name| {
                let hash = self.names[name]
                    .as_str()
                    .with_context(|| format!("{PROVIDERS} knows no {name}: see whether its name is right"))?;
                let provider = read(&mut self.wheel, &format!("cfnlint/data/schemas/resources/{hash}.json"))?;
                let mut schema = merge::structure(&provider)?;
                specification.add_to(&mut schema).with_context(|| format!("{SPECIFICATION}: {name}"))?;
                Ok(schema)
            })
            .collect()
    }
}

fn read(archive: &mut zip::ZipArchive<File>, name: &str) -> Result<Value> {
    let entry = archive.by_name(name).with_context(|| format!("{PROVIDERS} has no {name}"))?;
    Ok(serde_json::from_reader(entry)?)
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let status =
        command.stdout(std::io::stderr()).status().with_context(|| format!("{program} does not start"))?;
    if !status.success() {
        bail!("{program} could not fetch a package ({status}); what it says above names the reason");
    }
    Ok(())
}

fn only(folder: &Path, extension: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(found) {
        Ok([path]) => Ok(path),
        Err(found) => bail!("one .{extension} was expected in {}, not {}", folder.display(), found.len()),
    }
}

/// A hash, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
