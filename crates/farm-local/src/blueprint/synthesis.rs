//! The template that is stood for here: the farm's own, with loopback's account and region.

use std::collections::BTreeMap;
use std::path::Path;

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
    /// A `blender`, or a Python that has `bpy`.
    pub blender: &'a Path,
    /// Its version, `major.minor`.
    pub blender_version: &'a str,
    /// Children at once.
    pub workers: Workers,
}

impl Site<'_> {
    /// What stands here for the images and the code, by the names that the template is given.
    pub fn programs(&self) -> BTreeMap<String, Program> {
        let program = |name: &str, environment: BTreeMap<String, String>| Program {
            path: self.programs.join(name),
            environment,
        };
        // As the images set them.
        let render = BTreeMap::from([
            (env::BLENDER.to_owned(), self.blender.display().to_string()),
            (env::THREADS.to_owned(), self.workers.threads.to_string()),
        ]);
        BTreeMap::from([
            (image(RENDER), program(RENDER, render)),
            (image(ZIP), program(ZIP, BTreeMap::new())),
            (code(TRIGGER), program(TRIGGER, BTreeMap::new())),
        ])
    }
}

/// Writes the farm's template for what there is here, looks it over, and works it out.
///
/// # Errors
/// The farm renders with no such Blender, or its template is wrong.
pub fn synthesize(site: &Site<'_>) -> Result<(Inputs, Resolved), BlueprintError> {
    let version: BlenderVersion = site.blender_version.parse()?;
    let config = FarmConfig::new(vec![version])?;
    // As many tasks at once as there are workers, each with the share that a task has on AWS.
    let vcpus = config.render.vcpus().units() as usize * site.workers.count;
    let document = farm::template(&config)?.finish()?.document;
    let inputs = Inputs::new(STACK, ACCOUNT, REGION)
        .with(parameters::FRAME_SECONDS, &FRAME_SECONDS.to_string())
        .with(parameters::MAX_SPOT_VCPUS, &(vcpus / 1024).to_string())
        .with(&parameters::render_image(version), &image(RENDER))
        .with(parameters::ZIP_IMAGE, &image(ZIP))
        .with(parameters::FUNCTION_CODE_KEY, &code(TRIGGER));
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
