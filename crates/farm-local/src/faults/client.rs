//! Which process a connection comes from: a fault may be that it dies at this very call.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How often the kernel's tables are read for one connection: they are not read at one moment, and while
/// others come and go a line may be missed.
const LOOKS: u32 = 50;
const BETWEEN: Duration = Duration::from_millis(10);

/// A connection as this server sees it. Its own end belongs to it: the number of a client's port may be
/// that of other connections too, to other servers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub peer: SocketAddr,
    pub server: SocketAddr,
}

/// Sends a signal to the process that called. This process itself is left alone: a test's own clients call
/// from it.
pub(super) async fn signal(connection: Connection, signal: Signal) {
    let Some(pid) = patiently(connection).await else {
        tracing::warn!(?connection, "no process is at its other end");
        return;
    };
    if pid == rustix::process::getpid() {
        return;
    }
    if let Err(error) = kill_process(pid, signal) {
        tracing::debug!(%error, "it had ended already");
    }
}

async fn patiently(connection: Connection) -> Option<Pid> {
    for _ in 0..LOOKS {
        if let Some(pid) = process(connection) {
            return Some(pid);
        }
        tokio::time::sleep(BETWEEN).await;
    }
    None
}

fn process(connection: Connection) -> Option<Pid> {
    let (local, remote) = (written(connection.peer)?, written(connection.server)?);
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ends = [fields.get(1)?, fields.get(2)?];
        // One that is closed has no file any more.
        let inode = fields.get(9).filter(|&&inode| inode != "0")?;
        (ends == [&local, &remote]).then(|| (*inode).to_owned())
    })?;
    let socket = format!("socket:[{inode}]");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let open = fs::read_dir(entry.path().join("fd")).ok()?;
        let holds = open
            .flatten()
            .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == socket.as_str()));
        holds.then(|| Pid::from_raw(pid)).flatten()
    })
}

/// An address as the kernel writes it: as a number of this machine's byte order.
fn written(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(v4) = address else { return None };
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port()))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn the_process_behind_a_connection_is_found_and_ours_is_spared() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let server = listener.local_addr().expect("an address");
        let _client = TcpStream::connect(server).expect("a connection");
        let (_, peer) = listener.accept().expect("it is accepted");
        assert_eq!(patiently(Connection { peer, server }).await, Some(rustix::process::getpid()));
        signal(Connection { peer, server }, Signal::KILL).await;
        // The same port of a client's, and another server.
        let other = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(process(Connection { peer, server: other }), None);
    }
}
