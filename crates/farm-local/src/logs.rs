//! CloudWatch Logs, as far as a client reads what a task said: `GetLogEvents` on the files in which tasks here write.
//!
//! It is spoken on the port of Batch, in the JSON protocol in which every call goes to `/` and a header names it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Component, Path};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// What the header says of the one call that is known.
pub(crate) const GET_LOG_EVENTS: &str = "Logs_20140328.GetLogEvents";
/// Lines of an answer, and bytes of them, as CloudWatch has it.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: u64 = 1 << 20;
/// How tokens begin.
const FORWARD: &str = "f/";
const BACKWARD: &str = "b/";

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetLogEvents {
    log_stream_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    start_from_head: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEvents {
    events: Vec<Event>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    timestamp: u64,
    message: String,
    ingestion_time: u64,
}

/// A call that is refused: CloudWatch's code, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub code: &'static str,
    pub words: String,
}

impl Refused {
    fn invalid(words: impl Into<String>) -> Self {
        Self { code: "InvalidParameterException", words: words.into() }
    }
}

/// Reads a log of `folder`, from its head or from where a token says.
pub(crate) fn get_log_events(folder: &Path, asked: &GetLogEvents) -> Result<LogEvents, Refused> {
    let name = asked.log_stream_name.as_deref().unwrap_or_default();
    let plain = matches!(Path::new(name).components().collect::<Vec<_>>().as_slice(), [Component::Normal(_)]);
    let missing = || Refused {
        code: "ResourceNotFoundException",
        words: "The specified log stream does not exist.".to_owned(),
    };
    if !plain {
        return Err(missing());
    }
    let unread = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => missing(),
        _ => Refused { code: "ServiceUnavailableException", words: error.to_string() },
    };
    let mut file = std::fs::File::open(folder.join(name)).map_err(unread)?;
    let data = file.metadata().map_err(unread)?;
    // Nobody wrote down when each line came.
    let written =
        data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let timestamp = u64::try_from(written.as_millis()).unwrap_or_default();
    let from = match &asked.next_token {
        Some(token) => {
            let offset = token.strip_prefix(FORWARD).and_then(|offset| offset.parse::<u64>().ok());
            offset.ok_or_else(|| Refused::invalid("The specified nextToken is invalid."))?
        }
        None if asked.start_from_head => 0,
        None => return Err(Refused::invalid("the loopback log is read from its head alone: startFromHead")),
    };
    let limit = asked.limit.unwrap_or(MOST_EVENTS).clamp(1, MOST_EVENTS);
    file.seek(SeekFrom::Start(from)).map_err(unread)?;
    let mut lines = BufReader::new(file.take(MOST_BYTES));
    let (mut events, mut at) = (Vec::new(), from);
    while events.len() < limit {
        let mut line = Vec::new();
        let read = lines.read_until(b'\n', &mut line).map_err(unread)?;
        // A line that is still being written comes next time, unless it is longer than any.
        if read == 0
            || !line.ends_with(b"\n") && (read as u64) < MOST_BYTES && at + (read as u64) >= data.len()
        {
            break;
        }
        at += read as u64;
        let message = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
        events.push(Event { timestamp, message, ingestion_time: timestamp });
    }
    Ok(LogEvents {
        events,
        next_forward_token: format!("{FORWARD}{at}"),
        next_backward_token: format!("{BACKWARD}{from}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, token: Option<&str>, limit: Option<usize>) -> GetLogEvents {
        GetLogEvents {
            log_stream_name: Some(name.into()),
            next_token: token.map(Into::into),
            limit,
            start_from_head: true,
        }
    }

    #[test]
    fn a_log_is_read_to_its_end_and_then_stays_there() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.log"), "one\ntwo\nthree\nhalf").expect("written");
        let read = |token: Option<&str>, limit| {
            let answer = get_log_events(folder.path(), &asked("a.log", token, limit)).expect("read");
            let lines: Vec<_> = answer.events.iter().map(|event| event.message.clone()).collect();
            (lines, answer.next_forward_token)
        };
        let (lines, token) = read(None, Some(2));
        assert_eq!(lines, ["one", "two"]);
        let (lines, token) = read(Some(&token), None);
        assert_eq!(lines, ["three"]);
        assert_eq!(read(Some(&token), None), (Vec::new(), token));
    }

    #[test]
    fn what_is_no_log_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.log", "../b.log", "/etc/passwd", ""] {
            let refused = get_log_events(folder.path(), &asked(name, None, None)).expect_err(name);
            assert_eq!(refused.code, "ResourceNotFoundException");
        }
        std::fs::write(folder.path().join("a.log"), "").expect("written");
        let refused = get_log_events(folder.path(), &asked("a.log", Some("x"), None)).expect_err("a token");
        assert_eq!(refused.code, "InvalidParameterException");
    }
}
