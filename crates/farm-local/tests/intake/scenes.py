"""Makes what the tests of the intake upload, in a folder, with the Blender that runs this.

    python scenes.py FOLDER

All is tiny: some 64 x 36 pixels, two samples.
"""

import os
import sys

import bpy

FOLDER = os.path.abspath(sys.argv[-1])


def small(scene):
    """Settings with which a scene renders in no time."""
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 64, 36
    scene.cycles.samples = 2
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = False
    scene.frame_start, scene.frame_end = 1, 4
    return scene


def start():
    """Blender's own start scene, made small."""
    bpy.ops.wm.read_factory_settings()
    return small(bpy.context.scene)


def save(path, compress=False):
    """Saves what is open, with all paths as they are."""
    path = os.path.join(FOLDER, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=compress, relative_remap=False)


def picture(path, colour):
    """A picture of one colour in a file."""
    path = os.path.join(FOLDER, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    image = bpy.data.images.new("picture", 4, 4)
    image.pixels = [*colour, 1.0] * 16
    image.filepath_raw, image.file_format = path, "PNG"
    image.save()
    bpy.data.images.remove(image)


def image(path, source="FILE"):
    """An image of a file, by its path as it is written."""
    made = bpy.data.images.new(os.path.basename(path), 4, 4)
    made.source = source
    made.filepath = path
    return made


def glow(name, made):
    """A material that shows an image, whatever the light."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = made
    emission = tree.nodes.new("ShaderNodeEmission")
    tree.links.new(node.outputs[0], emission.inputs[0])
    tree.links.new(emission.outputs[0], tree.nodes["Material Output"].inputs[0])
    return material, node


def plane(x, material):
    """A plane before the camera."""
    bpy.ops.mesh.primitive_plane_add(size=2.0, location=(x, 0.0, 0.0))
    made = bpy.context.object
    made.data.materials.append(material)
    return made


def many():
    """Two scenes, two cameras, two view layers."""
    scene = start()
    scene.frame_start, scene.frame_end, scene.frame_step = 1, 7, 3
    other = bpy.data.objects.new("Other", bpy.data.cameras.new("Other"))
    other.location, other.rotation_euler = (0.0, 0.0, 4.0), (0.0, 0.0, 0.0)
    scene.collection.objects.link(other)
    empty = scene.view_layers.new("Empty")
    for collection in empty.layer_collection.children:
        collection.exclude = True
    wide = small(bpy.data.scenes.new("Wide"))
    wide.render.resolution_x, wide.render.resolution_y = 80, 20
    wide.frame_start, wide.frame_end = 5, 6
    wide.collection.objects.link(bpy.data.objects["Cube"])
    wide.collection.objects.link(bpy.data.objects["Light"])
    wide.collection.objects.link(other)
    wide.camera = other
    cube = bpy.data.objects["Cube"]
    for frame, place in ((5, 0.0), (6, 1.0)):
        cube.location.x = place
        cube.keyframe_insert("location", frame=frame)
    # A number of its own in a layer, and a single layer in view, count for nothing where a tag says otherwise.
    scene.view_layers["ViewLayer"].samples = 2
    scene.render.use_single_layer = True
    save("many.blend", compress=True)


def project():
    """A shot in a folder of its own, with files of every kind beside and above it."""
    start()
    picture("project/lib/tex/lib.png", (0.0, 0.0, 1.0))
    material, _ = glow("in the library", image("//tex/lib.png"))
    box = plane(0.0, material)
    box.name = "Box"
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    save("project/lib/box.blend")

    scene = start()
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    picture("project/tex/wood.png", (1.0, 0.0, 0.0))
    for number in (1001, 1002):
        picture(f"project/shots/tiles/t.{number}.png", (0.0, 1.0, 0.0))
    for number in range(1, 5):
        picture(f"project/shots/seq/s_{number:04}.png", (0.2 * number, 0.2, 0.2))
    camera = scene.camera
    camera.location, camera.rotation_euler = (0.0, 0.0, 12.0), (0.0, 0.0, 0.0)
    camera.data.type, camera.data.ortho_scale = "ORTHO", 12.0
    plane(-4.5, glow("wood", image("//../tex/wood.png"))[0])
    # Of one that is made anew, Blender would draw the tiles by itself.
    tiled = bpy.data.images.load(os.path.join(FOLDER, "project/shots/tiles/t.1001.png"))
    tiled.source, tiled.filepath = "TILED", "//tiles/t.<UDIM>.png"
    if len(tiled.tiles) < 2:
        tiled.tiles.new(1002)
    plane(-1.5, glow("tiles", tiled)[0])
    material, node = glow("sequence", image("//seq/s_0001.png", "SEQUENCE"))
    node.image_user.frame_duration, node.image_user.frame_start = 4, 1
    node.image_user.use_auto_refresh = True
    plane(1.5, material)
    os.makedirs(os.path.join(FOLDER, "project/shots"), exist_ok=True)
    with bpy.data.libraries.load(os.path.join(FOLDER, "project/lib/box.blend"), link=True) as (_, wanted):
        wanted.objects = ["Box"]
    bpy.data.libraries[0].filepath = "//../lib/box.blend"
    holder = bpy.data.objects.new("holder", None)
    holder.location = (4.5, 0.0, 0.0)
    holder.instance_type = "COLLECTION"
    inside = bpy.data.collections.new("inside")
    inside.objects.link(bpy.data.objects["Box"])
    holder.instance_collection = inside
    scene.collection.objects.link(holder)
    save("project/shots/shot.blend")


def verdicts():
    """One thing wrong with each."""
    start()
    bpy.data.objects["Cube"].data.materials[0] = glow("gone", image("//textures/gone.png"))[0]
    save("missing.blend")
    start().render.engine = next(
        name for name in ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE") if name in engines()
    )
    save("eevee.blend")
    settings = start().render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    save("movie.blend")
    scene = start()
    scene.camera = None
    bpy.data.objects["Cube"].driver_add("location", 0).driver.expression = "abs(bpy.app.version[0])"
    save("two things.blend")
    scene = start()
    scene.frame_end = 9
    bpy.data.objects["Cube"].modifiers.new("Cloth", "CLOTH")
    save("cloth.blend")
    scene = start()
    scene.frame_start, scene.frame_end = 5, 9
    cube = bpy.data.objects["Cube"]
    cube.modifiers.new("Cloth", "CLOTH")
    inside = bpy.data.collections.new("inside")
    inside.objects.link(cube)
    for collection in list(cube.users_collection):
        if collection != inside:
            collection.objects.unlink(cube)
    holder = bpy.data.objects.new("holder", None)
    holder.instance_type, holder.instance_collection = "COLLECTION", inside
    scene.collection.objects.link(holder)
    save("instance.blend")
    start()
    bpy.data.objects["Cube"].driver_add("location", 0).driver.expression = "frame**2 / 9"
    save("driver.blend")
    scene = start()
    scene.render.use_multiview = True
    save("stereo.blend")


def engines():
    """The engines that this Blender knows."""
    return bpy.context.scene.render.bl_rna.properties["engine"].enum_items.keys()


many()
project()
verdicts()
os._exit(0)
