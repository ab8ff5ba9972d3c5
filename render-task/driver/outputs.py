"""Where the files of a frame go, what they are called and how large they are.

Every file that a frame makes, those of File Output nodes included, lands in one folder per
frame. All else about the output stays as the scene has it.
"""

import ctypes
import os
import re

import bpy

MOVIES = {"FFMPEG", "AVI_JPEG", "AVI_RAW"}
# File Output nodes of the open file: node, its folder within a frame's folder, and the file
# name that Blender 4 keeps in the node's base path when it writes a single multilayer file.
NODES = []


def prepare(scene, warnings):
    """Settings that must hold for frames to be rendered apart. Called once per file."""
    render = scene.render
    settings = render.image_settings
    if settings.file_format in MOVIES or getattr(settings, "media_type", "") == "VIDEO":
        if hasattr(settings, "media_type"):
            settings.media_type = "IMAGE"
        settings.file_format = "PNG"
        warnings.append(
            "The scene's output format is a movie, which cannot be rendered frame by frame: "
            "the frames are rendered as PNG."
        )
    render.use_file_extension = True
    render.use_overwrite = True
    render.use_placeholder = False
    if hasattr(settings, "use_preview"):
        settings.use_preview = False
    for view in render.views:
        # A frame's files are told from others by what follows the number.
        suffix = re.sub(r"[^A-Za-z0-9._-]", "_", view.file_suffix)
        view.file_suffix = suffix if suffix[:1] in {"_", "."} else f"_{suffix}"
    use_cpu_denoiser(scene, warnings)
    NODES.clear()
    taken = set()
    for node in file_output_nodes(tree_of(scene), set()):
        folder = name = safe(node.label or node.name)
        count = 1
        while folder in taken:
            count += 1
            folder = f"{name} {count}"
        taken.add(folder)
        NODES.append((node, folder, tidy(node)))


def use_cpu_denoiser(scene, warnings):
    """A denoiser of a graphics card is not there."""
    cycles = scene.cycles
    if cycles.use_denoising and cycles.denoiser != "OPENIMAGEDENOISE":
        cycles.denoiser = "OPENIMAGEDENOISE"
        warnings.append("The scene's denoiser needs a graphics card: Open Image Denoise was used.")


def tree_of(scene):
    """The scene's compositor, in Blender 5 and before."""
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def file_output_nodes(tree, seen):
    """All File Output nodes of a tree and of the groups in it."""
    if tree is None or tree.name_full in seen:
        return
    seen.add(tree.name_full)
    for node in tree.nodes:
        if node.bl_idname == "CompositorNodeOutputFile":
            yield node
        elif getattr(node, "node_tree", None) is not None:
            yield from file_output_nodes(node.node_tree, seen)


def safe(name):
    """A name as one part of a path, and of a key that no archive and no trigger trips over."""
    name = re.sub(r"[/\\:\x00-\x1f\x7f]", "_", name).strip(". ") or "File Output"
    own = {"frames.zip", "preview.mp4", "contact-sheet.gif", "report.json", "contact-sheet.jpg"}
    ours = name.startswith("frame_") or name in own
    return f"{name}_" if ours or name.endswith((".blend", ".blend.zip")) else name


def inside(path):
    """A relative path that stays where it is joined to."""
    return "/".join(safe(part) for part in path.split("/") if part not in {"", ".", ".."})


def tidy(node):
    """Keeps a node's own file names within its folder. Gives the name in its base path."""
    if hasattr(node, "base_path"):
        for slot in node.file_slots:
            slot.path = inside(slot.path)
        return safe(os.path.basename(node.base_path))
    node.file_name = inside(node.file_name)
    if node.format.file_format != "OPEN_EXR_MULTILAYER":
        for item in node.file_output_items:
            if ".." in item.name or "/" in item.name:
                item.name = inside(item.name)
    return ""


def redirect(scene, folder, stem):
    """Sends all files of the coming frame into `folder`, its own ones named by `stem`."""
    scene.render.filepath = os.path.join(folder, stem)
    for node, part, name in NODES:
        own = os.path.join(folder, part)
        if hasattr(node, "base_path"):
            one_file = node.format.file_format == "OPEN_EXR_MULTILAYER"
            node.base_path = os.path.join(own, name) if one_file else os.path.join(own, "")
        else:
            node.directory = os.path.join(own, "")


def number(scene, folder):
    """Puts the frame's number into names that lack it: Blender 5 leaves it out of stills."""
    digits = f"{scene.frame_current:04}"
    for node, part, _ in NODES:
        if hasattr(node, "base_path"):
            continue
        for parent, _, names in os.walk(os.path.join(folder, part)):
            for name in names:
                stem, dot, ending = name.rpartition(".")
                if digits not in stem:
                    os.rename(os.path.join(parent, name), os.path.join(parent, f"{stem}{digits}{dot}{ending}"))


def extension(scene):
    """The extension of the frame's own files, dot included."""
    return scene.render.file_extension


def stereo_in_one(scene):
    """The settings of a stereo pair in one picture; None where there is none."""
    settings = scene.render.image_settings
    pair = scene.render.use_multiview and settings.views_format == "STEREO_3D"
    return settings.stereo_3d_format if pair else None


def views(scene):
    """What stands between the frame's number and the extension, one for each own file."""
    render = scene.render
    if not render.use_multiview or render.image_settings.views_format != "INDIVIDUAL":
        return [""]
    stereo = render.views_format == "STEREO_3D"
    used = [view for view in render.views if view.use and (not stereo or view.name in {"left", "right"})]
    return [view.file_suffix for view in used] or [""]


def size(scene):
    """Width and height of the frame's own pictures, in Blender's own arithmetic."""
    render = scene.render
    width = render.resolution_x * render.resolution_percentage // 100
    height = render.resolution_y * render.resolution_percentage // 100
    if render.use_border and render.use_crop_to_border:
        width = edge(render.border_max_x, width) - edge(render.border_min_x, width)
        height = edge(render.border_max_y, height) - edge(render.border_min_y, height)
    stereo = stereo_in_one(scene)
    if stereo is not None and not stereo.use_squeezed_frame:
        if stereo.display_mode == "SIDEBYSIDE":
            width *= 2
        elif stereo.display_mode == "TOPBOTTOM":
            height *= 2
    return width, height


def edge(share, length):
    """A border's edge in whole pixels: single precision, cut off, as Blender computes it."""
    return int(ctypes.c_float(share * length).value)
