"""The API of AWS Batch, which LocalStack has not: moto's, in the same process.

moto knows names, revisions, states, tags and jobs, and looks up the subnets and security groups in
LocalStack's EC2, which is moto's too. It forgets much of what it is asked, so the request is kept
on moto's own object and shown again when it is described.
"""

from moto.iam.models import iam_backends

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import call_moto, call_moto_with_request
from localstack.services.plugins import Service, aws_provider

from farm_engine import jobs
from farm_engine.jobs import backend, refused
from farm_engine.pick import only, without


def forward(context: RequestContext, request: dict) -> dict:
    return call_moto(context)


# Compute environments


def create_compute_environment(context: RequestContext, request: dict) -> dict:
    role = request.get("serviceRole") or service_linked_role(context)
    asked = {"state": "ENABLED", **request, "serviceRole": role}
    answer = call_moto_with_request(context, {**asked, "serviceRole": service_linked_role(context)})
    backend(context).get_compute_environment(answer["computeEnvironmentArn"]).asked = asked
    return answer


def service_linked_role(context: RequestContext) -> str:
    """AWS makes this role when no other is named. moto insists on one, and knows those of its own
    IAM only, which is not LocalStack's."""
    roles = iam_backends[context.account_id][context.partition]
    path, name = "/aws-service-role/batch.amazonaws.com/", "AWSServiceRoleForBatch"
    for role in roles.get_roles():
        if role.name == name:
            return role.arn
    return roles.create_role(name, "{}", path, None, "", [], "3600").arn


def update_compute_environment(context: RequestContext, request: dict) -> dict:
    answer = call_moto_with_request(context, without(request, "serviceRole"))
    asked = backend(context).get_compute_environment(answer["computeEnvironmentArn"]).asked
    if "computeResources" in request:
        asked["computeResources"] = {**asked["computeResources"], **request["computeResources"]}
    asked.update(without(request, "computeEnvironment", "computeResources"))
    return answer


def delete_compute_environment(context: RequestContext, request: dict) -> dict:
    environment = backend(context).get_compute_environment(request["computeEnvironment"])
    if environment and environment.state != "DISABLED":
        raise refused("Cannot delete, compute environment must be DISABLED")
    if any(environment in queue.environments for queue in backend(context)._job_queues.values()):
        raise refused("Cannot delete, found existing JobQueue relationship")
    return call_moto(context)


def describe_compute_environments(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    for each in answer["computeEnvironments"]:
        asked = backend(context).get_compute_environment(each["computeEnvironmentArn"]).asked
        each.update(without(asked, "tags"), containerOrchestrationType="ECS")
    return answer


# Queues


def create_job_queue(context: RequestContext, request: dict) -> dict:
    asked = {"state": "ENABLED", **request}
    answer = call_moto_with_request(context, asked)
    backend(context).get_job_queue(answer["jobQueueArn"]).asked = asked
    return answer


def update_job_queue(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    backend(context).get_job_queue(answer["jobQueueArn"]).asked.update(without(request, "jobQueue"))
    return answer


def delete_job_queue(context: RequestContext, request: dict) -> dict:
    queue = backend(context).get_job_queue(request["jobQueue"])
    if queue and queue.state != "DISABLED":
        raise refused("Cannot delete, job queue must be DISABLED")
    if queue:
        for job in queue.jobs:
            jobs.end(job, "Job queue deleted")
    return call_moto(context)


def describe_job_queues(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    for each in answer["jobQueues"]:
        each.update(without(backend(context).get_job_queue(each["jobQueueArn"]).asked, "tags"))
    return answer


# Scheduling policies


def create_scheduling_policy(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    backend(context)._scheduling_policies[answer["arn"]].asked = request
    return answer


def update_scheduling_policy(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    backend(context)._scheduling_policies[request["arn"]].asked.update(request)
    return answer


def delete_scheduling_policy(context: RequestContext, request: dict) -> dict:
    queues = backend(context)._job_queues.values()
    if any(queue.schedule_policy == request["arn"] for queue in queues):
        raise refused("Cannot delete, found existing JobQueue relationship")
    return call_moto(context)


def describe_scheduling_policies(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    for each in answer["schedulingPolicies"]:
        each.update(without(backend(context)._scheduling_policies[each["arn"]].asked, "tags"))
    return answer


# Job definitions


def register_job_definition(context: RequestContext, request: dict) -> dict:
    known_to_moto = request
    if tasks := request.get("ecsProperties", {}).get("taskProperties"):
        # moto knows container properties only, and looks for an image and resources in them.
        container = only(tasks[0]["containers"][0], "image", "resourceRequirements")
        known_to_moto = {**without(request, "ecsProperties"), "containerProperties": container}
    answer = call_moto_with_request(context, known_to_moto)
    backend(context).get_job_definition_by_arn(answer["jobDefinitionArn"]).asked = request
    return answer


def describe_job_definitions(context: RequestContext, request: dict) -> dict:
    shown = []
    for each in call_moto(context)["jobDefinitions"]:
        asked = backend(context).get_job_definition_by_arn(each["jobDefinitionArn"]).asked
        settled = only(each, "jobDefinitionArn", "revision", "status", "tags")
        if "retryStrategy" in asked:
            # As AWS does, moto shows the actions in lower case.
            settled["retryStrategy"] = each["retryStrategy"]
        shown.append({"parameters": {}, **asked, **settled, "containerOrchestrationType": "ECS"})
    return {"jobDefinitions": shown}


@aws_provider()
def batch() -> Service:
    return service(OURS)


def service(operations: list) -> Service:
    """moto's, but for these. Of two of a name, the later one."""
    model = load_service("batch")
    handlers = dict.fromkeys(model.operation_names, forward)
    for ours in operations:
        operation = "".join(word.capitalize() for word in ours.__name__.split("_"))
        assert operation in handlers
        handlers[operation] = ours
    return Service("batch", skeleton=Skeleton(model, handlers))


OURS = [
    create_compute_environment,
    update_compute_environment,
    delete_compute_environment,
    describe_compute_environments,
    create_job_queue,
    update_job_queue,
    delete_job_queue,
    describe_job_queues,
    create_scheduling_policy,
    update_scheduling_policy,
    delete_scheduling_policy,
    describe_scheduling_policies,
    register_job_definition,
    describe_job_definitions,
    jobs.submit_job,
    jobs.list_jobs,
    jobs.describe_jobs,
    jobs.terminate_job,
    jobs.cancel_job,
]
