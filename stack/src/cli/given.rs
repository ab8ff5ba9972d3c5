//! What a person gives: which stack, which farm, and what its parameters are to be.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use stack::cfn::Attempts;
use stack::deploy::{Aws, Wanted};
use stack::farm::{BlenderVersion, FarmConfig, parameters};
use zip::ZipArchive;

/// What the stack is called where nobody says otherwise.
const STACK: &str = "render-farm";
/// What Lambda starts in the function's code.
const BOOTSTRAP: &str = "bootstrap";
/// What `--image` calls zip-task's image.
const ZIP: &str = "zip";

/// Which stack, and where.
#[derive(Debug, clap::Args)]
pub struct Target {
    /// Name of the stack: lower-case letters, digits and hyphens.
    #[arg(long, default_value = STACK)]
    pub stack: String,
    /// Region, such as eu-west-1 [default: that of the environment or the profile].
    #[arg(long)]
    pub region: Option<String>,
}

/// What the farm is made of.
#[derive(Debug, clap::Args)]
pub struct Farm {
    /// A Blender that renders, such as 4.5; the first renders what asks for none [default: 4.5 and
    /// 4.1].
    #[arg(long, value_name = "VERSION")]
    blender: Vec<BlenderVersion>,
    /// vCPUs of a render task: 0.25, 0.5, 1, 2, 4, 8 or 16 [default: 4].
    #[arg(long, value_name = "N")]
    vcpus: Option<f64>,
    /// Memory of a render task, in GiB; what goes with how many vCPUs is Fargate's [default: 8].
    #[arg(long, value_name = "GIB")]
    memory: Option<f64>,
    /// Attempts of a task, the first one counted: 1 to 10 [default: 3].
    #[arg(long, value_name = "N")]
    attempts: Option<u8>,
    /// Make no dashboard.
    #[arg(long)]
    no_dashboard: bool,
}

/// What the template's parameters are to be. A stack that stands keeps what is not given.
#[derive(Debug, clap::Args)]
pub struct Values {
    /// An image by its digest: 4.5=REPOSITORY@sha256:... for each Blender, zip=... for zip-task.
    #[arg(long = "image", value_name = "WHAT=IMAGE")]
    images: Vec<String>,
    /// The function's code: a zip file with `bootstrap` in it, which is uploaded.
    #[arg(long, value_name = "FILE")]
    function: Option<PathBuf>,
    /// A parameter of the template, such as MaxSpotVcpus=64; `synth` shows them all.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl Target {
    /// The account and region that the environment gives access to.
    ///
    /// # Errors
    /// No region is named.
    pub async fn connect(&self) -> Result<Aws> {
        Ok(Aws::connect(self.region.as_deref()).await?)
    }
}

impl Farm {
    /// The farm's configuration.
    ///
    /// # Errors
    /// There can be no such farm; the error says what there can be.
    pub fn config(&self) -> Result<FarmConfig> {
        let mut config = match self.blender.as_slice() {
            [] => FarmConfig::standard()?,
            blenders => FarmConfig::new(blenders.to_vec())?,
        };
        if self.vcpus.is_some() || self.memory.is_some() {
            config = config.with_render_size(self.vcpus.unwrap_or(4.0), self.memory.unwrap_or(8.0))?;
        }
        if let Some(attempts) = self.attempts {
            config.attempts = Attempts::new(attempts)?;
        }
        config.dashboard = !self.no_dashboard;
        Ok(config)
    }
}

impl Values {
    /// The farm that is asked for.
    ///
    /// # Errors
    /// Something of it cannot be; the error says what can.
    pub fn wanted(&self, target: &Target, config: &FarmConfig) -> Result<Wanted> {
        let mut given = BTreeMap::new();
        for text in &self.set {
            let (name, value) = pair(text, "--set", "NAME=VALUE, such as MaxSpotVcpus=64")?;
            give(&mut given, name, value)?;
        }
        for text in &self.images {
            let (what, image) =
                pair(text, "--image", "4.5=REPOSITORY@sha256:... or zip=REPOSITORY@sha256:...")?;
            let parameter = match what {
                ZIP => parameters::ZIP_IMAGE.to_owned(),
                version => parameters::render_image(version.parse()?),
            };
            give(&mut given, &parameter, image)?;
        }
        let code = self.function.as_deref().map(code).transpose()?;
        Ok(Wanted::new(&target.stack, config, given, code)?)
    }
}

fn pair<'a>(text: &'a str, option: &str, how: &str) -> Result<(&'a str, &'a str)> {
    text.split_once('=').ok_or_else(|| anyhow!("`{text}` cannot be read; write {option} {how}"))
}

fn give(given: &mut BTreeMap<String, String>, name: &str, value: &str) -> Result<()> {
    match given.insert(name.to_owned(), value.to_owned()) {
        None => Ok(()),
        Some(_) => bail!("{name} is given twice; give it once"),
    }
}

/// The function's code, if Lambda could start it.
fn code(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {shown}"))?;
    file.read_to_end(&mut bytes).with_context(|| format!("cannot read {shown}"))?;
    let mut archive =
        ZipArchive::new(std::io::Cursor::new(&bytes)).with_context(|| format!("{shown} is no zip file"))?;
    let index = archive.index_for_name(BOOTSTRAP);
    let index =
        index.with_context(|| format!("{shown} has no `{BOOTSTRAP}` in it, which is what Lambda starts"))?;
    // Raw: it is looked at, not unpacked, however it is packed.
    let entry = archive.by_index_raw(index).with_context(|| format!("{shown} is damaged"))?;
    if entry.unix_mode().is_some_and(|mode| mode & 0o111 == 0) {
        bail!("`{BOOTSTRAP}` in {shown} may not be executed; zip it with its mode (chmod 755)");
    }
    drop(entry);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(name: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut writer = ZipWriter::new(file.reopen().expect("opened"));
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(name, stored.unix_permissions(mode)).expect("begun");
        writer.write_all(b"program").expect("written");
        writer.finish().expect("ended");
        file
    }

    #[test]
    fn code_that_lambda_could_not_start_is_refused() {
        assert!(code(zipped(BOOTSTRAP, 0o755).path()).is_ok());
        let refused =
            |file: &tempfile::NamedTempFile| format!("{:#}", code(file.path()).expect_err("refused"));
        assert!(refused(&zipped("main", 0o755)).contains("no `bootstrap`"));
        assert!(refused(&zipped(BOOTSTRAP, 0o644)).contains("chmod 755"));
        let text = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(text.path(), "no zip").expect("written");
        assert!(refused(&text).contains("is no zip file"));
        let error = code(Path::new("/nowhere/code.zip")).expect_err("missing");
        assert!(format!("{error:#}").contains("cannot read /nowhere/code.zip"));
    }

    #[test]
    fn what_is_given_twice_or_cannot_be_read_is_refused() {
        let values = |images: &[&str], set: &[&str]| Values {
            images: images.iter().map(|text| (*text).to_owned()).collect(),
            function: None,
            set: set.iter().map(|text| (*text).to_owned()).collect(),
        };
        let target = Target { stack: STACK.to_owned(), region: None };
        let config = FarmConfig::standard().expect("a farm");
        for (values, why) in [
            (values(&["4.5"], &[]), "--image 4.5=REPOSITORY"),
            (values(&["4.5.1=x"], &[]), "no version of Blender"),
            (values(&[], &["MaxSpotVcpus"]), "--set NAME=VALUE"),
            (values(&[], &["Email=a@b.org", "Email=c@d.org"]), "twice"),
            (values(&["zip=x"], &["ZipImage=y"]), "twice"),
        ] {
            let error = values.wanted(&target, &config).map(|_| ()).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
