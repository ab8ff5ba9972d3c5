//! The front door: `cargo xtask VERB`.
//!
//! It sets up what the other programs need and starts them. It stays thin, so that the first
//! command in a fresh checkout answers in seconds: it links none of the programs that it builds,
//! and no AWS SDK. Start at the verbs: [`local`], [`test`], [`check`].

mod bench;
mod blender;
mod cargo;
mod check;
mod client;
mod cloud;
mod codegen;
mod containers;
mod debian;
mod demo;
mod deploy;
mod directions;
mod folders;
mod fuzz;
mod kept;
mod local;
mod npm;
mod output;
mod python;
mod screenshots;
mod soak;
mod test;
mod tools;
mod venv;

use std::process::ExitCode;

use clap::Parser;

/// Work on the render farm, and run it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Verb {
    Local(local::Args),
    Test(test::Args),
    Codegen(codegen::Args),
    Fuzz(fuzz::Args),
    /// Print the CloudFormation template of the farm.
    #[command(disable_help_flag = true)]
    Synth(cloud::Args),
    /// Show what a deploy would change in the cloud.
    #[command(disable_help_flag = true)]
    Diff(cloud::Args),
    Deploy(deploy::Args),
    /// Print what the deployed farm tells: bucket, upload command and so on.
    #[command(disable_help_flag = true)]
    Outputs(cloud::Args),
    /// Take the deployed farm down.
    #[command(disable_help_flag = true)]
    Destroy(cloud::Args),
    Soak(soak::Args),
    /// Show what a .blend says of itself, and whether the files that it names are there.
    #[command(disable_help_flag = true)]
    Inspect(client::Args),
    /// Show how frames would be shared out to tasks, what that costs, and when it is done.
    #[command(disable_help_flag = true)]
    Plan(client::Args),
    /// Send a scene with the files that it names to the farm, and have it rendered.
    #[command(disable_help_flag = true)]
    Submit(client::Args),
    /// Have the missing frames of an upload rendered, and only those.
    #[command(disable_help_flag = true)]
    Resume(client::Args),
    /// Show how a render stands, or all that are under way.
    #[command(disable_help_flag = true)]
    Status(client::Args),
    /// List the renders of a farm.
    #[command(disable_help_flag = true)]
    List(client::Args),
    /// Watch a render until it ends; with --web as a page.
    #[command(disable_help_flag = true)]
    Watch(client::Args),
    /// Fetch the frames of a render into a folder.
    #[command(disable_help_flag = true)]
    Pull(client::Args),
    /// Show what the tasks of a render said.
    #[command(disable_help_flag = true)]
    Logs(client::Args),
    /// Have frames rendered once more though they are there.
    #[command(disable_help_flag = true)]
    Rerender(client::Args),
    /// Stop a render; what is done is kept and archived.
    #[command(disable_help_flag = true)]
    Cancel(client::Args),
    /// Show what a render cost, or all of them.
    #[command(disable_help_flag = true)]
    Cost(client::Args),
    /// Delete an upload with its frames, its archive and its records.
    #[command(disable_help_flag = true)]
    Rm(client::Args),
    /// Look whether all is right for a render, in the account and here, and say what mends what is not.
    #[command(disable_help_flag = true)]
    Doctor(client::Args),
    #[command(subcommand)]
    Bench(bench::Args),
    /// Take the pictures of the page and of the terminal anew that the documents show.
    Screenshots,
    /// See that format, lints, generated code and the directions between crates are in order.
    Check,
}

fn main() -> ExitCode {
    let outcome = match Verb::parse() {
        Verb::Local(args) => local::run(&args).map(|never| match never {}),
        Verb::Test(args) => test::run(&args),
        Verb::Codegen(args) => codegen::run(&args),
        Verb::Fuzz(args) => fuzz::run(&args),
        Verb::Synth(args) => cloud::run("synth", &args).map(|never| match never {}),
        Verb::Diff(args) => cloud::run("diff", &args).map(|never| match never {}),
        Verb::Deploy(args) => deploy::run(&args),
        Verb::Outputs(args) => cloud::run("outputs", &args).map(|never| match never {}),
        Verb::Destroy(args) => cloud::run("destroy", &args).map(|never| match never {}),
        Verb::Soak(args) => soak::run(&args),
        Verb::Inspect(args) => client::run("inspect", &args).map(|never| match never {}),
        Verb::Plan(args) => client::run("plan", &args).map(|never| match never {}),
        Verb::Submit(args) => client::run("submit", &args).map(|never| match never {}),
        Verb::Resume(args) => client::run("resume", &args).map(|never| match never {}),
        Verb::Status(args) => client::run("status", &args).map(|never| match never {}),
        Verb::List(args) => client::run("list", &args).map(|never| match never {}),
        Verb::Watch(args) => client::run("watch", &args).map(|never| match never {}),
        Verb::Pull(args) => client::run("pull", &args).map(|never| match never {}),
        Verb::Logs(args) => client::run("logs", &args).map(|never| match never {}),
        Verb::Rerender(args) => client::run("rerender", &args).map(|never| match never {}),
        Verb::Cancel(args) => client::run("cancel", &args).map(|never| match never {}),
        Verb::Cost(args) => client::run("cost", &args).map(|never| match never {}),
        Verb::Rm(args) => client::run("rm", &args).map(|never| match never {}),
        Verb::Doctor(args) => client::run("doctor", &args).map(|never| match never {}),
        Verb::Bench(args) => bench::run(&args),
        Verb::Screenshots => screenshots::run(),
        Verb::Check => check::run(),
    };
    outcome.unwrap_or_else(|error| {
        output::report(&error);
        ExitCode::FAILURE
    })
}
