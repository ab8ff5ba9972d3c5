//! The farm's registry of images: what it has, and how it gets what it lacks.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::engine::Engine;
use super::images::Image;
use super::settings::Settings;
use super::{children, program};
use crate::folders;
use crate::output::{self, Advice};

/// In the place of the digest of an image that is not there yet.
const UNKNOWN: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What the farm's registry has.
pub struct Registry(Value);

impl Registry {
    /// Asks it for the images.
    ///
    /// # Errors
    /// AWS does not let in who asks; `images` has said why.
    pub fn look(settings: &Settings, images: &[Image]) -> Result<Self> {
        let mut find = images_program("find", settings)?;
        find.args(images.iter().map(|image| image.tag.as_str()));
        json(&children::answer(&mut find)?).map(Self)
    }

    /// The digest of an image, where it is there.
    pub fn digest(&self, image: &Image) -> Option<&str> {
        self.0["images"][&image.tag].as_str()
    }

    /// How `stack` is told of them.
    pub fn arguments(&self, images: &[Image]) -> Vec<String> {
        let repository = self.0["repository"].as_str().unwrap_or_default();
        let named = images.iter().flat_map(|image| {
            let digest = self.digest(image).unwrap_or(UNKNOWN);
            ["--image".to_owned(), format!("{}={repository}@{digest}", image.of)]
        });
        named.collect()
    }
}

/// Hands an image over to the registry.
///
/// # Errors
/// The engine does not hand it out, or the registry does not take it. What it took stays there.
pub fn push(settings: &Settings, engine: &Engine, image: &Image) -> Result<()> {
    output::step(format_args!("Pushing {}", image.what()));
    let mut push = images_program("push", settings)?;
    push.args(["--tag", &image.tag]).arg("--cache").arg(folders::cache()?.join("layers"));
    let pushed = hand_over(engine.save(&image.name())?, push)?;
    let bytes = json(&pushed)?["pushed_bytes"].as_u64().unwrap_or_default();
    output::note(format_args!("{:.1} MB were sent; what the registry had was not", bytes as f64 / 1e6));
    Ok(())
}

/// Runs a program with what another one writes. Its answer.
fn hand_over(mut from: Child, mut to: Command) -> Result<Vec<u8>> {
    to.stdin(from.stdout.take().map_or_else(Stdio::null, Stdio::from));
    let answer = children::answer(&mut to);
    // With it goes this end of the pipe: whoever writes into it when nobody reads any more then ends.
    drop(to);
    let from = from.wait().context("the container engine cannot be waited for")?;
    // Who reads tells of what came to him incomplete, too.
    let answer = answer?;
    if from.success() {
        return Ok(answer);
    }
    Err(Advice::error(
        format!("The image could not be taken from the container engine ({from})."),
        "What it says above names the reason; run this again.",
    ))
}

fn images_program(verb: &str, settings: &Settings) -> Result<Command> {
    let mut images = program("images")?;
    images.arg(verb).args(["--repository", settings.stack()?]);
    images.args(settings.region()?.into_iter().flat_map(|region| ["--region", region]));
    Ok(images)
}

/// What a program says in JSON.
pub fn json(said: &[u8]) -> Result<Value> {
    serde_json::from_slice(said).context("a program that was to answer in JSON says something else")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Told;

    #[test]
    fn whoever_writes_an_image_is_not_waited_for_when_nobody_reads_it() {
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let writes = |script: &str| shell(script).stdout(Stdio::piped()).spawn().unwrap();
        // More than a pipe holds.
        let endless = "cat /dev/zero";
        assert!(hand_over(writes(endless), shell("exit 1")).unwrap_err().is::<Told>());
        assert_eq!(hand_over(writes("echo image"), shell("cat")).unwrap(), b"image\n");
        let error = hand_over(writes("echo ima; exit 3"), shell("cat")).unwrap_err().to_string();
        assert!(error.contains("could not be taken from the container engine"), "{error}");
    }
}
