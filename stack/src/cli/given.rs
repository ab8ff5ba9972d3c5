//! What a person gives: which stack, which farm, and what its parameters are to be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use stack::cfn::Attempts;
use stack::deploy::{Aws, Wanted};
use stack::farm::{self, BlenderVersion, FarmConfig, FarmError, Spot, parameters};

use super::code;

/// What the stack is called where nobody says otherwise.
const STACK: &str = "render-farm";
/// What `--image` calls zip-task's image.
const ZIP: &str = "zip";

/// Which stack, and where.
#[derive(Debug, clap::Args)]
pub struct Target {
    /// Name of the stack: lower-case letters, digits and hyphens.
    #[arg(long, default_value = STACK, value_parser = stack_name)]
    pub stack: String,
    /// Region, such as eu-west-1 [default: that of the environment or the profile].
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub region: Option<String>,
}

/// What the farm is made of. A farm that stands keeps what is not given.
#[derive(Debug, clap::Args)]
pub struct Farm {
    /// A Blender of the farm, such as 4.5; give it once for each. A file is rendered by the oldest that
    /// is not older than the one that saved it [default: 4.5 and
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
    /// Whether there is a dashboard [default: true].
    #[arg(long, value_name = "true|false")]
    dashboard: Option<bool>,
    /// Fargate Spot first (and Fargate where it is full), only, or never [default: first].
    #[arg(long, value_name = "first|only|never")]
    spot: Option<Spot>,
}

/// What the template's parameters are to be. A farm that stands keeps what is not given.
#[derive(Debug, clap::Args)]
pub struct Values {
    /// An image in the farm's registry, by its digest: 4.5=REPOSITORY@sha256:... for a Blender, zip=...
    /// for zip-task.
    #[arg(long = "image", value_name = "WHAT=IMAGE")]
    images: Vec<String>,
    /// The function's code, which is uploaded: a program for Linux, or a zip file with it as `bootstrap`.
    #[arg(long, value_name = "FILE")]
    function: Option<PathBuf>,
    /// A setting by its name, such as MaxSpotVcpus=64; `deploy --help` lists them.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
}

fn stack_name(text: &str) -> Result<String, FarmError> {
    farm::check_stack_name(text).map(|()| text.to_owned())
}

/// The settings that `--set` takes, for `--help`.
pub fn settings() -> String {
    let template = FarmConfig::standard().and_then(|config| farm::template(&config));
    // That it can be written is what every test of it says first.
    let document =
        template.ok().and_then(|template| template.finish().ok()).map(|finished| finished.document);
    let all = document.map(|document| document.parameters).unwrap_or_default();
    let given_otherwise = |name: &str| parameters::is_image(name) || name == parameters::FUNCTION_CODE_KEY;
    let shown = all.iter().filter(|(name, _)| !given_otherwise(name));
    let lines = shown.map(|(name, spec)| {
        let default = spec.default.as_ref().and_then(|default| serde_yaml::to_string(default).ok());
        // One that is empty says so itself.
        let default = default.map(|text| text.trim().to_owned()).filter(|text| text != "''");
        let default = default.map(|text| format!(" [default: {text}]")).unwrap_or_default();
        format!("  {name:20} {}{default}", spec.description)
    });
    let lines: Vec<String> = lines.collect();
    format!("Settings for --set; a farm that stands keeps those that are not given:\n{}", lines.join("\n"))
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
    /// The farm's configuration: what is given, and else that of the farm that stands.
    ///
    /// # Errors
    /// There can be no such farm; the error says what there can be.
    pub fn config(&self, standing: Option<&FarmConfig>) -> Result<FarmConfig> {
        let mut config = match (self.blender.as_slice(), standing) {
            ([], Some(standing)) => standing.clone(),
            ([], None) => FarmConfig::standard()?,
            (blenders, None) => FarmConfig::new(blenders.to_vec())?,
            (blenders, Some(standing)) => {
                FarmConfig { blenders: FarmConfig::new(blenders.to_vec())?.blenders, ..standing.clone() }
            }
        };
        if self.vcpus.is_some() || self.memory.is_some() {
            let render = config.render;
            let vcpus = self.vcpus.unwrap_or(f64::from(render.vcpus().units()) / 1024.0);
            let memory = self.memory.unwrap_or(f64::from(render.memory_mib()) / 1024.0);
            config = config.with_render_size(vcpus, memory)?;
        }
        if let Some(attempts) = self.attempts {
            config.attempts = Attempts::new(attempts)?;
        }
        config.dashboard = self.dashboard.unwrap_or(config.dashboard);
        config.spot = self.spot.unwrap_or(config.spot);
        Ok(config)
    }

    /// As much of the configuration as can be told before anybody is called: whether a Blender that has
    /// an image and is not listed is one of the farm's, only the farm that stands can say.
    ///
    /// # Errors
    /// There can be no such farm, or a Blender is listed that has no image where others have one.
    fn draft(&self, images: &[BlenderVersion]) -> Result<FarmConfig> {
        let mut config = self.config(None)?;
        if self.blender.is_empty() {
            config.blenders.extend(
                images
                    .iter()
                    .filter(|version| !config.blenders.contains(version))
                    .copied()
                    .collect::<Vec<_>>(),
            );
        } else if let Some(without) =
            self.blender.iter().find(|version| !images.is_empty() && !images.contains(version))
        {
            bail!(
                "Blender {without} has no image: give --image {without}=REPOSITORY@sha256:... too, or list no Blenders to keep those that the farm has"
            );
        }
        Ok(config)
    }
}

impl Values {
    /// The farm that is asked for, as far as that can be told before anybody is called, and the
    /// function's code.
    ///
    /// # Errors
    /// Something of it cannot be; the error says what can.
    pub fn draft(&self, target: &Target, farm: &Farm) -> Result<Option<Vec<u8>>> {
        let images = self.images()?;
        let versions: Vec<BlenderVersion> = images.iter().filter_map(|(of, _)| *of).collect();
        let code = self.function.as_deref().map(code::read).transpose()?;
        self.wanted(target, &farm.draft(&versions)?, code.clone())?;
        Ok(code)
    }

    /// The farm that is asked for.
    ///
    /// # Errors
    /// Something of it cannot be; the error says what can.
    pub fn wanted(&self, target: &Target, config: &FarmConfig, code: Option<Vec<u8>>) -> Result<Wanted> {
        let mut given = BTreeMap::new();
        for text in &self.set {
            let (name, value) = pair(text, "--set", "NAME=VALUE, such as MaxSpotVcpus=64")?;
            give(&mut given, name, value)?;
        }
        for (of, image) in self.images()? {
            let parameter = match of {
                None => parameters::ZIP_IMAGE.to_owned(),
                Some(version) if config.blenders.contains(&version) => parameters::render_image(version),
                Some(version) => bail!(
                    "Blender {version} is none of this farm's: list it with --blender {version}, and the others with it"
                ),
            };
            give(&mut given, &parameter, image)?;
        }
        Ok(Wanted::new(&target.stack, config, given, code)?)
    }

    /// The images that are given, each with its Blender; zip-task's has none.
    fn images(&self) -> Result<Vec<(Option<BlenderVersion>, &str)>> {
        let read = |text| {
            let (what, image) =
                pair(text, "--image", "4.5=REPOSITORY@sha256:... or zip=REPOSITORY@sha256:...")?;
            let of = if what == ZIP { None } else { Some(what.parse()?) };
            Ok((of, image))
        };
        self.images.iter().map(|text| read(text.as_str())).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn values(images: &[&str], set: &[&str]) -> Values {
        Values {
            images: images.iter().map(|text| (*text).to_owned()).collect(),
            function: None,
            set: set.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    fn farm(blenders: &[&str]) -> Farm {
        let blender = blenders.iter().map(|version| version.parse().expect("a version")).collect();
        Farm { blender, vcpus: None, memory: None, attempts: None, dashboard: None, spot: None }
    }

    #[test]
    fn what_is_given_twice_or_cannot_be_read_is_refused() {
        let target = Target { stack: STACK.to_owned(), region: None };
        let image = format!("x@sha256:{}", "0".repeat(64));
        let of = |what: &str| format!("{what}={image}");
        for (blenders, values, why) in [
            (&[][..], values(&["4.5"], &[]), "--image 4.5=REPOSITORY"),
            (&[], values(&["4.5.1=x"], &[]), "cannot be read as a version"),
            (&[], values(&["4.0=x"], &[]), "the oldest that does is 4.1"),
            (&[], values(&[], &["MaxSpotVcpus"]), "--set NAME=VALUE"),
            (&[], values(&[], &["Email=a@b.org", "Email=c@d.org"]), "twice"),
            (&[], values(&[&of("zip")], &["ZipImage=y"]), "twice"),
            (&["4.5", "5.0"], values(&[&of("4.5")], &[]), "Blender 5.0 has no image: give --image 5.0="),
            (&["4.5"], values(&[&of("4.5"), &of("4.2")], &[]), "Blender 4.2 is none of this farm's"),
        ] {
            let error = values.draft(&target, &farm(blenders)).map(|_| ()).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
        // Whether the farm has it, only the farm can say.
        assert!(values(&[&of("5.0")], &[]).draft(&target, &farm(&[])).is_ok());
    }

    #[test]
    fn a_farm_that_stands_keeps_what_is_not_given() {
        let standing = FarmConfig::new(vec!["5.0".parse().expect("a version")]).expect("a farm");
        let standing =
            FarmConfig { dashboard: false, ..standing.with_render_size(8.0, 32.0).expect("a size") };
        assert_eq!(farm(&[]).config(Some(&standing)).expect("kept"), standing);
        let more = Farm { memory: Some(60.0), ..farm(&["5.0", "4.5"]) };
        let more = more.config(Some(&standing)).expect("a farm");
        assert_eq!((more.blenders.len(), more.dashboard, more.render.memory_mib()), (2, false, 60 * 1024));
        assert!(
            Farm { memory: Some(8.0), ..farm(&[]) }.config(Some(&standing)).is_err(),
            "8 GiB with 8 vCPUs"
        );
    }

    #[test]
    fn help_lists_the_settings() {
        let help = settings();
        assert!(
            help.contains("MaxSpotVcpus")
                && help.contains("[default: 256]")
                && help.contains("KmsKeyArn")
                && !help.contains("RenderImage"),
            "{help}"
        );
    }
}
