"""What a scene of the corpus is made with: a list of them, a stage to begin with, and small tools.

A function with `@case(...)` gets a stage and puts one feature on it. Everything random is seeded, so
that a corpus of one Blender is the same picture whenever it is made.
"""

import math
import os
import sys
from dataclasses import dataclass, field
from typing import Callable

import bpy

CASES = []
SUBJECT = 'objects["Subject"]'
MATERIAL = SUBJECT + ".active_material"


class Skip(Exception):
    """This Blender lacks what the scene would show."""


@dataclass
class Case:
    """One scene, before it is made."""

    name: str
    feature: str
    make: Callable
    frame: int
    needs: list = field(default_factory=list)
    without: list = field(default_factory=list)


def case(feature, frame=1, needs=(), without=()):
    """Puts a function that makes a scene on the list, under its own name.

    `needs` are the files beside the scene that it reads. `without` takes the feature off again
    (owner, attribute, value): the picture must be another one then, or the scene shows nothing of it.
    """

    def register(make):
        name = make.__name__.replace("_", "-")
        CASES.append(Case(name, feature, make, frame, list(needs), [list(step) for step in without]))
        return make

    return register


def since(*version):
    """Skips the scene in a Blender that is older."""
    if bpy.app.version < version:
        raise Skip("from Blender " + ".".join(map(str, version)) + " on")


def bring_own_modules():
    """Blender's own bindings are not on the path of a Python that imports `bpy`."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = os.path.join(bpy.utils.resource_path("LOCAL"), "python", "lib", python, "site-packages")
    if own not in sys.path:
        sys.path.append(own)


def stage(path):
    """A fresh file with a floor, a monkey, a sun and a camera, that renders in a blink."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = 96, 54, 100
    render.threads_mode, render.threads = "FIXED", 2
    plain_metadata(render)
    cycles = scene.cycles
    cycles.samples, cycles.seed = 4, 7
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.device = "CPU"
    scene.frame_start, scene.frame_end = 1, 24
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.25, 0.35, 0.5, 1)
    add(scene, "Camera", bpy.data.cameras.new("Camera"), (0, -5, 1.6), (math.radians(78), 0, 0))
    scene.camera = scene.objects["Camera"]
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy = 3
    add(scene, "Sun", sun, (0, 0, 5), (0.6, 0.3, 0))
    bpy.ops.mesh.primitive_plane_add(size=12, location=(0, 0, -0.7))
    bpy.context.object.name = "Floor"
    paint(bpy.context.object, (0.5, 0.5, 0.45, 1))
    bpy.ops.mesh.primitive_monkey_add(size=2, location=(0, 0, 0.3))
    bpy.context.object.name = "Subject"
    paint(bpy.context.object, (0.7, 0.25, 0.1, 1))
    # Paths that begin with // mean something from now on.
    save(path)
    return scene


def plain_metadata(render):
    """Keeps dates and times out of the files, so that the same picture is the same bytes."""
    for prop in render.bl_rna.properties:
        if prop.identifier.startswith("use_stamp") and prop.type == "BOOLEAN":
            setattr(render, prop.identifier, False)


def add(scene, name, data, location=(0, 0, 0), rotation=(0, 0, 0)):
    """Puts an object with that data into the scene."""
    thing = bpy.data.objects.new(name, data)
    thing.location, thing.rotation_euler = location, rotation
    scene.collection.objects.link(thing)
    return thing


def paint(thing, color=(0.8, 0.8, 0.8, 1)):
    """Gives an object a material of its own, and returns the material's nodes."""
    material = bpy.data.materials.new(thing.name)
    material.use_nodes = True
    thing.data.materials.clear()
    thing.data.materials.append(material)
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = color
    return material.node_tree


def tree_of(scene, name="Subject"):
    """The nodes of an object's material, its shader and its output."""
    tree = scene.objects[name].active_material.node_tree
    return tree, tree.nodes["Principled BSDF"], tree.nodes["Material Output"]


def colored(scene, kind, output, name="Subject"):
    """A node of that kind, whose output is the object's color."""
    tree, shader, _ = tree_of(scene, name)
    node = tree.nodes.new(kind)
    node.name = "Feature"
    tree.links.new(node.outputs[output], shader.inputs["Base Color"])
    return node


def fog(scene, tree):
    """Makes a material one of a volume, traced by steps: 5.0's own way takes ten seconds for any."""
    shader = tree.nodes.new("ShaderNodeVolumePrincipled")
    tree.links.new(shader.outputs[0], tree.nodes["Material Output"].inputs["Volume"])
    tree.nodes.remove(tree.nodes["Principled BSDF"])
    if hasattr(scene.cycles, "volume_biased"):
        scene.cycles.volume_biased = True
    return shader


def without_subject(scene):
    """Takes the monkey away, where another thing is shown."""
    bpy.data.objects.remove(scene.objects["Subject"])


def tune(node, **values):
    """Sets what is an input in one Blender and a property in another."""
    for name, value in values.items():
        socket = node.inputs.get(name.replace("_", " ").title())
        if socket is not None:
            socket.default_value = value
        else:
            setattr(node, name, value)


def choose(thing, attribute, *values):
    """The first of the values that this Blender knows."""
    known = thing.bl_rna.properties[attribute].enum_items.keys()
    setattr(thing, attribute, next(value for value in values if value in known))


def gradient(name, size=32):
    """A small picture, each of whose pixels is another color."""
    image = bpy.data.images.new(name, size, size)
    image.pixels = [
        value
        for y in range(size)
        for x in range(size)
        for value in (x / size, y / size, (x ^ y) / size, 1)
    ]
    return image


def save(path):
    """Writes the file, without a copy of an older one."""
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=True, relative_remap=False)
