//! What Blender's answers, and its deaths, mean for the child.

use std::path::Path;

use farm_contract::Fault;
use farm_contract::exit::TaskExit;
use farm_contract::keys;

use crate::blender::patterns::LIGHTER;
use crate::blender::protocol::{Kind, Opened, Rendered};
use crate::blender::{Cause, Death, Reply};
use crate::environment::Memory;
use crate::failure::Failure;
use crate::frame::{self, Produced};

/// Faults of a file that one message names.
const FAULTS: usize = 10;
const SAVE_ANEW: &str = "Open the file in Blender, save it, and upload it again.";

/// What an answer to [`Command::Open`] says of the file.
///
/// # Errors
/// The file must not be rendered as it is.
pub fn opened(reply: Reply) -> Result<Opened, Failure> {
    let opened = match reply.answer.kind {
        Kind::Opened(opened) => opened,
        Kind::Failed { message, hint } => {
            let hint = hint.unwrap_or_else(|| SAVE_ANEW.to_owned());
            return Err(Failure::new(TaskExit::Scene, message, hint));
        }
        other => return Err(Failure::of(TaskExit::Failed, out_of_turn(&other))),
    };
    let mut faults: Vec<Fault> = opened.faults.clone();
    if faults.is_empty() {
        faults.extend(reply.wrong.map(|sign| sign.fault));
    }
    if faults.is_empty() { Ok(opened) } else { Err(Failure::of(TaskExit::Scene, one_of(&faults))) }
}

/// Several faults as one: all that is wrong, and each thing to do once.
fn one_of(faults: &[Fault]) -> Fault {
    let shown = &faults[..faults.len().min(FAULTS)];
    let mut messages: Vec<&str> = shown.iter().map(|fault| fault.message.as_str()).collect();
    let more = format!("And {} more.", faults.len() - shown.len());
    if faults.len() > shown.len() {
        messages.push(&more);
    }
    let mut hints: Vec<&str> = Vec::new();
    for fault in shown {
        if !hints.contains(&fault.hint.as_str()) {
            hints.push(&fault.hint);
        }
    }
    Fault::new(messages.join(" "), hints.join(" "))
}

/// What an answer to [`Command::Render`] says of the frame, and what the artist should know of it.
///
/// # Errors
/// The frame failed, or a file of it is not there.
pub fn rendered(reply: Reply, frame: i32, folder: &Path) -> Result<(Produced, Vec<String>), Fault> {
    if let Some(wrong) = reply.wrong {
        return Err(wrong.fault);
    }
    let Rendered { seconds, width, height, extension, views, warnings } = match reply.answer.kind {
        Kind::Rendered(rendered) => rendered,
        Kind::Failed { message, hint } => {
            return Err(Fault::new(message, hint.unwrap_or_else(|| SAVE_ANEW.to_owned())));
        }
        other => return Err(out_of_turn(&other)),
    };
    let stem = keys::frame_stem(frame);
    let wanted: Vec<String> = views.iter().map(|view| format!("{stem}{view}{extension}")).collect();
    let produced = Produced::collect(frame, seconds, (width, height), folder.to_owned(), &wanted)?;
    Ok((produced, warnings))
}

/// What an answer to [`Command::Check`] says of a picture.
///
/// # Errors
/// Blender cannot read it back, or it has another size than planned.
pub fn checked(reply: &Reply, produced: &Produced, path: &Path) -> Result<(), Fault> {
    let name = path.strip_prefix(&produced.folder).unwrap_or(path).to_string_lossy();
    match &reply.answer.kind {
        Kind::Checked { width, height } => {
            let own = produced.files.iter().any(|file| file.own && file.name == name);
            if own { frame::check_size(&name, (*width, *height), produced.size) } else { Ok(()) }
        }
        Kind::Failed { message, .. } => Err(frame::damaged(&name, message)),
        other => Err(out_of_turn(other)),
    }
}

fn out_of_turn(answer: &Kind) -> Fault {
    tracing::error!("Blender's script answered out of turn: {answer:?}");
    Fault::new("Blender's script answered something else than it was asked.", "Upload the file again.")
}

/// The program that should be Blender cannot be started.
pub fn cannot_start(program: &Path, error: std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::StorageFull => Failure::scratch_full(),
        _ => Failure::new(
            TaskExit::Failed,
            format!("Blender cannot be started: `{}`.", program.display()),
            "Set FARM_BLENDER to a `blender`, or to a Python that has `bpy`.",
        ),
    }
    .because(error)
}

/// Blender ended before it was ready.
pub fn did_not_start(program: &Path, death: Death) -> Failure {
    let exit = if death.cause == Cause::Ended { TaskExit::Failed } else { TaskExit::TryAgain };
    Failure::new(
        exit,
        format!("`{}` ended before it was ready to render.", program.display()),
        "Check that FARM_BLENDER names a `blender`, or a Python that has `bpy`, and that it runs on this machine.",
    )
    .because(death)
}

/// Blender died of opening the file, and not for the first time.
pub fn cannot_open(death: Death, memory: Memory) -> Failure {
    let exit = match death.cause {
        Cause::OutOfMemory => return out_of_memory(&death, "opened the file", memory),
        Cause::Signal(_) => TaskExit::Scene,
        Cause::Ended => TaskExit::Failed,
    };
    let message = format!("The file could not be opened. {}", death.message);
    Failure::new(exit, message, SAVE_ANEW).because(death)
}

/// Blender died while it rendered a frame.
pub fn died_in_frame(death: &Death, frame: i32, memory: Memory) -> Failure {
    let exit = match death.cause {
        Cause::OutOfMemory => return out_of_memory(death, &format!("rendered frame {frame}"), memory),
        Cause::Signal(_) => TaskExit::TryAgain,
        Cause::Ended => TaskExit::Failed,
    };
    Failure::new(
        exit,
        format!("{} It was rendering frame {frame}.", death.message),
        "The task is tried again if that may help. If it keeps failing, open the file in Blender and render this frame.",
    )
}

/// Another attempt with as much memory would end the same way.
fn out_of_memory(death: &Death, doing: &str, memory: Memory) -> Failure {
    let message = format!("Blender needed more memory than there is ({memory}) while it {doing}.");
    Failure::new(TaskExit::OutOfMemory, message, LIGHTER).because(death.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blender::patterns::{self, Sign};
    use crate::blender::protocol::Answer;

    fn reply(answer: &str, wrong: Option<Sign>) -> Reply {
        let line = format!(r#"{{{answer}, "peak_memory_mib": 1}}"#);
        Reply { answer: Answer::parse(&line).unwrap(), wrong }
    }

    fn open_with(faults: &str) -> String {
        format!(
            r#""opened": {{"scene": "S", "engine": "CYCLES", "width": 1, "height": 1, "file_format": "PNG",
               "warnings": [], "faults": {faults}}}"#
        )
    }

    #[test]
    fn all_faults_of_a_file_are_named_and_each_hint_once() {
        let faults = r#"[{"message": "A.", "hint": "Pack."}, {"message": "B.", "hint": "Pack."}]"#;
        let failure = opened(reply(&open_with(faults), None)).unwrap_err();
        assert_eq!(failure.exit, TaskExit::Scene);
        assert_eq!(failure.fault, Fault::new("A. B.", "Pack."));
        let many = [r#"{"message": "A.", "hint": "Pack."}"#; 12].join(",");
        let failure = opened(reply(&open_with(&format!("[{many}]")), None)).unwrap_err();
        assert!(failure.fault.message.ends_with("And 2 more."), "{failure}");
    }

    #[test]
    fn a_printed_sign_of_a_wrong_picture_outweighs_a_good_answer() {
        let wrong = || Some(Sign { kind: patterns::Kind::Wrong, fault: Fault::new("Wrong.", "Mend.") });
        assert!(opened(reply(&open_with("[]"), None)).is_ok());
        assert_eq!(opened(reply(&open_with("[]"), wrong())).unwrap_err().exit, TaskExit::Scene);
        let good = r#""rendered": {"seconds": 1, "width": 1, "height": 1, "extension": ".png", "views": []}"#;
        let folder = tempfile::tempdir().unwrap();
        assert!(rendered(reply(good, None), 1, folder.path()).is_ok());
        assert_eq!(rendered(reply(good, wrong()), 1, folder.path()).unwrap_err().message, "Wrong.");
    }

    #[test]
    fn only_a_crash_that_repeats_itself_is_the_files_fault() {
        let memory = Memory { mib: 8192 };
        let exit = |cause| cannot_open(Death { cause, message: String::new() }, memory).exit;
        assert_eq!(exit(Cause::Signal(11)), TaskExit::Scene);
        assert_eq!(exit(Cause::OutOfMemory), TaskExit::OutOfMemory);
        assert_eq!(exit(Cause::Ended), TaskExit::Failed);
        let death = Death { cause: Cause::OutOfMemory, message: String::new() };
        let words = died_in_frame(&death, 7, memory).fault.message;
        assert!(words.contains("(8 GB)") && words.contains("frame 7"), "{words}");
    }
}
