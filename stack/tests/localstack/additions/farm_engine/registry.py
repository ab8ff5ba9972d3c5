"""ECR, which LocalStack has not: moto's API, and AWS::ECR::Repository over it."""

import json

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.cloudformation.resource_provider import ResourceProvider, ResourceRequest
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider

from farm_engine.parameters import call
from farm_engine.pick import only
from farm_engine.providers import done, keep_from_before, name_it, plugin
from farm_engine.schemas import schema


def forward(context: RequestContext, request: dict) -> dict:
    return call_moto(context)


@aws_provider()
def ecr() -> Service:
    return service({})


def service(operations: dict) -> Service:
    """moto's, but for these."""
    model = load_service("ecr")
    handlers = {**dict.fromkeys(model.operation_names, forward), **operations}
    return Service("ecr", skeleton=Skeleton(model, handlers))


class Repository(ResourceProvider):
    TYPE = "AWS::ECR::Repository"
    SCHEMA = schema(TYPE)
    AT_CREATION = ("RepositoryName", "EncryptionConfiguration", "Tags")
    BY_OTHER_CALLS = {
        "ImageTagMutability": "PutImageTagMutability",
        "ImageScanningConfiguration": "PutImageScanningConfiguration",
        "LifecyclePolicy": "PutLifecyclePolicy",
        "RepositoryPolicyText": "SetRepositoryPolicy",
    }

    def create(self, request: ResourceRequest):
        model = request.desired_state
        name_it(request, "RepositoryName")
        model["RepositoryName"] = model["RepositoryName"].lower()
        properties = only(model, *self.AT_CREATION)
        made = call(request.aws_client_factory.ecr, "CreateRepository", properties)
        model["Arn"] = made["repository"]["repositoryArn"]
        model["RepositoryUri"] = made["repository"]["repositoryUri"]
        return self.settle(request)

    def update(self, request: ResourceRequest):
        keep_from_before(request, "RepositoryName", "Arn", "RepositoryUri")
        return self.settle(request)

    def settle(self, request: ResourceRequest):
        model = request.desired_state
        for name, given in model.items():
            if name in self.AT_CREATION or name in ("Arn", "RepositoryUri", "EmptyOnDelete"):
                continue
            if name not in self.BY_OTHER_CALLS:
                raise ValueError(f"this engine's repositories have no {name}")
            if name == "RepositoryPolicyText":
                properties = {"PolicyText": json.dumps(given)}
            elif name == "LifecyclePolicy":
                properties = given
            else:
                properties = {name: given}
            properties = {"RepositoryName": model["RepositoryName"], **properties}
            call(request.aws_client_factory.ecr, self.BY_OTHER_CALLS[name], properties)
        return done(model)

    def delete(self, request: ResourceRequest):
        model = request.previous_state
        request.aws_client_factory.ecr.delete_repository(
            repositoryName=model["RepositoryName"],
            force=model.get("EmptyOnDelete") in (True, "true"),
        )
        return done({})


repository = plugin(Repository)
