//! Servers of a few lines that play what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// A request as it came.
pub struct Request {
    /// The lines of the head; `Connection: close` is the last of them.
    pub head: String,
    /// What follows.
    pub body: Vec<u8>,
}

impl Request {
    /// Method and path.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }
}

/// What a server of a test's does with a request.
pub enum Reply {
    /// Answers with a status, more lines of the head, and a body.
    Say(u16, String, String),
    /// Lets another server answer.
    Pass(String),
    /// Hangs up.
    HangUp,
}

/// Answers requests until the process ends, each on a thread of its own. Returns its address.
///
/// # Panics
/// There is no port to be had.
pub fn serve(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let reply = Arc::new(reply);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let reply = Arc::clone(&reply);
            std::thread::spawn(move || {
                let Some(request) = read(&stream) else { return };
                let answer = match reply(&request) {
                    Reply::Say(status, more, body) => {
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
                        );
                        let body = if request.head.starts_with("HEAD") { String::new() } else { body };
                        [head, body].concat().into_bytes()
                    }
                    Reply::Pass(to) => exchange(&to, &request),
                    Reply::HangUp => Vec::new(),
                };
                drop(stream.write_all(&answer));
            });
        }
    });
    address
}

/// Sends a request and reads until the other side hangs up.
///
/// # Panics
/// The other side does not answer.
pub fn exchange(to: &str, request: &Request) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).expect("a server");
    stream.write_all(format!("{}\r\n", request.head).as_bytes()).expect("a request");
    stream.write_all(&request.body).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    answer
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut from = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    head.push_str("Connection: close\r\n");
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(Request { head, body })
}
