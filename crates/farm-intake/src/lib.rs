//! The verdict on a scene, before anything is spent on it: can the farm render it, as it is and as it is
//! asked for, and with which Blender?
//!
//! trigger-lambda asks before it submits, and the artist's client before it uploads; both say the same,
//! since it is said here. What Blender itself will find is the last word: the tasks look at the opened
//! file once more.
//!
//! Pure: what is known of the file goes in, faults and warnings come out. It never stops at the first
//! fault, and never refuses what it could not look at.
//!
//! Start reading at [`judge`].

mod blenders;
mod files;
mod known;
mod main_file;
mod order;
mod place;
mod scene;
mod simulations;

use blend_file::Version;
use farm_contract::Fault;
use farm_contract::frames::FrameSpec;
use farm_contract::order::Order;
use farm_contract::tags::Request;

pub use blenders::choose;
pub use known::Known;
pub use main_file::main_file;
pub use place::{Place, Project, base_of, paths_of};

/// What is asked of the farm.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What the upload asks for.
    pub request: &'a Request,
    /// What is known of the file that is rendered.
    pub known: &'a Known,
    /// The files that come with it.
    pub project: &'a Project,
    /// The farm's Blenders; empty where nobody knows them.
    pub blenders: &'a [Version],
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The Blender that renders. None where there is none for it, or nobody knows.
    pub blender: Option<Version>,
    /// Name of the scene that is rendered.
    pub scene: String,
    /// The frames. None where they cannot be told.
    pub frames: Option<FrameSpec>,
    /// In which order they are begun.
    pub order: Order,
    /// Frames that the scene has in a second. None where only the beginning of the file is known.
    pub frames_per_second: Option<f64>,
    /// What is in the way. Nothing is rendered unless this is empty.
    pub errors: Vec<Fault>,
    /// What the artist should know though it is rendered.
    pub warnings: Vec<String>,
}

/// Judges a file as it is asked for.
pub fn judge(question: &Question<'_>) -> Verdict {
    let Question { request, known, blenders, .. } = *question;
    let mut verdict = Verdict { warnings: request.warnings.clone(), ..Verdict::default() };
    verdict.order = request.order.unwrap_or_default();
    if !blenders.is_empty() {
        match choose(known.version(), request.blender.as_deref(), blenders) {
            Ok(version) => verdict.blender = Some(version),
            Err(fault) => verdict.errors.push(fault),
        }
    }
    match known {
        Known::Head(head, why) => scene::judge_head(request, head, why, &mut verdict),
        Known::Facts(facts) => {
            let Some(scene) = scene::chosen(request, facts, &mut verdict) else { return verdict };
            scene::judge(request, facts, scene, &mut verdict);
            files::judge(question, facts, scene, &mut verdict);
            simulations::judge(facts, &mut verdict);
            order::judge(request, facts, &mut verdict);
        }
    }
    verdict
}
