"""Scenes of what a picture is written as, and of how its colors are seen."""

from case import case

# Name, format, depth, codec and quality, where it has them.
FORMATS = [
    ("png-8", "PNG", {"color_depth": "8", "color_mode": "RGBA"}),
    ("png-16", "PNG", {"color_depth": "16", "color_mode": "RGB"}),
    ("png-bw", "PNG", {"color_depth": "8", "color_mode": "BW"}),
    ("jpeg", "JPEG", {"quality": 90}),
    ("webp", "WEBP", {"quality": 80, "color_mode": "RGBA"}),
    ("webp-lossless", "WEBP", {"quality": 100}),
    ("tiff-16", "TIFF", {"color_depth": "16", "tiff_codec": "DEFLATE"}),
    ("tiff-8-lzw", "TIFF", {"color_depth": "8", "tiff_codec": "LZW"}),
    ("jpeg2000", "JPEG2000", {"color_depth": "16", "quality": 100}),
    ("jpeg2000-j2k", "JPEG2000", {"color_depth": "8", "jpeg2k_codec": "J2K", "quality": 80}),
    ("hdr", "HDR", {}),
    ("exr-32", "OPEN_EXR", {"color_depth": "32", "exr_codec": "ZIP"}),
    ("exr-16-dwaa", "OPEN_EXR", {"color_depth": "16", "exr_codec": "DWAA"}),
    ("exr-16-piz", "OPEN_EXR", {"color_depth": "16", "exr_codec": "PIZ"}),
    ("exr-multilayer", "OPEN_EXR_MULTILAYER", {"color_depth": "32", "exr_codec": "ZIP"}),
    ("targa", "TARGA", {"color_mode": "RGBA"}),
    ("targa-raw", "TARGA_RAW", {"color_mode": "RGB"}),
    ("bmp", "BMP", {}),
    ("iris", "IRIS", {}),
    ("cineon", "CINEON", {}),
    ("dpx", "DPX", {"color_depth": "10"}),
]
TRANSFORMS = ["Standard", "AgX", "Filmic", "Filmic Log", "False Color", "Raw", "Khronos PBR Neutral"]


def set_format(settings, name, values):
    """Chooses a format; from 5.0 on its kind is to be chosen first."""
    if hasattr(settings, "media_type"):
        settings.media_type = {"OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE", "FFMPEG": "VIDEO"}.get(name, "IMAGE")
    settings.file_format = name
    for attribute, value in values.items():
        setattr(settings, attribute, value)


def add_formats():
    """A scene for each format."""

    def written_as(name, format_name, values):
        def make(scene, folder):
            set_format(scene.render.image_settings, format_name, values)
            if format_name == "OPEN_EXR_MULTILAYER":
                layer = scene.view_layers[0]
                layer.use_pass_z = layer.use_pass_normal = layer.use_pass_cryptomatte_object = True

        make.__name__ = f"format_{name}"
        return make

    for name, format_name, values in FORMATS:
        case(f"written as {name}")(written_as(name, format_name, values))


def add_transforms():
    """A scene for each way from light to a picture."""

    def seen_as(transform, look):
        def make(scene, folder):
            scene.view_settings.view_transform = transform
            scene.view_settings.look = look
            scene.objects["Sun"].data.energy = 12

        name = transform if look == "None" else look.replace(" - ", "-")
        make.__name__ = "view_" + name.lower().replace(" ", "-")
        return make

    for transform in TRANSFORMS:
        off = [("view_settings", "view_transform", "Raw" if transform == "Standard" else "Standard")]
        case(f"seen as {transform}", without=off)(seen_as(transform, "None"))
    case("seen as AgX with a look", without=[("view_settings", "look", "None")])(seen_as("AgX", "AgX - Punchy"))


add_formats()
add_transforms()


@case("curves, exposure and gamma of the view", without=[("view_settings", "use_curve_mapping", False)])
def view_curves(scene, folder):
    view = scene.view_settings
    view.exposure, view.gamma, view.use_curve_mapping = 0.5, 1.2, True
    view.curve_mapping.curves[3].points[0].location = (0.1, 0.2)
    view.curve_mapping.update()


@case("notes burnt into the picture", without=[("render", "use_stamp", False)])
def burnt_in(scene, folder):
    render = scene.render
    render.resolution_x, render.resolution_y = 192, 108
    render.use_stamp = render.use_stamp_note = render.use_stamp_frame = True
    render.stamp_note_text, render.stamp_font_size = "Corpus", 14
