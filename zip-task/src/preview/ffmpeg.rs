//! ffmpeg as a child: found, given its input, listened to, and gone when nobody waits for it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use farm_contract::env;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStdin, ChildStdout, Command};

use super::Trouble;

/// The last bytes of what it says.
const TAIL: usize = 600;
/// Threads that filters and encoder may have, each.
const MOST_THREADS: usize = 4;

/// The program.
#[derive(Debug)]
pub struct Ffmpeg(PathBuf);

impl Ffmpeg {
    /// The one that the environment names, or the one on PATH.
    ///
    /// # Errors
    /// There is none.
    pub fn find() -> Result<Self, Trouble> {
        if let Some(named) = std::env::var_os(env::FFMPEG).map(PathBuf::from) {
            let is_there = named.is_file();
            return if is_there { Ok(Self(named)) } else { Err(missing(&named)) };
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|folder| folder.join("ffmpeg"));
        found.into_iter().find(|path| path.is_file()).map(Self).ok_or_else(|| missing(Path::new("ffmpeg")))
    }

    /// Runs it on these arguments. `feed` writes its input and `read` reads its output, at the same time.
    ///
    /// # Errors
    /// It fails: with its last words. Or `feed` or `read` does.
    pub async fn run<T, F, R>(
        &self,
        arguments: Vec<OsString>,
        feed: impl FnOnce(ChildStdin) -> F,
        read: impl FnOnce(ChildStdout) -> R,
    ) -> Result<(T, String), Trouble>
    where
        F: Future<Output = Result<(), Trouble>>,
        R: Future<Output = Result<T, Trouble>>,
    {
        let mut child = Command::new(&self.0)
            .args(["-hide_banner", "-loglevel", "error", "-nostdin"])
            .args(arguments)
            // It reads pictures of strangers: no credentials are in its reach.
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.cannot(error))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(self.cannot(io::ErrorKind::BrokenPipe.into()));
        };
        // Where one of them gives up, its end of the pipe is closed, and ffmpeg comes to an end.
        let (fed, read, words, status) =
            tokio::join!(feed(stdin), read(stdout), last_words(stderr), child.wait());
        fed?;
        let status = status.map_err(|error| self.cannot(error))?;
        if !status.success() {
            return Err(Trouble::Failed { how: status.to_string(), words });
        }
        Ok((read?, words))
    }

    fn cannot(&self, error: io::Error) -> Trouble {
        Trouble::Run { program: self.0.display().to_string(), error }
    }
}

fn missing(program: &Path) -> Trouble {
    Trouble::NoFfmpeg(program.display().to_string())
}

/// How many threads filters and encoder are given.
pub fn threads() -> String {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).to_string()
}

/// Words of a command line as it takes them.
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<OsString> {
    words.into_iter().map(|word| OsStr::new(word).to_owned()).collect()
}

/// The last that it says, in one line.
async fn last_words(mut from: impl AsyncRead + Unpin) -> String {
    let (mut tail, mut more) = (Vec::new(), [0; 4096]);
    // What cannot be read is not known; its exit status is.
    while let Ok(read @ 1..) = from.read(&mut more).await {
        tail.extend_from_slice(&more[..read]);
        let excess = tail.len().saturating_sub(TAIL);
        tail.drain(..excess);
    }
    let text = String::from_utf8_lossy(&tail);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ").chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_words_are_one_line_of_bounded_length() {
        assert_eq!(last_words(&b"Unknown decoder 'hdr'\n\n"[..]).await, "Unknown decoder 'hdr'");
        let long = "a line\n".repeat(10_000);
        let words = last_words(long.as_bytes()).await;
        assert!(words.len() < 2 * TAIL && words.ends_with("a line; a line"), "{words}");
    }
}
