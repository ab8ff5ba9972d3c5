"""Scenes that read a file beside them; each file is made here, by the same Blender."""

import math
import os

import bpy
from case import SUBJECT, Skip, add, case, colored, fog, gradient, paint, since, stage, tree_of, without_subject
from geometry import nodes
from outputs import set_format
from shading import FEATURE_OFF, OSL

CACHE_OFF = [(SUBJECT + '.modifiers["Cache"]', "show_render", False)]


def cached(scene, path, object_path):
    """The subject, as a file of Alembic or USD has it."""
    bpy.ops.cachefile.open(filepath=path)
    file = bpy.data.cache_files[-1]
    file.filepath = "//" + os.path.basename(path)
    modifier = scene.objects["Subject"].modifiers.new("Cache", "MESH_SEQUENCE_CACHE")
    modifier.cache_file, modifier.object_path = file, object_path


def wave(scene):
    """A subject that moves, to be written to a file."""
    subject = scene.objects["Subject"]
    modifier = subject.modifiers.new("Wave", "WAVE")
    modifier.height, modifier.width, modifier.speed, modifier.time_offset = 0.8, 0.6, 0.2, -20
    scene.frame_start, scene.frame_end = 1, 8
    for thing in scene.objects:
        thing.select_set(thing == subject)
    return subject


@case("Alembic", frame=5, needs=["wave.abc"], without=CACHE_OFF)
def alembic(scene, folder):
    wave(scene)
    path = os.path.join(folder, "wave.abc")
    bpy.ops.wm.alembic_export(filepath=path, start=1, end=8, selected=True, evaluation_mode="RENDER")
    cached(again(), path, "/Subject/Suzanne")


@case("USD", frame=5, needs=["wave.usdc"], without=CACHE_OFF)
def usd(scene, folder):
    wave(scene)
    path = os.path.join(folder, "wave.usdc")
    bpy.ops.wm.usd_export(filepath=path, selected_objects_only=True, export_animation=True)
    cached(again(), path, "/root/Subject/Suzanne")


def again():
    """A fresh stage, once a file was made from the one before."""
    return stage(bpy.data.filepath)


@case("things of a linked library", needs=["library.blend"])
def linked_library(scene, folder):
    things = bpy.data.collections.new("Things")
    bpy.ops.mesh.primitive_torus_add(major_radius=1.4, minor_radius=0.5, rotation=(1, 0.3, 0))
    paint(bpy.context.object, (0.1, 0.7, 0.6, 1))
    things.objects.link(bpy.context.object)
    path = os.path.join(folder, "library.blend")
    bpy.data.libraries.write(path, {things}, fake_user=True)
    scene = again()
    without_subject(scene)
    with bpy.data.libraries.load(path, link=True) as (theirs, ours):
        ours.collections = ["Things"]
    bpy.data.libraries[0].filepath = "//library.blend"
    instance = add(scene, "Subject", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", ours.collections[0]


@case("OpenVDB file", needs=["cloud.vdb"])
def vdb(scene, folder):
    try:
        import openvdb
    except ImportError:
        raise Skip("its Python cannot write OpenVDB") from None

    grid = openvdb.FloatGrid()
    grid.name = "density"
    grid.transform = openvdb.createLinearTransform(voxelSize=0.1)
    access = grid.getAccessor()
    for x in range(-14, 15):
        for y in range(-10, 11):
            for z in range(-6, 13):
                density = 1 - math.sqrt(x * x + 2 * y * y + 2 * z * z) / 14 + 0.4 * math.sin(x) * math.cos(z)
                if density > 0:
                    access.setValueOn((x, y, z), density)
    openvdb.write(os.path.join(folder, "cloud.vdb"), grids=[grid])
    without_subject(scene)
    volume = bpy.data.volumes.new("Subject")
    volume.filepath = "//cloud.vdb"
    fog(scene, paint(add(scene, "Subject", volume))).inputs["Density"].default_value = 6


def written_image(folder, name, kind, **values):
    """A picture beside the scenes, written by Blender."""
    scene = bpy.context.scene
    settings = scene.render.image_settings
    before = settings.file_format
    set_format(settings, kind, values)
    path = os.path.join(folder, name)
    gradient("file").save_render(path, scene=scene)
    set_format(settings, before, {})
    return path


def with_image(scene, path):
    """The subject with that picture on it."""
    node = colored(scene, "ShaderNodeTexImage", "Color")
    node.image, node.projection = bpy.data.images.load(path), "BOX"
    node.image.filepath = "//" + os.path.basename(path)
    coordinates = node.id_data.nodes.new("ShaderNodeTexCoord")
    node.id_data.links.new(coordinates.outputs["Generated"], node.inputs["Vector"])
    return node


def add_image_files():
    """A scene for each kind of picture that can be a texture."""

    def textured(name, kind, values):
        def make(scene, folder):
            with_image(scene, written_image(folder, name, kind, **values))

        make.__name__ = "image_" + name.split(".")[-1]
        return make

    for name, kind, values in (
        ("texture.png", "PNG", {"color_depth": "16"}),
        ("texture.jpg", "JPEG", {}),
        ("texture.exr", "OPEN_EXR", {"exr_codec": "DWAA"}),
        ("texture.tif", "TIFF", {}),
        ("texture.webp", "WEBP", {}),
        ("texture.jp2", "JPEG2000", {}),
        ("texture.hdr", "HDR", {}),
        ("texture.dpx", "DPX", {}),
    ):
        case(f"image texture of a file: {name}", needs=[name], without=FEATURE_OFF)(textured(name, kind, values))


add_image_files()


@case("film as a texture", frame=4, needs=["film.mp4"], without=FEATURE_OFF)
def film(scene, folder):
    path = write_film(scene, folder)
    node = with_image(again(), path)
    node.image.source = "MOVIE"
    node.image_user.frame_duration, node.image_user.use_auto_refresh = 6, True


def write_film(scene, folder):
    """A film of six frames beside the scenes."""
    path = os.path.join(folder, "film.mp4")
    set_format(scene.render.image_settings, "FFMPEG", {})
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec, scene.render.ffmpeg.gopsize = "MPEG4", "H264", 1
    scene.frame_end, scene.render.filepath = 6, path
    scene.render.use_file_extension = False
    sun = scene.objects["Sun"].data
    for frame in (1, 6):
        sun.color = (1, frame / 6, 0.1 * frame)
        sun.keyframe_insert("color", frame=frame)
    bpy.ops.render.render(animation=True)
    return path


def strips_of(scene):
    """The list of strips, under the name that this Blender has for it."""
    editor = scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


@case("sequencer with a picture and a text", needs=["strip.png"], without=[("render", "use_sequencer", False)])
def sequencer(scene, folder):
    path = written_image(folder, "strip.png", "PNG")
    strips = strips_of(scene)
    strips.new_image("Picture", path, 1, 1).frame_final_duration = 24
    strips[0].directory = "//"
    length = {"length": 24} if bpy.app.version >= (5, 0, 0) else {"frame_end": 25}
    text = strips.new_effect("Text", "TEXT", 2, 1, **length)
    text.text, text.font_size = "strip", 20


@case("sequencer with a film", frame=3, needs=["film.mp4"], without=[("render", "use_sequencer", False)])
def sequencer_film(scene, folder):
    path = write_film(scene, folder)
    strips = strips_of(again())
    strips.new_movie("Film", path, 1, 1)
    strips[0].filepath = "//film.mp4"


@case("script node with its source in a file", needs=["stripes.osl"], without=[("cycles", "shading_system", False)])
def osl_file(scene, folder):
    path = os.path.join(folder, "stripes.osl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(OSL)
    scene.cycles.shading_system = True
    tree, shader, _ = tree_of(scene)
    node = tree.nodes.new("ShaderNodeScript")
    node.mode, node.filepath = "EXTERNAL", path
    node.update()
    tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    node.filepath = "//stripes.osl"
    # What Blender compiled to learn of the sockets; a render compiles it itself.
    if os.path.exists(path[:-4] + ".oso"):
        os.remove(path[:-4] + ".oso")


@case("geometry nodes that read a file", needs=["thing.obj"])
def import_nodes(scene, folder):
    since(4, 5, 0)
    path = os.path.join(folder, "thing.obj")
    bpy.ops.mesh.primitive_torus_add(major_radius=1.2, minor_radius=0.5, rotation=(1, 0.3, 0))
    bpy.ops.wm.obj_export(filepath=path, export_selected_objects=True, export_materials=False)
    scene = again()
    tree = nodes(scene)
    read, out = tree.nodes.new("GeometryNodeImportOBJ"), tree.nodes.new("NodeGroupOutput")
    read.inputs["Path"].default_value = "//thing.obj"
    tree.links.new(read.outputs[0], out.inputs[0])
