//! What a task on Fargate Spot is told of itself, here by a server of ours.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::SystemTime;

use aws_sdk_s3::primitives::DateTime;
use axum::Json;
use axum::routing::get;
use farm_contract::env;
use serde_json::json;
use tempfile::TempDir;

const SPOT: &str = "arn:aws:batch:us-east-1:111122223333:compute-environment/SpotCompute-a1B2";

/// A folder with the farm's own programs, of which render-task is told what it is on Fargate, and `more`.
pub async fn programs(more: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let all = || Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), all()).expect("rights");
    for name in ["trigger-lambda", "zip-task"] {
        symlink(super::program(name), folder.path().join(name)).expect("a link");
    }
    let mut script = "#!/bin/sh\n".to_owned();
    let told = fargate().await;
    let told = told.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied());
    for (name, value) in told {
        script += &format!("export {name}='{value}'\n");
    }
    script += &format!("exec '{}' \"$@\"\n", super::program("render-task").display());
    let path = folder.path().join("render-task");
    std::fs::write(&path, script).expect("a script");
    std::fs::set_permissions(&path, all()).expect("rights");
    folder
}

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
