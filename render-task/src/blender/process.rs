//! The process: started once for a child, asked frame by frame, gone when we are.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use farm_contract::allowances::Allowances;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command as Process};
use tokio::sync::mpsc;

use super::confine::{self, CONFINED, OWN, TRAVERSED, User};
use super::death::{Cause, Death, death};
use super::patterns::{self, Sign};
use super::protocol::{Answer, Command, Kind};

/// The driver script and its parts.
const DRIVER: [(&str, &str); 7] = [
    ("drive.py", include_str!("../../driver/drive.py")),
    ("assets.py", include_str!("../../driver/assets.py")),
    ("faults.py", include_str!("../../driver/faults.py")),
    ("outputs.py", include_str!("../../driver/outputs.py")),
    ("paths.py", include_str!("../../driver/paths.py")),
    ("settings.py", include_str!("../../driver/settings.py")),
    ("simulations.py", include_str!("../../driver/simulations.py")),
];
/// Exit code of a `blender` whose script failed.
const SCRIPT_FAILED: &str = "70";
/// How long Blender may take to end by itself.
const QUIT: Duration = Duration::from_secs(10);
/// Printed lines that are kept to explain an early end.
const LAST_WORDS: usize = 8;

/// What a Blender is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// render-task itself: it confines itself and becomes Blender.
    pub task: PathBuf,
    /// A `blender`, or a Python that has `bpy` (its name begins with `python`).
    pub program: PathBuf,
    /// Threads that it uses.
    pub threads: u32,
    /// The folder with its home, the scripts that drive it and the folders of frames.
    pub scratch: PathBuf,
    /// Whom it runs as.
    pub user: User,
    /// What is let pass.
    pub allowed: Allowances,
}

/// A Blender that waits for commands.
#[derive(Debug)]
pub struct Blender {
    child: Child,
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    printed: mpsc::UnboundedReceiver<Printed>,
    last_words: Arc<Mutex<VecDeque<String>>>,
    version: String,
}

/// An answer, and what was printed on the way to it.
#[derive(Debug)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// The first printed sign of a wrong picture; before it, one that memory ran out.
    pub wrong: Option<Sign>,
}

enum Printed {
    Wrong(Sign),
    /// All that was printed before the next answer has been read.
    Mark,
}

impl Blender {
    /// Starts Blender and waits until it is ready.
    ///
    /// # Errors
    /// The program cannot be started (outer), or it ended before it was ready (inner).
    pub async fn start(setup: &Setup) -> io::Result<Result<Self, Death>> {
        // Only its home is Blender's own: what we read and write elsewhere, it cannot put links into.
        let (home, folder) = (setup.scratch.join("home"), setup.scratch.join("driver"));
        confine::folder(&setup.scratch, TRAVERSED)?;
        confine::folder(&folder, TRAVERSED)?;
        for (name, text) in DRIVER {
            confine::file(&folder.join(name), text.as_bytes())?;
        }
        confine::folder(&home, OWN)?;
        setup.user.give(&home)?;
        let token = token();
        let mut process = command_line(setup, &folder.join("drive.py"), &token);
        setup.user.run(&mut process);
        let mut child = process
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()))
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("LANG", "C.UTF-8")
            .current_dir(&home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("a pipe to Blender is missing"));
        };
        let (sender, printed) = mpsc::unbounded_channel();
        let last_words = Arc::default();
        let listener = Listener {
            token: token.clone(),
            missing_allowed: setup.allowed.missing,
            scratch: format!("{}/", setup.scratch.display()),
            sender,
            last_words: Arc::clone(&last_words),
        };
        tokio::spawn(listener.pass_on(stderr));
        let answers = BufReader::new(stdout).lines();
        let mut blender = Self { child, stdin, answers, printed, last_words, version: String::new() };
        Ok(blender.hello(&token).await.map(|()| blender))
    }

    async fn hello(&mut self, token: &str) -> Result<(), Death> {
        // A banner that happens to read as an answer does not know the token.
        let ours = |answer: &Answer| matches!(&answer.kind, Kind::Hello { token: said, .. } if said == token);
        let reply = self.reply(ours).await?;
        if let Kind::Hello { blender, .. } = reply.answer.kind {
            self.version = blender;
        }
        Ok(())
    }

    /// Blender's version, such as `4.5.15 LTS`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Has one command done.
    ///
    /// # Errors
    /// Blender ended on it.
    pub async fn ask(&mut self, command: Command<'_>) -> Result<Reply, Death> {
        let line = match serde_json::to_string(&command) {
            Ok(line) => line + "\n",
            Err(error) => {
                let message = format!("A command for Blender cannot be written: {error}.");
                return Err(Death { cause: Cause::Ended, message });
            }
        };
        if let Err(error) = self.stdin.write_all(line.as_bytes()).await {
            tracing::debug!("Blender does not listen: {error}");
            return Err(self.died().await);
        }
        self.reply(|_| true).await
    }

    /// The next answer that is `wanted`, and what was printed before it.
    async fn reply(&mut self, wanted: impl Fn(&Answer) -> bool) -> Result<Reply, Death> {
        let answer = loop {
            match self.answers.next_line().await {
                Ok(Some(line)) => {
                    if let Some(answer) = Answer::parse(&line).filter(&wanted) {
                        break answer;
                    }
                }
                Ok(None) => return Err(self.died().await),
                Err(error) => {
                    self.kill().await;
                    let message = format!("What Blender's script answers cannot be read: {error}.");
                    return Err(Death { cause: Cause::Ended, message });
                }
            }
        };
        let mut wrong = None;
        while let Some(printed) = self.printed.recv().await {
            match printed {
                Printed::Wrong(sign) if sign.kind == patterns::Kind::OutOfMemory => wrong = Some(sign),
                Printed::Wrong(sign) => wrong = wrong.or(Some(sign)),
                Printed::Mark => break,
            }
        }
        Ok(Reply { answer, wrong })
    }

    /// How it ended. Waits for the end.
    async fn died(&mut self) -> Death {
        let status = self.child.wait().await;
        // The reader of what it printed drops its end when all has been read.
        while self.printed.recv().await.is_some() {}
        let words: Vec<String> =
            self.last_words.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        match status {
            Ok(status) => death(status, &words),
            Err(error) => {
                let message = format!("Blender cannot be waited for: {error}.");
                Death { cause: Cause::Ended, message }
            }
        }
    }

    /// Lets Blender end.
    pub async fn quit(mut self) {
        let line = "{\"quit\": true}\n";
        let asked = self.stdin.write_all(line.as_bytes()).await.is_ok();
        if !asked || tokio::time::timeout(QUIT, self.child.wait()).await.is_err() {
            self.kill().await;
        }
    }

    /// Ends Blender at once, whatever it does, and what it has started.
    pub async fn kill(&mut self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = pid
            && let Err(error) = kill_process_group(group, Signal::KILL)
        {
            tracing::debug!("Blender's group had ended by itself: {error}");
        }
        if let Err(error) = self.child.kill().await {
            tracing::debug!("Blender had ended by itself: {error}");
        }
    }
}

/// A word that nothing else on a pipe can know.
fn token() -> String {
    let random = || RandomState::new().hash_one("render-task");
    format!("{:016x}{:016x}", random(), random())
}

/// This program, which confines itself and becomes Blender.
fn command_line(setup: &Setup, driver: &Path, token: &str) -> Process {
    let mut process = Process::new(&setup.task);
    process.arg(CONFINED).arg(&setup.program);
    let threads = setup.threads.to_string();
    let name = setup.program.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("python") {
        // Isolated: nothing beside the script or in a home folder is imported.
        process.arg("-I").arg(driver);
    } else {
        process
            .args([
                "-b",
                "--factory-startup",
                "--disable-autoexec",
                "--python-exit-code",
                SCRIPT_FAILED,
                "-t",
            ])
            .arg(&threads)
            .arg("--python")
            .arg(driver);
    }
    process.args(["--", token, &threads]);
    process
}

/// Reads what Blender prints.
struct Listener {
    token: String,
    missing_allowed: bool,
    /// The scratch folder with its slash: no part of an artist's words.
    scratch: String,
    sender: mpsc::UnboundedSender<Printed>,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

impl Listener {
    /// Passes on what Blender prints, line by line, and looks at it on the way.
    async fn pass_on(self, stderr: ChildStderr) {
        let mut stderr = BufReader::new(stderr);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match stderr.read_until(b'\n', &mut bytes).await {
                Ok(0) => return,
                Ok(_) => self.take(String::from_utf8_lossy(&bytes).trim_end()),
                Err(error) => {
                    tracing::warn!("warning: what Blender prints cannot be read: {error}");
                    return;
                }
            }
        }
    }

    fn take(&self, line: &str) {
        // Sending fails only once nobody asks any more; what is printed is still passed on.
        if line == self.token {
            let _ = self.sender.send(Printed::Mark);
            return;
        }
        if line.is_empty() || patterns::is_noise(line) {
            return;
        }
        tracing::info!(target: "blender", "{line}");
        let line = line.replace(&self.scratch, "");
        let sign = patterns::wrong_picture(&line);
        if let Some(sign) =
            sign.filter(|sign| !(self.missing_allowed && sign.kind == patterns::Kind::Missing))
        {
            let _ = self.sender.send(Printed::Wrong(sign));
        }
        let mut words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == LAST_WORDS {
            words.pop_front();
        }
        words.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(program: &str) -> Vec<String> {
        let setup = Setup {
            task: "/render-task".into(),
            program: program.into(),
            threads: 3,
            scratch: "/s".into(),
            user: User::Ourselves,
            allowed: Allowances::default(),
        };
        let process = command_line(&setup, Path::new("/s/driver/drive.py"), "token");
        let args = process.as_std().get_args().map(|arg| arg.to_string_lossy().into_owned());
        let args: Vec<String> = args.collect();
        assert_eq!(args[..2], [CONFINED, program]);
        args[2..].to_vec()
    }

    #[test]
    fn a_python_runs_the_driver_itself_and_a_blender_is_told_to() {
        let isolated = ["-I", "/s/driver/drive.py", "--", "token", "3"];
        assert_eq!(arguments("/v/bin/python"), isolated);
        assert_eq!(arguments("python3.11"), isolated);
        let blender = arguments("/opt/python-tools/blender");
        assert_eq!(blender[0], "-b");
        assert!(blender.contains(&"--disable-autoexec".to_owned()));
        assert_eq!(blender[blender.len() - 3..], ["--", "token", "3"]);
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(token(), token());
        assert_eq!(token().len(), 32);
    }
}
