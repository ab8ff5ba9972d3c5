//! A Python 3.11, which the `bpy` wheel is built for, or `uv`, which can fetch one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::output::Advice;

/// What makes the virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interpreter {
    /// A Python 3.11 that has `venv` and `pip`.
    Python(PathBuf),
    /// `uv` on PATH.
    Uv,
}

/// The first of `python3.11`, `python3`, `python` that is Python 3.11, else `uv`.
pub fn interpreter() -> Result<Interpreter> {
    for name in ["python3.11", "python3", "python"] {
        if answers(
            Command::new(name)
                .args(["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))"]),
        ) {
            return Ok(Interpreter::Python(name.into()));
        }
    }
    if answers(Command::new("uv").arg("--version")) {
        return Ok(Interpreter::Uv);
    }
    Err(Advice::error(
        "There is no Python 3.11 on this machine, which Blender's Python package is built for.",
        "Install Python 3.11 with its venv module, or uv, and run this again; or give a Blender of your own \
         with --blender PATH.",
    ))
}

fn answers(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
