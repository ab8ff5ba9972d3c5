"""What whoever starts the engine says of the machine's Docker."""

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Settings:
    docker: str
    docker_host: str
    network: str
    endpoint: str
    registry: str
    registry_password: str
    slots: int
    image_for_functions: str
    # AWS tries a function that failed again after a minute, and then after two.
    function_retry_seconds: int = 60

    @property
    def gateway(self) -> str:
        return urlsplit(self.endpoint).hostname

    @property
    def port(self) -> int:
        return urlsplit(self.endpoint).port

    @property
    def registry_host(self) -> str:
        return urlsplit(self.registry).netloc


SETTINGS: Settings
FOLDER: Path


def read(path: str, folder: Path) -> Settings:
    global SETTINGS, FOLDER
    SETTINGS = Settings(**json.loads(Path(path).read_text()))
    FOLDER = folder
    return SETTINGS
