//! What is computed from frame to frame. Where it is not baked, a task that begins in the middle of a shot
//! has to compute all that came before.

use blend_file::{Facts, Simulation, SimulationKind};

use crate::Verdict;

pub(crate) fn judge(facts: &Facts, verdict: &mut Verdict) {
    let unbaked: Vec<&Simulation> = facts.simulations.iter().filter(|simulation| !simulation.baked).collect();
    let Some(listed) = listed(&unbaked) else { return };
    verdict.warnings.push(format!(
        "{listed} not baked: each task computes it from the scene's first frame on before it renders its own. Bake it in \
         Blender, save, and upload again, to save that time and to be sure of what is rendered."
    ));
}

/// The first of them, how many more there are, and a verb.
fn listed(simulations: &[&Simulation]) -> Option<String> {
    let (first, rest) = simulations.split_first()?;
    let what = match first.kind {
        SimulationKind::Cloth => "The cloth",
        SimulationKind::SoftBody => "The soft body",
        SimulationKind::Fluid => "The fluid",
        SimulationKind::DynamicPaint => "The dynamic paint",
        SimulationKind::RigidBody => "The rigid body world",
        SimulationKind::ParticleSystem => "The particle system",
        SimulationKind::SimulationNodes => "The simulation in geometry nodes",
    };
    let one = format!("{what} of `{}`", first.object);
    Some(if rest.is_empty() { format!("{one} is") } else { format!("{one} and {} more are", rest.len()) })
}
