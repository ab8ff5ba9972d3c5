//! Disk and hashing with a bare socket between: what no server can be faster than, whatever it speaks.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::Scope;

use anyhow::{Context, Result};

use super::alone::{CHUNK, Care, Hashes, shared_out};
use super::farm::{at_once, fresh};
use crate::measure::Measure;

/// Copies files, each over a connection from a thread that reads to a thread that writes. Where the copy is to
/// be kept, the server writes, hashes and syncs, and says so with one byte; else it reads, and the client writes.
///
/// # Errors
/// One cannot be read, sent or written.
pub fn over_a_socket(below: &Path, files: &[PathBuf], care: Care) -> Result<Measure> {
    let (_held, folder) = fresh(below)?;
    copy(&folder, files, care)
}

fn copy(folder: &Path, files: &[PathBuf], care: Care) -> Result<Measure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no port")?;
    let address = listener.local_addr().context("a listener has an address")?;
    let place = |index: usize| folder.join(index.to_string());
    std::thread::scope(|scope| {
        let served = serve(scope, listener, |mut stream: TcpStream| {
            while let Some(index) = number(&mut stream)? {
                let index = usize::try_from(index).map_err(io::Error::other)?;
                match care {
                    Care::Kept => receive(&mut stream, &place(index), care)?,
                    Care::None => send(&mut stream, &files[index])?,
                }
                if care == Care::Kept {
                    stream.write_all(&[1])?;
                }
            }
            Ok(())
        });
        let measured = shared_out(
            files.len(),
            || connect(address),
            |stream, index| {
                stream.write_all(&(index as u64).to_le_bytes())?;
                match care {
                    Care::Kept => {
                        send(stream, &files[index])?;
                        stream.read_exact(&mut [0])?;
                    }
                    Care::None => receive(stream, &place(index), care)?,
                }
                Ok(())
            },
        );
        for thread in served {
            let ended = thread.join().map_err(|_| anyhow::anyhow!("a server broke off"))?;
            ended.context("a server failed")?;
        }
        measured
    })
}

type Served<'scope> = std::thread::ScopedJoinHandle<'scope, io::Result<()>>;

/// A thread for each connection that will come.
fn serve<'scope>(
    scope: &'scope Scope<'scope, '_>,
    listener: TcpListener,
    each: impl Fn(TcpStream) -> io::Result<()> + Copy + Send + 'scope,
) -> Vec<Served<'scope>> {
    let listener = std::sync::Arc::new(listener);
    let accept = |listener: std::sync::Arc<TcpListener>| {
        scope.spawn(move || {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            each(stream)
        })
    };
    (0..at_once()).map(|_| accept(listener.clone())).collect()
}

fn connect(server: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(server).context("the server is not there")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The number that comes next; `None` where the other end is done.
fn number(stream: &mut TcpStream) -> io::Result<Option<u64>> {
    let mut bytes = [0; 8];
    match stream.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(u64::from_le_bytes(bytes))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn send(stream: &mut TcpStream, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    stream.write_all(&file.metadata()?.len().to_le_bytes())?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read])?;
    }
}

fn receive(stream: &mut TcpStream, path: &Path, care: Care) -> io::Result<()> {
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut left = number(stream)?.ok_or_else(cut)?;
    let mut file = File::create_new(path)?;
    let (mut hashes, mut buffer) = (Hashes::default(), vec![0; CHUNK]);
    while left > 0 {
        let wanted = left.min(CHUNK as u64) as usize;
        let read = stream.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(cut());
        }
        file.write_all(&buffer[..read])?;
        hashes.update(&buffer[..read], care);
        left -= read as u64;
    }
    hashes.finish(&file, care)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_arrive_whole_both_ways() {
        let below = tempfile::tempdir().expect("a folder");
        let files: Vec<_> = (0..5).map(|index| below.path().join(format!("{index}.from"))).collect();
        for (index, file) in files.iter().enumerate() {
            std::fs::write(file, vec![index as u8; index * CHUNK + 7]).expect("a file is written");
        }
        let gone = vec![below.path().join("gone")];
        for care in [Care::Kept, Care::None] {
            let (_held, to) = fresh(below.path()).expect("a folder");
            copy(&to, &files, care).expect("they are copied");
            for (index, file) in files.iter().enumerate() {
                let there = std::fs::read(to.join(index.to_string())).expect("a copy");
                assert_eq!(there, std::fs::read(file).expect("what was copied"), "{care:?}: file {index}");
            }
            over_a_socket(below.path(), &gone, care).expect_err("it is not there");
        }
    }
}
