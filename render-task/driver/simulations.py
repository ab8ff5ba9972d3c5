"""What is computed from frame to frame, such as cloth.

A task may begin in the middle of a shot, and each frame is rendered by itself: so what came before is
computed first, frame by frame, as Blender does it when it plays the shot. What is baked costs nothing
more than that.

Start reading at `go_to`.
"""

# Modifiers whose shape depends on the frames before.
KINDS = {"CLOTH", "SOFT_BODY", "FLUID", "DYNAMIC_PAINT", "PARTICLE_SYSTEM"}
# The scene and the frame that it stands at.
AT = {"scene": None, "frame": None}


def go_to(scene, frame):
    """Sets a scene to a frame; where something is computed from frame to frame, by way of all before it."""
    if simulates(scene):
        start = scene.frame_start
        if AT["scene"] == scene.name and AT["frame"] is not None and AT["frame"] < frame:
            start = AT["frame"] + 1
        for before in range(start, frame):
            scene.frame_set(before)
    scene.frame_set(frame)
    AT.update(scene=scene.name, frame=frame)


def simulates(scene):
    """Whether anything of the scene depends on the frames before."""
    world = scene.rigidbody_world
    if world is not None and world.enabled and not world.point_cache.is_baked:
        return True
    return any(
        depends(modifier) for holder in scene.objects for modifier in holder.modifiers if modifier.show_render
    )


def depends(modifier):
    """Whether the shape that a modifier makes depends on the frames before."""
    if modifier.type == "NODES":
        return has_zone(modifier.node_group, set())
    cache = getattr(modifier, "point_cache", None)
    if modifier.type == "PARTICLE_SYSTEM":
        cache = modifier.particle_system.point_cache
    return modifier.type in KINDS and not (cache is not None and cache.is_baked)


def has_zone(tree, seen):
    """Whether there is a simulation in a node tree or in the groups in it."""
    if tree is None or tree.name_full in seen:
        return False
    seen.add(tree.name_full)
    return any(
        node.bl_idname == "GeometryNodeSimulationOutput" or has_zone(getattr(node, "node_tree", None), seen)
        for node in tree.nodes
    )
