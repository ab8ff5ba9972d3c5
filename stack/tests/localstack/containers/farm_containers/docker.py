"""The `docker` program, and the end of all that this engine has made with it."""

import base64
import json
import re
import subprocess
import threading
import time
import uuid

from farm_containers import settings

ENGINE = f"farm.engine={uuid.uuid4()}"
ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(.+)")

# Held while a container is made, so that none is made once the engine removes its own.
making = threading.Lock()
leaving = False
made = False
pulled: set[str] = set()


class Failed(Exception):
    """Docker refused. Its reason is the message."""


def start(*arguments: str, **streams) -> subprocess.Popen:
    # In a session of its own: what a terminal sends to the engine is not for it.
    return subprocess.Popen(
        [settings.SETTINGS.docker, *arguments],
        env={
            "DOCKER_HOST": settings.SETTINGS.docker_host,
            "DOCKER_CONFIG": str(settings.FOLDER / "docker"),
            "PATH": "/usr/bin:/bin",
        },
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        **streams,
    )


def run(*arguments: str) -> str:
    process = start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, complaint = process.communicate()
    if process.returncode:
        raise Failed(complaint.strip() or f"docker {arguments[0]} ended with {process.returncode}")
    return out


def login() -> None:
    """What `docker login` writes. It is tried with the first pull."""
    folder = settings.FOLDER / "docker"
    folder.mkdir(parents=True, exist_ok=True)
    key = base64.b64encode(f"AWS:{settings.SETTINGS.registry_password}".encode()).decode()
    content = {"auths": {settings.SETTINGS.registry_host: {"auth": key}}}
    (folder / "config.json").write_text(json.dumps(content))


def pull(image: str) -> str:
    """Fetches an image of ECR's from the registry that stands for it."""
    found = ECR.fullmatch(image)
    if not found:
        raise Failed(f"{image} is no image of ECR's")
    name = f"{settings.SETTINGS.registry_host}/{found[1]}"
    was_there = there(name)
    run("pull", "--quiet", name)
    if not was_there:
        pulled.add(name)
    return name


def there(image: str) -> bool:
    try:
        run("image", "inspect", image)
    except Failed:
        return False
    return True


def create(name: str, *arguments: str) -> None:
    global made
    with making:
        if leaving:
            raise Failed("the engine is leaving")
        made = True
        run("create", "--name", name, "--label", ENGINE, *arguments)


def remove(name: str) -> None:
    run("rm", "--force", "--volumes", name)


def sent_signals(name: str, since: str) -> list[str]:
    """The numbers of the signals that a container was sent through Docker."""
    of_it = ("--filter", f"container={name}", "--filter", "event=kill")
    form = ("--format", "{{.Actor.Attributes.signal}}")
    # Docker tells of a signal once it is sent, which may be after the container has ended.
    until = f"{time.time() + 0.2:.9f}"
    return run("events", "--since", since, "--until", until, *of_it, *form).split()


def clean() -> None:
    """Removes the containers, their volumes, and the names of the images that were pulled."""
    global leaving
    leaving = True
    with making:
        if made:
            mine = run("ps", "--all", "--quiet", "--filter", f"label={ENGINE}").split()
            if mine:
                run("rm", "--force", "--volumes", *mine)
        for name in list(pulled):
            pulled.discard(name)
            try:
                run("rmi", name)
            except Failed:
                # Another engine's container has it too, and that engine removes it.
                continue
