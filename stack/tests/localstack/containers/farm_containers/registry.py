"""The API of ECR, with a registry behind it that takes images."""

import base64

from localstack.aws.api import RequestContext
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider

from farm_engine import registry as described

from farm_containers import settings


def get_authorization_token(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    token = base64.b64encode(f"AWS:{settings.SETTINGS.registry_password}".encode()).decode()
    for each in answer["authorizationData"]:
        each |= {"proxyEndpoint": settings.SETTINGS.registry, "authorizationToken": token}
    return answer


@aws_provider()
def ecr() -> Service:
    return described.service({"GetAuthorizationToken": get_authorization_token})
