"""Saves the corpus: files with everything that the reader tells of, made by the Blender that runs this.

    python make.py FOLDER

Values are never Blender's defaults where that can be helped: a reader that looks in the wrong place
cannot be right by accident. Files that are named need not be there.
"""

import os
import sys

import bpy

FOLDER = sys.argv[-1]
VERSION = bpy.app.version
MADE = []


def case(function):
    """A file of the function's name, made in an empty scene."""
    MADE.append(function)
    return function


def save(name, compress=False):
    bpy.ops.wm.save_as_mainfile(
        filepath=os.path.join(FOLDER, f"{name}.blend"), compress=compress, copy=True, relative_remap=False
    )


def scene():
    return bpy.context.scene


def add(name, data, collection=None):
    """An object."""
    made = bpy.data.objects.new(name, data)
    (collection or scene().collection).objects.link(made)
    return made


def plane(name):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [], [(0, 1, 2, 3)])
    return add(name, mesh)


def camera(name):
    return add(name, bpy.data.cameras.new(name))


def image(name, path, source="FILE"):
    """An image of a file that need not be there."""
    made = bpy.data.images.new(name, 4, 4)
    made.source = source
    made.filepath = path
    return made


def material(name, *images):
    """A material that shows images; its nodes are returned."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes = []
    for each in images:
        node = made.node_tree.nodes.new("ShaderNodeTexImage")
        node.image = each
        nodes.append(node)
    plane(name).data.materials.append(made)
    return nodes


def compositor():
    """The scene's compositor, made."""
    if hasattr(scene(), "compositing_node_group"):
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        scene().compositing_node_group = tree
        return tree
    scene().use_nodes = True
    return scene().node_tree


@case
def plain():
    one = scene()
    one.name = "Küche"
    one.frame_start, one.frame_end, one.frame_step = 7, 1234, 3
    render = one.render
    render.engine = "CYCLES"
    render.fps, render.fps_base = 30, 1.001
    render.resolution_x, render.resolution_y, render.resolution_percentage = 1234, 567, 89
    render.use_border, render.use_crop_to_border = True, True
    render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y = 0.125, 0.75, 0.25, 0.5
    render.filepath = "//bilder/küche_####"
    render.film_transparent = True
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGB"
    render.image_settings.color_depth = "16"
    render.image_settings.compression = 77
    render.use_simplify, render.simplify_subdivision_render = True, 2
    one.camera = camera("Kamera")


@case
def cycles_set():
    scene().render.engine = "CYCLES"
    scene().cycles.samples = 17
    scene().cycles.device = "GPU"
    scene().cycles.use_denoising = False
    scene().render.use_compositing = False
    scene().render.use_sequencer = False


@case
def eevee():
    engines = bpy.types.RenderSettings.bl_rna.properties["engine"].enum_items.keys()
    scene().render.engine = "BLENDER_EEVEE_NEXT" if "BLENDER_EEVEE_NEXT" in engines or VERSION[:2] == (4, 2) else "BLENDER_EEVEE"
    scene().eevee.taa_render_samples = 33
    camera("A"), camera("B")
    scene().timeline_markers.new("m1", frame=10).camera = bpy.data.objects["B"]
    scene().timeline_markers.new("m2", frame=5).camera = bpy.data.objects["A"]
    scene().timeline_markers.new("m3", frame=1)


@case
def workbench():
    scene().render.engine = "BLENDER_WORKBENCH"
    other = bpy.data.scenes.new("Another")
    other.frame_start, other.frame_end = 11, 12
    other.render.engine = "CYCLES"
    third = bpy.data.scenes.new("0 third")
    third.render.resolution_x = 333
    bpy.context.window.scene = other


@case
def stereo():
    render = scene().render
    render.engine = "CYCLES"
    render.use_multiview = True
    render.views_format = "MULTIVIEW"
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_depth = "32"
    render.image_settings.exr_codec = "DWAA"
    render.image_settings.views_format = "INDIVIDUAL"
    render.views["left"].file_suffix = "_links"
    render.views["right"].use = False
    third = render.views.new("middle")
    third.file_suffix = ".mitte"


@case
def multilayer():
    settings = scene().render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.exr_codec = "PIZ"
    scene().render.use_multiview = True
    settings.views_format = "MULTIVIEW"


@case
def movie():
    settings = scene().render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    scene().render.ffmpeg.format = "MKV"
    scene().render.ffmpeg.codec = "FFV1"
    scene().render.filepath = "C:\\render\\out.mkv"


@case
def outputs():
    """Every format and every codec, each in a scene of its own."""
    render = scene().render
    formats = render.image_settings.bl_rna.properties["file_format"].enum_items.keys()
    for name in formats:
        for media in ("IMAGE", "MULTI_LAYER_IMAGE", "VIDEO"):
            one = bpy.data.scenes.new(f"{name} {media}")
            settings = one.render.image_settings
            try:
                if hasattr(settings, "media_type"):
                    settings.media_type = media
                settings.file_format = name
                break
            except TypeError:
                bpy.data.scenes.remove(one)
    for codec in ("NONE", "PXR24", "ZIP", "PIZ", "RLE", "ZIPS", "B44", "B44A", "DWAA", "DWAB"):
        one = bpy.data.scenes.new(f"EXR {codec}")
        one.render.image_settings.file_format = "OPEN_EXR"
        try:
            one.render.image_settings.exr_codec = codec
        except TypeError:
            # Newer versions write fewer.
            bpy.data.scenes.remove(one)
    ffmpeg = render.ffmpeg.bl_rna.properties
    for kind in ("format", "codec"):
        for value in ffmpeg[kind].enum_items.keys():
            one = bpy.data.scenes.new(f"{kind} {value}")
            if hasattr(one.render.image_settings, "media_type"):
                one.render.image_settings.media_type = "VIDEO"
            one.render.image_settings.file_format = "FFMPEG"
            try:
                setattr(one.render.ffmpeg, kind, value)
            except TypeError:
                bpy.data.scenes.remove(one)
    for mode, depth, name in (("BW", "8", "PNG"), ("RGBA", "10", "DPX"), ("RGB", "12", "DPX"), ("RGB", "16", "TIFF")):
        one = bpy.data.scenes.new(f"{mode} {depth}")
        settings = one.render.image_settings
        settings.file_format, settings.color_mode, settings.color_depth = name, mode, depth
        settings.quality = 42


@case
def images():
    packed = bpy.data.images.new("packed", 8, 8)
    packed.pack()
    tiled = image("tiled", "//tex/wand.<UDIM>.png", "TILED")
    tiled.tiles.new(1011)
    tiled.tiles.new(1002)
    uvtile = image("uvtile", "//tex/wand.<UVTILE>.png", "TILED")
    row = image("row", "//seq/frame_0001.png", "SEQUENCE")
    nodes = material(
        "Stoff", packed, tiled, image("missing", "//tex/fehlt ä.png"), uvtile, row, image("windows", "C:\\tex\\a.png"),
        image("absolute", "/textures/b.png"), image("clip", "//movie.mp4", "MOVIE"), row, row,
    )
    user = nodes[4].image_user
    user.frame_duration, user.frame_start, user.frame_offset, user.use_cyclic = 24, 5, 100, True
    nodes[8].image_user.frame_duration = 7
    nodes[9].mute = True
    bpy.data.images.new("generated", 4, 4).use_fake_user = True
    kept = image("kept only", "//kept.png")
    kept.use_fake_user = True
    both = image("kept and used", "//both.png")
    both.use_fake_user = True
    shown = image("shown by an empty", "//empty.png")
    empty = add("Empty", None)
    empty.empty_display_type = "IMAGE"
    empty.data = shown
    material("Two", both)
    world = bpy.data.worlds.new("World")
    world.use_nodes = True
    scene().world = world
    world.node_tree.nodes.new("ShaderNodeTexEnvironment").image = image("sky", "//sky.hdr")
    texture = bpy.data.textures.new("Texture", "IMAGE")
    texture.image = image("of a texture", "//t.png")
    texture.use_fake_user = True
    back = camera("Kamera")
    back.data.background_images.new().image = image("behind the camera", "//back.png")
    group = bpy.data.node_groups.new("Group", "ShaderNodeTree")
    group.nodes.new("ShaderNodeTexImage").image = image("in a group", "//group.png")
    group.use_fake_user = True
    geometry = bpy.data.node_groups.new("Geometry", "GeometryNodeTree")
    geometry.use_fake_user = True
    geometry.nodes.new("GeometryNodeImageTexture").inputs["Image"].default_value = image("of a socket", "//s.png")


@case
def images_elsewhere():
    """Images that no node of a material, world or group shows."""
    nodes = plane("Knoten").modifiers.new("Nodes", "NODES")
    tree = bpy.data.node_groups.new("Geometry", "GeometryNodeTree")
    if hasattr(tree, "interface"):
        socket = tree.interface.new_socket("Bild", in_out="INPUT", socket_type="NodeSocketImage")
    else:
        socket = tree.inputs.new("NodeSocketImage", "Bild")
    nodes.node_group = tree
    nodes[socket.identifier] = image("of a modifier", "//modifier.png")
    stroke = bpy.data.materials.new("Strich")
    bpy.data.materials.create_gpencil_data(stroke)
    stroke.grease_pencil.fill_image = image("of a stroke", "//stroke.png")
    stroke.use_fake_user = True
    style = bpy.data.linestyles.new("Linie")
    style.use_nodes, style.use_fake_user = True, True
    style.node_tree.nodes.new("ShaderNodeTexImage").image = image("of a line style", "//line.png")
    empty = add("Empty", None)
    empty.empty_display_type = "IMAGE"
    empty.data = image("shown by an empty", "//empty.png")
    empty["number"] = 3


@case
def other_files():
    here = os.path.dirname(os.path.abspath(__file__))
    fonts = bpy.utils.system_resource("DATAFILES", path="fonts")
    name = sorted(each for each in os.listdir(fonts) if each.lower().endswith((".ttf", ".woff2", ".otf")))[0]
    packed = bpy.data.fonts.load(os.path.join(fonts, name))
    packed.name = "packed"
    packed.pack()
    packed.use_fake_user = True
    font = bpy.data.fonts.load(os.path.join(fonts, name), check_existing=False)
    font.filepath = "//schrift.ttf"
    curve = bpy.data.curves.new("Text", "FONT")
    curve.font = font
    add("Text", curve)
    volume = bpy.data.volumes.new("Rauch")
    volume.filepath = "//vdb/rauch.vdb"
    add("Rauch", volume)
    row = bpy.data.volumes.new("Row")
    row.filepath = "//vdb/row_0001.vdb"
    row.is_sequence = True
    row.frame_duration, row.frame_start, row.frame_offset = 20, 3, 4
    row.sequence_mode = "REPEAT"
    add("Row", row)
    holder = plane("Holder")
    cached = holder.modifiers.new("Cache", "MESH_CACHE")
    cached.filepath = "//cache/mesh.pc2"
    hidden = holder.modifiers.new("Hidden", "MESH_CACHE")
    hidden.filepath = "//cache/hidden.mdd"
    hidden.show_render = False
    write_wav(os.path.join(FOLDER, "ton.wav"))
    sound = bpy.data.sounds.load(os.path.join(FOLDER, "ton.wav"))
    sound.filepath = "//ton.wav"
    sound.use_fake_user = True
    speaker = bpy.data.speakers.new("Speaker")
    speaker.sound = sound
    add("Speaker", speaker)
    write_png(os.path.join(FOLDER, "bild.png"))
    clip = bpy.data.movieclips.load(os.path.join(FOLDER, "bild.png"))
    clip.filepath = "//bild.png"
    scene().active_clip = clip
    bpy.ops.cachefile.open(filepath=os.path.join(FOLDER, "herde.abc"))
    cache = bpy.data.cache_files[0]
    cache.filepath = "//herde.abc"
    cached = holder.modifiers.new("Alembic", "MESH_SEQUENCE_CACHE")
    cached.cache_file = cache
    cache.use_fake_user = True
    cache.layers.new("//herde_haar.abc")
    cache.layers.new("//herde_alt.abc").hide_layer = True
    bpy.ops.cachefile.open(filepath=os.path.join(FOLDER, "weg.abc"))
    way = next(each for each in bpy.data.cache_files if each != cache)
    way.filepath, way.is_sequence, way.use_fake_user = "//weg_0001.abc", True, True
    holder.constraints.new("TRANSFORM_CACHE").cache_file = way
    material("Licht")
    nodes = bpy.data.materials["Licht"].node_tree.nodes
    ies = nodes.new("ShaderNodeTexIES")
    ies.mode, ies.filepath = "EXTERNAL", "//lampe.ies"
    script = nodes.new("ShaderNodeScript")
    script.mode = "EXTERNAL"
    script.filepath = "//muster.osl"
    script.mute = True
    if VERSION >= (4, 5):
        geometry = bpy.data.node_groups.new("Importer", "GeometryNodeTree")
        geometry.use_fake_user = True
        geometry.nodes.new("GeometryNodeImportOBJ").inputs["Path"].default_value = "//modell.obj"
        computed = geometry.nodes.new("GeometryNodeImportPLY")
        text = geometry.nodes.new("FunctionNodeInputString")
        geometry.links.new(text.outputs[0], computed.inputs["Path"])
        geometry.nodes.new("GeometryNodeImportSTL")


def write_wav(path):
    import wave

    with wave.open(path, "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)


def write_png(path):
    made = bpy.data.images.new("written", 4, 4)
    made.filepath_raw = path
    made.file_format = "PNG"
    made.save()
    bpy.data.images.remove(made)


def strips_of(one):
    editor = one.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def add_sound(strips):
    # The wheel of 4.2 is built without.
    if bpy.app.build_options.audaspace:
        strips.new_sound("Ton", os.path.join(FOLDER, "ton.wav"), channel=1, frame_start=1)


@case
def sequencer():
    write_png(os.path.join(FOLDER, "bild.png"))
    write_wav(os.path.join(FOLDER, "ton.wav"))
    strips = strips_of(scene())
    add_sound(strips)
    row = strips.new_image("Bild ü", os.path.join(FOLDER, "bild.png"), channel=2, frame_start=1)
    row.directory = "//bilder/"
    row.elements.append("zwei.png")
    muted = strips.new_image("Muted", os.path.join(FOLDER, "bild.png"), channel=3, frame_start=1)
    muted.mute = True
    strips.new_movie("Film", "//filme/film.mp4", channel=4, frame_start=1)
    only_sound = bpy.data.scenes.new("only sound")
    add_sound(strips_of(only_sound))
    strips_of(only_sound).new_scene("Scene", scene(), channel=2, frame_start=1)
    muted_only = bpy.data.scenes.new("muted only")
    strip = strips_of(muted_only).new_image("Muted", os.path.join(FOLDER, "bild.png"), channel=3, frame_start=1)
    strip.mute = True
    meta = strips_of(bpy.data.scenes.new("inside a meta")).new_meta("Meta", channel=1, frame_start=1)
    inside = getattr(meta, "strips", None)
    inside = meta.sequences if inside is None else inside
    inside.new_image("Inside", os.path.join(FOLDER, "bild.png"), channel=1, frame_start=1)


@case
def muted_metas():
    write_png(os.path.join(FOLDER, "bild.png"))
    meta = strips_of(scene()).new_meta("Meta", channel=1, frame_start=1)
    meta.mute = True
    for name in ("strips", "sequences"):
        if hasattr(meta, name):
            inner = getattr(meta, name).new_meta("Inner", channel=1, frame_start=1)
            getattr(inner, name).new_image("Inside", os.path.join(FOLDER, "bild.png"), channel=1, frame_start=1)
            break
    add_sound(strips_of(scene()))


@case
def layers():
    one = scene()
    one.render.use_freestyle = True
    first = one.view_layers[0]
    first.use = False
    second = one.view_layers.new("Zweite Ebene")
    second.use_freestyle = False
    second.freestyle_settings.mode = "SCRIPT"


@case
def compositing():
    one = scene()
    tree = compositor()
    node = tree.nodes.new("CompositorNodeOutputFile")
    node.name, node.label = "Ausgabe", "Etikett"
    layered = tree.nodes.new("CompositorNodeOutputFile")
    layered.name = "Layers"
    layered.mute = True
    group = bpy.data.node_groups.new("Inner", "CompositorNodeTree")
    inside = group.nodes.new("CompositorNodeOutputFile")
    inside.name = "Inside"
    tree.nodes.new("CompositorNodeGroup").node_tree = group
    tree.nodes.new("CompositorNodeGroup").node_tree = group
    if hasattr(node, "base_path"):
        node.base_path = "//aus/"
        node.format.file_format = "JPEG"
        node.file_slots.new("zwei/bild")
        layered.base_path = "/tmp/layers.exr"
        layered.format.file_format = "OPEN_EXR_MULTILAYER"
        layered.layer_slots.new("Tiefe")
    else:
        node.directory, node.file_name = "//aus/", "name"
        node.format.media_type = "IMAGE"
        node.format.file_format = "JPEG"
        node.file_output_items.new("RGBA", "zwei")
        node.file_output_items.new("FLOAT", "drei")
        layered.directory = "/tmp/layers"
        layered.format.media_type = "MULTI_LAYER_IMAGE"
    one.render.engine = "CYCLES"


@case
def compositor_off():
    if not hasattr(scene(), "compositing_node_group"):
        compositor().nodes.new("CompositorNodeOutputFile")
        scene().use_nodes = False


@case
def drivers():
    box = plane("Würfel")

    def drive(block, path, index, expression, names=(), use_self=False):
        curve = block.driver_add(path, index) if index is not None else block.driver_add(path)
        curve.driver.type = "SCRIPTED"
        for name in names:
            curve.driver.variables.new().name = name
        curve.driver.expression = expression
        curve.driver.use_self = use_self

    drive(box, "location", 0, "frame * 2 + min(var, 1)", ["var"])
    drive(box, "location", 1, "__import__('os').getpid()")
    drive(box, "location", 2, "var ** 2", ["var"])
    drive(box, "rotation_euler", 0, "unknown + 1")
    drive(box, "rotation_euler", 1, "frame", [], True)
    box.driver_add("scale", 0).driver.type = "SUM"
    made = bpy.data.materials.new("Driven")
    made.use_nodes = True
    made.use_fake_user = True
    drive(made.node_tree, 'nodes["Principled BSDF"].inputs[1].default_value', None, "sin(frame)")
    drive(scene(), "gravity", 2, "noise.random()")
    box.shape_key_add(name="Basis")
    box.shape_key_add(name="Key")
    drive(box.data.shape_keys, 'key_blocks["Key"].value', None, "1 if frame > 3 else 0.5")
    # A curve of an animation is no driver.
    other = plane("Animated")
    other.keyframe_insert("location", frame=3)


@case
def scripts():
    run = bpy.data.texts.new("läuft.py")
    run.write("print('hello')")
    run.use_module = True
    bpy.data.texts.new("nur Text").write("nothing")


@case
def simulations():
    cloth = plane("Tuch").modifiers.new("Cloth", "CLOTH")
    cloth.point_cache.frame_end = 20
    plane("Weich").modifiers.new("Soft", "SOFT_BODY")
    fluid = plane("Becken").modifiers.new("Fluid", "FLUID")
    fluid.fluid_type = "DOMAIN"
    fluid.domain_settings.cache_directory = "//cache_fluid"
    plane("Quelle").modifiers.new("Flow", "FLUID").fluid_type = "FLOW"
    canvas = plane("Leinwand")
    paint = canvas.modifiers.new("Paint", "DYNAMIC_PAINT")
    with bpy.context.temp_override(object=canvas):
        bpy.ops.dpaint.type_toggle(type="CANVAS")
    particles = plane("Staub").modifiers.new("Particles", "PARTICLE_SYSTEM")
    particles.particle_system.name = "Staubkörner"
    hair = plane("Haar").modifiers.new("Hair", "PARTICLE_SYSTEM").particle_system
    hair.settings.type = "HAIR"
    moving = plane("Haar bewegt").modifiers.new("Hair", "PARTICLE_SYSTEM").particle_system
    moving.settings.type = "HAIR"
    moving.use_hair_dynamics = True
    disk = plane("Auf der Platte").modifiers.new("Cloth", "CLOTH")
    # Kept beside the file only once the file has a place; the setting alone is what is asked.
    disk.point_cache.use_external = True
    disk.point_cache.filepath = "//extern/"
    moving.point_cache.name = "eigener Name"
    particles.particle_system.point_cache.use_disk_cache = True
    if VERSION >= (4, 0):
        simulation_zone(plane("Knoten").modifiers.new("Nodes", "NODES"))
    plane("Ohne Simulation").modifiers.new("Nodes", "NODES")
    rigid()


@case
def hidden_simulations():
    """None that is there in renders but one: what is hidden and what only keeps data is none."""
    for name, kind in (("A", "CLOTH"), ("B", "SOFT_BODY"), ("C", "FLUID"), ("D", "PARTICLE_SYSTEM")):
        modifier = plane(name).modifiers.new(name, kind)
        modifier.show_render = False
        if kind == "FLUID":
            modifier.fluid_type = "DOMAIN"
    plane("E").modifiers.new("E", "CLOTH").show_viewport = False
    rigid()
    scene().rigidbody_world.enabled = False
    if VERSION >= (4, 1):
        nodes = plane("F").modifiers.new("F", "NODES")
        nodes.node_group = bpy.data.node_groups.new("Bakes", "GeometryNodeTree")
        nodes.node_group.nodes.new("GeometryNodeBake")
        outer = bpy.data.node_groups.new("Outer", "GeometryNodeTree")
        nodes = plane("G").modifiers.new("G", "NODES")
        simulation_zone(nodes)
        group = outer.nodes.new("GeometryNodeGroup")
        group.node_tree = nodes.node_group
        nodes.node_group = outer


def simulation_zone(nodes):
    tree = bpy.data.node_groups.new("Simulation", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    start = tree.nodes.new("GeometryNodeSimulationInput")
    end = tree.nodes.new("GeometryNodeSimulationOutput")
    start.pair_with_output(end)
    source, target = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    tree.links.new(source.outputs[0], start.inputs["Geometry"])
    tree.links.new(start.outputs["Geometry"], end.inputs["Geometry"])
    tree.links.new(end.outputs["Geometry"], target.inputs[0])
    nodes.node_group = tree


def rigid():
    bpy.ops.rigidbody.world_add()
    world = scene().rigidbody_world
    world.collection = bpy.data.collections.new("Rigid")
    with bpy.context.temp_override(object=plane("Brett"), active_object=bpy.data.objects["Brett"]):
        bpy.ops.rigidbody.object_add()


@case
def baked():
    scene().frame_end = 3
    cloth = plane("Tuch").modifiers.new("Cloth", "CLOTH")
    cloth.point_cache.frame_end = 3
    rigid()
    scene().rigidbody_world.point_cache.frame_end = 3
    particles = plane("Staub").modifiers.new("Particles", "PARTICLE_SYSTEM").particle_system
    particles.point_cache.frame_end = 3
    plane("Weich").modifiers.new("Soft", "SOFT_BODY").id_data.modifiers[0].point_cache.frame_end = 3
    bpy.ops.ptcache.bake_all(bake=True)


@case
def linking():
    """Objects and a collection of another file, an override, and a library that is not there."""
    library = os.path.join(FOLDER, "plain.blend")
    with bpy.data.libraries.load(library, link=True, relative=True) as (source, target):
        target.objects = ["Kamera"]
        target.scenes = ["Küche"]
    scene().collection.objects.link(target.objects[0])
    scene().camera = target.objects[0]
    scene().timeline_markers.new("m", frame=3).camera = target.objects[0]
    library = os.path.join(FOLDER, "images.blend")
    with bpy.data.libraries.load(library, link=True) as (source, target):
        target.materials = ["Stoff"]
        target.objects = ["Stoff"]
        target.images = ["missing"]
    linked = target.objects[0]
    scene().collection.objects.link(linked)
    linked.override_create()
    plane("Platte").data.materials.append(target.materials[0])


@case
def linked_and_packed():
    """Data of another file that is kept in this one, from 5.0 on."""
    if VERSION < (5, 0):
        return
    library = os.path.join(FOLDER, "images.blend")
    with bpy.data.libraries.load(library, link=True, pack=True, relative=True) as (source, target):
        target.materials = ["Stoff"]
    plane("Platte").data.materials.append(target.materials[0])


@case
def no_names():
    """Names that are no words."""
    material('Ä "quoted" \\ /', image("日本語", "//テクスチャ/画像.png"))
    scene().name = "Сцена 1"
    scene().camera = camera("📷")


@case
def everything():
    """Much of the above in one file: the fixtures are made of it."""
    for part in (plain, stereo, images, sequencer, layers, compositing, drivers, scripts, no_names):
        part()


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for make in MADE:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.outliner.orphans_purge(do_recursive=True)
        make()
        save(make.__name__)
        if make.__name__ in {"plain", "images", "drivers", "workbench", "simulations", "everything"}:
            save(f"{make.__name__}-zstd", compress=True)
    print(f"{len(MADE)} made by {bpy.app.version_string}")


main()
# Blender as a module may hang on its way out, after simulations above all.
sys.stdout.flush()
os._exit(0)
