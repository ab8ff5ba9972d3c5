//! Which process a connection comes from: a fault may be that it dies at this very call.

use std::fs;
use std::net::SocketAddr;

use rustix::process::{Pid, Signal, kill_process};

/// Sends a signal to the process that called from `peer`. This process itself is left alone: a test's own
/// clients call from it.
pub(super) fn signal(peer: SocketAddr, signal: Signal) {
    let Some(pid) =
        process(peer).filter(|pid| pid.as_raw_nonzero().get().unsigned_abs() != std::process::id())
    else {
        tracing::warn!(%peer, "no process of another's is at the end of this connection");
        return;
    };
    if let Err(error) = kill_process(pid, signal) {
        tracing::debug!(%error, "it had ended already");
    }
}

fn process(peer: SocketAddr) -> Option<Pid> {
    let SocketAddr::V4(v4) = peer else { return None };
    // The kernel writes the address as a number of this machine's byte order.
    let local = format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port());
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.get(1) == Some(&local.as_str()))
            .then(|| fields.get(9).map(|&inode| inode.to_owned()))
            .flatten()
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

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_process_behind_a_connection_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let _client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let (_, peer) = listener.accept().expect("it is accepted");
        assert_eq!(process(peer), Some(rustix::process::getpid()));
        signal(peer, Signal::KILL);
    }
}
