"""Lambda functions that run. LocalStack decides when, and keeps environments for later events."""

import io
import json
import queue
import shutil
import subprocess
import threading
import zipfile
from pathlib import Path

from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from farm_containers import docker, settings
from farm_containers.container import confined, variables
from farm_containers.logs import Stream
from farm_containers.runtime_api import RuntimeApi

# AWS gives ten. Docker on a busy machine takes some of it.
SECONDS_TO_BEGIN = 30


class ContainerExecutorPlugin(RuntimeExecutorPlugin):
    name = "containers"

    def load(self, *args, **kwargs):
        return Executor


class Executor(RuntimeExecutor):
    """One environment: a container that takes one event after the other."""

    @property
    def name(self) -> str:
        return f"function-{self.id}"

    def start(self, env_vars: dict[str, str]) -> None:
        self.api = RuntimeApi(settings.SETTINGS.gateway)
        chosen = self.function_version.config
        size = f"{chosen.ephemeral_storage.size}m"
        memory = f"{chosen.memory_size}m"
        stream = self.open_log(env_vars)
        docker.create(
            self.name,
            *confined(),
            f"--memory={memory}",
            f"--memory-swap={memory}",
            "--read-only",
            f"--tmpfs=/tmp:exec,mode=1777,size={size}",
            # Who a function is on AWS.
            "--user=993:990",
            f"--volume={unpacked(self.function_version)}:/var/task:ro",
            "--workdir=/var/task",
            *variables(self.environment(env_vars)),
            "--entrypoint=/var/task/bootstrap",
            settings.SETTINGS.image_for_functions,
        )
        try:
            docker.run("start", self.name)
        except docker.Failed as error:
            # A bootstrap that is missing or cannot be executed.
            raise failure("Runtime.InvalidEntrypoint", f"Error: {error}") from error
        stream.follow(self.name, settings.FOLDER / "functions" / f"{self.id}.log")
        threading.Thread(target=self.watch, daemon=True).start()
        what, body = self.next(SECONDS_TO_BEGIN, "Init")
        if what == "init/error":
            raise StatusErrorException("init/error", payload=body)

    def watch(self) -> None:
        waiting = docker.start("wait", self.name, stdout=subprocess.PIPE)
        code, _ = waiting.communicate()
        self.api.said.put(("exited", code.strip().encode()))

    def environment(self, env_vars: dict[str, str]) -> dict[str, str]:
        # LocalStack adds what its own program in the container reads.
        kept = {
            name: value
            for name, value in env_vars.items()
            if not name.startswith("LOCALSTACK_") and name != "EDGE_PORT"
        }
        return kept | {
            "AWS_ENDPOINT_URL": settings.SETTINGS.endpoint,
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group(),
        }

    def log_group(self) -> str:
        default = f"/aws/lambda/{self.function_version.id.function_name}"
        return self.function_version.config.logging_config.get("LogGroup", default)

    def open_log(self, env_vars: dict[str, str]) -> Stream:
        id = self.function_version.id
        group, name = self.log_group(), env_vars["AWS_LAMBDA_LOG_STREAM_NAME"]
        return Stream(id.account, id.region, group, name, create_group=True)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        seconds, id = self.function_version.config.timeout, payload["invoke-id"]
        self.api.give(payload, seconds)
        what, body = self.next(seconds, f"RequestId: {id}")
        return InvocationResult(id, body, is_error=what == "error", logs="")

    def next(self, seconds: int, whose: str) -> tuple[str, bytes]:
        """What the program says next. With this error LocalStack gives the environment up, and the
        invocation has failed."""
        try:
            what, body = self.api.said.get(timeout=seconds)
        except queue.Empty:
            message = f"{whose} Error: Task timed out after {seconds:.2f} seconds"
            raise failure("Sandbox.Timedout", message) from None
        if what == "exited":
            message = f"{whose} Error: Runtime exited with error: exit status {body.decode()}"
            raise failure("Runtime.ExitError", message)
        return what, body

    def stop(self) -> None:
        self.api.end()
        docker.remove(self.name)

    def get_address(self) -> str:
        return settings.SETTINGS.gateway

    def get_endpoint_from_executor(self) -> str:
        return settings.SETTINGS.gateway

    def get_runtime_endpoint(self) -> str:
        return ""

    def get_logs(self) -> str:
        """Nothing: they are in CloudWatch."""
        return ""

    @classmethod
    def prepare_version(cls, function_version) -> None:
        unpack(function_version)

    @classmethod
    def cleanup_version(cls, function_version) -> None:
        shutil.rmtree(unpacked(function_version), ignore_errors=True)


def failure(kind: str, message: str) -> StatusErrorException:
    payload = json.dumps({"errorType": kind, "errorMessage": message})
    return StatusErrorException(message, payload=payload.encode())


def unpacked(function_version) -> Path:
    return settings.FOLDER / "functions" / function_version.config.internal_revision


def unpack(function_version) -> None:
    """With the modes that the zip file has. LocalStack's own makes all executable."""
    content = io.BytesIO()
    function_version.config.code._download_archive_to_file(content)
    folder = unpacked(function_version)
    with zipfile.ZipFile(content) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            mode = entry.external_attr >> 16 & 0o777
            (folder / entry.filename).chmod(mode or (0o755 if entry.is_dir() else 0o644))
    folder.chmod(0o755)
