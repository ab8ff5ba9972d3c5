"""Renders a tiny picture with Cycles and its denoiser into the folder that is given."""

import os
import sys

import bpy

folder = sys.argv[-1]
with open(os.path.join(folder, "version.txt"), "w") as said:
    said.write("%d.%d" % bpy.app.version[:2])

scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device = "CPU"
scene.cycles.samples = 1
scene.cycles.use_denoising = True
scene.cycles.denoiser = "OPENIMAGEDENOISE"
scene.render.resolution_x, scene.render.resolution_y = 32, 18
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "PNG"
scene.render.filepath = os.path.join(folder, "frame.png")
bpy.ops.render.render(write_still=True)
