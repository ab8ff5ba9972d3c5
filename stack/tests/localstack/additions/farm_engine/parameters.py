"""From CloudFormation's properties to the parameters of a call, by botocore's model of it."""

from botocore import xform_name
from botocore.model import Shape, StructureShape


def call(client, operation: str, properties: dict) -> dict:
    """Calls with the properties as parameters. One that the call does not know is an error."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    return getattr(client, xform_name(operation))(**structure(properties, shape))


def structure(properties: dict, shape: StructureShape) -> dict:
    # The two differ in case alone: MaxvCpus and maxvCpus, EcsProperties and ecsProperties.
    members = {member.lower(): member for member in shape.members}
    parameters = {}
    for name, given in properties.items():
        member = members.get(name.lower())
        if member is None:
            raise ValueError(f"{shape.name} has no property {name}")
        parameters[member] = value(given, shape.members[member])
    return parameters


def value(given, shape: Shape):
    match shape.type_name:
        case "structure":
            return structure(given, shape)
        case "list":
            return [value(each, shape.member) for each in given]
        case "map":
            return {key: value(each, shape.value) for key, each in given.items()}
        # A reference to a parameter of the stack is a string, whatever the property wants.
        case "integer" | "long":
            return int(given)
        case "float" | "double":
            return float(given)
        case "boolean":
            return given if isinstance(given, bool) else {"true": True, "false": False}[given]
        case "string":
            return str(given).lower() if isinstance(given, bool) else str(given)
        case other:
            raise ValueError(f"{shape.name} is a {other}, which no property has been yet")
