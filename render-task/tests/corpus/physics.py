"""Scenes that are what they are by the frames before: each is stepped to its frame."""

import bpy
from case import SUBJECT, case


@case("rigid bodies", frame=8, without=[("rigidbody_world", "enabled", False)])
def rigid_bodies(scene, folder):
    bpy.ops.rigidbody.world_add()
    for name, kind in (("Floor", "PASSIVE"), ("Subject", "ACTIVE")):
        bpy.context.view_layer.objects.active = scene.objects[name]
        bpy.ops.rigidbody.object_add()
        scene.objects[name].rigid_body.type = kind
    scene.objects["Subject"].location.z = 1
    scene.objects["Subject"].rotation_euler = (0.5, 0.4, 0)


@case("cloth", frame=12, without=[(SUBJECT + '.modifiers["Cloth"]', "show_render", False)])
def cloth(scene, folder):
    scene.objects["Subject"].modifiers.new("Cloth", "CLOTH")


@case("soft body", frame=12, without=[(SUBJECT + '.modifiers["Soft"]', "show_render", False)])
def soft_body(scene, folder):
    subject = scene.objects["Subject"]
    subject.modifiers.new("Soft", "SOFT_BODY")
    subject.soft_body.use_goal = False


@case("force field on particles", frame=8, without=[('objects["Wind"].field', "strength", 0)])
def force_field(scene, folder):
    modifier = scene.objects["Subject"].modifiers.new("Particles", "PARTICLE_SYSTEM")
    settings = modifier.particle_system.settings
    settings.count, settings.frame_end, settings.particle_size = 200, 4, 0.06
    modifier.particle_system.seed = 7
    bpy.ops.mesh.primitive_ico_sphere_add(radius=1, location=(0, 0, -9))
    settings.render_type, settings.instance_object = "OBJECT", bpy.context.object
    bpy.ops.object.effector_add(type="WIND", location=(-2, 0, 0), rotation=(0, 1.5, 0))
    bpy.context.object.name = "Wind"
    bpy.context.object.field.strength = 30


@case("geometry nodes that simulate", frame=6)
def simulation_nodes(scene, folder):
    tree = bpy.data.node_groups.new("Nodes", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    start, end = tree.nodes.new("GeometryNodeSimulationInput"), tree.nodes.new("GeometryNodeSimulationOutput")
    start.pair_with_output(end)
    move = tree.nodes.new("GeometryNodeTransform")
    move.inputs["Translation"].default_value = (0.25, 0, 0.1)
    way_in, way_out = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    tree.links.new(way_in.outputs[0], start.inputs["Geometry"])
    tree.links.new(start.outputs["Geometry"], move.inputs[0])
    tree.links.new(move.outputs[0], end.inputs["Geometry"])
    tree.links.new(end.outputs["Geometry"], way_out.inputs[0])
    scene.objects["Subject"].modifiers.new("Nodes", "NODES").node_group = tree
