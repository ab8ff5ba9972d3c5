//! A farm in moto, its bucket as the test sees it, and the real `farm` at it.

use std::collections::HashMap;
use std::process::{Output, Stdio};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, ResponseChecksumValidation};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use farm_testing::{Reply, Request, serve};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::engine::Engine;

/// A farm of its own, by its region.
pub struct Bench {
    pub region: &'static str,
    pub bucket: String,
    /// Where the farm's AWS is.
    pub endpoint: String,
    pub client: Client,
    /// Where `farm` is run.
    pub home: TempDir,
}

/// What `farm` did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub told: String,
}

impl Bench {
    /// A farm of this region, which is this test's alone.
    pub fn stand(region: &'static str) -> Self {
        Self::at(region, format!("http://{}", Engine::get().address))
    }

    /// The same, where some calls of `farm` are answered otherwise than by moto.
    pub fn answering(
        region: &'static str,
        answer: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let moto = Engine::get().address.clone();
        let front = serve(move |request| answer(request).unwrap_or_else(|| Reply::Pass(moto.clone())));
        Self::at(region, format!("http://{front}"))
    }

    fn at(region: &'static str, endpoint: String) -> Self {
        let parts = Engine::get().with(region, "");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", Engine::get().address))
            .region(Region::new(region))
            // What moto tells as an object's CRC-64 is a CRC-32 where it lacks a library.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .credentials_provider(Credentials::new("testing", "testing", None, None, "test"));
        let bucket = parts["bucket"].as_str().expect("a bucket").to_owned();
        let home = tempfile::tempdir().expect("a folder");
        Self { region, bucket, endpoint, client: Client::from_conf(config.build()), home }
    }

    /// Runs a snippet of Python in moto, on this farm. Gives the farm's names and ids.
    pub fn with(&self, snippet: &str) -> Value {
        Engine::get().with(self.region, snippet)
    }

    /// `farm`, with nothing of this machine's.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farm"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("FARM_BUCKET", &self.bucket)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_REGION", self.region)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub async fn farm(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().await.expect("farm starts"))
    }

    pub async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let put = self.client.put_object().bucket(&self.bucket).key(key);
        put.body(bytes.into().into()).send().await.expect("put");
    }

    pub async fn delete(&self, key: &str) {
        self.client.delete_object().bucket(&self.bucket).key(key).send().await.expect("deleted");
    }

    /// The bytes of an object that is there.
    pub async fn read(&self, key: &str) -> Vec<u8> {
        let read = self.client.get_object().bucket(&self.bucket).key(key).send().await.expect("read");
        read.body.collect().await.expect("read").to_vec()
    }

    /// What an object says of itself; none where there is none.
    pub async fn head(&self, key: &str) -> Option<HeadObjectOutput> {
        self.client.head_object().bucket(&self.bucket).key(key).send().await.ok()
    }

    pub async fn tags(&self, key: &str) -> HashMap<String, String> {
        let tags = self.client.get_object_tagging().bucket(&self.bucket).key(key).send().await.expect("tags");
        tags.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }

    /// All keys that begin so.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = call.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let listed = page.expect("a list").contents.unwrap_or_default();
            keys.extend(listed.into_iter().filter_map(|object| object.key));
        }
        keys
    }

    /// From now on the bucket keeps versions.
    pub fn keep_versions(&self) {
        self.with(
            r#"aws("s3").put_bucket_versioning(Bucket=farm["bucket"], VersioningConfiguration={"Status": "Enabled"})"#,
        );
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), told: text(output.stderr) }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {}{}", self.out, self.told))
    }
}
