"""Renders a file as `blender -b FILE -a` does: one process, all cores, all of its frames, one after the other.

    ... alone.py FILE FRAMES FOLDER
"""

import os
import sys

import bpy

FILE, FRAMES, FOLDER = sys.argv[-3:]

bpy.ops.wm.open_mainfile(filepath=FILE)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1, int(FRAMES)
scene.render.filepath = f"{FOLDER}/frame_####"
bpy.ops.render.render(animation=True)

# An ordinary end of a Python that has `bpy` takes down more than that of a `blender`.
sys.stdout.flush()
os._exit(0)
