"""Makes the three scenes that rendering is measured on.

    ... scenes.py FOLDER

Each is a landscape with a displaced, textured ground, a wood of instanced trees whose leaves have modifiers, and
glass and metal that turn, under a sky; the camera drives past. Everything but the size, the samples and the number of
things is as Blender's factory settings have it, so frames are sampled adaptively and denoised.
"""

import math
import os
import random
import sys

import bpy

# Width, height, samples, subdivisions of the ground, trees.
SCENES = {
    "small": (320, 180, 4, 4, 40),
    "middle": (640, 360, 6, 5, 160),
    "large": (960, 540, 8, 6, 400),
}
FRAMES = 250


def main():
    folder = sys.argv[-1]
    for name, size in SCENES.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        random.seed(name)
        make(*size)
        bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, f"{name}.blend"), compress=True)


def make(width, height, samples, subdivisions, trees):
    """One scene, in the file that is open."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.cycles.samples = samples
    scene.frame_start, scene.frame_end = 1, FRAMES
    sky(scene)
    ground(subdivisions)
    tree = leaves()
    for number in range(trees):
        place(tree.data, number)
    turning("Metal", (-1.6, 2, 1.2), material("Metal", metallic=1.0, roughness=0.2))
    turning("Glass", (1.6, 1, 1.0), material("Glass", transmission=1.0, roughness=0.0))
    camera(scene)


def sky(scene):
    """A sky, and a sun that moves."""
    world = bpy.data.worlds.new("Sky")
    scene.world = world
    world.use_nodes = True
    texture = world.node_tree.nodes.new("ShaderNodeTexSky")
    background = world.node_tree.nodes["Background"]
    background.inputs["Strength"].default_value = 0.15
    world.node_tree.links.new(texture.outputs[0], background.inputs[0])
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy = 3
    scene.collection.objects.link(sun)
    for frame, angle in ((1, 0.3), (FRAMES, 0.9)):
        sun.rotation_euler = (angle, 0.4, 0)
        sun.keyframe_insert("rotation_euler", frame=frame)


def material(name, **inputs):
    """A material of Blender's principled shader."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    for key, value in inputs.items():
        label = {"transmission": "Transmission Weight"}.get(key, key.capitalize())
        shader.inputs[label].default_value = value
    return made


def textured(name, size, colours):
    """A material with a picture of spots on it, which is packed into the file."""
    picture = bpy.data.images.new(name, size, size)
    pixels = []
    for _ in range(size * size):
        red, green, blue = random.choice(colours)
        pixels += (red, green, blue, 1.0)
    picture.pixels = pixels
    picture.pack()
    made = material(name, roughness=0.8)
    node = made.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = picture
    shader = made.node_tree.nodes["Principled BSDF"]
    made.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    return made


def linked(holder):
    """Puts an object into the scene."""
    bpy.context.scene.collection.objects.link(holder)
    return holder


def ground(subdivisions):
    """Hills, and waves that run over them."""
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=8, y_subdivisions=8, size=80)
    holder = bpy.context.object
    holder.data.materials.append(textured("Ground", 512, [(0.2, 0.3, 0.1), (0.3, 0.35, 0.15), (0.25, 0.2, 0.1)]))
    subdivide = holder.modifiers.new("Subdivide", "SUBSURF")
    subdivide.subdivision_type = "SIMPLE"
    subdivide.levels = subdivide.render_levels = subdivisions
    clouds = bpy.data.textures.new("Hills", "CLOUDS")
    clouds.noise_scale = 3
    hills = holder.modifiers.new("Hills", "DISPLACE")
    hills.texture, hills.strength, hills.mid_level = clouds, 1.5, 0.7
    wave = holder.modifiers.new("Waves", "WAVE")
    wave.height, wave.width, wave.speed = 0.15, 3, 0.2


def leaves():
    """A tree: a ball that modifiers break up into leaves."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=3, radius=0.5, location=(0, 30, 1))
    holder = bpy.context.object
    green = [(0.05, 0.25, 0.05), (0.1, 0.35, 0.08), (0.2, 0.4, 0.1)]
    holder.data.materials.append(textured("Leaves", 256, green))
    noise = bpy.data.textures.new("Leaves", "VORONOI")
    noise.noise_scale = 0.1
    displace = holder.modifiers.new("Displace", "DISPLACE")
    displace.texture, displace.strength = noise, 0.4
    holder.modifiers.new("Subdivide", "SUBSURF").render_levels = 2
    return holder


def place(mesh, number):
    """A further tree, with modifiers of its own on each seventh, which cannot be instanced."""
    away = 4 + 34 * math.sqrt(random.random())
    angle = random.uniform(0, 2 * math.pi)
    holder = linked(bpy.data.objects.new(f"Tree {number}", mesh))
    holder.location = (away * math.cos(angle), away * math.sin(angle), random.uniform(0.2, 0.8))
    holder.scale = (random.uniform(0.5, 1.5),) * 3
    holder.rotation_euler[2] = angle
    if number % 7 == 0:
        holder.modifiers.new("Subdivide", "SUBSURF").render_levels = 1


def turning(name, place, look):
    """A head of Blender's monkey that turns."""
    bpy.ops.mesh.primitive_monkey_add(location=place)
    holder = bpy.context.object
    holder.name = name
    holder.data.materials.append(look)
    holder.modifiers.new("Subdivide", "SUBSURF").render_levels = 2
    for frame, angle in ((1, 0.0), (FRAMES, 4 * math.pi)):
        holder.rotation_euler[2] = angle
        holder.keyframe_insert("rotation_euler", frame=frame)


def camera(scene):
    """A camera that drives past and looks at the middle."""
    middle = linked(bpy.data.objects.new("Middle", None))
    middle.location = (0, 1, 1)
    holder = linked(bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera")))
    for frame, place in ((1, (-6, -9, 3)), (FRAMES, (6, -7, 4))):
        holder.location = place
        holder.keyframe_insert("location", frame=frame)
    track = holder.constraints.new("TRACK_TO")
    track.target = middle
    scene.camera = holder


main()
