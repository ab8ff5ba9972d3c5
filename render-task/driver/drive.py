"""Drives one Blender for render-task: one command at a time, JSON lines both ways.

Runs under a `blender -b --python` or under a Python that has `bpy`:

    ... drive.py -- TOKEN THREADS

Answers leave on the original stdout, whose file descriptor Blender never sees: fd 1 is pointed
at stderr first, so that nothing that Blender or a library prints can be taken for an answer.
Before each answer, all that was printed is flushed and a line with the token follows it on
stderr, so that the supervisor knows which command a printed line belongs to.

When stdin ends, the supervisor is gone, and so is this process, even in the middle of a frame.

Start reading at `main`. What makes a picture wrong is in `faults.py`, what of Blender's own lies
elsewhere in `assets.py`, what the upload wants otherwise in `settings.py`, what is computed from frame to frame in
`simulations.py`, where files go in `outputs.py`.
"""

import ctypes
import json
import os
import queue
import sys
import threading
import time

ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bpy  # noqa: E402  (only after stdout is out of its reach)

import assets  # noqa: E402
import faults  # noqa: E402
import outputs  # noqa: E402
import paths  # noqa: E402
import settings  # noqa: E402
import simulations  # noqa: E402

TOKEN, THREADS = sys.argv[sys.argv.index("--") + 1 :][:2]
COMMANDS = queue.Queue()
# The name of the scene that is rendered.
OPEN = {"scene": ""}


def listen():
    """Hands on commands, and ends the process with its supervisor."""
    with os.fdopen(os.dup(0), "rb") as commands:
        for line in commands:
            COMMANDS.put(line)
    os._exit(0)


def answer(kind, **fields):
    """Sends one answer, after everything that was printed before it."""
    sys.stdout.flush()
    try:
        ctypes.CDLL(None).fflush(None)
    except OSError:
        pass  # Without libc's handle, Blender's own flushing must do.
    os.write(2, f"\n{TOKEN}\n".encode())
    json.dump({kind: fields, "peak_memory_mib": peak_memory_mib()}, ANSWERS)
    ANSWERS.write("\n")
    ANSWERS.flush()


def peak_memory_mib():
    """The most memory that this process ever held, in MiB."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0


def open_file(path, project, missing, scripts, wanted):
    """Opens the file and says what it is and what is wrong with it.

    `project` is the folder whose files may be read. `missing` and `scripts` say whether the upload lets
    missing files and Python in the file pass, and `wanted` has the settings that it wants otherwise.
    """
    paths.PROJECT = project
    try:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=scripts)
    except RuntimeError as error:
        fault = faults.of_open_error(blenders_words(error))
        return answer("failed", **fault)
    assets.mend()
    faults.ALLOWED.update(missing=missing, scripts=scripts)
    warnings = []
    scene, found = settings.apply(wanted)
    OPEN["scene"] = scene.name
    found = faults.of_version() or found or faults.of_file(scene, warnings)
    if not found:
        render = scene.render
        render.threads_mode = "FIXED"
        render.threads = int(THREADS)
        # The layers that are used, not the one in view.
        render.use_single_layer = False
        scene.cycles.device = "CPU"
        outputs.prepare(scene, warnings)
    width, height = outputs.size(scene)
    answer(
        "opened",
        scene=scene.name,
        engine=scene.render.engine,
        width=width,
        height=height,
        file_format=scene.render.image_settings.file_format,
        warnings=warnings,
        faults=found,
    )


def render(frame, folder, stem):
    """Renders one frame, all of whose files land in `folder`."""
    scene = bpy.data.scenes[OPEN["scene"]]
    simulations.go_to(scene, frame)
    warnings = []
    found = faults.of_frame(scene, warnings)
    if found:
        return answer("failed", **found[0])
    outputs.redirect(scene, folder, stem)
    started = time.monotonic()
    try:
        # The operator takes the frame from the scene in view, which may be another one.
        with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
            done = bpy.ops.render.render(write_still=True, scene=scene.name)
    except RuntimeError as error:
        return answer("failed", message=f"Blender could not render it: {blenders_words(error)}")
    if "FINISHED" not in done:
        return answer("failed", message="Blender stopped rendering it without saying why.")
    seconds = time.monotonic() - started
    outputs.number(scene, folder)
    width, height = outputs.size(scene)
    answer(
        "rendered",
        seconds=seconds,
        width=width,
        height=height,
        extension=outputs.extension(scene),
        views=outputs.views(scene),
        warnings=warnings,
    )


def check(path):
    """Decodes one picture with Blender's own reader."""
    image = bpy.data.images.load(path)
    try:
        width, height = image.size
        pixels = len(image.pixels)  # Reading pixels is what decodes.
        if not image.has_data or not width or not height or not pixels:
            return answer("failed", message="Blender cannot read it back.")
        answer("checked", width=width, height=height)
    finally:
        bpy.data.images.remove(image)


def blenders_words(error):
    """What an operator reported, without the prefix and on one line."""
    lines = [line.strip().removeprefix("Error: ") for line in str(error).splitlines()]
    return " ".join(line for line in lines if line)


def main():
    """Answers commands until told to quit."""
    threading.Thread(target=listen, daemon=True).start()
    answer("hello", token=TOKEN, blender=bpy.app.version_string)
    handlers = {"open": lambda args: open_file(**args), "render": lambda args: render(**args), "check": check}
    while True:
        [(verb, value)] = json.loads(COMMANDS.get()).items()
        if verb == "quit":
            # Blender's shutdown has nothing left to do, and must not change the outcome.
            os._exit(0)
        try:
            handlers[verb](value)
        except Exception as error:  # noqa: BLE001  (one frame's trouble must not end the others)
            answer("failed", message=f"Blender's script failed: {type(error).__name__}: {error}")


try:
    main()
finally:
    # Whatever went wrong (the supervisor's end of a pipe is gone, most likely): an ordinary exit
    # would wait for ever for a thread of Blender's.
    os._exit(1)
