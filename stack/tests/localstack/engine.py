"""Starts LocalStack for one test: with what `additions/` holds, and unless it is to be as it is
otherwise, with what `mends/` holds. Where jobs and functions are to run in containers, also with
what `containers/` holds.

    PYTHON engine.py FOLDER [stock | containers SETTINGS.json]

PYTHON is that of LocalStack's virtual environment. All that the engine writes lies in FOLDER. It
listens on a free port of 127.0.0.1, says `ready http://127.0.0.1:PORT` on stdout once it answers,
and leaves when its stdin is closed, so also when whoever started it is gone, or on SIGTERM. A start
that fails exits with 1 and the reason on stderr. LocalStack's own output is in
FOLDER/localstack.log. With containers it listens on the address that SETTINGS.json names as well,
and removes what it made in Docker when it leaves.
"""

import os
import signal
import socket
import sys
import threading
import time
import traceback
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS_TO_START = 120


def environment(folder: Path, port: int) -> dict[str, str]:
    """The whole environment of LocalStack. What the caller's holds must not steer it."""
    home = folder / "home"
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    # Where botocore looks for more of a service than it was released with.
    models = home / ".aws" / "models"
    models.parent.mkdir(parents=True, exist_ok=True)
    if not models.exists():
        models.symlink_to(HERE / "models")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        # Where it writes. Without the first it takes a machine that is itself a container for its
        # own image, and writes to /var/lib.
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(folder / "root"),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "TMPDIR": str(temporary),
        # Where it listens. Its own servers take every address of the machine; ours, in the plug-in,
        # takes this one only.
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "GATEWAY_SERVER": "farm",
        "DNS_ADDRESS": "0",
        # The address of a queue would have a host that no resolver knows.
        "SQS_ENDPOINT_STRATEGY": "path",
        # What it would fetch or report.
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        # Functions are made, not run: no Docker.
        "LAMBDA_RUNTIME_EXECUTOR": "farm",
        # A resource of a type that it does not know fails. By default it is passed as done.
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
    }


def environment_for_containers(settings) -> dict[str, str]:
    return {
        "LAMBDA_RUNTIME_EXECUTOR": "containers",
        # More than our executor waits, so that the failure is its own.
        "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT": "60",
        "LAMBDA_RETRY_BASE_DELAY": str(settings.function_retry_seconds),
    }


def import_plugins(names: list[str]) -> None:
    """LocalStack skips a plug-in that cannot be imported, and says so only in its log."""
    from importlib.metadata import distribution

    for name in names:
        for entry in distribution(name).entry_points:
            entry.load()


def listen(address: str, port: int) -> socket.socket:
    listener = socket.create_server((address, port), backlog=128)
    listener.setblocking(False)
    return listener


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            urllib.request.urlopen(f"{url}/_localstack/health", timeout=SECONDS_TO_START).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def main() -> None:
    match sys.argv[2:]:
        case ["stock"]:
            plugins = {"farm_engine": "additions"}
        case []:
            plugins = {"farm_engine": "additions", "farm_mends": "mends"}
        case ["containers", _]:
            plugins = {
                "farm_engine": "additions",
                "farm_mends": "mends",
                "farm_containers": "containers",
            }
        case _:
            sys.exit(__doc__)
    with_containers = "farm_containers" in plugins
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)

    said = os.fdopen(os.dup(1), "w")
    complaints = os.fdopen(os.dup(2), "w")
    log = os.open(folder / "localstack.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)

    def leave(code: int) -> None:
        # Its state is all in memory, so there is nothing else to bring down.
        if with_containers:
            from farm_containers import docker

            try:
                docker.clean()
            except Exception as error:
                complaints.write(f"What is left in Docker has the label {docker.ENGINE}: {error}\n")
        said.flush()
        complaints.flush()
        os._exit(code)

    def fail(error: BaseException) -> None:
        traceback.print_exception(error)
        complaints.write(f"LocalStack did not start: {error!r}; see {folder}/localstack.log\n")
        leave(1)

    def leave_with_the_parent() -> None:
        sys.stdin.buffer.read()
        leave(0)

    def announce(url: str) -> None:
        try:
            wait_until_it_answers(url)
        except Exception as error:
            fail(error)
        said.write(f"ready {url}\n")
        said.flush()

    threading.Thread(target=leave_with_the_parent, daemon=True).start()

    for place in plugins.values():
        sys.path.insert(0, str(HERE / place))
    sys.dont_write_bytecode = True

    try:
        # Bound here and handed over, so that nobody can take the port in between.
        listeners = [listen("127.0.0.1", 0)]
        port = listeners[0].getsockname()[1]
        os.environ.clear()
        os.environ.update(environment(folder, port))
        if with_containers:
            from farm_containers import docker, settings

            chosen = settings.read(sys.argv[3], folder)
            listeners.append(listen(chosen.gateway, chosen.port))
            os.environ.update(environment_for_containers(chosen))
            docker.login()

        from localstack.logging.setup import setup_logging_from_config
        from localstack.runtime import current

        import_plugins(list(plugins))
        from farm_engine import server
        from localstack.services.s3 import provider as s3

        server.LISTENERS = listeners
        # Its own folder for buckets is the same for all that run on the machine, and no variable
        # moves it: whoever deletes a bucket there deletes those of the same name in other engines.
        s3.DEFAULT_S3_TMP_DIR = str(folder / "tmp" / "s3")
        setup_logging_from_config()
        runtime = current.initialize_runtime()
        signal.signal(signal.SIGTERM, lambda *_: leave(0))
        threading.Thread(target=announce, args=[f"http://127.0.0.1:{port}"], daemon=True).start()
        runtime.run()
    except BaseException as error:
        fail(error)
    fail(RuntimeError("its server came to an end"))


if __name__ == "__main__":
    main()
