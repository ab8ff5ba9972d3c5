"""Makes the demo scene: a lantern of glass and gold that turns inside a water lily at night.

    python make_demo.py demo.blend                                          (a Python that has bpy)
    blender -b --factory-startup --python make_demo.py -- demo.blend        (Blender itself)

Everything is made here from numbers: no textures, no downloads, no drivers, no scripts inside the
file. 24 frames that loop; each takes a few seconds on one core. To change the picture, change the
numbers, run this, and render frame 1.
"""

import math
import os
import random
import sys

import bpy
import bmesh  # stands inside bpy, so only after it
from mathutils import Matrix, Vector

FRAMES = 24
SIZE = (640, 360)
SAMPLES = 12
PETALS = 9  # in each ring of the flower; it turns on by one petal in the 24 frames, so it loops
TURN = 2 * math.pi


# Materials ---------------------------------------------------------------------------------------


def material(name):
    """An empty material: its node tree and a function that adds nodes to it."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()

    def add(kind, **values):
        node = tree.nodes.new(kind)
        for key, value in values.items():
            if hasattr(node, key):
                setattr(node, key, value)
            else:
                node.inputs[key.replace("_", " ")].default_value = value
        return node

    def finish(surface):
        tree.links.new(surface, add("ShaderNodeOutputMaterial").inputs["Surface"])
        return made

    return tree, add, finish


def principled(name, **values):
    _, add, finish = material(name)
    return finish(add("ShaderNodeBsdfPrincipled", **values).outputs[0])


def emission(name, color, strength):
    """Glows, and is seen and mirrored; what light it sheds is left to lamps, which are quicker."""
    _, add, finish = material(name)
    made = finish(add("ShaderNodeEmission", Color=(*color, 1), Strength=strength).outputs[0])
    made.cycles.emission_sampling = "NONE"
    return made


def core_material():
    """Embers: bright seams between dark cells, brightest where one looks straight into it."""
    tree, add, finish = material("Core")
    cells = add("ShaderNodeTexVoronoi", feature="DISTANCE_TO_EDGE", Scale=9.0)
    tree.links.new(add("ShaderNodeTexCoord").outputs["Object"], cells.inputs["Vector"])
    ramp = add("ShaderNodeValToRGB")
    stops = ramp.color_ramp.elements
    stops[0].position, stops[0].color = 0.0, (1.0, 0.78, 0.30, 1)
    stops[1].position, stops[1].color = 0.22, (0.85, 0.30, 0.02, 1)
    tree.links.new(cells.outputs["Distance"], ramp.inputs[0])
    glow = add("ShaderNodeEmission", Strength=5.0)
    tree.links.new(ramp.outputs[0], glow.inputs["Color"])
    made = finish(glow.outputs[0])
    made.cycles.emission_sampling = "NONE"
    return made


def glass(name, color):
    """Glass that lets light pass straight to what is behind it: no caustics, so no noise."""
    tree, add, finish = material(name)
    path = add("ShaderNodeLightPath")
    mix = add("ShaderNodeMixShader")
    tree.links.new(path.outputs["Is Shadow Ray"], mix.inputs[0])
    tree.links.new(add("ShaderNodeBsdfGlass", Color=(*color, 1), IOR=1.45, Roughness=0.0).outputs[0], mix.inputs[1])
    tree.links.new(add("ShaderNodeBsdfTransparent", Color=(*color, 1)).outputs[0], mix.inputs[2])
    return finish(mix.outputs[0])


def petal_material():
    """Waxy on the outside, and light from within shines through. Deep at the root, pale at the tip."""
    tree, add, finish = material("Petal")
    along = add("ShaderNodeSeparateXYZ")
    tree.links.new(add("ShaderNodeTexCoord").outputs["UV"], along.inputs[0])
    ramp = add("ShaderNodeValToRGB")
    stops = ramp.color_ramp.elements
    stops[0].position, stops[0].color = 0.05, (1.0, 0.50, 0.16, 1)
    stops[1].position, stops[1].color = 1.0, (1.0, 0.72, 0.72, 1)
    middle = stops.new(0.55)
    middle.color = (1.0, 0.22, 0.34, 1)
    tree.links.new(along.outputs["X"], ramp.inputs[0])

    # Fine veins along the petal.
    veins = add("ShaderNodeTexWave", bands_direction="Y", Scale=9.0, Distortion=1.5, Detail=1.0)
    tree.links.new(add("ShaderNodeTexCoord").outputs["UV"], veins.inputs["Vector"])
    bump = add("ShaderNodeBump", Strength=0.12, Distance=0.02)
    tree.links.new(veins.outputs["Fac"], bump.inputs["Height"])

    # Three plain shaders, where one with everything would take three times as long.
    body = add("ShaderNodeBsdfDiffuse")
    through = add("ShaderNodeBsdfTranslucent")
    wax = add("ShaderNodeBsdfGlossy", Roughness=0.35)
    thin = add("ShaderNodeMixShader", Fac=0.7)
    mix = add("ShaderNodeMixShader")
    rim = add("ShaderNodeFresnel", IOR=1.35)
    for shader in (body, through, wax):
        tree.links.new(bump.outputs[0], shader.inputs["Normal"])
    for shader in (body, through):
        tree.links.new(ramp.outputs[0], shader.inputs["Color"])
    tree.links.new(body.outputs[0], thin.inputs[1])
    tree.links.new(through.outputs[0], thin.inputs[2])
    tree.links.new(rim.outputs[0], mix.inputs[0])
    tree.links.new(thin.outputs[0], mix.inputs[1])
    tree.links.new(wax.outputs[0], mix.inputs[2])
    return finish(mix.outputs[0])


def water_material():
    """Dark water. Rings of small waves run outward from the flower, by one wave in each loop."""
    tree, add, finish = material("Water")
    where = add("ShaderNodeTexCoord")
    rings = add(
        "ShaderNodeTexWave",
        wave_type="RINGS",
        rings_direction="Z",
        Scale=0.9,
        Distortion=1.2,
        Detail=1.0,
        Detail_Scale=0.6,
    )
    phase = rings.inputs["Phase Offset"]
    for frame, value in ((1, 0.0), (1 + FRAMES, -TURN)):
        phase.default_value = value
        phase.keyframe_insert("default_value", frame=frame)
    straighten(tree)
    fine = add("ShaderNodeTexNoise", Scale=2.2, Detail=2.0)
    height = add("ShaderNodeMath", operation="MULTIPLY_ADD")
    height.inputs[1].default_value = 0.35
    bump = add("ShaderNodeBump", Strength=0.35, Distance=0.09)
    # A mirror that weakens when looked into from above; what is below is too dark to see.
    surface = add("ShaderNodeBsdfGlossy", Roughness=0.0)
    facing = add("ShaderNodeFresnel", IOR=1.45)
    for texture in (rings, fine):
        tree.links.new(where.outputs["Object"], texture.inputs["Vector"])
    tree.links.new(fine.outputs["Fac"], height.inputs[0])
    tree.links.new(rings.outputs["Fac"], height.inputs[2])
    tree.links.new(height.outputs[0], bump.inputs["Height"])
    for node in (surface, facing):
        tree.links.new(bump.outputs[0], node.inputs["Normal"])
    tree.links.new(facing.outputs[0], surface.inputs["Color"])
    return finish(surface.outputs[0])


# Shapes and motion -------------------------------------------------------------------------------


def straighten(block):
    """Makes the motion of `block` even, with no easing at the ends of the loop."""
    action = block.animation_data.action
    if hasattr(action, "layers"):
        bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
    else:
        bags = [action]
    for curve in (curve for bag in bags for curve in bag.fcurves):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"


def shape(name, vertices, faces, look, uv=None):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    if not uv:  # Close the seams of balls and rings, which would show in a mirror.
        closed = bmesh.new()
        closed.from_mesh(mesh)
        bmesh.ops.remove_doubles(closed, verts=closed.verts, dist=1e-5)
        closed.to_mesh(mesh)
        closed.free()
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    if uv:
        layer = mesh.uv_layers.new(name="UVMap")
        for loop in mesh.loops:
            layer.data[loop.index].uv = uv[loop.vertex_index]
    mesh.materials.append(look)
    return mesh


def grid(rows, columns, at):
    """Vertices `at(u, v)` with u and v from 0 to 1, the faces between them, and (u, v) of each."""
    places = [(r / (rows - 1), c / (columns - 1)) for r in range(rows) for c in range(columns)]
    faces = [
        (r * columns + c, r * columns + c + 1, (r + 1) * columns + c + 1, (r + 1) * columns + c)
        for r in range(rows - 1)
        for c in range(columns - 1)
    ]
    return [at(u, v) for u, v in places], faces, places


def ball(name, radius, look, segments=32, rings=16):
    def at(u, v):
        return (
            radius * math.sin(math.pi * v) * math.cos(TURN * u),
            radius * math.sin(math.pi * v) * math.sin(TURN * u),
            radius * math.cos(math.pi * v),
        )

    vertices, faces, _ = grid(segments + 1, rings + 1, at)
    return shape(name, vertices, faces, look)


def hoop(name, radius, width, thickness, look):
    """A flat ring with rounded edges, upright on the X axis."""

    def at(u, v):
        out = radius + thickness * math.cos(TURN * v)
        return (out * math.cos(TURN * u), width * math.sin(TURN * v), out * math.sin(TURN * u))

    vertices, faces, _ = grid(97, 11, at)
    return shape(name, vertices, faces, look)


def petal(length, breadth, look):
    """A petal that grows along X: narrow root, round middle, pointed and curled tip, cupped."""

    def at(u, v):
        side = 2 * v - 1
        wide = breadth * (math.sin(math.pi * u**0.75) ** 0.8 + 0.10 * (1 - u))
        cup = 0.55 * breadth * (side**2) * math.sin(math.pi * min(1, u * 1.05))
        rise = length * (0.10 * u + 0.42 * u**2.2)
        curl = -0.10 * length * max(0, u - 0.8) ** 2 * 10
        return (length * (u - 0.12 * u**3), side * wide, rise + cup + curl)

    vertices, faces, uv = grid(20, 11, at)
    return shape("Petal", vertices, faces, look, uv)


def place(name, data, location=(0, 0, 0), parent=None, blurred=False):
    """Only what moves fast is blurred by its motion: blur doubles the time that a ray takes."""
    made = bpy.data.objects.new(name, data)
    made.location = location
    made.parent = parent
    made.cycles.use_motion_blur = blurred
    bpy.context.scene.collection.objects.link(made)
    return made


def turn(thing, axis, angle):
    """Turns `thing` evenly by `angle` about its own `axis` over the loop."""
    thing.rotation_mode = "XYZ"
    start = thing.rotation_euler[axis]
    for frame, value in ((1, start), (1 + FRAMES, start + angle)):
        thing.rotation_euler[axis] = value
        thing.keyframe_insert("rotation_euler", index=axis, frame=frame)
    straighten(thing)


def sway(thing, path, index, amount, phase=0.0):
    """One soft swing over the loop, of `amount` to both sides."""
    rest = getattr(thing, path)[index]
    for frame in range(1, FRAMES + 2, 3):
        getattr(thing, path)[index] = rest + amount * math.sin(TURN * ((frame - 1) / FRAMES + phase))
        thing.keyframe_insert(path, index=index, frame=frame)


# The scene ---------------------------------------------------------------------------------------


def flower():
    look = petal_material()
    heart = place("Flower", None, (0, 0, 0.05))
    turn(heart, 2, TURN / PETALS)
    rings = [(1.75, 0.42, 0.0), (1.40, 0.37, 0.30), (1.0, 0.30, 0.62)]  # length, breadth, lift
    for ring, (length, breadth, lift) in enumerate(rings):
        mesh = petal(length, breadth, look)
        for index in range(PETALS):
            leaf = place(f"Petal.{ring}.{index}", mesh, parent=heart)
            direction = TURN * (index + 0.5 * (ring % 2)) / PETALS
            leaf.rotation_euler = (0, -lift, direction)
            leaf.location = Vector((0.16, 0, 0)) @ Matrix.Rotation(-direction, 3, "Z")
            # The flower breathes. All petals of a ring together, or the loop would not close.
            sway(leaf, "rotation_euler", 1, 0.035, 0.15 * ring)
            smooth = leaf.modifiers.new("Smooth", "SUBSURF")
            smooth.levels = smooth.render_levels = 1


def lantern():
    gold = principled("Gold", Base_Color=(1.0, 0.62, 0.22, 1), Metallic=1.0, Roughness=0.16)
    middle = place("Lantern", None, (0, 0, 1.22))
    sway(middle, "location", 2, 0.05)
    place("Core", ball("Core", 0.19, core_material()), parent=middle)
    place("Glass", ball("Glass", 0.40, glass("Glass", (1.0, 0.93, 0.86)), 48, 24), parent=middle)
    band = hoop("Ring", 0.54, 0.05, 0.016, gold)
    for number, (size, tilt) in enumerate([(1.0, 0.35), (1.26, 1.25), (1.52, 2.2)]):
        ring = place(f"Ring.{number}", band, parent=middle, blurred=True)
        ring.scale = (size, size, size)
        ring.rotation_euler = (tilt, 0.6 * number, 0.5 + tilt)
        # Half a turn brings a plain ring back onto itself.
        turn(ring, 2, math.pi * (1 if number % 2 else -1))

    lamp = bpy.data.lights.new("Lantern light", "POINT")
    lamp.energy, lamp.color, lamp.shadow_soft_size = 850, (1.0, 0.50, 0.22), 0.17
    light = place("Lantern light", lamp, parent=middle)
    light.visible_camera = light.visible_glossy = light.visible_transmission = False


def pond():
    _, faces, _ = grid(2, 2, lambda u, v: (0, 0, 0))
    corners = [(-60, -60, 0), (-60, 60, 0), (60, -60, 0), (60, 60, 0)]
    place("Water", shape("Water", corners, faces, water_material()))

    pad = principled("Lily pad", Base_Color=(0.02, 0.10, 0.045, 1), Roughness=0.32, Coat_Weight=0.4)

    def at(u, v):
        angle = 0.18 + (TURN - 0.36) * u
        rim = 0.05 * v**6
        return (v * math.cos(angle), v * math.sin(angle), rim + 0.012 * math.cos(9 * angle) * v)

    vertices, faces, _ = grid(49, 9, at)
    disc = shape("Lily pad", vertices, faces, pad)
    chance = random.Random(4)
    pads = [(-2.6, 0.5, 0.75), (-3.5, -0.9, 0.5), (2.9, 0.9, 0.9), (3.3, -0.7, 0.45), (1.3, 3.1, 0.8),
            (-1.7, 3.4, 0.6), (-4.8, 2.4, 0.9), (5.2, 2.9, 1.0), (0.2, 5.8, 0.9), (2.1, -1.9, 0.35)]
    for number, (x, y, size) in enumerate(pads):
        leaf = place(f"Lily pad.{number}", disc, (x, y, 0.012))
        leaf.rotation_euler = (0, 0, chance.uniform(0, TURN))
        leaf.scale = (size, size, size)
        sway(leaf, "location", 2, 0.015, chance.random())
        sway(leaf, "rotation_euler", 0, 0.02, chance.random())


def fireflies():
    """Lights on a tilted circle, each of which moves on to the place of the next."""
    count = 11
    spark = ball("Firefly", 0.034, emission("Firefly", (1.0, 0.60, 0.14), 14), 12, 8)
    wheel = place("Fireflies", None, (0, 0, 1.15))
    turn(wheel, 2, TURN / count)
    for number in range(count):
        angle = TURN * number / count
        height = 0.32 * math.sin(3 * angle)
        spot = (2.15 * math.cos(angle), 2.15 * math.sin(angle), height)
        place(f"Firefly.{number}", spark, spot, wheel, blurred=True)



def far_lights():
    """Lanterns adrift on the water behind, out of focus."""
    chance = random.Random(11)
    colors = [(1.0, 0.40, 0.08), (1.0, 0.58, 0.20), (0.20, 0.70, 1.0), (1.0, 0.25, 0.32)]
    globes = [
        ball(f"Far light.{number}", 0.17, emission(f"Far light.{number}", color, 6), 12, 8)
        for number, color in enumerate(colors)
    ]
    for number in range(34):
        away = chance.uniform(5, 24)
        spot = (chance.uniform(-0.42, 0.42) * (away + 7.6) * 1.4, away, 0.25 + 0.035 * away * chance.random() ** 2)
        far = place(f"Far light.{number}", chance.choices(globes, (5, 4, 2, 1))[0], spot)
        sway(far, "location", 2, 0.03, chance.random())


def lights():
    def area(name, place_at, aim, size, energy, color, mirrored=True):
        data = bpy.data.lights.new(name, "AREA")
        data.shape, data.size, data.energy, data.color = "DISK", size, energy, color
        lamp = place(name, data, place_at)
        lamp.visible_glossy = mirrored
        lamp.rotation_euler = (Vector(aim) - Vector(place_at)).to_track_quat("-Z", "Y").to_euler()

    area("Moon", (-5.5, 5.5, 5.0), (0, 0, 0.6), 3.0, 700, (0.30, 0.58, 1.0), mirrored=False)
    area("Dusk", (6.0, 3.0, 2.2), (0, 0, 0.8), 2.5, 260, (0.95, 0.25, 0.70))
    area("Fill", (0.5, -6.5, 4.5), (0, 0, 0.5), 4.0, 24, (1.0, 0.60, 0.70), mirrored=False)

    world = bpy.data.worlds.new("Night")
    world.use_nodes = True
    tree = world.node_tree
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    stops = ramp.color_ramp.elements
    stops[0].position, stops[0].color = 0.49, (0.020, 0.055, 0.085, 1)
    stops[1].position, stops[1].color = 0.72, (0.001, 0.003, 0.012, 1)
    up = tree.nodes.new("ShaderNodeSeparateXYZ")
    half = tree.nodes.new("ShaderNodeMath")
    half.operation = "MULTIPLY_ADD"
    half.inputs[1].default_value = half.inputs[2].default_value = 0.5
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"], up.inputs[0])
    tree.links.new(up.outputs["Z"], half.inputs[0])
    tree.links.new(half.outputs[0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], tree.nodes["Background"].inputs["Color"])
    world.cycles.sampling_method = "NONE"
    bpy.context.scene.world = world


def camera():
    data = bpy.data.cameras.new("Camera")
    data.lens = 60
    data.dof.use_dof = True
    data.dof.aperture_fstop = 0.35
    target = place("Look at", None, (0, 0, 0.95))
    data.dof.focus_object = place("Focus", None, (0, -0.45, 1.1))
    eye = place("Camera", data, (0, -7.6, 2.8))
    track = eye.constraints.new("TRACK_TO")
    track.target = target
    sway(eye, "location", 0, 0.28)
    sway(eye, "location", 2, 0.10, 0.25)
    bpy.context.scene.camera = eye


def bloom():
    """Lets bright light spill over its edge, as it does in a lens and in an eye."""
    scene = bpy.context.scene
    if hasattr(scene, "compositing_node_group"):  # Blender 5
        tree = scene.compositing_node_group = bpy.data.node_groups.new("Bloom", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        result = tree.nodes.new("NodeGroupOutput")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        result = tree.nodes.new("CompositorNodeComposite")
    glare = tree.nodes.new("CompositorNodeGlare")
    if "Strength" in glare.inputs:  # Blender 4.4 and later
        if hasattr(glare, "glare_type"):
            glare.glare_type = "BLOOM"
        else:
            glare.inputs["Type"].default_value = "Bloom"
        glare.inputs["Threshold"].default_value = 1.0
        glare.inputs["Strength"].default_value = 0.14
        glare.inputs["Size"].default_value = 0.4
    else:
        glare.glare_type, glare.threshold, glare.mix, glare.size = "BLOOM", 1.0, -0.3, 7
    layers = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(layers.outputs["Image"], glare.inputs["Image"])
    tree.links.new(glare.outputs["Image"], result.inputs[0])


def settings():
    scene = bpy.context.scene
    scene.name = "Water lily"
    scene.frame_start, scene.frame_end = 1, FRAMES
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = SIZE
    render.resolution_percentage = 100
    render.fps = 12
    render.image_settings.file_format = "PNG"
    render.use_motion_blur = True
    render.motion_blur_shutter = 0.4
    render.use_persistent_data = True
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = SAMPLES
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_prefilter = "FAST"
    cycles.max_bounces = 6
    cycles.diffuse_bounces = 1
    cycles.glossy_bounces = 2
    cycles.transmission_bounces = 6
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 6.0
    cycles.use_light_tree = False
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - High Contrast"


def main():
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    if len(arguments) != 1:
        sys.exit("usage: make_demo.py OUTPUT.blend")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    flower()
    lantern()
    pond()
    fireflies()
    far_lights()
    lights()
    camera()
    bloom()
    settings()
    # The rooms of the user interface would be most of the file.
    bpy.data.batch_remove([room for room in bpy.data.workspaces if room != bpy.context.workspace])
    bpy.data.orphans_purge(do_recursive=True)
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath(arguments[0]), compress=True)


if __name__ == "__main__":
    main()
