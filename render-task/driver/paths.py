"""Which files may be read for a picture.

A file of a stranger's may name any file of this machine, or an address that a reader of movies
would fetch. Only what is of its project is read: what lies in the project's folder, or below it. Blender's
own files are no stranger's.

Start reading at `lack`.
"""

import os
import re

import bpy

PACK = (
    "In Blender choose File > External Data > Pack Resources (and Pack Linked Libraries), save, and upload the "
    "file again."
)
# The folder of the project; the file that is rendered may lie deeper in it.
PROJECT = ""
MISSING, OUTSIDE, ADDRESS = "missing", "outside", "address"


def lack(path):
    """What keeps the file at a full path from being read; None where nothing does."""
    if is_address(path):
        return ADDRESS
    if not os.path.exists(path):
        return MISSING
    real = os.path.realpath(path)
    return None if any(within(real, folder) for folder in allowed()) else OUTSIDE


def is_address(path):
    """Whether a path is one that a reader of movies would take for something else than a file."""
    # A drive of Windows has one letter.
    return re.search(r"(^|/)[A-Za-z][A-Za-z0-9+.,_-]+:/", path) is not None or (
        not os.path.exists(path) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+[,:]", os.path.basename(path)) is not None
    )


def allowed():
    """The folders whose files may be read: the project's, and Blender's own."""
    folders = [PROJECT, bpy.utils.system_resource("DATAFILES")]
    folders += [bpy.utils.resource_path(kind) for kind in ("LOCAL", "SYSTEM")]
    return [os.path.realpath(folder) for folder in folders if folder]


def within(path, folder):
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def refusal(state, what, name, path):
    """The fault of a file that must not be read, whatever the upload allows."""
    if state == ADDRESS:
        message = f"The {what} `{name}` is at the address `{path}`: the farm fetches nothing from the network."
        return {"message": message, "hint": f"Save what is there beside the .blend and use that. {PACK}"}
    message = f"The {what} `{name}` is at `{path}`, which is not part of the upload: the farm reads nothing else."
    return {"message": message, "hint": PACK}


def named():
    """Full paths of all files that the open file names, its libraries' files too."""
    for path in bpy.utils.blend_paths(absolute=True, packed=False, local=False):
        name = os.path.basename(path)
        # Blender's own brushes are named in every file that was painted or sculpted in.
        if path and not any(mark in name for mark in "<#") and not name.startswith("essentials_brushes"):
            yield path
