//! A topic of an SNS that we did not write, and who subscribed to it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use farm_testing::{Reply, serve};
use serde::Deserialize;

/// What a subscriber gets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    pub subject: String,
    #[serde(rename = "Message")]
    pub text: String,
}

pub struct Topic {
    pub arn: String,
    /// Where publishers find it.
    pub endpoint: String,
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Topic {
    /// An SNS whose first answers are that it is down.
    pub fn start(refusals: usize) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notices/topic.py");
        let mut command = Command::new(crate::support::python());
        command.args(["-I", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let ask = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let line = read(&mut answers);
        let (address, arn) = line.trim().split_once(' ').unwrap_or_else(|| panic!("it said `{line}`"));
        let (address, asked) = (address.to_owned(), AtomicUsize::new(0));
        let front = serve(move |_| match asked.fetch_add(1, Ordering::Relaxed) < refusals {
            true => Reply::Say(503, String::new(), "down".to_owned()),
            false => Reply::Pass(address.clone()),
        });
        Self { arn: arn.to_owned(), endpoint: format!("http://{front}"), child, ask, answers }
    }

    /// What was told since the last time.
    pub fn messages(&mut self) -> Vec<Message> {
        self.ask.write_all(b"messages\n").unwrap();
        serde_json::from_str(&read(&mut self.answers)).unwrap()
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read(answers: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    line
}
