"""Scenes of things: text, hair, modifiers, geometry nodes, instances."""

import math
import os

import bpy
from case import SUBJECT, add, case, fog, paint, without_subject

DRIVER = SUBJECT + ".animation_data.drivers[0].driver"


def modifier_off(name):
    """The step that takes a modifier off the subject."""
    return [(f'{SUBJECT}.modifiers["{name}"]', "show_render", False)]


def write_text(scene, body, size):
    """A text where the monkey was."""
    without_subject(scene)
    text = bpy.data.curves.new("Subject", "FONT")
    text.body, text.size, text.extrude, text.align_x = body, size, 0.05, "CENTER"
    thing = add(scene, "Subject", text, (0, 0, 0), (math.pi / 2, 0, 0))
    paint(thing, (0.8, 0.1, 0.1, 1))
    return text


@case("text in Blender's own font")
def text_builtin(scene, folder):
    write_text(scene, "Corpus", 1.3)


@case("text in scripts that need Blender's other fonts")
def text_other_scripts(scene, folder):
    write_text(scene, "漢字אב\nทย∑🐵", 1)
    scene.objects["Subject"].location.z = 0.8


@case("text in a font that is packed")
def text_packed_font(scene, folder):
    fonts = os.path.join(bpy.utils.resource_path("LOCAL"), "datafiles", "fonts")
    mono = next(name for name in sorted(os.listdir(fonts)) if "mono" in name.lower())
    text = write_text(scene, "Corpus", 1.2)
    text.font = bpy.data.fonts.load(os.path.join(fonts, mono))
    text.font.pack()


@case("subdivision surface", without=modifier_off("Subdivision"))
def subdivision(scene, folder):
    modifier = scene.objects["Subject"].modifiers.new("Subdivision", "SUBSURF")
    modifier.render_levels = 2


@case("hair curves")
def hair_curves(scene, folder):
    hair = bpy.data.hair_curves.new("Hair")
    hair.add_curves([6] * 300)
    turn = math.pi * (3 - math.sqrt(5))
    positions = []
    for curve in range(300):
        radius, angle = 1.6 * math.sqrt(curve / 300), curve * turn
        for point in range(6):
            bend = radius + 0.02 * point * point
            positions += [bend * math.cos(angle), bend * math.sin(angle), -0.6 + 0.25 * point]
    hair.attributes["position"].data.foreach_set("vector", positions)
    without_subject(scene)
    thing = add(scene, "Subject", hair)
    tree = paint(thing)
    shader = tree.nodes.new("ShaderNodeBsdfHairPrincipled")
    tree.links.new(shader.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
    scene.cycles_curves.shape = "THICK"


def particles(scene, kind):
    """A particle system on the subject."""
    modifier = scene.objects["Subject"].modifiers.new("Particles", "PARTICLE_SYSTEM")
    settings = modifier.particle_system.settings
    settings.type, settings.count = kind, 200
    modifier.particle_system.seed = 7
    return settings


@case("hair of particles", without=modifier_off("Particles"))
def hair_particles(scene, folder):
    settings = particles(scene, "HAIR")
    settings.hair_length, settings.root_radius = 0.6, 2
    settings.child_type = "INTERPOLATED"
    settings.rendered_child_count = 5


@case("particles that carry an object", frame=8, without=modifier_off("Particles"))
def particle_instances(scene, folder):
    settings = particles(scene, "EMITTER")
    settings.frame_end, settings.lifetime = 8, 50
    bpy.ops.mesh.primitive_ico_sphere_add(radius=1, location=(0, 0, -9))
    settings.render_type, settings.instance_object = "OBJECT", bpy.context.object
    settings.particle_size, settings.normal_factor = 0.08, 4


@case("point cloud")
def point_cloud(scene, folder):
    tree = nodes(scene)
    points = tree.nodes.new("GeometryNodeDistributePointsOnFaces")
    points.inputs["Density"].default_value = 40
    size = tree.nodes.new("GeometryNodeSetPointRadius")
    size.inputs["Radius"].default_value = 0.07
    material = tree.nodes.new("GeometryNodeSetMaterial")
    material.inputs["Material"].default_value = scene.objects["Subject"].active_material
    chain(tree, points, size, material)


@case("meta balls")
def metaballs(scene, folder):
    without_subject(scene)
    ball = bpy.data.metaballs.new("Subject")
    ball.render_resolution = 0.1
    for x in (-0.8, 0, 0.7):
        element = ball.elements.new()
        element.co, element.radius = (x, 0, abs(x) / 2), 0.9
    paint(add(scene, "Subject", ball), (0.1, 0.6, 0.2, 1))


@case("curve with a bevel")
def curve_bevel(scene, folder):
    without_subject(scene)
    curve = bpy.data.curves.new("Subject", "CURVE")
    curve.dimensions, curve.bevel_depth = "3D", 0.15
    spline = curve.splines.new("NURBS")
    spline.points.add(5)
    spline.use_endpoint_u = True
    for number, point in enumerate(spline.points):
        point.co = (number - 2.5, math.sin(number * 2), math.cos(number * 2) * 0.6 + 0.3, 1)
    paint(add(scene, "Subject", curve), (0.1, 0.3, 0.8, 1))


@case("mesh as a volume")
def mesh_to_volume(scene, folder):
    subject = scene.objects["Subject"]
    volume = add(scene, "Fog", bpy.data.volumes.new("Fog"))
    modifier = volume.modifiers.new("Volume", "MESH_TO_VOLUME")
    modifier.object, modifier.voxel_amount, modifier.density = subject, 24, 8
    subject.hide_render = True
    fog(scene, paint(volume))


@case("voxel remesh (OpenVDB)", without=modifier_off("Remesh"))
def remesh(scene, folder):
    modifier = scene.objects["Subject"].modifiers.new("Remesh", "REMESH")
    modifier.mode, modifier.voxel_size = "VOXEL", 0.15


@case("boolean", without=modifier_off("Boolean"))
def boolean(scene, folder):
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.8, location=(0.4, -0.8, 0.5))
    tool = bpy.context.object
    tool.hide_render = True
    remesh(scene, folder)  # The monkey as it is has no inside.
    modifier = scene.objects["Subject"].modifiers.new("Boolean", "BOOLEAN")
    modifier.object, modifier.solver = tool, "EXACT"


@case("ocean", without=modifier_off("Ocean"))
def ocean(scene, folder):
    modifier = scene.objects["Subject"].modifiers.new("Ocean", "OCEAN")
    modifier.geometry_mode, modifier.resolution, modifier.spatial_size = "GENERATE", 6, 20
    modifier.size, modifier.random_seed, modifier.wave_scale = 0.3, 7, 2


@case("shape keys and an armature")
def deform(scene, folder):
    subject = scene.objects["Subject"]
    subject.shape_key_add(name="Basis")
    key = subject.shape_key_add(name="Wide")
    for point in key.data:
        point.co.x *= 1.5
    key.value = 0.7
    armature = bpy.data.armatures.new("Armature")
    skeleton = add(scene, "Armature", armature)
    bpy.context.view_layer.objects.active = skeleton
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.edit_bones.new("Bone")
    bone.head, bone.tail = (0, 0, 0), (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    skeleton.pose.bones["Bone"].rotation_quaternion = (0.9, 0, 0.3, 0.2)
    subject.modifiers.new("Armature", "ARMATURE").object = skeleton
    subject.vertex_groups.new(name="Bone").add(range(len(subject.data.vertices)), 0.8, "REPLACE")


@case("driver that is a simple expression", frame=5, without=[(DRIVER, "expression", "0")])
def driver(scene, folder):
    drive = scene.objects["Subject"].driver_add("location", 0).driver
    drive.type, drive.expression = "SCRIPTED", "sin(frame) * 2 + 0.5"


@case("driver without an expression", without=[(DRIVER + ".variables[0].targets[0]", "data_path", "location.x")])
def driver_sum(scene, folder):
    drive = scene.objects["Subject"].driver_add("rotation_euler", 1).driver
    drive.type = "SUM"
    variable = drive.variables.new()
    variable.targets[0].id = scene.objects["Sun"]
    variable.targets[0].data_path = "location.z"


def nodes(scene):
    """An empty tree of geometry nodes on the subject."""
    tree = bpy.data.node_groups.new("Nodes", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    scene.objects["Subject"].modifiers.new("Nodes", "NODES").node_group = tree
    return tree


def chain(tree, *steps):
    """Links the first output of each to the first input of the next, from the tree's in to its out."""
    steps = [tree.nodes.new("NodeGroupInput"), *steps, tree.nodes.new("NodeGroupOutput")]
    for one, other in zip(steps, steps[1:]):
        tree.links.new(one.outputs[0], other.inputs[0])


@case("geometry nodes", without=modifier_off("Nodes"))
def geometry_nodes(scene, folder):
    tree = nodes(scene)
    points = tree.nodes.new("GeometryNodeDistributePointsOnFaces")
    points.inputs["Density"].default_value = 20
    instance = tree.nodes.new("GeometryNodeInstanceOnPoints")
    cube = tree.nodes.new("GeometryNodeMeshCube")
    cube.inputs["Size"].default_value = (0.15, 0.15, 0.3)
    tree.links.new(cube.outputs[0], instance.inputs["Instance"])
    tree.links.new(points.outputs["Rotation"], instance.inputs["Rotation"])
    material = tree.nodes.new("GeometryNodeSetMaterial")
    material.inputs["Material"].default_value = scene.objects["Subject"].active_material
    chain(tree, points, instance, tree.nodes.new("GeometryNodeRealizeInstances"), material)


@case("geometry nodes that write text", without=modifier_off("Nodes"))
def geometry_nodes_text(scene, folder):
    tree = nodes(scene)
    text = tree.nodes.new("GeometryNodeStringToCurves")
    text.inputs["String"].default_value = "Nodes"
    fill = tree.nodes.new("GeometryNodeFillCurve")
    turn = tree.nodes.new("GeometryNodeTransform")
    turn.inputs["Rotation"].default_value = (math.pi / 2, 0, 0)
    turn.inputs["Translation"].default_value = (-1.4, 0, 0)
    realize = tree.nodes.new("GeometryNodeRealizeInstances")
    out = tree.nodes.new("NodeGroupOutput")
    for one, other in zip((text, realize, fill, turn), (realize, fill, turn, out)):
        tree.links.new(one.outputs[0], other.inputs[0])


@case("node group of Blender's own assets, copied into the file", without=modifier_off("Nodes"))
def asset_copied(scene, folder):
    assets = os.path.join(bpy.utils.resource_path("LOCAL"), "datafiles", "assets")
    files = [os.path.join(at, name) for at, _, names in os.walk(assets) for name in names]
    # 5.0 has one file for all of them.
    file = next(one for one in files if one.endswith(("smooth_by_angle.blend", "geometry_nodes_essentials.blend")))
    with bpy.data.libraries.load(file, link=False) as (theirs, ours):
        ours.node_groups = ["Smooth by Angle"]
    modifier = scene.objects["Subject"].modifiers.new("Nodes", "NODES")
    modifier.node_group = ours.node_groups[0]
    modifier["Input_1"] = math.radians(80)
    for face in scene.objects["Subject"].data.polygons:
        face.use_smooth = True
