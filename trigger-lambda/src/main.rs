//! The Lambda function's entry: settings, log, runtime.

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tracing_subscriber::filter::LevelFilter;
use trigger_lambda::config::Config;
use trigger_lambda::{Invocation, Trigger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default();
    tracing_subscriber::fmt().json().flatten_event(true).with_max_level(log_level(&level)).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A level as Lambda names it. A filter of several levels would bring regular expressions and their tables along.
fn log_level(name: &str) -> LevelFilter {
    match name {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_lookup(|name| std::env::var(name).ok())?;
    let trigger = Trigger::new(config)?;
    let trigger = &trigger;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let invocation = Invocation::new(&event.context.request_id, event.context.deadline);
        trigger.handle(&event.payload, &invocation).await.map_err(|error| {
            tracing::error!("{error:#}");
            // Causes and all: this is what Lambda hands to the on-failure destination.
            Diagnostic { error_type: "TriggerError".to_owned(), error_message: format!("{error:#}") }
        })
    }))
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_lambda() {
        assert_eq!(log_level("DEBUG"), LevelFilter::DEBUG);
        assert_eq!(log_level("FATAL"), LevelFilter::ERROR);
        assert_eq!(log_level(""), LevelFilter::INFO, "it is not set");
        assert_eq!(log_level("LOUD"), LevelFilter::INFO);
    }
}
