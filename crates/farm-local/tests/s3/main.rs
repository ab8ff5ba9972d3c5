//! The loopback S3, asked by the real AWS SDK.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

mod access;
mod checksums;
mod conditions;
mod listing;
mod multipart;
mod objects;
mod restart;
mod space;
mod tagging;

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials as Keys, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use farm_local::s3::{Credentials, Store, StoreOptions, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const BUCKET: &str = "farm";
const MIB: usize = 1 << 20;

/// A server on a free port, over a store in a temporary folder, with one bucket.
struct Server {
    client: Client,
    store: Store,
    endpoint: String,
    folder: tempfile::TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        Self::with(StoreOptions::default()).await
    }

    async fn with(options: StoreOptions) -> Self {
        let server = Self::over(tempfile::tempdir().unwrap(), options).await;
        server.store.create_bucket(BUCKET).unwrap();
        server
    }

    async fn over(folder: tempfile::TempDir, options: StoreOptions) -> Self {
        let store = Store::open(folder.path(), options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let credentials =
            Credentials { access_key_id: "local".to_owned(), secret_access_key: "secret".to_owned() };
        let served = store.clone();
        let task = tokio::spawn(async move { serve(listener, served, credentials, stopped).await.unwrap() });
        let client = client(&endpoint, "local", "secret");
        Self { client, store, endpoint, folder, stop, task }
    }

    /// Stops the server and closes the store.
    async fn close(self) -> tempfile::TempDir {
        drop(self.client);
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        self.folder
    }

    /// Stops, and opens the same folder again.
    async fn restart(self) -> Self {
        Self::over(self.close().await, StoreOptions::default()).await
    }

    async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) -> String {
        let answer =
            self.client.put_object().bucket(BUCKET).key(key).body(bytes.into().into()).send().await.unwrap();
        answer.e_tag.unwrap()
    }

    async fn get(&self, key: &str) -> Vec<u8> {
        let answer = self.client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        answer.body.collect().await.unwrap().to_vec()
    }

    /// The files that hold bytes.
    fn content_files(&self) -> Vec<PathBuf> {
        files(&self.folder.path().join("buckets").join(BUCKET).join("content"))
    }

    /// Nothing on the disk that no object and no upload refers to.
    fn assert_clean(&self) {
        let objects = self.store.list(BUCKET, "").unwrap().len();
        assert_eq!(self.content_files().len(), objects, "files with bytes");
        assert_eq!(files(&self.folder.path().join("temp")), Vec::<PathBuf>::new());
        assert_eq!(files(&self.folder.path().join("uploads")), Vec::<PathBuf>::new());
    }
}

fn client(endpoint: &str, key: &str, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .region(Region::new("us-east-1"))
        .credentials_provider(Keys::new(key, secret, None, None, "test"));
    Client::from_conf(config.build())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// S3's code of a refusal, and its HTTP status.
#[track_caller]
fn refusal<T: Debug, E: ProvideErrorMetadata + Debug>(
    answer: Result<T, SdkError<E, aws_sdk_s3::config::http::HttpResponse>>,
) -> (String, u16) {
    match answer {
        Err(SdkError::ServiceError(error)) => {
            let code = error.err().code().unwrap_or("(none)").to_owned();
            (code, error.raw().status().as_u16())
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn assert_refused<T: Debug, E: ProvideErrorMetadata + Debug>(
    answer: Result<T, SdkError<E, aws_sdk_s3::config::http::HttpResponse>>,
    code: &str,
) {
    assert_eq!(refusal(answer).0, code);
}

/// Bytes that are not all alike.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
