"""The container of a job: what its definition and its submission say, as Docker's options."""

import os

from farm_engine.jobs import environment, overridden, refused
from farm_engine.pick import only, without

from farm_containers import settings

KNOWN = {
    "command",
    "environment",
    "essential",
    "image",
    "logConfiguration",
    "mountPoints",
    "name",
    "readonlyRootFilesystem",
    "resourceRequirements",
    "stopTimeout",
    "user",
}
# What is said of the task around the container. All but the volumes is passed over.
OF_THE_TASK = {
    "ephemeralStorage",
    "executionRoleArn",
    "fargatePlatformConfiguration",
    "jobRoleArn",
    "networkConfiguration",
    "runtimePlatform",
    "volumes",
}


def settled(definition: dict, asked: dict) -> dict:
    """The one container of a job, and its volumes with it."""
    if "ecsProperties" in definition:
        override = asked.get("ecsPropertiesOverride", {})
        tasks = overridden(definition["ecsProperties"], override)["taskProperties"]
        if len(tasks) != 1 or len(tasks[0]["containers"]) != 1:
            raise refused("this engine runs one container for a job")
        container = {**tasks[0]["containers"][0], **only(tasks[0], "volumes")}
    else:
        properties = definition["containerProperties"]
        override = asked.get("containerOverrides", {})
        changed = {**properties, **override, **environment(properties, override)}
        container = {"name": "default", **changed}
    if unknown := container.keys() - KNOWN - OF_THE_TASK:
        raise refused(f"this engine runs no container with {', '.join(sorted(unknown))}")
    volumes = container.get("volumes", [])
    if any(without(each, "name") for each in volumes):
        raise refused("this engine's volumes are empty ones")
    for mount in container.get("mountPoints", []):
        if mount.get("readOnly") or {"name": mount["sourceVolume"]} not in volumes:
            raise refused(f"this engine mounts no {mount}")
    if not {"VCPU", "MEMORY"} <= requirements(container).keys():
        raise refused("a container needs VCPU and MEMORY")
    return container


def requirements(container: dict) -> dict:
    return {each["type"]: each["value"] for each in container.get("resourceRequirements", [])}


def options(container: dict) -> list[str]:
    """All but its image, its command and its environment."""
    needed = requirements(container)
    memory = f"{needed['MEMORY']}m"
    cpus = min(float(needed["VCPU"]), os.cpu_count())
    given = [f"--memory={memory}", f"--memory-swap={memory}", f"--cpus={cpus}", *confined()]
    if container.get("readonlyRootFilesystem"):
        given.append("--read-only")
    if "user" in container:
        given.append(f"--user={container['user']}")
    for mount in container.get("mountPoints", []):
        # No name and no place: what the image has there is taken over, its owner too.
        given.append(f"--volume={mount['containerPath']}")
    return given


def confined() -> list[str]:
    """Less than Fargate gives, which leaves the capabilities that Docker has by default."""
    return [
        f"--network={settings.SETTINGS.network}",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
    ]


def variables(values: dict[str, str]) -> list[str]:
    return [f"--env={name}={value}" for name, value in values.items()]


def grace(container: dict) -> int:
    """Seconds between SIGTERM and SIGKILL."""
    return container.get("stopTimeout", 30)
