"""Scenes of Cycles itself: light, materials, textures, cameras."""

import math

import bpy
from case import MATERIAL, SUBJECT, add, case, choose, colored, fog, gradient, paint, since, tree_of

OSL = """shader stripes(float Scale = 9, output color Color = 0)
{
    Color = mix(color(0.9, 0.2, 0.1), color(noise("perlin", P * Scale)), step(0, sin(P[2] * Scale * 3)));
}
"""
FEATURE_OFF = [(MATERIAL + '.node_tree.nodes["Feature"]', "mute", True)]


def object_noise(tree):
    """Noise by the place in the object; without a place, Blenders differ in which they take."""
    noise, place = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(place.outputs["Object"], noise.inputs["Vector"])
    return noise


@case("the stage, with no feature")
def plain(scene, folder):
    pass


@case("denoising with OpenImageDenoise", without=[("cycles", "use_denoising", False)])
def denoise(scene, folder):
    scene.cycles.use_denoising = True
    scene.cycles.denoiser = "OPENIMAGEDENOISE"


@case("denoising on a graphics card where there is none", without=[("cycles", "use_denoising", False)])
def denoise_gpu(scene, folder):
    scene.cycles.use_denoising = True
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.cycles.denoising_use_gpu = True
    scene.cycles.denoising_prefilter = "ACCURATE"


@case("rendering on a graphics card where there is none")
def device_gpu(scene, folder):
    scene.cycles.device = "GPU"


@case("adaptive sampling", without=[("cycles", "use_adaptive_sampling", False)])
def adaptive_sampling(scene, folder):
    scene.cycles.samples = 64
    scene.cycles.use_adaptive_sampling = True
    scene.cycles.adaptive_min_samples, scene.cycles.adaptive_threshold = 4, 1


@case("path guiding", without=[("cycles", "use_guiding", False)])
def path_guiding(scene, folder):
    scene.cycles.samples = 16
    scene.cycles.use_guiding = True
    scene.cycles.guiding_training_samples = 8


@case("light tree", without=[("cycles", "use_light_tree", False)])
def light_tree(scene, folder):
    scene.cycles.use_light_tree = True
    bpy.data.objects.remove(scene.objects["Sun"])
    for step in range(24):
        light = bpy.data.lights.new("Point", "POINT")
        light.energy = 4 + step
        light.color = (1, step / 24, 1 - step / 24)
        add(scene, "Point", light, (3 * math.cos(step), 3 * math.sin(step), 0.2 + step / 20))


@case("caustics", without=[("cycles", "caustics_refractive", False)])
def caustics(scene, folder):
    _, shader, _ = tree_of(scene)
    shader.inputs["Transmission Weight"].default_value = 1
    shader.inputs["Roughness"].default_value = 0.1
    scene.cycles.caustics_refractive = scene.cycles.caustics_reflective = True
    scene.cycles.samples = 16


@case("shadow caustics", without=[('objects["Sun"].data.cycles', "is_caustics_light", False)])
def shadow_caustics(scene, folder):
    caustics(scene, folder)
    scene.cycles.caustics_refractive = False
    scene.objects["Sun"].data.cycles.is_caustics_light = True
    scene.objects["Subject"].cycles.is_caustics_caster = True
    scene.objects["Floor"].cycles.is_caustics_receiver = True
    for face in scene.objects["Subject"].data.polygons:
        face.use_smooth = True


@case("subsurface scattering", without=[(MATERIAL + '.node_tree.nodes["Principled BSDF"]', "mute", True)])
def subsurface(scene, folder):
    _, shader, _ = tree_of(scene)
    shader.inputs["Subsurface Weight"].default_value = 1
    shader.inputs["Subsurface Radius"].default_value = (1, 0.2, 0.1)
    shader.inputs["Subsurface Scale"].default_value = 0.3


@case("bump", without=FEATURE_OFF)
def bump(scene, folder):
    tree, shader, _ = tree_of(scene)
    noise, node = object_noise(tree), tree.nodes.new("ShaderNodeBump")
    node.name = "Feature"
    node.inputs["Distance"].default_value = 1
    tree.links.new(noise.outputs[0], node.inputs["Height"])
    tree.links.new(node.outputs["Normal"], shader.inputs["Normal"])


@case("script node with its source in the file", without=[("cycles", "shading_system", False)])
def osl_internal(scene, folder):
    scene.cycles.shading_system = True
    text = bpy.data.texts.new("stripes.osl")
    text.write(OSL)
    tree, shader, _ = tree_of(scene)
    node = tree.nodes.new("ShaderNodeScript")
    node.script = text
    tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])


@case("all shaders as scripts of Cycles' own", without=FEATURE_OFF)
def osl_builtin(scene, folder):
    scene.cycles.shading_system = True
    colored(scene, "ShaderNodeTexVoronoi", "Color").inputs["Scale"].default_value = 4


@case("a camera that is a script")
def osl_camera(scene, folder):
    since(5, 0, 0)
    text = bpy.data.texts.new("camera.osl")
    text.write(
        "shader lens(output point position = 0, output vector direction = 0, output color throughput = 1)\n"
        "{ vector p = camera_shader_raster_position(); vector q = (p - 0.5) * vector(1.8, 1, 0);\n"
        "  direction = normalize(vector(q[0] + 0.2 * sin(q[1] * 9), q[1], 1)); }\n"
    )
    camera = scene.camera.data
    scene.cycles.shading_system = True
    camera.type = "CUSTOM"
    camera.custom_mode = "INTERNAL"
    camera.custom_shader = text


@case("image texture that is packed", without=FEATURE_OFF)
def image_packed(scene, folder):
    image = gradient("gradient")
    image.pack()
    node = colored(scene, "ShaderNodeTexImage", "Color")
    node.image, node.projection = image, "BOX"
    coordinates = node.id_data.nodes.new("ShaderNodeTexCoord")
    node.id_data.links.new(coordinates.outputs["Generated"], node.inputs["Vector"])


@case("procedural textures", without=[('objects["Floor"].active_material.node_tree.nodes["Feature"]', "mute", True)])
def procedural(scene, folder):
    colored(scene, "ShaderNodeTexBrick", "Color", "Floor").inputs["Scale"].default_value = 9
    tree, shader, _ = tree_of(scene)
    names = ["Noise", "Voronoi", "Wave", "Magic", "Checker", "Gradient", "WhiteNoise", "Gabor"]
    before = None
    for name in names:
        if not hasattr(bpy.types, f"ShaderNodeTex{name}"):
            continue  # Gabor came with 4.3.
        texture, mix = tree.nodes.new(f"ShaderNodeTex{name}"), tree.nodes.new("ShaderNodeMixRGB")
        mix.blend_type = "DIFFERENCE"
        mix.inputs[0].default_value = 0.7
        mix.inputs[1].default_value = (0.5, 0.2, 0.1, 1)
        if before:
            tree.links.new(before, mix.inputs[1])
        tree.links.new(texture.outputs[0], mix.inputs[2])
        before = mix.outputs[0]
    tree.links.new(before, shader.inputs["Base Color"])


@case("sky texture", without=[('world.node_tree.nodes["Feature"]', "mute", True)])
def sky(scene, folder):
    tree = scene.world.node_tree
    node = tree.nodes.new("ShaderNodeTexSky")
    node.name = "Feature"
    choose(node, "sky_type", "MULTIPLE_SCATTERING", "NISHITA")
    node.sun_elevation = 0.3
    tree.nodes["Background"].inputs["Strength"].default_value = 0.15
    tree.links.new(node.outputs[0], tree.nodes["Background"].inputs["Color"])


@case("light profile (IES) in the file", without=[('objects["Lamp"]', "hide_render", True)])
def ies(scene, folder):
    text = bpy.data.texts.new("lamp.ies")
    text.write(
        "IESNA:LM-63-2002\n[TEST] corpus\n[MANUFAC] none\nTILT=NONE\n"
        "1 1000 1 5 1 1 2 0 0 0\n1 1 10\n0 20 40 60 90\n0\n9 700 50 900 0\n"
    )
    light = bpy.data.lights.new("Lamp", "POINT")
    light.energy, light.use_nodes = 30, True
    add(scene, "Lamp", light, (0, -1.5, 1.8))
    tree = light.node_tree
    node = tree.nodes.new("ShaderNodeTexIES")
    node.ies = text
    tree.links.new(node.outputs[0], tree.nodes["Emission"].inputs["Strength"])
    scene.objects["Sun"].data.energy = 0.3


@case("procedural volume", without=[('objects["Fog"]', "hide_render", True)])
def volume_procedural(scene, folder):
    bpy.ops.mesh.primitive_cube_add(size=3)
    bpy.context.object.name = "Fog"
    tree = paint(bpy.context.object)
    noise = tree.nodes.new("ShaderNodeTexNoise")
    tree.links.new(noise.outputs[0], fog(scene, tree).inputs["Density"])


@case("procedural volume without steps, as 5.0 traces it", without=[("cycles", "volume_biased", True)])
def volume_unbiased(scene, folder):
    since(5, 0, 0)
    volume_procedural(scene, folder)
    scene.cycles.volume_biased = False


@case("bevel and ambient occlusion nodes")
def ray_nodes(scene, folder):
    tree, shader, _ = tree_of(scene)
    bevel = tree.nodes.new("ShaderNodeBevel")
    tree.links.new(bevel.outputs[0], shader.inputs["Normal"])
    colored(scene, "ShaderNodeAmbientOcclusion", "Color").samples = 4


@case("motion blur", frame=3, without=[("render", "use_motion_blur", False)])
def motion_blur(scene, folder):
    scene.render.use_motion_blur = True
    scene.render.motion_blur_shutter = 1
    subject = scene.objects["Subject"]
    for frame, x in ((1, -2), (5, 2)):
        subject.location.x = x
        subject.rotation_euler.z = x
        subject.keyframe_insert("location", frame=frame)
        subject.keyframe_insert("rotation_euler", frame=frame)


@case("depth of field", without=[("camera.data.dof", "use_dof", False)])
def depth_of_field(scene, folder):
    dof = scene.camera.data.dof
    dof.use_dof, dof.focus_distance, dof.aperture_fstop, dof.aperture_blades = True, 2, 0.2, 5


@case("panorama")
def panorama(scene, folder):
    scene.camera.data.type = "PANO"
    scene.camera.data.panorama_type = "EQUIRECTANGULAR"


@case("shadow catcher on a film without a sky", without=[('objects["Floor"]', "is_shadow_catcher", False)])
def shadow_catcher(scene, folder):
    scene.render.film_transparent = True
    scene.objects["Floor"].is_shadow_catcher = True


@case("displacement and adaptive subdivision", without=[(SUBJECT + '.modifiers["Subdivision"]', "show_render", False)])
def adaptive_subdivision(scene, folder):
    subject = scene.objects["Subject"]
    modifier = subject.modifiers.new("Subdivision", "SUBSURF")
    if hasattr(modifier, "use_adaptive_subdivision"):
        modifier.use_adaptive_subdivision = True
    else:
        scene.cycles.feature_set = "EXPERIMENTAL"
        subject.cycles.use_adaptive_subdivision = True
    subject.active_material.displacement_method = "BOTH"
    tree, _, output = tree_of(scene)
    noise, move = object_noise(tree), tree.nodes.new("ShaderNodeDisplacement")
    move.inputs["Scale"].default_value = 0.6
    tree.links.new(noise.outputs[0], move.inputs["Height"])
    tree.links.new(move.outputs[0], output.inputs["Displacement"])
