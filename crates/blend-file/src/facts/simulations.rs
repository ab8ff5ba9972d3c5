//! What is computed from frame to frame, and whether it is baked.

use std::collections::{HashMap, HashSet};

use super::nodes;
use super::types::{Simulation, SimulationKind};
use crate::blend::Blend;
use crate::record::Record;

/// What is computed for a render: what is hidden in renders or turned off is left out.
pub(super) fn simulations(blend: &Blend<'_>) -> Vec<Simulation> {
    const WORLD_OFF: i32 = 1 << 0;
    let mut found = Vec::new();
    // Hair that moves has cloth of its own, which is no modifier of the object.
    let of_hair: HashSet<usize> =
        blend.all("ParticleSystem").filter_map(|system| Some(system.follow("clmd")?.entry())).collect();
    for cloth in
        blend.all("ClothModifierData").filter(|cloth| renders(cloth) && !of_hair.contains(&cloth.entry()))
    {
        found.push(modifier(&cloth, SimulationKind::Cloth, is_baked(cloth.follow("point_cache"))));
    }
    for soft in blend.all("SoftbodyModifierData").filter(renders) {
        let body = soft.owner().and_then(|object| object.follow("soft"));
        found.push(modifier(&soft, SimulationKind::SoftBody, is_baked(shared_cache(body))));
    }
    fluids(blend, &mut found);
    dynamic_paint(blend, &mut found);
    for world in blend.all("RigidBodyWorld").filter(|world| !world.flag("flag", WORLD_OFF)) {
        blend.charge_for::<Simulation>();
        found.push(Simulation {
            object: world.owner().map(|scene| scene.name()).unwrap_or_default(),
            kind: SimulationKind::RigidBody,
            name: String::new(),
            baked: is_baked(shared_cache(Some(world))),
        });
    }
    particles(blend, &mut found);
    geometry_nodes(blend, &mut found);
    found
}

fn modifier(modifier: &Record<'_, '_>, kind: SimulationKind, baked: bool) -> Simulation {
    modifier.blend().charge_for::<Simulation>();
    Simulation {
        object: modifier.owner().map(|object| object.name()).unwrap_or_default(),
        kind,
        name: modifier.text("modifier.name").unwrap_or_default(),
        baked,
    }
}

/// Whether a modifier is there in renders.
fn renders(modifier: &Record<'_, '_>) -> bool {
    const RENDER: i32 = 1 << 1;
    modifier.flag("modifier.mode", RENDER)
}

fn is_baked(cache: Option<Record<'_, '_>>) -> bool {
    const BAKED: i32 = 1 << 0;
    cache.is_some_and(|cache| cache.flag("flag", BAKED))
}

/// A cache that evaluated copies share, where it stands since 2.80; before, it was the owner's own.
fn shared_cache<'f, 's>(owner: Option<Record<'f, 's>>) -> Option<Record<'f, 's>> {
    let owner = owner?;
    owner
        .follow("shared")
        .and_then(|shared| shared.follow("pointcache"))
        .or_else(|| owner.follow("pointcache"))
}

fn fluids(blend: &Blend<'_>, found: &mut Vec<Simulation>) {
    const DOMAIN: i32 = 1 << 0;
    const BAKED_DATA: i32 = 1 << 1;
    let domains = blend.all("FluidModifierData").filter(|fluid| fluid.flag("type", DOMAIN));
    for fluid in domains.filter(renders) {
        let domain = fluid.follow("domain");
        let baked = domain.is_some_and(|domain| domain.flag("cache_flag", BAKED_DATA));
        found.push(modifier(&fluid, SimulationKind::Fluid, baked));
    }
}

fn dynamic_paint(blend: &Blend<'_>, found: &mut Vec<Simulation>) {
    for paint in blend.all("DynamicPaintModifierData").filter(renders) {
        let Some(canvas) = paint.follow("canvas") else { continue };
        let surfaces = canvas.list("surfaces");
        let baked =
            !surfaces.is_empty() && surfaces.iter().all(|surface| is_baked(surface.follow("pointcache")));
        found.push(modifier(&paint, SimulationKind::DynamicPaint, baked));
    }
}

fn particles(blend: &Blend<'_>, found: &mut Vec<Simulation>) {
    const EMITTER: i32 = 0;
    const HAIR: i32 = 2;
    const HAIR_DYNAMICS: i32 = 1 << 2;
    let hidden = blend.all("ParticleSystemModifierData").filter(|modifier| !renders(modifier));
    let hidden: HashSet<usize> =
        hidden.filter_map(|modifier| Some(modifier.follow("psys")?.entry())).collect();
    for system in blend.all("ParticleSystem").filter(|system| !hidden.contains(&system.entry())) {
        let kind = system.follow("part").and_then(|settings| settings.int("type"));
        let moves = kind == Some(EMITTER) || kind == Some(HAIR) && system.flag("flag", HAIR_DYNAMICS);
        if moves {
            blend.charge_for::<Simulation>();
            found.push(Simulation {
                object: system.owner().map(|object| object.name()).unwrap_or_default(),
                kind: SimulationKind::ParticleSystem,
                name: system.text("name").unwrap_or_default(),
                baked: is_baked(system.follow("pointcache")),
            });
        }
    }
}

/// Each simulation zone of a modifier, and each bake node, is one entry of its bakes, from 4.1 on.
fn geometry_nodes(blend: &Blend<'_>, found: &mut Vec<Simulation>) {
    let mut trees: HashMap<usize, bool> = HashMap::new();
    for modifier in blend.all("NodesModifierData").filter(renders) {
        if modifier.int("bakes_num") == Some(0) {
            continue;
        }
        let Some(tree) = modifier.follow("node_group") else { continue };
        let simulates = *trees.entry(tree.entry()).or_insert_with(|| {
            let simulates = nodes::find(&tree, "GeometryNodeSimulationOutput");
            // What cannot be looked into has the bakes to speak for it.
            simulates.unwrap_or(modifier.has("bakes_num"))
        });
        if simulates {
            let bakes = modifier.follow("bakes").map(|bakes| bakes.array()).unwrap_or_default();
            let baked = !bakes.is_empty() && bakes.iter().all(|bake| bake.address("packed").is_some());
            found.push(self::modifier(&modifier, SimulationKind::SimulationNodes, baked));
        }
    }
}
