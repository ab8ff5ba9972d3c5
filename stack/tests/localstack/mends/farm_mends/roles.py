"""AWS::IAM::Role, with what LocalStack's provider leaves out."""

import json

from localstack.services.cloudformation.resource_provider import ResourceRequest
from localstack.services.iam.resource_providers.aws_iam_role import IAMRoleProvider

from farm_engine.providers import done, plugin


class Role(IAMRoleProvider):
    """LocalStack's passes over a change of what the role may do, and makes a new role where who may
    take it changes."""

    def update(self, request: ResourceRequest):
        before, wanted = request.previous_state, request.desired_state
        if wanted.get("ManagedPolicyArns", []) != before.get("ManagedPolicyArns", []):
            raise ValueError("this engine cannot change the ManagedPolicyArns of a role")
        iam = request.aws_client_factory.iam
        role = {"RoleName": before["RoleName"]}
        iam.update_role(**role, Description=wanted.get("Description", ""))
        iam.update_assume_role_policy(
            **role, PolicyDocument=json.dumps(wanted["AssumeRolePolicyDocument"])
        )
        policies = {
            each["PolicyName"]: each["PolicyDocument"] for each in wanted.get("Policies", [])
        }
        for name, document in policies.items():
            iam.put_role_policy(**role, PolicyName=name, PolicyDocument=json.dumps(document))
        for each in before.get("Policies", []):
            if each["PolicyName"] not in policies:
                iam.delete_role_policy(**role, PolicyName=each["PolicyName"])
        return done({**before, **wanted})


role = plugin(Role)
