//! `cargo xtask codegen` starts this.
//!
//! stdout is what changed in the schemas, one line each; stderr is what it does.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program speaks")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use cfn_codegen::diff;
use cfn_codegen::folder::Folder;
use cfn_codegen::output::{self, Mode};
use cfn_codegen::schema::Schema;
use cfn_codegen::sources::{Sources, Versions};
use clap::Parser;

/// Write the types of CloudFormation's resources.
#[derive(Parser)]
#[command(name = "cargo xtask codegen")]
struct Args {
    /// Fail where something is stale, and write nothing.
    #[arg(long, conflicts_with = "update")]
    check: bool,
    /// Fetch both sources anew, and say what changed.
    #[arg(long)]
    update: bool,
    /// Version of the providers' schemas to fetch, instead of the newest.
    #[arg(long, requires = "update", value_name = "VERSION")]
    providers: Option<String>,
    /// Version of the service specification to fetch, instead of the newest.
    #[arg(long, requires = "update", value_name = "VERSION")]
    specification: Option<String>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("caused by: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let stack = stack()?;
    let folder = Folder::new(stack.join("schemas"));
    let types = folder.types()?;
    let mut schemas = folder.schemas(&types)?;
    let strays = folder.strays()?;
    if args.update || schemas.len() < types.len() || !strays.is_empty() {
        if args.check {
            bail!("stack/schemas is not what its list says; `cargo xtask codegen` mends it");
        }
        schemas = fetch(args, &folder, &types, &schemas)?;
    }
    let mode = if args.check { Mode::Check } else { Mode::Write };
    let files = cfn_codegen::generate(schemas)?;
    let written = output::write_or_check(&stack.join("src/cfn/generated"), &files, mode)
        .context("generated code is stale; `cargo xtask codegen` mends it")?;
    for path in written {
        eprintln!("    {}", path.display());
    }
    Ok(())
}

/// Fetches the schemas, says what is different about them, and keeps them.
fn fetch(args: &Args, folder: &Folder, types: &[String], old: &[Schema]) -> Result<Vec<Schema>> {
    let versions = match folder.record()? {
        Some(record) if !args.update => Versions {
            providers: Some(record.providers.version),
            specification: Some(record.specification.version),
        },
        _ => Versions { providers: args.providers.clone(), specification: args.specification.clone() },
    };
    eprintln!("==> Fetching the schemas from PyPI and npm");
    let scratch = tempfile::tempdir().context("there is no folder to fetch into")?;
    let mut sources = Sources::fetch(&versions, scratch.path())?;
    let new = sources.schemas(types)?;
    for package in [&sources.providers, &sources.specification] {
        eprintln!("    {} {}", package.name, package.version);
    }
    for change in diff::changes(old, &new) {
        println!("{change}");
    }
    // What cannot be generated from is not kept: the old schemas stay.
    cfn_codegen::generate(new.clone())?;
    folder.write(&sources.providers, &sources.specification, &new)?;
    Ok(new)
}

/// The crate `stack` of the workspace that this program was built in.
fn stack() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.ancestors().nth(2).context("this crate lies outside of the workspace")?.join("stack"))
}
