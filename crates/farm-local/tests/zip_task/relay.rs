//! A connection to the bucket that fails on purpose.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What goes wrong.
#[derive(Clone)]
pub enum Trouble {
    /// The first connections break off after this many bytes of answers.
    Cut { after: usize, connections: Arc<AtomicU32> },
    /// The first answers to a request that completes an upload are lost: it took place, and its
    /// client does not know.
    LoseCompletion { answers: Arc<AtomicU32> },
    /// A connection that has carried this many bytes of requests waits for `release`.
    Hold { after: usize, held: watch::Sender<bool>, release: watch::Receiver<bool> },
}

/// Passes everything on to `bucket`, but for the trouble.
pub async fn relay(bucket: SocketAddr, trouble: Trouble) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(connection(client, bucket, trouble.clone()));
        }
    });
    address
}

async fn connection(mut client: TcpStream, bucket: SocketAddr, trouble: Trouble) {
    let mut server = TcpStream::connect(bucket).await.unwrap();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    match trouble {
        Trouble::Cut { after, connections } => {
            let limit = if take(&connections) { after } else { usize::MAX };
            tokio::select! {
                () = pass(&mut from_client, &mut to_server, usize::MAX) => {}
                () = pass(&mut from_server, &mut to_client, limit) => {}
            }
        }
        Trouble::LoseCompletion { answers } => {
            let completing = async {
                let mut request = vec![0; 16 << 10];
                while let Ok(read @ 1..) = from_client.read(&mut request).await {
                    to_server.write_all(&request[..read]).await.unwrap();
                    let start = request.starts_with(b"POST ");
                    let completes = start && request[..read].windows(9).any(|part| part == b"uploadId=");
                    if completes && take(&answers) {
                        return true;
                    }
                }
                false
            };
            let lost = tokio::select! {
                completes = completing => completes,
                () = pass(&mut from_server, &mut to_client, usize::MAX) => false,
            };
            if lost {
                // Its first byte is the sign that the request took place.
                from_server.read_u8().await.unwrap();
            }
        }
        Trouble::Hold { after, held, mut release } => {
            let requests = async {
                pass(&mut from_client, &mut to_server, after).await;
                held.send_replace(true);
                // An error means that the test is over.
                let _ = release.wait_for(|released| *released).await;
                pass(&mut from_client, &mut to_server, usize::MAX).await;
            };
            tokio::join!(requests, pass(&mut from_server, &mut to_client, usize::MAX));
        }
    }
}

/// Whether one is left, which is then taken.
fn take(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// Copies up to `limit` bytes, until either side ends.
async fn pass(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), mut limit: usize) {
    let mut buffer = vec![0; 16 << 10];
    while limit > 0 {
        let most = buffer.len().min(limit);
        let Ok(read @ 1..) = from.read(&mut buffer[..most]).await else { break };
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
        limit -= read;
    }
}
