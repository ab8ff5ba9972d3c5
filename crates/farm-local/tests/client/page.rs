//! The page on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::fake::Fake;
use crate::{Bench, KEY};

/// `farm watch --web`, and the address that it told.
pub struct Page {
    process: Child,
    host: String,
    path: String,
}

impl Page {
    pub fn open(bench: &Bench) -> Self {
        let mut command = bench.command(&["watch", KEY, "--web"]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let told = lines
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("The contact sheet: http://").map(str::to_owned));
        let told = told.expect("an address");
        let (host, path) = told.split_once('/').unwrap();
        Self { process, host: host.to_owned(), path: format!("/{path}") }
    }

    pub fn url(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    /// Status, head and body of the answer.
    fn get(&self, name: &str, host: &str) -> (u16, String, Vec<u8>) {
        let path = if name.starts_with('/') { name.to_owned() } else { format!("{}{name}", self.path) };
        get(&self.host, &path, host)
    }

    fn ok(&self, name: &str) -> Vec<u8> {
        let (status, head, body) = self.get(name, &self.host);
        assert_eq!(status, 200, "{name}: {head}");
        body
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.ok(name)).unwrap()
    }
}

/// Status, head and body of the answer of this server to who asks for that host.
fn get(server: &str, path: &str, host: &str) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(server).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, answer[end + 4..].to_vec())
}

impl Drop for Page {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_the_state_the_sheets_and_the_details() {
    let bench = Bench::start().await;
    bench.put(&Fake { wrong: vec![3], ..Fake::default() }, &[("frames", "1-4"), ("chunk", "4")]);
    bench.farm.last_report(KEY).await;
    let page = Page::open(&bench);
    let html = String::from_utf8(page.ok("")).unwrap();
    assert!(html.contains("\"state\":\"state.json\"") && html.ends_with("</html>\n"));
    let state = page.json("state.json");
    assert_eq!(state["cells"]["state"], "ddfd");
    assert_eq!(state["cells"]["picture"], "1101");
    assert!(state["cells"]["fault"]["3"].as_str().unwrap().contains("wood"));
    assert_eq!((state["width"].as_u64(), state["sheets"]["tile"][0].as_u64()), (Some(8), Some(240)));
    let sheet =
        image::load_from_memory(&page.ok(state["sheets"]["urls"][0].as_str().unwrap())).unwrap().to_rgb8();
    assert_eq!((sheet.width(), sheet.height()), (240 * 8, 240 * 8));
    let lit = |tile: u32| (0..240).any(|x| sheet.get_pixel(tile * 240 + x, 120).0 != [0, 0, 0]);
    assert_eq!([0, 1, 2, 3, 4].map(lit), [true, true, false, true, false]);
    let details = page.json(state["details"][0].as_str().unwrap());
    assert_eq!(
        page.ok(details["2"]["full"].as_str().unwrap()),
        bench.farm.stored(&format!("{KEY}/frame_0002.png"))
    );
    assert!(
        String::from_utf8(page.ok(details["2"]["log"].as_str().unwrap()))
            .unwrap()
            .contains("frame 2: uploaded")
    );
    assert_eq!(page.json(details["2"]["record"].as_str().unwrap())["child"], 0);
    assert!(details["3"]["full"].is_null());
    // The archive comes from the bucket itself.
    let (status, head, _) = page.get(state["files"][0]["url"].as_str().unwrap(), &page.host);
    assert!(status == 307 && head.contains("X-Amz-Signature"), "{head}");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_answers_nobody_else() {
    let bench = Bench::start().await;
    bench.put(&Fake::default(), &[("frames", "1-2")]);
    bench.farm.last_report(KEY).await;
    let page = Page::open(&bench);
    let (status, head, _) = page.get("", &page.host);
    assert!(status == 200 && head.contains("content-security-policy: default-src 'none'"), "{head}");
    // Another name that means this machine, and an address without the word.
    assert_eq!(page.get("", "farm.example").0, 403);
    for path in ["/", "/state.json", "/000000000000000000000000/state.json"] {
        assert_eq!(page.get(path, &page.host).0, 404, "{path}");
    }
    for name in
        ["frame/99", "frame/x", "sheet/9.jpg", "sheet/x.jpg", "details/9.json", "file/other", "record/7"]
    {
        assert!(matches!(page.get(name, &page.host).0, 400 | 404), "{name}");
    }
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_page_needs_no_credentials_and_ends() {
    let bench = Bench::start().await;
    bench.put(&Fake::default(), &[("frames", "1-2")]);
    bench.farm.last_report(KEY).await;
    let said = bench.run(&["watch", KEY, "--publish", "--for", "2h"]).await;
    said.has(0, &["X-Amz-Expires=71", ", for 2 h."]);
    let state = published(said.out.trim());
    assert_eq!(
        (state["cells"]["picture"].as_str(), state["details"].as_array().map(Vec::len)),
        (Some("11"), Some(0))
    );
    assert!(state["expires_at"].as_u64() > state["written_at"].as_u64());
    let (status, _, sheet) = fetch(state["sheets"]["urls"][0].as_str().unwrap());
    assert!(status == 200 && image::load_from_memory(&sheet).is_ok());
    bench.run(&["watch", KEY, "--publish", "--for", "8d"]).await.has(2, &["7d"]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_page_goes_on_with_the_render_at_the_same_address() {
    let bench = Bench::start().await;
    let tags = [("frames", "1-4"), ("chunk", "2"), ("order", "linear")];
    bench.put(&Fake { wait: vec![2, 3, 4], ..Fake::default() }, &tags);
    let one = |key: &str| bench.farm.farm.store.list(bench.farm.farm.bucket(), key).unwrap().len() == 1;
    bench.farm.report_that(KEY, |_| one(&format!("{KEY}/frame_"))).await;
    let mut command = bench.command(&["watch", KEY, "--publish"]);
    let mut farm = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(farm.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let first = published(&url);
    assert_eq!(first["cells"]["picture"], "1000", "{first}");
    bench.go();
    assert_eq!(farm.wait().unwrap().code(), Some(0));
    assert!(lines.next().is_none(), "no other address is told");
    let last = published(&url);
    assert_eq!(last["cells"]["picture"], "1111", "{last}");
    assert!(last["files"].as_array().unwrap().iter().any(|file| file["name"] == "frames.zip"), "{last}");
    let (status, _, sheet) = fetch(last["sheets"]["urls"][0].as_str().unwrap());
    let sheet = image::load_from_memory(&sheet).unwrap().to_rgb8();
    let lit = |tile: u32| (0..240).any(|x| sheet.get_pixel(tile * 240 + x, 120).0 != [0, 0, 0]);
    assert!(status == 200 && (0..4).all(lit), "the sheet has the frames that came later");
    bench.farm.farm.shutdown().await;
}

/// What somebody gets who has nothing but the address.
fn fetch(url: &str) -> (u16, String, Vec<u8>) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    get(host, &format!("/{path}"), host)
}

/// The state that a published page shows, by way of the page.
fn published(url: &str) -> Value {
    let (status, _, html) = fetch(url);
    let html = String::from_utf8(html).unwrap();
    assert_eq!(status, 200, "{html}");
    let source = html.split_once("id=\"source\">").unwrap().1.split_once("</script>").unwrap().0;
    let source: Value = serde_json::from_str(source).unwrap();
    serde_json::from_slice(&fetch(source["state"].as_str().unwrap()).2).unwrap()
}
