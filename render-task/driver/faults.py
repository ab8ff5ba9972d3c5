"""What is wrong with an opened file: everything that Blender would render past without a word.

Blender draws a missing texture in magenta, leaves out a missing library or volume, and calls
the result a success. So the data itself is looked at. A fault is a dict of a `message` and a
`hint`, both whole sentences for an artist.

Start reading at `of_file`. Which files a file names, and where they lie, is in `paths.py`.
"""

import os
import re

import bpy

import paths

PACK = "In Blender choose File > External Data > Pack Resources, save, and upload the file again."
ALONE = "The farm gets the .blend file alone, and this kind of file cannot be packed into it: "
# Kinds of data-blocks whose images end up in the picture.
DRAWING = {"MATERIAL", "WORLD", "LIGHT", "NODETREE", "SCENE", "TEXTURE"}
SAVE_AGAIN = "Open the file in Blender, save it, and upload it again."
# What the upload lets pass: a missing file is then told as a warning, and Python runs.
ALLOWED = {"missing": False, "scripts": False}
UPLOAD_AGAIN = "Save the file in Blender and upload it again, and let the upload run to its end."


def fault(message, hint):
    """One fault."""
    return {"message": message, "hint": hint}


def of_open_error(words):
    """The fault of a file that Blender cannot open, from Blender's own words."""
    # `Loading "PATH" failed: Failed to read blend file 'PATH': Missing DNA block`
    reason = re.split(r" in file \"", words)[0].rpartition(": ")[2]
    reason = reason.rpartition("', ")[2]
    if "not supported" in reason:
        return fault(f"This is not a Blender file ({reason}).", SAVE_AGAIN)
    if "not a blend file" in reason:
        return fault(
            f"The file is damaged, or it was saved by a much newer Blender than {bpy.app.version_string}.",
            "Save it with the farm's version of Blender and upload it again.",
        )
    return fault(f"The file is damaged or cut off ({reason}).", UPLOAD_AGAIN)


def of_version():
    """A newer Blender's file opens, and loses what this one does not know."""
    saved, here = bpy.data.version[:2], bpy.app.version[:2]
    if tuple(saved) <= tuple(here):
        return []
    saved, here = (".".join(map(str, version)) for version in (saved, here))
    return [
        fault(
            f"The file was saved by Blender {saved}; the farm renders with {here}.",
            f"Save it with Blender {here}, or deploy the farm with Blender {saved}.",
        )
    ]


def of_file(scene, warnings):
    """All faults of the file. What may be harmless is added to `warnings`."""
    absent = [*of_images(), *of_libraries(), *of_other_files(), *of_nodes(), *of_strips(scene)]
    named = {each["path"] for each in absent if each.get("path")}
    found = [*let_pass(absent, warnings), *of_settings(scene)]
    for path in paths.named():
        if not os.path.exists(path) and os.path.normpath(path) not in named:
            warnings.append(f"`{os.path.basename(path)}` is not with the upload ({bpy.path.relpath(path)}).")
    for text in bpy.data.texts:
        # Most often a rig's panel, which no picture needs; a driver that needs it fails by itself.
        if text.use_module and not ALLOWED["scripts"]:
            warnings.append(
                f"The script `{text.name}` in the file is not run: the farm runs Python from a file only where "
                "the upload has the tag scripts=allow."
            )
    return found


def let_pass(absent, warnings):
    """What is left of the faults of files: all, or where missing ones are allowed those that are refused."""
    left = []
    for each in absent:
        path = each.pop("path", None)
        if ALLOWED["missing"] and path is not None:
            warnings.append(f"{each['message']} It is rendered without, as the upload allows.")
        else:
            left.append(each)
    return left


def of_settings(scene):
    """Settings with which no picture comes out, or an empty one."""
    engine = scene.render.engine
    if engine != "CYCLES":
        name = {"BLENDER_WORKBENCH": "Workbench"}.get(engine, "EEVEE" if "EEVEE" in engine else engine)
        yield fault(
            f"The scene `{scene.name}` is set to render with {name}, which needs a graphics card or a display.",
            "Set Render Engine to Cycles in the render properties of the file, save, and upload it again; or upload it "
            "with the tag engine=CYCLES.",
        )
    elif scene.cycles.use_denoising and not denoiser_built_in():
        yield fault(
            "The scene is to be denoised, and the farm's Blender is built without the denoiser.",
            "Switch off Denoise in the render properties, or deploy the farm with another build of Blender.",
        )
    if not has_camera(scene) and not edits_strips(scene):
        yield fault(
            f"The scene `{scene.name}` has no camera.",
            "Add a camera, make it the scene's active one (View > Cameras > Set Active Object as Camera), "
            "save, and upload the file again.",
        )
    if not any(layer.use for layer in scene.view_layers):
        yield fault(
            f"All view layers of the scene `{scene.name}` are switched off for rendering.",
            "Tick Use for Rendering in the view layer properties, save, and upload the file again.",
        )
    if not ALLOWED["scripts"] and scene.render.use_freestyle and any(
        layer.freestyle_settings.mode == "SCRIPT" for layer in scene.view_layers if layer.use_freestyle
    ):
        yield fault(
            "Freestyle is set to run Python scripts, which the farm does not run.",
            "Set Freestyle's Control Mode to Parameter Editor, save, and upload the file again; or, if you trust "
            "the file, upload it with the tag scripts=allow.",
        )


def denoiser_built_in():
    """Whether Cycles has Open Image Denoise. True where it does not say."""
    try:
        import _cycles
    except ImportError:
        return True
    return getattr(_cycles, "with_openimagedenoise", True)


def has_camera(scene):
    """Whether the scene has a camera, be it one that a marker switches to."""
    return scene.camera is not None or any(marker.camera for marker in scene.timeline_markers)


def strips(scene):
    """The strips of the scene's sequencer, those inside meta strips too."""
    editor = scene.sequence_editor
    if editor is None or not scene.render.use_sequencer:
        return []
    return getattr(editor, "strips_all", None) or getattr(editor, "sequences_all", [])


def edits_strips(scene):
    """Whether the picture comes from the sequencer, which needs no camera of its own."""
    return any(strip.type not in {"SOUND", "SCENE"} for strip in strips(scene))


def is_used(block):
    """Whether anything but the wish to keep it refers to a data-block."""
    return block.users > int(block.use_fake_user)


def full_path(block, path):
    """The path on this machine of a path that is written in a data-block."""
    return os.path.normpath(bpy.path.abspath(path, library=block.library))


def lacking(what, block, written, hint, file=None):
    """The faults of the file of a data-block: none where it is there and may be read.

    `written` is its path as the data-block has it, `file` the full path where that is another one.
    """
    file = file or (full_path(block, written) if written else "")
    state = paths.lack(file) if file else paths.MISSING
    if state == paths.MISSING:
        found = fault(f"The {what} `{block.name}` is not with the upload ({written or 'no file is named'}).", hint)
        # Only what is missing has a path: it may be let pass.
        yield {**found, "path": file}
    elif state:
        yield paths.refusal(state, what, block.name, written)


def of_images():
    """Images that would be drawn in magenta. Sequences are looked at frame by frame."""
    for image in bpy.data.images:
        if image.source not in {"FILE", "TILED", "MOVIE"} or len(image.packed_files) or not is_drawn(image):
            continue
        if image.source == "TILED":
            for tile in image.tiles:
                written = f"{image.filepath}, tile {tile.number}"
                yield from lacking("image", image, written, PACK, tile_path(image, tile.number))
        else:
            movie = image.source == "MOVIE"
            yield from lacking("image", image, image.filepath, f"{ALONE}use still images." if movie else PACK)


def is_drawn(image):
    """Whether an image is part of what is rendered, unlike one that an empty or a brush shows."""
    users = bpy.data.user_map(subset=[image]).get(image, ())
    return any(user.id_type in DRAWING for user in users)


def tile_path(image, number):
    """The file of one UDIM tile."""
    u, v = (number - 1001) % 10 + 1, (number - 1001) // 10 + 1
    path = image.filepath.replace("<UDIM>", str(number)).replace("<UVTILE>", f"u{u}_v{v}")
    return full_path(image, path)


def of_libraries():
    """Linked libraries, and what their files no longer hold."""
    hint = (
        "In Blender choose File > External Data > Pack Linked Libraries, or make the linked data local "
        "(Object > Relations > Make Local > All), save, and upload the file again."
    )
    absent = set()
    for library in lacking_libraries():
        absent.add(library.name)
        yield from lacking("linked library", library, library.filepath, hint, library_path(library))
    lost = {
        f"`{block.name}` from `{block.library.name}`"
        for blocks in data_collections()
        for block in blocks
        if getattr(block, "is_missing", False) and block.library and block.library.name not in absent
    }
    if lost:
        yield fault(f"Linked data is missing: {', '.join(sorted(lost)[:10])}.", hint)


def lacking_libraries():
    """Libraries whose file is neither packed nor one that may be read."""
    for library in bpy.data.libraries:
        if library.packed_file is None and not getattr(library, "is_archive", False):
            if paths.lack(library_path(library)):
                yield library


def library_path(library):
    """A library's full path: it is relative to the file itself, whoever links it."""
    return os.path.normpath(bpy.path.abspath(library.filepath))


def data_collections():
    """All collections of data-blocks."""
    for member in bpy.data.bl_rna.properties:
        if member.type == "COLLECTION":
            yield getattr(bpy.data, member.identifier)


def of_other_files():
    """Volumes, caches, movie clips, fonts: each leaves a hole or a wrong shape."""
    for volume in bpy.data.volumes:
        if is_used(volume) and volume.packed_file is None and not volume.is_sequence:
            yield from lacking("volume", volume, volume.filepath, PACK)
    for kind, blocks, way_out in (
        ("cache file", bpy.data.cache_files, "import the animation, or apply it to the meshes."),
        ("movie clip", bpy.data.movieclips, "take it out of the compositor and the constraints."),
    ):
        for block in blocks:
            if is_used(block):
                yield from lacking(kind, block, block.filepath, ALONE + way_out)
    for font in bpy.data.fonts:
        if is_used(font) and font.packed_file is None and font.filepath != "<builtin>":
            yield from lacking("font", font, font.filepath, PACK)
    for holder in bpy.data.objects:
        for modifier in holder.modifiers:
            if modifier.type == "MESH_CACHE" and modifier.show_render:
                hint = f"{ALONE}turn it into shape keys."
                yield from lacking("mesh cache of", holder, modifier.filepath, hint)


def of_nodes():
    """Geometry nodes that read a file of their own, whose path no data-block has."""
    hint = f"{ALONE}import it in Blender instead (File > Import)."
    for tree in bpy.data.node_groups:
        for node in tree.nodes:
            if not node.bl_idname.startswith("GeometryNodeImport") or node.mute:
                continue
            path = node.inputs.get("Path")
            if path is not None and path.is_linked:
                yield fault(f"The node `{node.name}` of `{tree.name}` computes which file it reads.", hint)
            elif path is not None and path.default_value:
                yield from lacking(f"file of the node `{node.name}` of", tree, path.default_value, hint)


def of_strips(scene):
    """Pictures and movies that the sequencer shows."""
    hint = f"{ALONE}take the strip out, or switch off Sequencer in the output properties."
    for strip in strips(scene):
        if strip.mute:
            continue
        files = []
        if strip.type == "IMAGE":
            files = [os.path.join(strip.directory, element.filename) for element in strip.elements]
        elif strip.type == "MOVIE":
            files = [strip.filepath]
        for file in files:
            faults = list(lacking("strip", strip, file, hint, os.path.normpath(bpy.path.abspath(file))))
            if faults:
                yield faults[0]
                break


def of_frame(scene, warnings):
    """Faults of the scene's current frame: files of sequences. What is let pass is added to `warnings`."""
    found = []
    for image, user in images_with_users(scene):
        if image.source == "SEQUENCE" and not len(image.packed_files):
            path = sequence_path(full_path(image, image.filepath), user, scene.frame_current)
            hint = f"{ALONE}use still images."
            found += lacking("image sequence", image, os.path.basename(path), hint, path)
    for volume in bpy.data.volumes:
        if volume.is_sequence and is_used(volume):
            # Where the frame lies outside the sequence there is no file to miss.
            path = volume.evaluated_get(scene.view_layers[0].depsgraph).grids.frame_filepath
            if path:
                hint = f"{ALONE}use one volume file."
                found += lacking("volume sequence", volume, os.path.basename(path), hint, path)
    return let_pass(found, warnings)


def images_with_users(scene):
    """Each image that a node shows, with the node's own frame settings."""
    trees = [block.node_tree for block in (*bpy.data.materials, *bpy.data.worlds, *bpy.data.lights)]
    trees += [getattr(scene, "node_tree", None), *bpy.data.node_groups]
    for tree in filter(None, trees):
        for node in tree.nodes:
            image, user = getattr(node, "image", None), getattr(node, "image_user", node)
            if image is not None and hasattr(user, "frame_duration") and not node.mute:
                yield image, user


def sequence_path(path, user, frame):
    """The file that an image sequence shows at a frame, by Blender's own rule."""
    number = frame - user.frame_start + 1
    if user.use_cyclic and user.frame_duration:
        number = (number - 1) % user.frame_duration + 1
    number = min(max(number, 0), user.frame_duration) + user.frame_offset
    folder, name = os.path.split(path)
    # The digits of an extension such as .jp2 are none of the number's.
    stem, extension = os.path.splitext(name)
    stem = re.sub(r"(\d+)(\D*)$", lambda found: f"{number:0{len(found[1])}}{found[2]}", stem, count=1)
    name = stem + extension
    return os.path.join(folder, name)
