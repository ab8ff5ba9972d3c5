//! The process around [`render_task`]: arguments, log, signals, exit code.

use std::error::Error;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use clap::Parser;
use clap::error::ErrorKind;
use farm_contract::exit::TaskExit;
use render_task::args::Args;
use render_task::blender::confine;
use render_task::environment::Environment;
use render_task::failure::Failure;
use render_task::init;
use render_task::stop::Stop;
use render_task::task;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    if let Some(line) = confine::asked(std::env::args_os()) {
        // What it prints is Blender's last words to the supervisor.
        return report(&internal("Blender cannot be started.").because(confine::become_program(&line)));
    }
    // Blender runs as the same user and opens files of strangers: it must not be able to read from
    // /proc how our credentials are found, in whichever process of ours.
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        return report(&internal("The task cannot hide its environment from Blender.").because(error));
    }
    if init::is_first() {
        return match init::run() {
            Ok(status) => ended(status),
            Err(error) => report(&internal("The task cannot be started as a child.").because(error)),
        };
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let shown = error.print();
            return if shown.is_ok() { ExitCode::SUCCESS } else { TaskExit::Failed.into() };
        }
        Err(error) => return report(&usage(&error)),
    };
    let environment = match Environment::read(|name| std::env::var(name).ok()) {
        Ok(environment) => environment,
        Err(failure) => return report(&failure),
    };
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,render_task=info,blender=info"));
    // Blender's lines and ours stand in one log, so each is left as it is.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_level(false)
        .without_time()
        .with_ansi(false)
        .init();
    match run(&args, &environment) {
        Ok(()) => TaskExit::Done.into(),
        Err(failure) => report(&failure),
    }
}

/// The exit code of a process that ended: that of a shell, where a signal ended it.
fn ended(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(TaskExit::Failed.into(), ExitCode::from)
}

fn internal(message: &str) -> Failure {
    Failure::new(TaskExit::Failed, message, "Try again; if it fails again, look at the machine.")
}

fn run(args: &Args, environment: &Environment) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| internal("The task cannot start its threads.").because(error))?;
    runtime.block_on(async {
        let stop = Stop::on_signals()
            .map_err(|error| internal("The task cannot listen for signals.").because(error))?;
        task::run(args, environment, stop).await
    })
}

fn usage(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    // The lines after the first name the flags that are missing.
    let flags: Vec<&str> =
        text.lines().skip(1).map(str::trim).take_while(|line| line.starts_with("--")).collect();
    let message = if flags.is_empty() { message } else { format!("{message} {}", flags.join(" ")) };
    Failure::new(
        TaskExit::Usage,
        message,
        "AWS Batch starts render-task with the arguments that the trigger sends; `render-task --help` names them.",
    )
}

/// Says on stderr why the task ended: for a person who reads the log.
fn report(failure: &Failure) -> ExitCode {
    let mut text = format!("error: {failure}\n");
    let mut cause = failure.source();
    while let Some(error) = cause {
        text += &format!("caused by: {error}\n");
        cause = error.source();
    }
    text += &format!("hint: {}\n", failure.fault.hint);
    // Where stderr is closed, the exit code has to do.
    let _ = std::io::stderr().write_all(text.as_bytes());
    failure.exit.into()
}
