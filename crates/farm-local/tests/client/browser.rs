//! The page in a browser that we did not write.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use farm_testing::tool;

use crate::page::Page;
use crate::support::fake::Fake;
use crate::{Bench, KEY};

/// A script of `xtask/browser`, with what it needs; none where this machine has no browser.
fn script(name: &str) -> Option<Command> {
    let chromium = tool("FARM_TEST_CHROMIUM")?;
    let packages =
        std::env::var_os("FARM_TEST_BROWSER").map(PathBuf::from).expect("FARM_TEST_BROWSER names a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/browser").join(name);
    let mut node = Command::new("node");
    node.arg(script).arg("--chromium").arg(chromium).arg("--packages").arg(packages).stdin(Stdio::null());
    Some(node)
}

#[test]
fn the_page_holds_in_a_browser_with_ten_thousand_frames_and_words_of_strangers() {
    let Some(mut check) = script("check.mjs") else { return };
    let output = check.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().filter(|line| line.starts_with("ok ")).count() >= 14, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_a_real_render_appear_without_a_reload() {
    let Some(mut script) = script("farm.mjs") else { return };
    let bench = Bench::start().await;
    let fake = Fake { wait: (3..=8).collect(), ..Fake::default() };
    bench.put(&fake, &[("frames", "1-8"), ("chunk", "2"), ("order", "linear")]);
    bench.farm.report_that(KEY, |_| true).await;
    let page = Page::open(&bench);
    script.args(["--url", &page.url(), "--frames", "8", "--first", "2"]);
    let mut browser = script.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(browser.stdout.take().unwrap()).lines();
    let mut next = || lines.next().map(Result::unwrap);
    assert_eq!(next().as_deref(), Some("first"));
    bench.go();
    assert_eq!(next().as_deref(), Some("all"));
    assert_eq!(next().as_deref(), Some("played"));
    assert!(browser.wait().unwrap().success());
    bench.farm.farm.shutdown().await;
}
