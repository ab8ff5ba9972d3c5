"""AWS::EC2 types, with what LocalStack's providers leave out."""

from localstack.services.cloudformation.resource_provider import ResourceRequest
from localstack.services.ec2.resource_providers.aws_ec2_route import EC2RouteProvider
from localstack.services.ec2.resource_providers.aws_ec2_securitygroup import (
    EC2SecurityGroupProvider,
)
from localstack.services.ec2.resource_providers.aws_ec2_vpc import EC2VPCProvider

from farm_engine.parameters import call
from farm_engine.pick import only, without
from farm_engine.providers import done, plugin


class Vpc(EC2VPCProvider):
    """LocalStack's passes over the two switches for names."""

    SWITCHES = ("EnableDnsSupport", "EnableDnsHostnames")

    def create(self, request: ResourceRequest):
        # The model that LocalStack's answers with is read back and no longer what was asked.
        asked = only(request.desired_state, *self.SWITCHES)
        event = super().create(request)
        for switch, value in asked.items():
            properties = {"VpcId": event.resource_model["VpcId"], switch: {"Value": value}}
            call(request.aws_client_factory.ec2, "ModifyVpcAttribute", properties)
        event.resource_model.update(asked)
        return event


class Route(EC2RouteProvider):
    """LocalStack's makes a route that leads nowhere."""

    def create(self, request: ResourceRequest):
        properties = dict(request.desired_state)
        event = super().create(request)
        call(request.aws_client_factory.ec2, "ReplaceRoute", properties)
        return event


class SecurityGroup(EC2SecurityGroupProvider):
    """LocalStack's makes a group with no rules but EC2's own, and updates nothing."""

    def create(self, request: ResourceRequest):
        event = super().create(request)
        self.settle(request.aws_client_factory.ec2, event.resource_model)
        return event

    def update(self, request: ResourceRequest):
        model = {**request.previous_state, **request.desired_state}
        self.settle(request.aws_client_factory.ec2, model)
        return done(model)

    def settle(self, ec2, model: dict) -> None:
        if "SecurityGroupIngress" in model:
            raise ValueError("this engine's security groups have no SecurityGroupIngress")
        group = {"GroupId": model["GroupId"]}
        found = ec2.describe_security_groups(GroupIds=[model["GroupId"]])["SecurityGroups"][0]
        if wanted := model.get("SecurityGroupEgress"):
            if found["IpPermissionsEgress"]:
                ec2.revoke_security_group_egress(
                    **group, IpPermissions=found["IpPermissionsEgress"]
                )
            permissions = [self.permission(each) for each in wanted]
            call(ec2, "AuthorizeSecurityGroupEgress", {**group, "IpPermissions": permissions})

    def permission(self, rule: dict) -> dict:
        addresses = only(rule, "CidrIp", "Description")
        return {**without(rule, *addresses), "IpRanges": [addresses]}


vpc = plugin(Vpc)
route = plugin(Route)
security_group = plugin(SecurityGroup)
