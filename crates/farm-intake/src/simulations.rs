//! What is computed from frame to frame. A task begins in the middle of a shot: unless it is baked, what
//! came before is not there.

use blend_file::{Facts, Scene, Simulation, SimulationKind};
use farm_contract::Fault;
use farm_contract::tags::{Chunk, Request};

use crate::Verdict;

pub(crate) fn judge(request: &Request, facts: &Facts, scene: &Scene, verdict: &mut Verdict) {
    if in_one_go(request, scene, verdict) {
        return;
    }
    let unbaked: Vec<&Simulation> = facts.simulations.iter().filter(|simulation| !simulation.baked).collect();
    let (particles, others): (Vec<&Simulation>, Vec<_>) =
        unbaked.into_iter().partition(|simulation| simulation.kind == SimulationKind::ParticleSystem);
    if !particles.is_empty() {
        verdict.warnings.push(format!(
            "{} not baked: a task that begins in the middle of the shot may show other particles than Blender does \
             on your machine. To be sure, bake them (Particles > Cache > Bake), and save.",
            listed(&particles)
        ));
    }
    if others.is_empty() {
        return;
    }
    let message = format!("{} not baked, and the frames are rendered in several tasks.", listed(&others));
    if request.allowed.missing {
        verdict.warnings.push(format!("{message} It is rendered without, as the upload allows."));
        return;
    }
    let count = verdict.frames.as_ref().map_or(0, |frames| frames.frames().len());
    verdict.errors.push(Fault::new(
        message,
        format!(
            "Bake it in Blender with its cache in the file (Disk Cache off) or in the project's folder, save, and \
             upload again. Or render the shot from its first frame in one task: frames=scene and chunk={count}."
        ),
    ));
}

/// Whether one task renders all frames from the scene's first on, as Blender itself does.
fn in_one_go(request: &Request, scene: &Scene, verdict: &Verdict) -> bool {
    let Some(frames) = verdict.frames.as_ref().map(|spec| spec.frames()) else { return true };
    let from_the_first = frames.first().is_none_or(|first| *first <= scene.frame_start);
    let without_gap = frames.windows(2).all(|pair| matches!(pair, [one, next] if one + 1 == *next));
    let one_task = match request.chunk {
        Chunk::Frames(chunk) => chunk as usize >= frames.len(),
        Chunk::Auto => frames.len() < 2,
    };
    from_the_first && without_gap && one_task
}

fn listed(simulations: &[&Simulation]) -> String {
    let name = |simulation: &Simulation| {
        let what = match simulation.kind {
            SimulationKind::Cloth => "The cloth",
            SimulationKind::SoftBody => "The soft body",
            SimulationKind::Fluid => "The fluid",
            SimulationKind::DynamicPaint => "The dynamic paint",
            SimulationKind::RigidBody => "The rigid body world",
            SimulationKind::ParticleSystem => "The particle system",
            SimulationKind::SimulationNodes => "The simulation in geometry nodes",
        };
        format!("{what} of `{}`", simulation.object)
    };
    match simulations {
        [one] => format!("{} is", name(one)),
        [one, rest @ ..] => format!("{} and {} more are", name(one), rest.len()),
        [] => String::new(),
    }
}
