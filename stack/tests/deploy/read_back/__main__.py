"""Reads what a stack is made of back from the services, and prints it in CloudFormation's words.

    PYTHON read_back STACK

PYTHON has boto3; where the services are and who asks is in the environment, as always with it.
CloudFormation is asked only which resources there are. Everything else is said by the service that
has the resource, so that what is printed can be held against what the template asked for:

    {"Logs": {"Type": "AWS::Logs::LogGroup", "PhysicalId": "...", "Properties": {...}}, ...}

A property that a service names or shapes as CloudFormation does is passed on as it is; the readers
below say where they differ, and why. A resource that its service does not know is left out, and
named on stderr. A type that has no reader here is an error.
"""

import json
import sys
from pathlib import Path

import readers  # noqa: F401 (they make themselves known)
from asking import READERS, Gone, ask, is_gone
from botocore.exceptions import ClientError

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"


def properties(kind, id, stack):
    """What is a property in CloudFormation. The services say more."""
    shape = json.loads((SCHEMAS / f"{kind.removeprefix('AWS::').replace('::', '.')}.json").read_text())
    read = READERS[kind](id, stack)
    said = {name: value for name, value in read.items() if name in shape["shape"]["properties"]}
    if "Tags" in said:
        # CloudFormation adds its own.
        said["Tags"] = [tag for tag in said["Tags"] if not tag["Key"].startswith("aws:")]
    return said


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    listed = ask("cloudformation", "list_stack_resources", StackName=sys.argv[1])
    resources = listed["StackResourceSummaries"]
    if unknown := {each["ResourceType"] for each in resources} - READERS.keys():
        sys.exit(f"nobody here reads {', '.join(sorted(unknown))}")
    stack = {kind: [] for kind in READERS}
    for each in resources:
        stack[each["ResourceType"]].append(each["PhysicalResourceId"])
    read = {}
    for each in resources:
        name, kind, id = (
            each[key] for key in ("LogicalResourceId", "ResourceType", "PhysicalResourceId")
        )
        try:
            said = properties(kind, id, stack)
        except (Gone, ClientError) as error:
            if isinstance(error, ClientError) and not is_gone(error):
                raise
            print(f"{name} is gone: its service knows no {id}", file=sys.stderr)
            continue
        read[name] = {"Type": kind, "PhysicalId": id, "Properties": said}
    # Some say when they were made, which nobody asked for.
    json.dump(read, sys.stdout, indent=2, sort_keys=True, default=str)


if __name__ == "__main__":
    main()
