"""What containers write, line by line: to a file, and to CloudWatch as LocalStack has it."""

import logging
import queue
import subprocess
import threading
import time
from pathlib import Path

from localstack.aws.connect import connect_to

from farm_containers import docker

LOG = logging.getLogger(__name__)
SECONDS = 0.5


class Stream:
    """One stream of one group. It takes up what a container writes until it is closed."""

    def __init__(self, account: str, region: str, group: str, name: str, create_group: bool):
        self.logs = connect_to(aws_access_key_id=account, region_name=region).logs
        self.place = {"logGroupName": group, "logStreamName": name}
        if create_group:
            try:
                self.logs.create_log_group(logGroupName=group)
            except self.logs.exceptions.ResourceAlreadyExistsException:
                pass
        self.logs.create_log_stream(**self.place)
        self.lines = queue.Queue()
        self.threads = []

    def follow(self, container: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        follower = docker.start(
            "logs", "--follow", container, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for work in (lambda: self.read(follower, path), self.put):
            self.threads.append(threading.Thread(target=work, daemon=True))
            self.threads[-1].start()

    def read(self, follower: subprocess.Popen, path: Path) -> None:
        with open(path, "w", buffering=1) as file:
            for line in follower.stdout:
                file.write(line)
                message = line.rstrip("\n")
                # CloudWatch takes no empty message.
                if message:
                    self.lines.put({"timestamp": int(time.time() * 1000), "message": message})
        follower.wait()
        self.lines.put(None)

    def put(self) -> None:
        more = True
        while more:
            time.sleep(SECONDS)
            events = [self.lines.get()]
            while not self.lines.empty() and len(events) < 1000:
                events.append(self.lines.get())
            if events[-1] is None:
                events.pop()
                more = False
            if events:
                try:
                    self.logs.put_log_events(**self.place, logEvents=events)
                except Exception as error:
                    # The group may be gone; the container runs on, as it does on AWS.
                    LOG.warning("%s takes no lines: %s", self.place, error)

    def close(self) -> None:
        """Waits for the last line of a container that has ended."""
        for thread in self.threads:
            thread.join()
