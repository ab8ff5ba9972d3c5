"""Renders a corpus with one Blender, and writes down what came of it.

    python render.py CORPUS OUT [--only NAME] [--without]
    blender -b --factory-startup --python render.py -- CORPUS OUT ...

`OUT/pictures.json` has for each scene the SHA-256 of the picture's pixels as Blender reads them back,
or the error. Those of two Blenders must be the same. The file's own is there as well, and differs
each time where Cycles writes into the file how long it took. With `--without`, each scene's feature
is taken off first, where the scene says how: those pictures must be others.
"""

import argparse
import hashlib
import json
import os
import sys
import time

import bpy

THREADS = 2


def words():
    """The arguments that are this script's own."""
    own = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    parser = argparse.ArgumentParser(prog="render.py")
    parser.add_argument("corpus")
    parser.add_argument("out")
    parser.add_argument("--only", action="append")
    parser.add_argument("--without", action="store_true")
    return parser.parse_args(own)


def take_off(scene, steps):
    """Sets what makes the scene one without its feature."""
    for owner, attribute, value in steps:
        setattr(scene.path_resolve(owner), attribute, value)


def render(line, corpus, out, without):
    """Renders one scene, and returns what it became."""
    started = time.monotonic()
    bpy.ops.wm.open_mainfile(filepath=os.path.join(corpus, line["file"]), load_ui=False, use_scripts=False)
    scene = bpy.context.scene
    scene.render.threads_mode, scene.render.threads = "FIXED", THREADS
    if without:
        take_off(scene, line["without"])
    # A simulation knows a frame only by those before it.
    for frame in range(scene.frame_start, line["frame"]):
        scene.frame_set(frame)
    scene.frame_set(line["frame"])
    stem = os.path.join(out, line["name"])
    scene.render.filepath = stem
    scene.render.use_file_extension = True
    if "FINISHED" not in bpy.ops.render.render(write_still=True):
        raise RuntimeError("Blender stopped without saying why")
    seconds = round(time.monotonic() - started, 3)
    path = written(out, line["name"])
    return {"file": os.path.basename(path), "seconds": seconds, "sha256": digest(path), **pixels(path)}


def written(out, name):
    """The file that the render wrote, whatever its extension and number are."""
    found = [entry for entry in os.listdir(out) if os.path.splitext(entry)[0] == name]
    found = found or [entry for entry in os.listdir(out) if entry.startswith(name + "0")]
    if not found:
        raise RuntimeError("no picture was written")
    return os.path.join(out, found[0])


def digest(path):
    """The hash of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pixels(path):
    """What Blender reads back: its hash, and what shows that it is not empty."""
    image = bpy.data.images.load(path)
    count = len(image.pixels)
    if not count:  # Layers: no one of them is the picture.
        return {"pixels": digest_of_layers(path), "size": None}
    values = memoryview(bytearray(4 * count)).cast("f")
    image.pixels.foreach_get(values)
    colors = [value for index, value in enumerate(values) if index % image.channels != 3]
    return {
        "pixels": hashlib.sha256(values.cast("B")).hexdigest(),
        "size": list(image.size),
        "mean": round(sum(colors) / len(colors), 4),
        "spread": round(max(colors) - min(colors), 4),
    }


def digest_of_layers(path):
    """The hash of an OpenEXR file but for its notes, among which are times, and what depends on their length."""
    with open(path, "rb") as file:
        content = file.read()
    at, kept = 8, hashlib.sha256()
    while content[at]:
        name, kind, _ = content[at:].split(b"\0", 2)
        begin = at + len(name) + len(kind) + 2
        end = begin + 4 + int.from_bytes(content[begin : begin + 4], "little")
        if kind != b"string":
            kept.update(content[at:end])
        at = end
    # Then where each part of the picture begins; the first follows them.
    first = int.from_bytes(content[at + 1 : at + 9], "little")
    kept.update(content[first:])
    return kept.hexdigest()


def main():
    """Renders scene after scene in one process, and keeps the list after each."""
    args = words()
    with open(os.path.join(args.corpus, "corpus.json"), encoding="utf-8") as file:
        scenes = json.load(file)["scenes"]
    os.makedirs(args.out, exist_ok=True)
    pictures = {}
    for line in scenes:
        wanted = not args.only or line["name"] in args.only
        if "skipped" in line or not wanted or (args.without and not line["without"]):
            continue
        print(f"== {line['name']}", flush=True)
        try:
            pictures[line["name"]] = render(line, args.corpus, args.out, args.without)
        except (RuntimeError, OSError) as error:
            pictures[line["name"]] = {"error": " ".join(str(error).split())}
        with open(os.path.join(args.out, "pictures.json"), "w", encoding="utf-8") as file:
            json.dump({"blender": bpy.app.version_string, "pictures": pictures}, file, indent=1)


main()
