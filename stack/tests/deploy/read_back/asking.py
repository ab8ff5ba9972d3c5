"""How the services are asked, and the readers by the types that they read."""

import functools

import boto3
from botocore.exceptions import ClientError

READERS = {}


class Gone(Exception):
    """The service does not know the resource."""


def reads(kind):
    def register(reader):
        READERS[kind] = reader
        return reader

    return register


@functools.cache
def client(service):
    return boto3.client(service)


def ask(service, method, **parameters):
    """All pages of an answer, its names as CloudFormation writes them."""
    asked = client(service)
    if asked.can_paginate(method):
        answer = asked.get_paginator(method).paginate(**parameters).build_full_result()
    else:
        answer = getattr(asked, method)(**parameters)
    operation = asked.meta.service_model.operation_model(asked.meta.method_to_api_mapping[method])
    return capitalised(answer, operation.output_shape)


def capitalised(answer, shape):
    """Batch, ECR and Logs begin their names with a small letter. The keys of a map are no names."""
    match shape.type_name:
        case "structure":
            return {
                name[0].upper() + name[1:]: capitalised(answer[name], member)
                for name, member in shape.members.items()
                if name in answer
            }
        case "list":
            return [capitalised(each, shape.member) for each in answer]
        case "map":
            return {key: capitalised(each, shape.value) for key, each in answer.items()}
        case _:
            return answer


def is_gone(error):
    code = error.response["Error"]["Code"]
    return any(words in code for words in ("NotFound", "NoSuch", "NonExistent"))


def part(key, service, method, **parameters):
    """What a resource may be without; the services call that an error of its own."""
    try:
        return {key: ask(service, method, **parameters)[key]}
    except ClientError as error:
        if is_gone(error):
            return {}
        raise


def one(found):
    """The only one. More of them could not be told apart."""
    found = list(found)
    if not found:
        raise Gone
    [only] = found
    return only
