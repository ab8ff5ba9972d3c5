"""What the pinned schemas in `stack/schemas/` say of a type, in the form that LocalStack reads."""

import json
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[4] / "schemas"


def pinned(type_name: str) -> dict:
    name = type_name.removeprefix("AWS::").replace("::", ".")
    return json.loads((SCHEMAS / f"{name}.json").read_text())


def schema(type_name: str) -> dict:
    said = pinned(type_name)
    return {
        "typeName": type_name,
        # LocalStack takes what a `Ref` yields from here; where that is not what identifies the
        # resource, the pinned schema has both.
        "primaryIdentifier": pointers(said.get("refIdentifier", said["primaryIdentifier"])),
        "createOnlyProperties": pointers(said["createOnly"]),
        "readOnlyProperties": pointers(said.get("readOnly", [])),
    }


def pointers(properties: list[str]) -> list[str]:
    return [f"/properties/{property}" for property in properties]
