"""Opens files with the Blender that runs this, and prints what its Python API says of each.

    python ask.py FOLDER

One JSON object, from the file's name to its facts, in the form in which the reader gives them.
Everything is asked of the API: nothing here knows how a file is laid out.
"""

import json
import os
import sys

import bpy

FOLDER = sys.argv[-1]
KINDS = {"FILE": "image", "SEQUENCE": "image_sequence", "MOVIE": "movie", "TILED": "tiled_image"}


def is_elsewhere(block):
    """Whether a data-block lives in another file. From 5.0 on one from there may be kept in this."""
    return block.library is not None and not getattr(block.library, "is_archive", False)


def local(blocks):
    return [block for block in blocks if not is_elsewhere(block)]


def facts():
    data = bpy.data
    return {
        "version": "{}.{}".format(*data.version[:2]) if data.version[0] > 2 else "{}.{:02}".format(*data.version[:2]),
        "scene": bpy.context.scene.name,
        "scenes": [scene(one) for one in local(data.scenes)],
        "cameras": sorted(one.name for one in local(data.objects) if one.type == "CAMERA"),
        "files": [*images(), *libraries(), *blocks(), *modifiers(), *caches(), *nodes(), *strip_files()],
        "scripts": [text.name for text in local(data.texts) if text.use_module],
        "drivers": list(drivers()),
        "simulations": list(simulations()),
        "linked": linked(),
    }


def scene(one):
    render = one.render
    cycles = render.engine == "CYCLES"
    samples = one.cycles.samples if cycles else one.eevee.taa_render_samples if "EEVEE" in render.engine else None
    tree = compositor(one)
    return {
        "name": one.name,
        "frame_start": one.frame_start,
        "frame_end": one.frame_end,
        "frame_step": one.frame_step,
        "fps": render.fps,
        "fps_base": render.fps_base,
        "resolution_x": render.resolution_x,
        "resolution_y": render.resolution_y,
        "resolution_percentage": render.resolution_percentage,
        "use_border": render.use_border,
        "use_crop_to_border": render.use_crop_to_border,
        "border": [render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y],
        "engine": render.engine,
        "samples": samples,
        "device": one.cycles.device if cycles else None,
        "use_denoising": one.cycles.use_denoising if cycles else None,
        "output": output(render),
        "camera": one.camera.name if one.camera else None,
        "marker_cameras": [marker.camera.name for marker in one.timeline_markers if marker.camera],
        "use_multiview": render.use_multiview,
        "views_format": render.views_format,
        "views": [
            {"name": view.name, "file_suffix": view.file_suffix, "camera_suffix": view.camera_suffix, "use": view.use}
            for view in render.views
        ],
        "use_compositing": render.use_compositing,
        "compositor": tree is not None,
        "file_outputs": list(file_outputs(tree, set())),
        "use_sequencer": render.use_sequencer,
        "strips": any(not muted and strip.type not in {"SOUND", "SCENE"} for strip, muted in shown(one)),
        "use_simplify": render.use_simplify,
        "simplify_subdivision_render": render.simplify_subdivision_render,
        "view_layers": [
            {
                "name": layer.name,
                "use": layer.use,
                "use_freestyle": layer.use_freestyle,
                "freestyle_script": layer.freestyle_settings.mode == "SCRIPT",
            }
            for layer in one.view_layers
        ],
        "use_freestyle": render.use_freestyle,
        "film_transparent": render.film_transparent,
    }


def output(render):
    settings = render.image_settings
    movie = settings.file_format == "FFMPEG"
    return {
        "filepath": render.filepath,
        "file_format": settings.file_format,
        "media_type": getattr(settings, "media_type", None),
        "color_mode": settings.color_mode,
        "color_depth": settings.color_depth,
        "compression": settings.compression,
        "quality": settings.quality,
        "exr_codec": settings.exr_codec,
        "views_format": settings.views_format,
        "ffmpeg": {"format": render.ffmpeg.format, "codec": render.ffmpeg.codec} if movie else None,
    }


def compositor(one):
    if hasattr(one, "compositing_node_group"):
        return one.compositing_node_group
    return one.node_tree if one.use_nodes else None


def file_outputs(tree, seen):
    if tree is None or tree.name_full in seen:
        return
    seen.add(tree.name_full)
    for node in tree.nodes:
        if node.bl_idname == "CompositorNodeOutputFile":
            old = hasattr(node, "base_path")
            if not old:
                items = [item.name for item in node.file_output_items]
            elif node.format.file_format == "OPEN_EXR_MULTILAYER":
                items = [slot.name for slot in node.layer_slots]
            else:
                items = [slot.path for slot in node.file_slots]
            yield {
                "node": node.name,
                "label": node.label,
                "path": node.base_path if old else node.directory,
                "file_name": None if old else node.file_name,
                "file_format": node.format.file_format,
                "mute": node.mute,
                "items": items,
            }
        elif getattr(node, "node_tree", None):
            yield from file_outputs(node.node_tree, seen)


def shown(one):
    """Each strip of a scene, and whether it or a meta strip around it is muted."""
    return inside(one.sequence_editor, False) if one.sequence_editor else ()


def inside(holder, muted):
    found = getattr(holder, "strips", None)
    for strip in holder.sequences if found is None else found:
        yield strip, muted or strip.mute
        if strip.type == "META":
            yield from inside(strip, muted or strip.mute)


def is_used(block):
    return block.users > int(block.use_fake_user)


def file(kind, owner, path, **more):
    return {
        "kind": kind, "owner": owner, "part": None, "path": path, "packed": False, "used": True, "drawn": True,
        "muted": False, "library": None, "is_sequence": False, "tiles": [], "sequences": [], **more,
    }


def sequence(user):
    return {
        "frame_duration": user.frame_duration,
        "frame_start": user.frame_start,
        "frame_offset": user.frame_offset,
        "use_cyclic": user.use_cyclic,
    }


def trees():
    """Each node tree with the name of the data-block that it is in."""
    for group in (bpy.data.materials, bpy.data.worlds, bpy.data.lights, bpy.data.scenes):
        for block in local(group):
            tree = getattr(block, "node_tree", None)
            if tree is not None:
                yield block, tree
    for tree in local(bpy.data.node_groups):
        yield tree, tree


def images():
    for image in local(bpy.data.images):
        if image.source not in KINDS:
            continue
        users = bpy.data.user_map(subset=[image]).get(image, ())
        rows = []
        if image.source in {"SEQUENCE", "MOVIE"}:
            for _, tree in trees():
                for node in tree.nodes:
                    if getattr(node, "image", None) == image and not node.mute:
                        rows.append(sequence(getattr(node, "image_user", node)))
        yield file(
            KINDS[image.source], image.name, image.filepath, packed=len(image.packed_files) > 0, used=is_used(image),
            library=image.library.filepath if image.library else None,
            drawn=any(code(user) in DRAWING for user in users) or is_input(image), is_sequence=image.source == "SEQUENCE",
            tiles=[tile.number for tile in image.tiles] if image.source == "TILED" else [], sequences=rows,
        )


def is_input(image):
    """Whether the image is an input of geometry nodes."""
    return any(value == image for _, modifier in of_type("NODES") for value in modifier.values())


def libraries():
    for library in bpy.data.libraries:
        # A library that only another library links is not named in this file.
        if library.parent is None and not getattr(library, "is_archive", False):
            yield file("library", library.name, library.filepath, packed=library.packed_file is not None)


def blocks():
    data = bpy.data
    for kind, group in (("sound", data.sounds), ("font", data.fonts)):
        for block in local(group):
            if block.filepath != "<builtin>":
                packed = block.packed_file is not None
                yield file(kind, block.name, block.filepath, packed=packed, used=is_used(block))
    for volume in local(data.volumes):
        kind = "volume_sequence" if volume.is_sequence else "volume"
        rows = [
            {
                "frame_duration": volume.frame_duration, "frame_start": volume.frame_start,
                "frame_offset": volume.frame_offset, "use_cyclic": volume.sequence_mode == "REPEAT",
            }
        ]
        yield file(
            kind, volume.name, volume.filepath, packed=volume.packed_file is not None, used=is_used(volume),
            is_sequence=volume.is_sequence, sequences=rows if volume.is_sequence else [],
        )
    for cache in local(data.cache_files):
        used = is_used(cache)
        yield file("cache_file", cache.name, cache.filepath, used=used, is_sequence=cache.is_sequence)
        for layer in cache.layers:
            yield file("cache_file", cache.name, layer.filepath, muted=layer.hide_layer, used=used)
    for clip in local(data.movieclips):
        yield file("movie_clip", clip.name, clip.filepath, used=is_used(clip), is_sequence=clip.source == "SEQUENCE")


def of_type(kind):
    for holder in local(bpy.data.objects):
        for modifier in holder.modifiers:
            if modifier.type == kind:
                yield holder, modifier


def modifiers():
    for holder, modifier in of_type("MESH_CACHE"):
        muted = not modifier.show_render
        yield file("mesh_cache", holder.name, modifier.filepath, part=modifier.name, muted=muted)


def caches():
    held = [(holder, modifier.point_cache) for kind in ("CLOTH", "SOFT_BODY") for holder, modifier in of_type(kind)]
    held += [(holder, system.point_cache) for holder in local(bpy.data.objects) for system in holder.particle_systems]
    held += [(one, one.rigidbody_world.point_cache) for one in local(bpy.data.scenes) if one.rigidbody_world]
    for holder, modifier in of_type("DYNAMIC_PAINT"):
        surfaces = modifier.canvas_settings.canvas_surfaces if modifier.canvas_settings else ()
        held += [(holder, surface.point_cache) for surface in surfaces]
    for holder, cache in held:
        if cache.use_external or cache.use_disk_cache:
            path = cache.filepath if cache.use_external else ""
            yield file("point_cache", holder.name, path, part=cache.name or None)
    for holder, modifier in of_type("FLUID"):
        if modifier.fluid_type == "DOMAIN":
            yield file("fluid_cache", holder.name, modifier.domain_settings.cache_directory)


def nodes():
    for block, tree in trees():
        for node in tree.nodes:
            path = None
            if node.bl_idname in {"ShaderNodeTexIES", "ShaderNodeScript"} and node.mode == "EXTERNAL":
                path = node.filepath
            elif node.bl_idname.startswith("GeometryNodeImport"):
                socket = node.inputs["Path"]
                path = "" if socket.is_linked else socket.default_value or None
            if path is not None:
                yield file("node_file", block.name, path, part=node.name, muted=node.mute)


def strip_files():
    for one in local(bpy.data.scenes):
        for strip, muted in shown(one):
            if strip.type == "IMAGE":
                for element in strip.elements:
                    path = os.path.join(strip.directory, element.filename)
                    yield file("sequencer_image", strip.name, path, muted=muted)
            elif strip.type == "MOVIE":
                yield file("sequencer_movie", strip.name, strip.filepath, muted=muted)


CODES = {
    bpy.types.Object: "OB", bpy.types.Scene: "SC", bpy.types.Material: "MA", bpy.types.NodeTree: "NT",
    bpy.types.Key: "KE", bpy.types.Mesh: "ME", bpy.types.Image: "IM", bpy.types.Collection: "GR",
    bpy.types.FreestyleLineStyle: "LS", bpy.types.Camera: "CA", bpy.types.World: "WO", bpy.types.Light: "LA", bpy.types.Texture: "TE",
}
DRAWING = {"MA", "WO", "LA", "NT", "SC", "TE", "LS"}


def code(block):
    """The two letters of a data-block's kind; before 3.5 the API has no word for it."""
    return next((code for kind, code in CODES.items() if isinstance(block, kind)), "??")


def drivers():
    owners = [
        *bpy.data.objects, *bpy.data.scenes, *bpy.data.materials, *bpy.data.worlds, *bpy.data.lights,
        *bpy.data.shape_keys, *bpy.data.node_groups, *bpy.data.meshes,
    ]
    for owner in owners:
        if is_elsewhere(owner):
            continue
        embedded = getattr(owner, "node_tree", None)
        for block in filter(None, (owner, embedded)):
            for curve in block.animation_data.drivers if block.animation_data else ():
                driver = curve.driver
                if driver.type == "SCRIPTED":
                    yield {
                        "owner": code(owner) + owner.name,
                        "data_path": curve.data_path,
                        "array_index": curve.array_index,
                        "expression": driver.expression,
                        "simple": driver.is_simple_expression,
                    }


def simulation(holder, kind, name, baked):
    return {"object": holder.name, "kind": kind, "name": name, "baked": baked}


def rendered(kind):
    return ((holder, modifier) for holder, modifier in of_type(kind) if modifier.show_render)


def simulates(tree):
    """Whether a tree or a group in it has a simulation zone."""
    return tree is not None and any(
        node.bl_idname == "GeometryNodeSimulationOutput" or simulates(getattr(node, "node_tree", None))
        for node in tree.nodes
    )


def simulations():
    for kind, word in (("CLOTH", "cloth"), ("SOFT_BODY", "soft_body")):
        for holder, modifier in rendered(kind):
            yield simulation(holder, word, modifier.name, modifier.point_cache.is_baked)
    for holder, modifier in rendered("FLUID"):
        if modifier.fluid_type == "DOMAIN":
            yield simulation(holder, "fluid", modifier.name, modifier.domain_settings.has_cache_baked_data)
    for holder, modifier in rendered("DYNAMIC_PAINT"):
        canvas = modifier.canvas_settings
        if canvas:
            baked = [surface.point_cache.is_baked for surface in canvas.canvas_surfaces]
            yield simulation(holder, "dynamic_paint", modifier.name, bool(baked) and all(baked))
    for one in local(bpy.data.scenes):
        if one.rigidbody_world and one.rigidbody_world.enabled:
            yield simulation(one, "rigid_body", "", one.rigidbody_world.point_cache.is_baked)
    for holder in local(bpy.data.objects):
        for system in holder.particle_systems:
            kind = system.settings.type
            modifiers = [each for each in holder.modifiers if each.type == "PARTICLE_SYSTEM"]
            if not all(each.show_render for each in modifiers if each.particle_system.name == system.name):
                continue
            if kind == "EMITTER" or kind == "HAIR" and system.use_hair_dynamics:
                yield simulation(holder, "particle_system", system.name, system.point_cache.is_baked)
    for holder, modifier in rendered("NODES"):
        if simulates(modifier.node_group):
            # The corpus has none that is baked.
            yield simulation(holder, "simulation_nodes", modifier.name, False)


def linked():
    """What this file itself links, by name: not what that in turn needs."""
    found = []
    for member in bpy.data.bl_rna.properties:
        if member.type == "COLLECTION" and member.identifier != "libraries":
            for block in getattr(bpy.data, member.identifier):
                if is_elsewhere(block) and not block.is_library_indirect:
                    found.append({"name": code(block) + block.name, "library": block.library.filepath})
    return found


def main():
    answers = {}
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".blend"):
            bpy.ops.wm.open_mainfile(filepath=os.path.join(FOLDER, name), use_scripts=False)
            answers[name] = facts()
    sys.stdout.write("\nFACTS " + json.dumps(answers) + "\n")


main()
# Blender as a module may hang on its way out.
sys.stdout.flush()
os._exit(0)
