"""Makes the tests' scenes, each as NAME.blend in a folder, with the Blender that renders them.

    python scenes.py FOLDER                           (a Python that has bpy)
    blender -b --python scenes.py -- FOLDER

All are tiny: 64 x 36 pixels, two samples, a cube that turns.
"""

import os
import shutil
import sys

import bpy

FOLDER = os.path.abspath(sys.argv[-1])
ASSETS = bpy.utils.system_resource("DATAFILES", path="assets")
# Of Blender's own assets, the file with `Smooth by Angle`; 5.0 has one for all node groups.
SMOOTH = next(
    os.path.relpath(os.path.join(at, name), ASSETS)
    for at, _, names in os.walk(ASSETS)
    for name in names
    if name in {"smooth_by_angle.blend", "geometry_nodes_essentials.blend"}
)
WINDOWS = "C:/Program Files/Blender Foundation/Blender 4.5/4.5"


def scene():
    """Blender's own start scene, made small, with a cube that turns from frame to frame."""
    bpy.ops.wm.read_factory_settings()
    made = bpy.context.scene
    made.render.engine = "CYCLES"
    made.render.resolution_x, made.render.resolution_y = 64, 36
    made.cycles.samples = 2
    made.cycles.use_adaptive_sampling = False
    made.cycles.use_denoising = False
    made.frame_start, made.frame_end = 1, 24
    cube = bpy.data.objects["Cube"]
    for frame, angle in ((1, 0.0), (24, 3.0)):
        cube.rotation_euler.z = angle
        cube.keyframe_insert("rotation_euler", frame=frame)
    return made


def save(name, compress=False):
    """Saves what is open, with all paths as they are."""
    path = os.path.join(FOLDER, f"{name}.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=compress, relative_remap=False)


def texture(image):
    """Gives the cube's material an image."""
    tree = bpy.data.materials["Material"].node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    tree.links.new(node.outputs[0], tree.nodes["Principled BSDF"].inputs[0])
    return node


def absent(source):
    """An image whose file is nowhere."""
    image = bpy.data.images.new("wood grain", 8, 8)
    image.source = source
    image.filepath = "//textures/wood grain 0001.png"
    return image


def link(file, kind, name):
    """Links one data-block."""
    with bpy.data.libraries.load(file, link=True) as (_, wanted):
        setattr(wanted, kind, [name])
    return getattr(wanted, kind)[0]


def smooth_by_angle():
    """A cube, every other edge sharp, and Blender's own node group that is told to smooth all of them.

    By itself the group leaves sharp edges as they are.
    """
    scene()
    cube = bpy.data.objects["Cube"]
    cube.data.polygons.foreach_set("use_smooth", [True] * len(cube.data.polygons))
    cube.data.edges.foreach_set("use_edge_sharp", [edge.index % 2 == 0 for edge in cube.data.edges])
    modifier = cube.modifiers.new("Smooth by Angle", "NODES")
    modifier.node_group = link(os.path.join(ASSETS, SMOOTH), "node_groups", "Smooth by Angle")
    inputs = {item.name: item.identifier for item in modifier.node_group.interface.items_tree}
    modifier[inputs["Angle"]], modifier[inputs["Ignore Sharpness"]] = 3.0, True
    return modifier


def file_output(made):
    """A compositor with a File Output node that writes one more PNG."""
    if hasattr(made, "compositing_node_group"):
        tree = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
        made.compositing_node_group = tree
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        layers, output = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("NodeGroupOutput")
        tree.links.new(layers.outputs[0], output.inputs[0])
    else:
        made.use_nodes = True
        tree = made.node_tree
        layers = tree.nodes["Render Layers"]
    node = tree.nodes.new("CompositorNodeOutputFile")
    node.label = "beauty copy"
    if hasattr(node, "file_output_items"):
        node.format.media_type = "IMAGE"
        node.file_output_items.new("RGBA", "Image")
        node.directory, node.file_name = "/nowhere/", ""
    else:
        node.base_path = "/nowhere/"
    node.format.file_format = "PNG"
    tree.links.new(layers.outputs[0], node.inputs[0])


def with_format(made, file_format, **settings):
    """Sets the output format."""
    if hasattr(made.render.image_settings, "media_type"):
        kinds = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}
        made.render.image_settings.media_type = kinds.get(file_format, "IMAGE")
    made.render.image_settings.file_format = file_format
    for name, value in settings.items():
        setattr(made.render.image_settings, name, value)


os.makedirs(FOLDER, exist_ok=True)

scene()
save("plain")
save("compressed", compress=True)

late = scene()
late.frame_start, late.frame_end = 10, 33
save("late")

slow = scene()
slow.cycles.samples = 400
slow.render.resolution_percentage = 200
save("slow")

endless = scene()
endless.cycles.samples = 1_000_000
endless.render.resolution_percentage = 1000
save("endless")

heavy = scene()
heavy.cycles.samples = 1
heavy.render.resolution_x = heavy.render.resolution_y = 768
with_format(heavy, "OPEN_EXR", color_mode="RGBA", color_depth="32", exr_codec="NONE")
save("heavy")

scene().camera = None
save("nocamera")

eevee = scene()
eevee.render.engine = "BLENDER_WORKBENCH"
save("workbench")
engines = {item.identifier for item in type(eevee.render).bl_rna.properties["engine"].enum_items}
eevee.render.engine = "BLENDER_EEVEE_NEXT" if "BLENDER_EEVEE_NEXT" in engines else "BLENDER_EEVEE"
save("eevee")

scene()
texture(absent("FILE"))
save("texture")

scene()
texture(absent("SEQUENCE")).image_user.frame_duration = 24
save("sequence")

scene()
bpy.data.texts.new("rig_ui.py").use_module = True
save("script")

scene()
outside = absent("FILE")
outside.filepath = "/etc/passwd"
texture(outside)
save("outside")

scene()
address = absent("FILE")
address.source = "MOVIE"
address.filepath = "http://169.254.170.2/v2/credentials"
texture(address)
save("address")

scene()
resizing = bpy.data.texts.new("resizing.py")
resizing.use_module = True
resizing.write(
    """
import bpy, ctypes, os, socket

width = 40
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
    try:
        socket.socket(family, socket.SOCK_RAW if family == socket.AF_NETLINK else socket.SOCK_DGRAM)
        width += 1
    except OSError:
        pass
ATTACH = 16
if ctypes.CDLL(None).ptrace(ATTACH, os.getppid(), 0, 0) == 0:
    width += 1
bpy.data.scenes[0].render.resolution_x = width
"""
)
save("resizing")

scene()
driver = bpy.data.objects["Cube"].driver_add("location", 0).driver
driver.expression = "bpy.context.scene.frame_current"
save("driver")

scene()
save("props")
scene()
props = os.path.join(FOLDER, "props.blend")
bpy.context.scene.collection.objects.link(link(props, "objects", "Cube"))
bpy.data.libraries[0].filepath = "//gone/props.blend"
save("library")
# Where such a path would lead from this Blender's assets is a file; where it leads from the root is none.
bpy.data.libraries[0].filepath = "/gone" * 50 + "/datafiles/assets/" + os.path.relpath(props, ASSETS)
save("outsideassets")

smooth_by_angle()
save("asset")
for name, path in (
    ("windows", f"{WINDOWS}/datafiles/assets/{SMOOTH}".replace("/", "\\")),
    ("mac", f"/Applications/Blender.app/Contents/Resources/4.5/datafiles/assets/{SMOOTH}"),
    ("linux", f"//../../../usr/share/blender/4.1/datafiles/assets/{SMOOTH}"),
    ("gone", "/usr/share/blender/4.1/datafiles/assets/geometry_nodes/gone.blend"),
):
    smooth_by_angle()
    bpy.data.libraries[0].filepath = path
    save(f"asset{name}")
smooth_by_angle().show_render = False
save("assetoff")
# Another Blender of this machine, which is there.
elsewhere = os.path.join(FOLDER, "blender", "datafiles", "assets", SMOOTH)
os.makedirs(os.path.dirname(elsewhere), exist_ok=True)
shutil.copyfile(os.path.join(ASSETS, SMOOTH), elsewhere)
smooth_by_angle()
bpy.data.libraries[0].filepath = elsewhere
save("assetelsewhere")

importing = scene()
if hasattr(bpy.types, "GeometryNodeImportText"):
    reading = bpy.data.node_groups.new("Reading", "GeometryNodeTree")
    reading.nodes.new("GeometryNodeImportText").inputs["Path"].default_value = "/etc/passwd"
    bpy.data.objects["Cube"].modifiers.new("Reading", "NODES").node_group = reading
save("importing")

file_output(scene())
save("fileoutput")

stereo = scene()
stereo.render.use_multiview = True
save("stereo")

with_format(scene(), "FFMPEG")
save("movie")

with_format(scene(), "JPEG")
save("jpeg")

with_format(scene(), "OPEN_EXR_MULTILAYER", exr_codec="DWAA")
save("layers")

with_format(scene(), "JPEG2000")
save("jpeg2000")

crop = scene()
crop.render.use_border = crop.render.use_crop_to_border = True
crop.render.border_min_x, crop.render.border_max_x = 0.1, 0.73
crop.render.border_min_y, crop.render.border_max_y = 0.2, 0.91
save("crop")
