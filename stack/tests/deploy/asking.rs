//! A person at a terminal: shown what would change, and asked.

use crate::engine::{Engine, Kind, Ran};

/// Runs a command on a terminal of its own and types the answers, each when its question stands
/// there. What the terminal showed goes to standard output.
const TERMINAL: &str = "
import os, pty, sys
answers, command = sys.argv[1].split('|'), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown, at = b'', 0
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    shown += read
    while answers and (asked := shown.find(answers[0].split('=')[0].encode(), at)) >= 0:
        at = asked + 1
        answer = answers.pop(0).split('=')[1]
        os.write(terminal, b'\\x03' if answer == '^C' else answer.encode() + b'\\n')
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

fn at_a_terminal(engine: &Engine, answers: &str, arguments: &[&str]) -> Ran {
    let mut python = engine.python();
    python.args(["-c", TERMINAL, answers, env!("CARGO_BIN_EXE_stack")]).args(arguments);
    Ran::of(&python.output().unwrap())
}

#[test]
fn nothing_is_changed_before_somebody_says_yes() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    let arguments: Vec<String> =
        engine.deployment(&[]).into_iter().filter(|argument| argument != "--yes").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    engine.stack(&arguments).badly(&["nobody can be asked here", "Give --yes"]);
    assert_eq!(engine.status("render-farm"), None, "nothing is begun that nobody agreed to");

    let ran = at_a_terminal(&engine, "Make these 3 changes? [y/N] =n", &arguments);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("this was not agreed to, and not done"), "{}", ran.out);
    assert!(ran.out.contains("\x1b["), "a terminal is shown colours: {}", ran.out);
    assert_eq!(engine.status("render-farm"), None, "nor is a proposal left behind");

    let ran = at_a_terminal(&engine, "Make these 3 changes? [y/N] =^C", &arguments);
    assert_eq!(ran.code, 130, "Ctrl-C is heard while a question waits: {}", ran.out);
    assert_eq!(engine.status("render-farm").as_deref(), Some("REVIEW_IN_PROGRESS"));

    let ran = at_a_terminal(
        &engine,
        "Make these 3 changes? [y/N] =y|Make these 37 changes? [y/N] =yes",
        &arguments,
    );
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(engine.status("render-farm").as_deref(), Some("UPDATE_COMPLETE"));

    let ran = at_a_terminal(&engine, "Type render-farm to take it down: =farm", &["destroy"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert_eq!(engine.status("render-farm").as_deref(), Some("UPDATE_COMPLETE"));
    let ran = at_a_terminal(&engine, "Type render-farm to take it down: =render-farm", &["destroy"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(engine.status("render-farm"), None);
}
