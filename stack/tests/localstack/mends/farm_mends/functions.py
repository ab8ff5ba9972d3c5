"""Who may invoke a function and how often that is tried, with what LocalStack's providers leave
out."""

from localstack.services.cloudformation.provider_utils import generate_default_name
from localstack.services.cloudformation.resource_provider import ResourceRequest
from localstack.services.lambda_.resource_providers.aws_lambda_eventinvokeconfig import (
    LambdaEventInvokeConfigProvider,
)
from localstack.services.lambda_.resource_providers.aws_lambda_permission import (
    LambdaPermissionProvider,
)

from farm_engine.parameters import call
from farm_engine.providers import done, plugin


class Permission(LambdaPermissionProvider):
    """LocalStack's passes over SourceAccount and more."""

    def create(self, request: ResourceRequest):
        model = request.desired_state
        statement = generate_default_name(request.stack_name, request.logical_resource_id)
        properties = {"StatementId": statement, **model}
        call(request.aws_client_factory.lambda_, "AddPermission", properties)
        return done({**model, "Id": statement})


class EventInvokeConfig(LambdaEventInvokeConfigProvider):
    """LocalStack's updates nothing."""

    def update(self, request: ResourceRequest):
        model = request.desired_state
        call(request.aws_client_factory.lambda_, "PutFunctionEventInvokeConfig", model)
        return done({**model, "Id": request.previous_state["Id"]})


permission = plugin(Permission)
event_invoke_config = plugin(EventInvokeConfig)
