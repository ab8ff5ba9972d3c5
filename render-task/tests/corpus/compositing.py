"""Scenes of what happens to a picture after its rays: compositor, layers, passes, lines."""

import bpy
from case import add, case, gradient, tree_of, tune
from outputs import set_format

UNCOMPOSED = [("render", "use_compositing", False)]


def compose(scene):
    """An empty tree of the compositor: its nodes, what was rendered, and where the picture goes."""
    if hasattr(scene, "compositing_node_group"):
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group = tree
        out = tree.nodes.new("NodeGroupOutput")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        out = tree.nodes.new("CompositorNodeComposite")
    return tree, tree.nodes.new("CompositorNodeRLayers"), out


def through(scene, kind):
    """Puts one node between the render and the picture."""
    tree, rendered, out = compose(scene)
    node = tree.nodes.new(kind)
    tree.links.new(rendered.outputs["Image"], node.inputs["Image"])
    tree.links.new(node.outputs["Image"], out.inputs[0])
    return tree, rendered, node


@case("compositor: glare", without=UNCOMPOSED)
def glare(scene, folder):
    _, _, node = through(scene, "CompositorNodeGlare")
    if "Type" in node.inputs:
        node.inputs["Type"].default_value = "Fog Glow"
    else:
        node.glare_type = "FOG_GLOW"
    tune(node, threshold=0.1)


@case("compositor: streaks", without=UNCOMPOSED)
def glare_streaks(scene, folder):
    _, _, node = through(scene, "CompositorNodeGlare")
    if "Type" not in node.inputs:
        node.glare_type = "STREAKS"
    tune(node, threshold=0.1)


@case("compositor: blur", without=UNCOMPOSED)
def blur(scene, folder):
    _, _, node = through(scene, "CompositorNodeBlur")
    if node.inputs["Size"].type == "VECTOR":
        node.inputs["Size"].default_value = (6, 4)
    else:
        node.size_x, node.size_y = 6, 4


@case("compositor: denoise", without=UNCOMPOSED)
def compositor_denoise(scene, folder):
    scene.view_layers[0].cycles.denoising_store_passes = True
    tree, rendered, node = through(scene, "CompositorNodeDenoise")
    for name, socket in (("Denoising Normal", "Normal"), ("Denoising Albedo", "Albedo")):
        tree.links.new(rendered.outputs[name], node.inputs[socket])


@case("compositor: lens", without=UNCOMPOSED)
def lens(scene, folder):
    _, _, node = through(scene, "CompositorNodeLensdist")
    tune(node, distortion=0.4, dispersion=0.2)


@case("compositor: defocus by depth", without=UNCOMPOSED)
def defocus(scene, folder):
    scene.view_layers[0].use_pass_z = True
    scene.camera.data.dof.focus_distance = 2
    tree, rendered, node = through(scene, "CompositorNodeDefocus")
    node.use_zbuffer, node.f_stop = True, 0.1
    tree.links.new(rendered.outputs["Depth"], node.inputs["Z"])


@case("compositor: cryptomatte", without=UNCOMPOSED)
def cryptomatte(scene, folder):
    layer = scene.view_layers[0]
    layer.use_pass_cryptomatte_object, layer.pass_cryptomatte_depth = True, 4
    _, _, node = through(scene, "CompositorNodeCryptomatteV2")
    node.matte_id = "Subject"


@case("compositor: colors and curves", without=UNCOMPOSED)
def color_nodes(scene, folder):
    tree, _, node = through(scene, "CompositorNodeColorBalance")
    tree.nodes.new("CompositorNodeHueSat")
    curve = tree.nodes.new("CompositorNodeCurveRGB")
    curve.mapping.curves[3].points[0].location = (0.2, 0)
    curve.mapping.update()
    last = node.outputs["Image"].links[0].to_socket
    tree.links.new(node.outputs["Image"], curve.inputs["Image"])
    tree.links.new(curve.outputs["Image"], last)


@case("compositor: convert between color spaces", without=UNCOMPOSED)
def convert_colors(scene, folder):
    _, _, node = through(scene, "CompositorNodeConvertColorSpace")
    spaces = node.bl_rna.properties["from_color_space"].enum_items.keys()
    node.from_color_space = "Linear Rec.709"
    node.to_color_space = "ACEScg" if "ACEScg" in spaces else "sRGB"


@case("several layers and passes in one file")
def layers(scene, folder):
    set_format(scene.render.image_settings, "OPEN_EXR_MULTILAYER", {"color_depth": "32"})
    first, second = scene.view_layers[0], scene.view_layers.new("Second")
    first.use_pass_z = first.use_pass_diffuse_color = first.use_pass_mist = first.use_pass_vector = True
    second.use_pass_normal = second.use_pass_cryptomatte_material = True
    second.material_override = bpy.data.materials.new("Override")
    first.aovs.add().name = "Value"
    tree, _, _ = tree_of(scene)
    node = tree.nodes.new("ShaderNodeOutputAOV")
    choose_name(node, "Value")
    node.inputs["Color"].default_value = (0.2, 0.4, 0.6, 1)


def choose_name(node, name):
    """The pass that a node writes to; the property was renamed."""
    setattr(node, "aov_name" if hasattr(node, "aov_name") else "name", name)


@case("two views of a stereo camera")
def stereo(scene, folder):
    scene.render.use_multiview = True
    scene.render.views_format = "STEREO_3D"
    scene.render.image_settings.views_format = "STEREO_3D"
    scene.render.image_settings.stereo_3d_format.display_mode = "SIDEBYSIDE"
    scene.camera.data.stereo.interocular_distance = 0.5


@case("Freestyle", without=[("render", "use_freestyle", False)])
def freestyle(scene, folder):
    scene.render.use_freestyle = True
    style = scene.view_layers[0].freestyle_settings
    line = style.linesets.new("Lines").linestyle or bpy.data.linestyles.new("Lines")
    style.linesets[0].linestyle = line
    line.thickness, line.color = 2, (0.1, 0, 0.6)
    line.geometry_modifiers.new("Noise", "PERLIN_NOISE_1D").amplitude = 3
    line.use_dashed_line, line.dash1, line.gap1 = True, 6, 2


@case("light groups and linking", without=[('objects["Lamp"].light_linking', "receiver_collection", None)])
def light_linking(scene, folder):
    light = bpy.data.lights.new("Lamp", "POINT")
    light.energy = 400
    lamp = add(scene, "Lamp", light, (1, -3, 2))
    lit = bpy.data.collections.new("Lit")
    lit.objects.link(scene.objects["Subject"])
    lamp.light_linking.receiver_collection = lit
    scene.objects["Sun"].data.energy = 0.5


@case("world of a picture that is packed", without=[("world.node_tree.nodes[\"Feature\"]", "mute", True)])
def environment(scene, folder):
    tree = scene.world.node_tree
    node = tree.nodes.new("ShaderNodeTexEnvironment")
    node.name, node.image = "Feature", gradient("sky", 64)
    node.image.pack()
    tree.links.new(node.outputs[0], tree.nodes["Background"].inputs["Color"])
    # What Blender chooses by itself is a map that takes seconds.
    scene.world.cycles.sampling_method, scene.world.cycles.sample_map_resolution = "MANUAL", 64
