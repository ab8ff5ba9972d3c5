//! What a task on Fargate Spot is told of itself, here by a server of ours.

use std::time::SystemTime;

use aws_sdk_s3::primitives::DateTime;
use axum::Json;
use axum::routing::get;
use farm_contract::env;
use serde_json::json;

const SPOT: &str = "arn:aws:batch:us-east-1:111122223333:compute-environment/SpotCompute-a1B2";

/// The environment of a task whose image's pull began an hour ago, and of which an hour costs a hundred dollars.
pub async fn fargate() -> [(&'static str, String); 3] {
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs()).expect("a time");
    let task = json!({
        "Cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/AWSBatch-SpotCompute-a1B2-0f1e",
        "Limits": {"CPU": 4, "Memory": 8192},
        "PullStartedAt": DateTime::from_secs(now - 3600).to_string(),
    });
    let router = axum::Router::new().route("/v4/x/task", get(async move || Json(task)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    [
        (env::METADATA_URI, format!("http://{address}/v4/x")),
        (env::SPOT_ENVIRONMENT, SPOT.to_owned()),
        (env::PRICES, "1000 0 25 0".to_owned()),
    ]
}
