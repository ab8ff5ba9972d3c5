//! `farm`: the artist's client. What it says to a person goes to stderr; stdout is for data, and for the tables
//! of `inspect` and `plan`.

mod cli;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use clap_complete::Shell;
use farm::FarmError;
use farm_aws::NoRegion;
use farm_contract::Fault;
use farm_terminal::{INTERRUPTED, interrupted, say};

use cli::{
    Cancel, Cost, Doctor, Inspect, List, Logs, Plan, Pull, Remove, Rerender, Resume, Status, Submit, Watch,
};

/// The render farm, from an artist's machine.
#[derive(Debug, Parser)]
#[command(name = "farm", version, about)]
enum Command {
    /// Show what a .blend says of itself, and whether the files that it names are there.
    Inspect(Inspect),
    /// Show how frames would be shared out to tasks, what that costs, and when it is done.
    Plan(Plan),
    /// Send a scene with the files that it names to the farm, and have it rendered.
    ///
    /// Only what the farm does not have yet is sent. What would fail is told before anything is.
    Submit(Box<Submit>),
    /// Show how a render stands, or all that are under way.
    Status(Status),
    /// List the renders of a farm.
    List(List),
    /// Watch a render until it ends.
    Watch(Watch),
    /// Fetch the frames of a render into a folder.
    Pull(Pull),
    /// Show what the tasks of a render said: that of one frame, or those that failed, or all.
    Logs(Logs),
    /// Have the missing frames of an upload rendered, and only those.
    Resume(Resume),
    /// Have frames rendered once more though they are there.
    Rerender(Rerender),
    /// Stop a render; what is done is kept and archived.
    Cancel(Cancel),
    /// Show what a render cost, or all of them.
    Cost(Cost),
    /// Look whether all is right for a render, and say what mends what is not.
    Doctor(Doctor),
    /// Delete an upload with its frames, its archive and its records.
    #[command(name = "rm")]
    Remove(Remove),
    /// Print what completes these commands in a shell.
    ///
    /// For bash: farm completions bash > ~/.local/share/bash-completion/completions/farm
    Completions {
        /// The shell.
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let command = Command::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("\nerror: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(command));
    // What is still being read is of no use to anybody.
    runtime.shutdown_background();
    code
}

async fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Inspect(inspect) => {
            interruptible(async { inspect.run().await.map(|()| ExitCode::SUCCESS) }).await
        }
        Command::Plan(plan) => plan.run().map(|()| ExitCode::SUCCESS),
        Command::Submit(submit) => submit.run().await,
        Command::Status(status) => interruptible(status.run()).await,
        Command::List(list) => interruptible(list.run()).await,
        Command::Watch(watch) => watch.run().await,
        Command::Pull(pull) => pull.run().await,
        Command::Logs(logs) => interruptible(logs.run()).await,
        Command::Resume(resume) => interruptible(resume.run()).await,
        Command::Rerender(rerender) => interruptible(rerender.run()).await,
        Command::Cancel(cancel) => interruptible(cancel.run()).await,
        Command::Cost(cost) => interruptible(cost.run()).await,
        Command::Doctor(doctor) => interruptible(doctor.run()).await,
        Command::Remove(remove) => interruptible(remove.run()).await,
        Command::Completions { shell } => cli::completions(shell, Command::command()),
    };
    outcome.unwrap_or_else(|error| {
        farm_terminal::report(&error, |error| {
            let farm = error.downcast_ref::<FarmError>().and_then(FarmError::hint);
            let asked = || Some(error.downcast_ref::<Fault>()?.hint.clone());
            farm.or_else(asked).or_else(|| Some(error.downcast_ref::<NoRegion>()?.hint()))
        });
        ExitCode::FAILURE
    })
}

async fn interruptible(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::select! {
        outcome = work => outcome,
        () = interrupted() => Ok(ExitCode::from(INTERRUPTED)),
    }
}
