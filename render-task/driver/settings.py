"""What the upload wants otherwise than its file has it: another scene, camera, format and so on.

Whatever the file lacks is a fault that names what it has. Start reading at `apply`.
"""

import bpy

# So that a file with thousands of objects does not fill the report.
SHOWN = 20


def apply(wanted):
    """Puts settings into the open file. Gives the scene that is rendered, and the faults."""
    scene = bpy.context.scene
    found = []
    if "scene" in wanted:
        scene, found = chosen("scene", "scene", wanted["scene"], bpy.data.scenes)
        if found:
            return bpy.context.scene, found
    if "engine" in wanted:
        scene.render.engine = wanted["engine"]
    if "camera" in wanted:
        cameras = [each for each in scene.objects if each.type == "CAMERA"]
        camera, found = chosen("camera", "camera", wanted["camera"], cameras)
        if not found:
            scene.camera = camera
            for marker in scene.timeline_markers:
                # It would switch to another one in the middle.
                marker.camera = None
    if "view_layer" in wanted:
        layer, lacking = chosen("view_layer", "view layer", wanted["view_layer"], scene.view_layers)
        found += lacking
        if not lacking:
            for each in scene.view_layers:
                each.use = each == layer
    if "samples" in wanted:
        scene.cycles.samples = wanted["samples"]
        for layer in scene.view_layers:
            # A number of its own would count instead.
            layer.samples = 0
    if "percentage" in wanted:
        scene.render.resolution_percentage = wanted["percentage"]
    if "format" in wanted:
        found += set_format(scene.render.image_settings, wanted["format"])
    return scene, found


def chosen(tag, what, name, known):
    """The one of that name, or the fault that there is none."""
    # The file's own come before linked ones of the same name.
    known = sorted(known, key=lambda each: getattr(each, "library", None) is not None)
    for each in known:
        if each.name == name:
            return each, []
    names = [f"`{each.name}`" for each in known]
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    hint = (
        f"It has these: {', '.join(names[:SHOWN] + more)}. Capital letters count."
        if names
        else f"It has no {what} at all: leave the tag `{tag}` out, or add one and save."
    )
    return None, [
        {"message": f"The file has no {what} `{name}`, which the tag {tag}={name} asks for.", "hint": hint}
    ]


def set_format(settings, name):
    """Sets the format of the frames; a fault where this Blender does not write it."""
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE" if name == "OPEN_EXR_MULTILAYER" else "IMAGE"
    try:
        settings.file_format = name
        if settings.views_format == "MULTIVIEW" and "EXR" not in name:
            # One file of several views is a matter of OpenEXR.
            settings.views_format = "INDIVIDUAL"
    except TypeError:
        known = settings.bl_rna.properties["file_format"].enum_items.keys()
        return [
            {
                "message": f"Blender {bpy.app.version_string} does not write {name}.",
                "hint": f"Write the tag `format` with one of these: {', '.join(known)}.",
            }
        ]
    return []
