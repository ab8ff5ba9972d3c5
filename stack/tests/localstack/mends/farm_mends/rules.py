"""What AWS refuses in a change set, and LocalStack lets pass."""

import re

from localstack.aws.api.cloudformation import (
    AlreadyExistsException,
    InsufficientCapabilitiesException,
    StackStatus,
)
from localstack.services.cloudformation.engine.validations import ValidationError

NOT_TO_BE_UPDATED = (
    StackStatus.CREATE_FAILED,
    StackStatus.ROLLBACK_COMPLETE,
    StackStatus.ROLLBACK_FAILED,
    StackStatus.DELETE_FAILED,
    StackStatus.UPDATE_ROLLBACK_FAILED,
)


def check_status(stack) -> None:
    if stack.status in NOT_TO_BE_UPDATED or stack.status.endswith("_IN_PROGRESS"):
        raise ValidationError(
            f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def check_carried_out(change_set) -> None:
    if not change_set.execution_status.startswith("EXECUTE_"):
        raise AlreadyExistsException(f"ChangeSet [{change_set.change_set_name}] already exists")


def check_capabilities(template: dict, given: list[str]) -> None:
    roles = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"].startswith("AWS::IAM::")
    ]
    named = any("RoleName" in properties for properties in roles)
    needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
    if roles and not {needed, "CAPABILITY_NAMED_IAM"} & set(given):
        raise InsufficientCapabilitiesException(f"Requires capabilities : [{needed}]")


def check_parameters(template: dict, given: list[dict]) -> None:
    declared = template.get("Parameters", {})
    if unknown := [each["ParameterKey"] for each in given if each["ParameterKey"] not in declared]:
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for each in given:
        if "ParameterValue" in each:
            name = each["ParameterKey"]
            check_value(name, each["ParameterValue"], declared[name])


def check_value(name: str, value: str, declared: dict) -> None:
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        why = declared.get("ConstraintDescription")
        refusal = f"failed to satisfy constraint: {why}" if why else f"must match pattern {pattern}"
        raise ValidationError(f"Parameter {name} {refusal}")
    allowed = declared.get("AllowedValues")
    if allowed and value not in [str(each) for each in allowed]:
        raise ValidationError(f"Parameter '{name}' must be one of AllowedValues")
    if declared["Type"] == "Number":
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise ValidationError(f"Parameter '{name}' must be a number")
        if float(value) < float(declared.get("MinValue", value)):
            raise ValidationError(
                f"Parameter '{name}' must be a number not less than {declared['MinValue']}"
            )
        if float(value) > float(declared.get("MaxValue", value)):
            raise ValidationError(
                f"Parameter '{name}' must be a number not greater than {declared['MaxValue']}"
            )
