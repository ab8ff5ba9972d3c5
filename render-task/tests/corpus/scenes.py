"""Makes a corpus: small scenes, one for each feature of Blender that a picture may need.

    python scenes.py FOLDER                        a Python that has `bpy`
    blender -b --factory-startup --python scenes.py -- FOLDER

Beside the scenes it writes `corpus.json`, which says what each one shows and what to render of it.
To add a scene: a function with `@case` in one of the modules below.
"""

import json
import os
import sys

sys.dont_write_bytecode = True  # Beside the sources it would be.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bpy  # noqa: E402

import caches  # noqa: E402, F401
import compositing  # noqa: E402, F401
import geometry  # noqa: E402, F401
import outputs  # noqa: E402, F401
import physics  # noqa: E402, F401
import shading  # noqa: E402, F401
from case import CASES, Skip, bring_own_modules, save, stage  # noqa: E402


def write(case, folder):
    """Makes one scene, and returns its line for the list."""
    line = {"name": case.name, "feature": case.feature}
    path = os.path.join(folder, f"{case.name}.blend")
    try:
        case.make(stage(path), folder)
    except Skip as reason:
        os.remove(path)
        return {**line, "skipped": str(reason)}
    bpy.context.scene.frame_set(case.frame)
    save(path)
    return {
        **line,
        "file": os.path.basename(path),
        "frame": case.frame,
        "needs": case.needs,
        "without": case.without,
    }


def main():
    """Writes all scenes, or those that are named after the folder."""
    words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    folder, wanted = os.path.abspath(words[0]), words[1:]
    os.makedirs(folder, exist_ok=True)
    bring_own_modules()
    lines = [write(case, folder) for case in CASES if not wanted or case.name in wanted]
    with open(os.path.join(folder, "corpus.json"), "w", encoding="utf-8") as file:
        json.dump({"blender": bpy.app.version_string, "scenes": lines}, file, indent=1)
    print(f"{len(lines)} scenes in {folder}")


main()
