"""Jobs of AWS Batch. Nothing runs them: a job that is submitted waits until it is terminated."""

from moto.batch.models import Job, batch_backends

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto, call_moto_with_request

from farm_engine.pick import only, without

# moto would run it in a container of Docker's, in a thread of its own.
Job.start = lambda self: None


def backend(context: RequestContext):
    return batch_backends[context.account_id][context.region]


def refused(message: str) -> CommonServiceException:
    return CommonServiceException("ClientException", message)


def submit_job(context: RequestContext, request: dict) -> dict:
    size = request.get("arrayProperties", {}).get("size")
    if size is not None and not 2 <= size <= 10_000:
        raise refused("Array size must be between 2 and 10000")
    answer = call_moto(context)
    job = backend(context).get_job_by_id(answer["jobId"])
    waits_for_others = job._child_jobs or request.get("dependsOn")
    for each in with_children(job):
        each.asked = request
        each.status = "RUNNABLE"
    job.status = "PENDING" if waits_for_others else "RUNNABLE"
    return answer


def with_children(job: Job) -> list[Job]:
    return [job, *(job._child_jobs or [])]


def list_jobs(context: RequestContext, request: dict) -> dict:
    if not (request.get("jobStatus") or request.get("filters")):
        # AWS lists those that run, where no status is asked for; moto lists all.
        request = {**request, "jobStatus": "RUNNING"}
    listed = call_moto_with_request(context, request)["jobSummaryList"]
    if "arrayJobId" not in request:
        # The children of an array are listed under the array only.
        listed = [each for each in listed if ":" not in each["jobId"]]
    for each in listed:
        if children := backend(context).get_job_by_id(each["jobId"])._child_jobs:
            each["arrayProperties"] = {"size": len(children)}
    return {"jobSummaryList": listed}


def describe_jobs(context: RequestContext, request: dict) -> dict:
    answer = call_moto(context)
    for each in answer["jobs"]:
        complete(each, backend(context).get_job_by_id(each["jobId"]))
    return answer


def complete(each: dict, job: Job) -> None:
    """Adds what moto does not show of a job."""
    definition = job.job_definition.asked
    from_either = ("retryStrategy", "timeout", "propagateTags")
    each.update(only(definition, *from_either, "platformCapabilities", "schedulingPriority"))
    each.update(only(job.asked, *from_either, "shareIdentifier"))
    if "schedulingPriorityOverride" in job.asked:
        each["schedulingPriority"] = job.asked["schedulingPriorityOverride"]
    if "index" in job.array_properties:
        each["arrayProperties"] = {"index": job.array_properties["index"]}
    if "ecsProperties" in definition:
        del each["container"]
        each["ecsProperties"] = overridden(
            definition["ecsProperties"], job.asked.get("ecsPropertiesOverride", {})
        )


def overridden(properties: dict, override: dict) -> dict:
    """The containers as the definition has them, changed by what the job names them to be."""
    changes = {
        container["name"]: container
        for task in override.get("taskProperties", [])
        for container in task["containers"]
    }
    tasks = []
    for task in properties["taskProperties"]:
        containers = []
        for container in task["containers"]:
            change = changes.get(container.get("name"), {})
            containers.append({**container, **change, **environment(container, change)})
        tasks.append({**task, "containers": containers})
    return {"taskProperties": tasks}


def environment(container: dict, change: dict) -> dict:
    variables = {
        each["name"]: each
        for each in container.get("environment", []) + change.get("environment", [])
    }
    return {"environment": list(variables.values())} if variables else {}


def terminate_job(context: RequestContext, request: dict) -> dict:
    if job := backend(context).get_job_by_id(request["jobId"]):
        end(job, request["reason"])
    return {}


# Of a job that has not started, cancelling is the same.
def cancel_job(context: RequestContext, request: dict) -> dict:
    return terminate_job(context, request)


def end(job: Job, reason: str) -> None:
    for each in with_children(job):
        if not each.job_stopped:
            each.job_stopped_reason = reason
            each._mark_stopped(success=False)
