"""One attempt of a job: a container from the pull of its image to its last line."""

import json
import logging
import subprocess
import threading
import time
import uuid

from farm_containers import container, docker, settings
from farm_containers.logs import Stream

LOG = logging.getLogger(__name__)

# Batch's words.
EXITED = "Essential container in task exited"
NOT_STARTED = "Task failed to start"
TIMED_OUT = "Job attempt duration exceeded timeout"
RECLAIMED = "Your Spot Task was interrupted."
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"

SIGTERM = "15"


class Attempt:
    def __init__(self, job_id: str, number: int, about: dict):
        self.job_id = job_id
        self.number = number
        self.account, self.region = about["account"], about["region"]
        self.container = about["container"]
        self.command = about["command"]
        self.environment = {**about["environment"], "AWS_BATCH_JOB_ATTEMPT": str(number)}
        self.log_prefix = about["log_prefix"]
        self.seconds = about["seconds"]
        self.name = f"job-{job_id.replace(':', '-')}-{number}"
        self.task = uuid.uuid4().hex
        self.stop_asked = threading.Event()
        # What comes of it.
        self.started_at: int | None = None
        self.stopped_at: int | None = None
        self.exit_code: int | None = None
        self.reason: str | None = None
        self.status_reason = EXITED
        self.log_stream: str | None = None

    def run(self, running) -> None:
        """To its end, whatever that is. `running` is called once the container runs."""
        try:
            self.attempt(running)
        except docker.Failed as error:
            self.failed_to_start("CannotStartContainerError", error)
        except Exception as error:
            LOG.exception("%s", self.name)
            self.failed_to_start("ResourceInitializationError", error)
        self.stopped_at = now()

    def failed_to_start(self, kind: str, error: Exception) -> None:
        self.exit_code = None
        self.reason, self.status_reason = f"{kind}: {error}", NOT_STARTED

    def attempt(self, running) -> None:
        try:
            image = docker.pull(self.container["image"])
        except docker.Failed as error:
            self.failed_to_start("CannotPullContainerError", error)
            return
        if self.stop_asked.is_set():
            return
        stream = self.open_log()
        labels = (f"--label=farm.job={self.job_id}", f"--label=farm.attempt={self.number}")
        variables = container.variables(self.environment)
        options = [*labels, *container.options(self.container), *variables]
        docker.create(self.name, *options, image, *self.command)
        try:
            docker.run("start", self.name)
            self.started_at = now()
            self.log_stream = stream.place["logStreamName"]
            stream.follow(self.name, settings.FOLDER / "jobs" / f"{self.job_id}.{self.number}.log")
            running()
            self.wait()
            self.look_back()
            stream.close()
        finally:
            if not docker.leaving:
                docker.remove(self.name)

    def open_log(self) -> Stream:
        options = self.container.get("logConfiguration", {}).get("options", {})
        prefix = options.get("awslogs-stream-prefix", self.log_prefix)
        name = f"{prefix}/{self.container['name']}/{self.task}"
        group = options.get("awslogs-group")
        # Batch's own group is there without anybody's doing.
        return Stream(self.account, self.region, group or "/aws/batch/job", name, group is None)

    def wait(self) -> None:
        """Until the container has ended, by itself or by what is asked meanwhile."""
        waiting = docker.start("wait", self.name, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + (self.seconds or float("inf"))
        stopping = None
        while waiting.poll() is None:
            late = time.monotonic() > deadline
            if stopping is None and (late or self.stop_asked.is_set()):
                if not self.stop_asked.is_set():
                    self.status_reason = TIMED_OUT
                self.stop_asked.set()
                grace = str(container.grace(self.container))
                stopping = docker.start("stop", "-t", grace, self.name, stdout=subprocess.DEVNULL)
            time.sleep(0.1)
        if stopping:
            stopping.wait()

    def look_back(self) -> None:
        state = json.loads(docker.run("inspect", "--format={{json .State}}", self.name))
        self.exit_code = state["ExitCode"]
        if state["OOMKilled"]:
            self.reason = OUT_OF_MEMORY
        if self.exit_code and not self.stop_asked.is_set():
            # SIGTERM from somebody else: a test stopped it with Docker, as Spot stops a task.
            if SIGTERM in docker.sent_signals(self.name, state["StartedAt"]):
                self.status_reason = RECLAIMED


def now() -> int:
    return int(time.time() * 1000)
