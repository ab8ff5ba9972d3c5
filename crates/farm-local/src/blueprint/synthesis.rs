//! The template that is stood for here: the farm's own, with loopback's account and region.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use farm_contract::env;
use sha2::{Digest, Sha256};
use stack::farm::{self, BlenderVersion, FarmConfig, parameters};
use stack::template::{AwsNames, Inputs, Resolved, resolve};

use super::{BlueprintError, Program};
use crate::workers::Workers;

/// Name of the stack.
const STACK: &str = "farm";
/// The account that ARNs name.
const ACCOUNT: &str = "000000000000";
/// The region that loopback clients name.
pub const REGION: &str = "us-east-1";

/// Nobody pays for a slow frame here, so the farm's fifteen minutes become a day.
const FRAME_SECONDS: u32 = 24 * 60 * 60;

/// The programs, by what a deploy calls them.
const RENDER: &str = "render-task";
const ZIP: &str = "zip-task";
const TRIGGER: &str = "trigger-lambda";

/// What there is on this machine.
#[derive(Debug)]
pub struct Site<'a> {
    /// Folder of `trigger-lambda`, `render-task` and `zip-task`.
    pub programs: &'a Path,
    /// The farm's Blenders, at least one.
    pub blenders: &'a [Blender],
    /// Children at once.
    pub workers: Workers,
}

/// A Blender of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blender {
    /// Its version, `major.minor`.
    pub version: String,
    /// A `blender`, or a Python that has `bpy`.
    pub path: PathBuf,
}

impl Blender {
    /// What stands for its image.
    fn image(&self) -> String {
        image(&format!("{RENDER} with Blender {}", self.version))
    }
}

/// Why a text names no Blender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is written VERSION=PATH, such as 4.5=/opt/blender/blender")]
pub struct NoBlender;

impl FromStr for Blender {
    type Err = NoBlender;

    fn from_str(text: &str) -> Result<Self, NoBlender> {
        let (version, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or(NoBlender)?;
        Ok(Self { version: version.to_owned(), path: path.into() })
    }
}

impl Site<'_> {
    /// What stands here for the images and the code, by the names that the template is given.
    pub fn programs(&self) -> BTreeMap<String, Program> {
        let program = |name: &str, environment: BTreeMap<String, String>| Program {
            path: self.programs.join(name),
            environment,
        };
        let render = self.blenders.iter().map(|blender| {
            // As the images set them.
            let environment = BTreeMap::from([
                (env::BLENDER.to_owned(), blender.path.display().to_string()),
                (env::THREADS.to_owned(), self.workers.threads.to_string()),
            ]);
            (blender.image(), program(RENDER, environment))
        });
        let others =
            [(image(ZIP), program(ZIP, BTreeMap::new())), (code(TRIGGER), program(TRIGGER, BTreeMap::new()))];
        render.chain(others).collect()
    }
}

/// Writes the farm's template for what there is here, looks it over, and works it out.
///
/// # Errors
/// The farm renders with no such Blender, or its template is wrong.
pub fn synthesize(site: &Site<'_>) -> Result<(Inputs, Resolved), BlueprintError> {
    let versions: Vec<BlenderVersion> =
        site.blenders.iter().map(|blender| blender.version.parse()).collect::<Result<_, _>>()?;
    let config = FarmConfig::new(versions.clone())?;
    // As many tasks at once as there are workers, each with the share that a task has on AWS.
    let vcpus = config.render.vcpus().units() as usize * site.workers.count;
    let document = farm::template(&config)?.finish()?.document;
    let mut inputs = Inputs::new(STACK, ACCOUNT, REGION)
        .with(parameters::FRAME_SECONDS, &FRAME_SECONDS.to_string())
        .with(parameters::MAX_SPOT_VCPUS, &(vcpus / 1024).to_string())
        .with(parameters::ZIP_IMAGE, &image(ZIP))
        .with(parameters::FUNCTION_CODE_KEY, &code(TRIGGER));
    for (version, blender) in versions.into_iter().zip(site.blenders) {
        inputs = inputs.with(&parameters::render_image(version), &blender.image());
    }
    let resolved = resolve(&document, &inputs, &AwsNames::new(&inputs))?;
    Ok((inputs, resolved))
}

/// A program's image, as a template names it.
fn image(program: &str) -> String {
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{STACK}@sha256:{}", digest(program))
}

/// A program's code, as a template names it.
fn code(program: &str) -> String {
    format!(".farm/lambda/{}.zip", digest(program))
}

/// Nothing is pushed here: what a program is called stands for what it holds.
fn digest(program: &str) -> String {
    Sha256::digest(program).iter().map(|byte| format!("{byte:02x}")).collect()
}
