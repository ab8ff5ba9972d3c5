//! What a shell and a terminal make of `farm`: completions, and the live view.

use std::process::{Command, Stdio};
use std::time::Duration;

use farm_contract::report::State;

use crate::bench::{Bench, Ran};
use crate::shot::{Shot, task};

#[tokio::test]
async fn bash_completes_the_verbs_and_their_options() {
    let bench = Bench::stand("ap-southeast-1");
    let script = bench.farm(&["completions", "bash"]).await;
    assert_eq!(script.code, 0, "{}", script.told);
    let completed = |words: &[&str]| {
        let ask = format!(
            r#"{}
               complete -p farm > /dev/null || exit 1
               COMP_WORDS=({}); COMP_CWORD={}
               _farm farm "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
               printf '%s\n' "${{COMPREPLY[@]}}""#,
            script.out,
            words.join(" "),
            words.len() - 1
        );
        let ran = Ran::of(Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.told);
        ran.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(completed(&["farm", "wa"]), ["watch"]);
    assert_eq!(completed(&["farm", "re"]), ["resume", "rerender"]);
    assert_eq!(completed(&["farm", "watch", "--pu"]), ["--publish"]);
    for shell in ["elvish", "fish", "powershell", "zsh"] {
        let script = bench.farm(&["completions", shell]).await;
        assert!(script.code == 0 && script.out.contains("rerender"), "{shell}: {}", script.told);
    }
}

/// Columns and rows of the terminal: too few for the legend on one line.
const SIZE: (u16, u16) = (60, 30);

/// `farm watch` on a terminal, until the render ends; what stands there then, what scrolled out at its top included.
async fn watched(bench: &Bench, set: &[(&str, &str)]) -> vt100::Parser {
    let shot = Shot::planned(bench, "a.blend", "1-3", 1).await;
    let farm = bench.command(&[]);
    let mut command = tokio::process::Command::new("script");
    command.env_clear().envs(farm.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("TERM", "xterm-256color").env("PATH", "/usr/bin:/bin").envs(set.iter().copied());
    let (columns, rows) = SIZE;
    let line =
        format!("stty cols {columns} rows {rows}; exec '{}' watch a.blend", env!("CARGO_BIN_EXE_farm"));
    let typed = bench.home.path().join("typescript");
    command.args(["--quiet", "--flush", "--return", "--log-out"]).arg(&typed).args(["--command", &line]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let terminal = command.spawn().unwrap();
    let shown = |words: &str| {
        let mut screen = vt100::Parser::new(rows, columns, 200);
        let sent = std::fs::read(&typed).unwrap_or_default();
        // The first line is what `script` itself notes.
        let noted = sent.iter().position(|byte| *byte == b'\n').map_or(sent.len(), |end| end + 1);
        screen.process(&sent[noted..]);
        screen.screen().contents().contains(words).then_some(screen)
    };
    // Two views, so that the second is drawn over the first.
    until(|| shown("0 of 3 done")).await;
    let record = shot.frame(1, 4.0).await;
    shot.record(task(0, vec![record])).await;
    until(|| shown("1 of 3 done")).await;
    shot.frames(&[2, 3]).await;
    shot.report(State::Complete, &[1, 2, 3]).await;
    let ran = Ran::of(terminal.wait_with_output().await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.told);
    until(|| shown("3 of 3 done")).await
}

async fn until<T>(mut there: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(there) = there() {
            return there;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not come");
}

#[tokio::test]
async fn the_live_view_is_drawn_over_itself() {
    let bench = Bench::stand("ap-southeast-2");
    let mut terminal = watched(&bench, &[]).await;
    let contents = terminal.screen().contents();
    assert_eq!(contents.matches("a.blend").count(), 1, "{contents}");
    assert!(contents.contains("complete") && contents.contains("███"), "{contents}");
    assert!(!contents.contains("1 of 3") && !contents.contains("waits"), "{contents}");
    terminal.screen_mut().set_scrollback(200);
    assert_eq!(terminal.screen().scrollback(), 0, "nothing scrolled out");
    assert!(is_coloured(&terminal));
}

#[tokio::test]
async fn whoever_wants_no_colour_gets_none() {
    let bench = Bench::stand("ap-southeast-3");
    assert!(!is_coloured(&watched(&bench, &[("NO_COLOR", "1")]).await));
}

fn is_coloured(terminal: &vt100::Parser) -> bool {
    let (columns, rows) = SIZE;
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    cells
        .filter_map(|(row, column)| terminal.screen().cell(row, column))
        .any(|cell| cell.fgcolor() != vt100::Color::Default)
}
