"""The files that the open file names, and whether they may be read at all.

A file of a stranger's may name any file of this machine, or an address that a reader of movies
would fetch. Only what is of its project is read: what lies in the folder that the file was opened
from, or below it. Blender's own assets are no stranger's.

Start reading at `of_outside`.
"""

import os
import re

import bpy

PACK = (
    "In Blender choose File > External Data > Pack Resources (and Pack Linked Libraries), save, and upload the "
    "file again."
)


def named():
    """Full paths of all files that the open file names, its libraries' files too."""
    for path in bpy.utils.blend_paths(absolute=True, packed=False, local=False):
        name = os.path.basename(path)
        # Blender's own brushes are named in every file that was painted or sculpted in.
        if path and not any(mark in name for mark in "<#") and not name.startswith("essentials_brushes"):
            yield path


def of_outside():
    """Addresses, and files of this machine that are not of the project."""
    addresses, outside = set(), set()
    project = os.path.realpath(os.path.dirname(bpy.data.filepath))
    own = [os.path.realpath(bpy.utils.resource_path(kind)) for kind in ("LOCAL", "SYSTEM")]
    own.append(os.path.realpath(bpy.utils.system_resource("DATAFILES")))
    for path in bpy.utils.blend_paths(absolute=False, packed=False, local=False):
        if re.match(r"/*[A-Za-z][A-Za-z0-9+.-]+:/", path) and not re.match(r"/*[A-Za-z]:/", path):
            addresses.add(path)
    for path in bpy.utils.blend_paths(absolute=True, packed=False, local=False):
        real = os.path.realpath(path)
        if os.path.exists(real) and not any(within(real, folder) for folder in [project, *own] if folder):
            outside.add(path)
    for path in sorted(addresses):
        yield {
            "message": f"The file names the address `{path}`: the farm fetches nothing from the network.",
            "hint": f"Save what is there beside the .blend and use that. {PACK}",
        }
    for path in sorted(outside):
        yield {
            "message": f"The file names `{path}`, which is not part of the upload, and the farm reads nothing else.",
            "hint": PACK,
        }


def within(path, folder):
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(os.path.join(folder, ""))
