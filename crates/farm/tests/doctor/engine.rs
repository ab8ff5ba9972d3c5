//! One moto for all tests of this program. Each test has a region of its own in it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use farm_testing::tool;
use serde_json::{Value, json};

const ENGINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doctor/engine.py");

/// It ends when its standard input is closed: with this process, however that ends.
pub struct Engine {
    /// Where it listens.
    pub address: String,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _child: Child,
}

impl Engine {
    /// The one of this process.
    pub fn get() -> &'static Self {
        static ENGINE: OnceLock<Engine> = OnceLock::new();
        ENGINE.get_or_init(Self::start)
    }

    fn start() -> Self {
        let python = tool("FARM_TEST_PYTHON").expect("the tests' Python is never left out");
        let mut child = Command::new(python)
            .arg(ENGINE)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the engine's Python starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        let address = answer(&mut said).as_str().expect("an address").to_owned();
        let talk = Mutex::new((child.stdin.take().expect("a pipe"), said));
        Self { address, talk, _child: child }
    }

    /// Runs a snippet of Python on the farm of a region, which is made where it is not there yet. Gives the farm's
    /// names and ids.
    pub fn with(&self, region: &str, snippet: &str) -> Value {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(talk.0, "{}", json!({"region": region, "snippet": snippet})).expect("the engine listens");
        let farm = answer(&mut talk.1);
        if let Some(failed) = farm["failed"].as_str() {
            panic!("{failed}");
        }
        farm
    }
}

fn answer(from: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    from.read_line(&mut line).expect("the engine speaks");
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("the engine said `{line}`"))
}
