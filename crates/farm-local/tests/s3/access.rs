//! Who may ask, and from where.

use aws_sdk_s3::presigning::PresigningConfig;
use farm_local::s3::{Credentials, ServeError, Store, StoreOptions, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{BUCKET, Server, client, refusal};

#[tokio::test]
async fn only_the_one_key_pair_is_let_in() {
    let server = Server::start().await;
    server.put("k", "secret").await;
    let wrong = client(&server.endpoint, "local", "guess");
    let answer = wrong.get_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(refusal(answer), ("SignatureDoesNotMatch".to_owned(), 403));
    let unknown = client(&server.endpoint, "stranger", "secret");
    let answer = unknown.get_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(refusal(answer), ("InvalidAccessKeyId".to_owned(), 403));
    let put = wrong.put_object().bucket(BUCKET).key("k").body(b"other".to_vec().into()).send().await;
    assert_eq!(refusal(put).1, 403);
    assert_eq!(server.get("k").await, b"secret");
    server.assert_clean();
}

#[tokio::test]
async fn an_unsigned_request_is_refused_and_a_presigned_one_served() {
    let server = Server::start().await;
    server.put("k", "secret").await;
    let unsigned = ask(&server, &format!("/{BUCKET}/k")).await;
    assert!(unsigned.starts_with("HTTP/1.1 403"), "{unsigned}");
    assert!(unsigned.contains("AccessDenied") && !unsigned.contains("secret"), "{unsigned}");

    let hour = PresigningConfig::expires_in(std::time::Duration::from_secs(3600)).unwrap();
    let url = server.client.get_object().bucket(BUCKET).key("k").presigned(hour).await.unwrap();
    let path = url.uri().strip_prefix(&server.endpoint).unwrap();
    let answer = ask(&server, path).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("secret"), "{answer}");
    let tampered = ask(&server, &path.replace("/k?", "/other?")).await;
    assert!(tampered.contains("SignatureDoesNotMatch"), "{tampered}");
}

async fn ask(server: &Server, path: &str) -> String {
    let host = server.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn other_machines_are_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let credentials = Credentials { access_key_id: "a".to_owned(), secret_access_key: "b".to_owned() };
    let refused = serve(listener, store, credentials, std::future::pending::<()>()).await.unwrap_err();
    assert!(matches!(refused, ServeError::NotLoopback(given) if given == address));
    assert!(refused.to_string().contains("this machine only"), "{refused}");
}

/// A client that goes away in the middle of a put.
#[tokio::test]
async fn a_broken_off_put_leaves_the_old_object_and_no_file() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let mut stream = begin_put(&server, 1_000_000, "").await;
    stream.write_all(&[1; 100_000]).await.unwrap();
    let files = |count| wait_for(&server, count);
    files(2).await;
    drop(stream);
    files(1).await;
    assert_eq!(server.get("k").await, b"old");
    server.assert_clean();
}

/// The bytes are damaged on their way: the hash that the client gave is of others.
#[tokio::test]
async fn a_body_that_is_not_what_the_client_hashed_is_refused() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let hash = format!("x-amz-content-sha256: {}\r\nConnection: close\r\n", "0".repeat(64));
    let mut stream = begin_put(&server, 9, &hash).await;
    stream.write_all(b"123456789").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("<Code>XAmzContentSHA256Mismatch</Code>"), "{answer}");
    assert_eq!(server.get("k").await, b"old");
    server.assert_clean();
}

/// A put of `k` up to the end of its headers.
async fn begin_put(server: &Server, length: usize, more: &str) -> TcpStream {
    let hour = PresigningConfig::expires_in(std::time::Duration::from_secs(3600)).unwrap();
    let url = server.client.put_object().bucket(BUCKET).key("k").presigned(hour).await.unwrap();
    let path = url.uri().strip_prefix(&server.endpoint).unwrap();
    let host = server.endpoint.strip_prefix("http://").unwrap();
    let mut head = format!("PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{more}");
    for (name, value) in url.headers().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length")) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    stream
}

async fn wait_for(server: &Server, count: usize) {
    let seen = async {
        while server.content_files().len() != count {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let timeout = std::time::Duration::from_secs(30);
    tokio::time::timeout(timeout, seen).await.unwrap_or_else(|_| panic!("{:?}", server.content_files()));
}
