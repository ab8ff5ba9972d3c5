//! Where a farm on this machine is reached.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::doctor::check::Check;
use crate::doctor::finding::Finding;

/// The ports of `cargo xtask local --serve`: S3, and Batch behind it.
const PORTS: [u16; 2] = [9024, 9025];
/// How long somebody on this machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What there is at an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The environment names a farm.
    Named { address: String, answers: bool },
    /// It names none; what there is at the usual ports.
    Usual { taken: Vec<u16>, farm: bool },
}

pub(super) async fn look(named: Option<&str>) -> Seen {
    if let Some(address) = named {
        return Seen::Named {
            address: address.to_owned(),
            answers: speaks_s3(&host_and_port(address)).await,
        };
    }
    let taken: Vec<u16> = PORTS.into_iter().filter(|port| is_taken(*port)).collect();
    let farm = match taken.contains(&PORTS[0]) {
        true => speaks_s3(&format!("{}:{}", Ipv4Addr::LOCALHOST, PORTS[0])).await,
        false => false,
    };
    Seen::Usual { taken, farm }
}

fn is_taken(port: u16) -> bool {
    // Held for this moment alone.
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// `HOST:PORT` of `http://HOST:PORT/`.
fn host_and_port(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let host = rest.split('/').next().unwrap_or(rest);
    let has_port = host.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
    let port = if scheme == "https" { 443 } else { 80 };
    if has_port { host.to_owned() } else { format!("{host}:{port}") }
}

/// Whether somebody there refuses a stranger in the words of S3, as a farm does.
async fn speaks_s3(to: &str) -> bool {
    let exchange = async {
        let mut stream = TcpStream::connect(to).await?;
        stream
            .write_all(format!("GET / HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n").as_bytes())
            .await?;
        let mut answer = vec![0; 4096];
        let mut length = 0;
        while length < answer.len() {
            match stream.read(&mut answer[length..]).await {
                // Whoever hangs up in a hurry has said enough.
                Ok(0) | Err(_) => break,
                Ok(read) => length += read,
            }
        }
        answer.truncate(length);
        Ok::<_, io::Error>(answer)
    };
    let Ok(Ok(answer)) = timeout(PATIENCE, exchange).await else { return false };
    let answer = String::from_utf8_lossy(&answer);
    answer.contains("<Error>") || answer.contains("ListAllMyBucketsResult")
}

pub(super) fn judge(seen: &Seen) -> Finding {
    let check = Check::Ports;
    let [s3, batch] = PORTS;
    match seen {
        Seen::Named { address, answers: true } => {
            Finding::good(check, format!("a farm answers at {address}"))
        }
        Seen::Named { address, answers: false } => {
            Finding::bad(check, format!("AWS_ENDPOINT_URL_S3 is {address}, and no farm answers there"))
                .run("cargo xtask local --serve")
        }
        Seen::Usual { taken, .. } if taken.is_empty() => {
            Finding::good(check, format!("{s3} and {batch} are free for `cargo xtask local --serve`"))
        }
        Seen::Usual { farm: true, .. } => Finding::good(
            check,
            format!(
                "a farm answers at http://{}:{s3}; `cargo xtask local --serve` printed how to reach it",
                Ipv4Addr::LOCALHOST
            ),
        ),
        Seen::Usual { taken, farm: false } => {
            let taken: Vec<_> = taken.iter().map(u16::to_string).collect();
            let says = format!(
                "another program has port {}, which `cargo xtask local --serve` takes",
                taken.join(" and ")
            );
            Finding::warning(check, says).run("cargo xtask local --serve --port 9124")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    async fn at(reply: &'static str) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let heard = stream.read(&mut [0; 1024]).await.expect("a request");
            assert!(heard > 0);
            stream.write_all(reply.as_bytes()).await.expect("answered");
        });
        format!("http://{address}/")
    }

    #[tokio::test]
    async fn a_farm_is_told_from_another_program_and_from_nobody() {
        let farm = at("HTTP/1.1 403 X\r\n\r\n<Error><Code>AccessDenied</Code></Error>").await;
        assert_eq!(judge(&look(Some(&farm)).await).verdict, Verdict::Good);
        for other in [at("HTTP/1.1 200 X\r\n\r\nhello").await, "http://127.0.0.1:1".to_owned()] {
            let finding = judge(&look(Some(&other)).await);
            assert_eq!(finding.verdict, Verdict::Bad, "{finding:?}");
        }
    }

    #[test]
    fn the_usual_ports_are_free_or_a_farm_s() {
        let judged = |taken: &[u16], farm| judge(&Seen::Usual { taken: taken.to_vec(), farm });
        assert_eq!(judged(&[], false).verdict, Verdict::Good);
        assert!(judged(&[9024, 9025], true).says.starts_with("a farm answers at http://127.0.0.1:9024"));
        let taken = judged(&[9025], false);
        assert_eq!((taken.verdict, taken.mends.len()), (Verdict::Warning, 1));
    }

    #[test]
    fn an_address_has_a_port_also_where_it_says_none() {
        for (address, expected) in [
            ("http://127.0.0.1:9024", "127.0.0.1:9024"),
            ("https://s3.x/y", "s3.x:443"),
            ("http://[::1]:1/", "[::1]:1"),
        ] {
            assert_eq!(host_and_port(address), expected);
        }
    }
}
