//! The Lambda function's entry: settings, log, runtime.

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tracing_subscriber::EnvFilter;
use trigger_lambda::config::Config;
use trigger_lambda::{Invocation, Trigger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_lookup(|name| std::env::var(name).ok())?;
    let trigger = Trigger::new(config).await;
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
