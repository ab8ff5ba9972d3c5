"""What is computed from frame to frame, such as cloth.

A task may begin in the middle of a shot, and each frame is rendered by itself: so what came before is
computed first, frame by frame, as Blender does it when it plays the shot. Where all is baked, nothing is.

Start reading at `go_to`.
"""

import bpy

# The scene and the frame that it stands at.
AT = {"scene": None, "frame": None}


def go_to(scene, frame):
    """Sets a scene to a frame; where something is computed from frame to frame, by way of all before it."""
    firsts = [*of_scene(scene), *of_objects(scene)]
    if firsts:
        start = min(scene.frame_start, *firsts)
        if AT["scene"] == scene.name and AT["frame"] is not None and AT["frame"] < frame:
            start = AT["frame"] + 1
        for before in range(start, frame):
            scene.frame_set(before)
    scene.frame_set(frame)
    AT.update(scene=scene.name, frame=frame)


def of_scene(scene):
    """The first frame of the scene's rigid bodies, where they are not baked."""
    world = scene.rigidbody_world
    if world is not None and world.enabled:
        yield from first_of(world.point_cache)


def of_objects(scene):
    """The first frames of all that objects have computed, be they in the scene or in an instance in it."""
    for holder in bpy.data.objects:
        for modifier in holder.modifiers:
            if modifier.show_render:
                yield from of_modifier(scene, modifier)


def of_modifier(scene, modifier):
    """The first frames of what a modifier computes from frame to frame, and that is not baked."""
    if modifier.type in {"CLOTH", "SOFT_BODY"}:
        yield from first_of(modifier.point_cache)
    elif modifier.type == "PARTICLE_SYSTEM":
        system = modifier.particle_system
        # Hair that only grows is no matter of time.
        if system is not None and (system.settings.type == "EMITTER" or system.use_hair_dynamics):
            yield from first_of(system.point_cache)
    elif modifier.type == "DYNAMIC_PAINT" and modifier.canvas_settings is not None:
        for surface in modifier.canvas_settings.canvas_surfaces:
            yield from first_of(surface.point_cache)
    elif modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
        domain = modifier.domain_settings
        if not domain.has_cache_baked_data:
            yield domain.cache_frame_start
    elif modifier.type == "NODES" and has_zone(modifier.node_group, set()):
        yield scene.frame_start


def first_of(cache):
    """The first frame of a cache that is not baked."""
    if not cache.is_baked:
        yield cache.frame_start


def has_zone(tree, seen):
    """Whether there is a simulation in a node tree or in the groups in it."""
    if tree is None or tree.name_full in seen:
        return False
    seen.add(tree.name_full)
    return any(
        node.bl_idname == "GeometryNodeSimulationOutput" or has_zone(getattr(node, "node_tree", None), seen)
        for node in tree.nodes
    )
