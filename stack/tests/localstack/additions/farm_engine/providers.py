"""What our providers of resources have in common."""

from plux import PluginSpec

from localstack.services.cloudformation.provider_utils import generate_default_name
from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)


def done(model: dict) -> ProgressEvent:
    return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=model)


def name_it(request: ResourceRequest, property: str) -> None:
    """A name of CloudFormation's making, where the template gives none."""
    request.desired_state.setdefault(
        property, generate_default_name(request.stack_name, request.logical_resource_id)
    )


def keep_from_before(request: ResourceRequest, *properties: str) -> None:
    """An update is asked with the template's properties alone; these were settled at creation."""
    for property in properties:
        request.desired_state[property] = request.previous_state[property]


def changed(request: ResourceRequest) -> dict:
    """The properties that are not what they were. One that is gone is no parameter of any call."""
    before = request.previous_state
    if gone := before.keys() - request.desired_state.keys():
        raise ValueError(f"this engine cannot take {', '.join(sorted(gone))} away again")
    return {name: new for name, new in request.desired_state.items() if before.get(name) != new}


class Plugin(CloudFormationResourceProviderPlugin):
    def __init__(self, factory: type[ResourceProvider]):
        self.factory = factory


def plugin(factory: type[ResourceProvider]) -> PluginSpec:
    """What an entry point names."""
    return PluginSpec(Plugin.namespace, factory.TYPE, factory=lambda: Plugin(factory))
