//! The template: `stack synth`, beside `cdk synth` of a stack with the same things.
//!
//! Both are whole processes, from nothing to a template that is written; neither asks anybody for anything.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::measure::{Measure, TIMES, Way, in_turns, program, program_into};
use crate::table::{Table, megabytes, time};

/// Farms with these Blenders.
const FARMS: [&[&str]; 3] = [&["4.5"], &["4.5", "4.1"], &["4.1", "4.2", "4.3", "4.4", "4.5"]];

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `stack`, as `cargo xtask synth` starts it.
    #[arg(long)]
    stack: PathBuf,
    /// The same program, built to be fast.
    #[arg(long)]
    optimised: PathBuf,
    /// A folder with the CDK and its command, as npm installs them.
    #[arg(long)]
    cdk: PathBuf,
    /// The stack for the CDK.
    #[arg(long)]
    app: PathBuf,
    /// The document that gets the table.
    #[arg(long)]
    document: PathBuf,
    /// Rounds that count.
    #[arg(long, default_value_t = TIMES)]
    times: usize,
}

/// Measures, and publishes the table.
///
/// # Errors
/// One of them failed, or wrote no template.
pub fn run(args: &Args) -> Result<()> {
    let mut table = Table::new([
        "Blenders",
        "resources",
        "of the CDK's",
        "stack synth",
        "the same, optimised",
        "cdk synth",
        "cdk synth / stack synth",
        "cdk synth / optimised",
        "memory of stack",
        "of cdk",
    ]);
    let cdk = Cdk::new(args)?;
    for blenders in FARMS {
        let ours = cdk.folder.path().join("template.yaml");
        let mut ways = [
            Way::new("stack synth", || synth(&args.stack, blenders, &ours)),
            Way::new("the same, optimised", || synth(&args.optimised, blenders, &ours)),
            Way::new("cdk synth", || cdk.synth(blenders)),
        ];
        in_turns(&format!("{} Blenders", blenders.len()), args.times, &mut ways)?;
        let [stack, optimised, theirs] = ways.map(|way| way.samples);
        let text = std::fs::read_to_string(&ours).context("cannot read a template")?;
        let (here, there) = (resources(&text), cdk.resources()?);
        ensure!(here.abs_diff(there) * 4 < here, "{here} resources are not the like of {there}");
        table.row([
            blenders.len().to_string(),
            here.to_string(),
            there.to_string(),
            time(&stack),
            time(&optimised),
            time(&theirs),
            format!("{:.0}", theirs.ratio(&stack)),
            format!("{:.0}", theirs.ratio(&optimised)),
            megabytes(stack.memory()),
            megabytes(theirs.memory()),
        ]);
    }
    table.publish(&args.document, "template")
}

/// Writes our template once.
fn synth(stack: &Path, blenders: &[&str], to: &Path) -> Result<Measure> {
    let written = File::create(to).context("cannot write a template")?;
    let mut stack = Command::new(stack);
    stack.arg("synth").args(blenders.iter().map(|version| format!("--blender={version}")));
    program_into(&mut stack, written.into())
}

/// The CDK, and the folder that it works in.
struct Cdk {
    command: PathBuf,
    folder: TempDir,
}

impl Cdk {
    fn new(args: &Args) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let shown = args.app.display();
        std::fs::copy(&args.app, folder.path().join("app.mjs"))
            .with_context(|| format!("cannot copy {shown}"))?;
        // Node looks for modules beside who asks for them.
        std::os::unix::fs::symlink(args.cdk.join("node_modules"), folder.path().join("node_modules"))
            .context("cannot link to the CDK")?;
        Ok(Self { command: args.cdk.join("node_modules/aws-cdk/bin/cdk"), folder })
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("cdk.out")
    }

    /// Writes the template once, from nothing. Whatever else the command does is switched off.
    fn synth(&self, blenders: &[&str]) -> Result<Measure> {
        match std::fs::remove_dir_all(self.output()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).context("cannot remove what the CDK wrote");
            }
            _ => {}
        }
        let mut cdk = Command::new("node");
        cdk.arg(&self.command).args(["synth", "--quiet", "--app", "node app.mjs", "--output"]);
        cdk.arg(self.output()).args([
            "--no-version-reporting",
            "--no-notices",
            "--no-lookups",
            "--no-path-metadata",
            "--no-asset-metadata",
            "--no-validation",
        ]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        cdk.env_clear().env("PATH", path).env("HOME", self.folder.path()).current_dir(self.folder.path());
        cdk.envs([("CDK_DISABLE_CLI_TELEMETRY", "true"), ("CDK_DISABLE_VERSION_CHECK", "true")]);
        program(cdk.env("BLENDERS", blenders.join(" ")))
    }

    /// How many resources its template has.
    fn resources(&self) -> Result<usize> {
        let text = std::fs::read(self.output().join("render-farm.template.json"));
        let text = text.context("cdk synth wrote no template")?;
        let template: Value = serde_json::from_slice(&text).context("cdk synth wrote no JSON")?;
        template["Resources"]
            .as_object()
            .map(serde_json::Map::len)
            .context("the CDK's template has no resources")
    }
}

/// How many resources a template of ours has.
fn resources(template: &str) -> usize {
    let section = template.split_once("\nResources:\n").map_or("", |(_, rest)| rest);
    let ends = |line: &&str| line.is_empty() || line.starts_with(' ');
    section.lines().take_while(ends).filter(|line| line.starts_with("    Type: AWS::")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_counted_and_nothing_else() {
        let template = "Parameters:\n  A:\n    Type: AWS::EC2::VPC::Id\n\nResources:\n  B:\n    Type: AWS::S3::Bucket\n\n  \
                        C:\n    Type: AWS::SQS::Queue\n    Properties:\n      Type: AWS::x\n\nOutputs:\n  D:\n    Type: AWS::y\n";
        assert_eq!(resources(template), 2);
        assert_eq!(resources(""), 0);
    }
}
