//! The program that Batch starts once per render. See the library for what it does.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use clap::Parser;
use clap::error::ErrorKind;
use farm_contract::Fault;
use farm_contract::exit::TaskExit;
use futures::FutureExt;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use zip_task::options::Options;
use zip_task::render::{Outcome, run};
use zip_task::store::Store;
use zip_task::upload::Stop;

/// Attempts at each call, about half a minute in all.
const ATTEMPTS: u32 = 6;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Where even that cannot be printed, the exit code is all that is left to say.
            let _ = error.print();
            return if asked { TaskExit::Done } else { TaskExit::Usage }.into();
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,zip_task=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();

    let stop = match stop() {
        Ok(stop) => stop,
        Err(error) => {
            let fault = Fault::new("The task cannot listen for signals.", zip_task::failure::AGAIN);
            tell(&fault, Some(&error));
            return TaskExit::Failed.into();
        }
    };
    match run(&store(&options.bucket).await, &options, &stop).await {
        Ok(Outcome { exit: TaskExit::Done, report }) => {
            tracing::info!("{}", report.message);
            TaskExit::Done
        }
        Ok(Outcome { exit, report }) => {
            tell(&Fault::new(report.message, report.hint.unwrap_or_default()), None);
            exit
        }
        Err(failure) => {
            tell(&failure.fault(), failure.source());
            failure.exit()
        }
    }
    .into()
}

async fn store(bucket: &str) -> Store {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    // A connection that says nothing would otherwise be waited for, and paid for, without end.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(300))
        .build();
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.build_https())
        .retry_config(retries)
        .timeout_config(timeouts)
        .load()
        .await;
    // Bytes of frames are checked by zip-task itself, which can then name the frame.
    let config = aws_sdk_s3::config::Builder::from(&config)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Store::new(aws_sdk_s3::Client::from_conf(config), bucket)
}

/// Completes at the first signal that asks the task to end.
fn stop() -> std::io::Result<Stop> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(stop.boxed().shared())
}

fn tell(fault: &Fault, mut cause: Option<&(dyn Error + 'static)>) {
    let mut text = format!("error: {}\n", fault.message);
    while let Some(error) = cause {
        text.push_str(&format!("caused by: {error}\n"));
        cause = error.source();
    }
    if !fault.hint.is_empty() {
        text.push_str(&format!("hint: {}\n", fault.hint));
    }
    // Where stderr is closed, the exit code is all that is left to say.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
