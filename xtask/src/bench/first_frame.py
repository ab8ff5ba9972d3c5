"""Renders one frame of the default cube, and says when and with how much memory."""

import resource
import sys
import time

import bpy

bpy.ops.wm.read_factory_settings()
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.render.resolution_x, scene.render.resolution_y = 320, 180
scene.cycles.samples = 16
scene.cycles.use_denoising = True
scene.render.threads_mode, scene.render.threads = "FIXED", 2
scene.render.filepath = sys.argv[-1]
bpy.ops.render.render(write_still=True)
# Both clocks are the machine's, so that whoever started this can take the difference.
print("frame", time.time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
