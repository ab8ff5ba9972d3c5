"""Blender's own assets, such as the node group "Smooth by Angle": a file links them from where the
artist's Blender lies. Here Blender lies elsewhere, and has the same assets.

Start reading at `mend`.
"""

import os

import bpy

import faults


def mend():
    """Reads Blender's own assets that are not this Blender's from the Blender that renders."""
    mended = False
    for library in list(faults.lacking_libraries()):
        file = own_file(library.filepath)
        if file is not None:
            print(f"Of Blender's own {library.name}, {file} is taken instead of {library.filepath}.")
            library.filepath = file
            library.reload()
            mended = True
    if mended:
        fit_inputs()


def own_file(path):
    """This Blender's file of an asset that any Blender, on any system, linked by that path."""
    assets = bpy.utils.system_resource("DATAFILES", path="assets")
    # A path of Windows has had its backslashes turned by Blender.
    _, mark, rest = path.rpartition("/datafiles/assets/")
    file = os.path.normpath(os.path.join(assets, rest))
    # A path with `..` in it may lead to anywhere.
    inside = bool(mark) and file.startswith(os.path.join(assets, ""))
    return file if inside and os.path.isfile(file) else None


def fit_inputs():
    """Fits the inputs of modifiers to node groups that were not there when the file was read.

    A file has a number for each yes or no. Reading makes it one again where the node group is known;
    elsewhere it stays a number, and the picture would show the group's own default instead.
    """
    for holder in bpy.data.objects:
        for modifier in holder.modifiers:
            if modifier.type == "NODES" and modifier.node_group is not None:
                modifier.node_group = modifier.node_group
