"""Jobs of AWS Batch that run. What is asked of them, and how they look."""

from moto.batch.models import Job

from localstack.aws.api import RequestContext
from localstack.services.moto import call_moto

from farm_engine import jobs as waiting
from farm_engine.jobs import backend, refused, with_children
from farm_engine.pick import only, without

from farm_containers import container, events, queue, settings
from farm_containers.attempt import Attempt
from farm_containers.queue import Unit, Whole


def submit_job(context: RequestContext, request: dict) -> dict:
    size = request.get("arrayProperties", {}).get("size")
    if size is not None and not 2 <= size <= 10_000:
        raise refused("Array size must be between 2 and 10000")
    known = backend(context)._jobs
    dependencies = []
    for each in request.get("dependsOn", []):
        if "type" in each:
            raise refused(f"this engine knows no {each['type']} dependency")
        if each["jobId"] not in known:
            raise refused(f"Job dependency {each['jobId']} does not exist")
        dependencies.append(known[each["jobId"]].whole)
    if definition := backend(context).get_job_definition(request["jobDefinition"]):
        # Before moto keeps the job: what cannot be run is not submitted.
        container.settled(definition.asked, request)
    answer = call_moto(context)
    job = known[answer["jobId"]]
    for each in with_children(job):
        each.asked = request
    units = [
        Unit(each, index, about(context, each, index if size else None))
        for index, each in enumerate(job._child_jobs or [job])
    ]
    whole = Whole(job, units, tell=lambda each: tell(context, each))
    job.whole = whole
    for unit in units:
        unit.job.whole, unit.job.unit = whole, unit
    queue.submit(whole, dependencies)
    return answer


def about(context: RequestContext, job: Job, index: int | None) -> dict:
    """All that its attempts need to know of a job."""
    definition, asked = job.job_definition.asked, job.asked
    chosen = container.settled(definition, asked)
    from_either = ("retryStrategy", "timeout")
    either = {**only(definition, *from_either), **only(asked, *from_either)}
    variables = {each["name"]: each["value"] for each in chosen.get("environment", [])}
    variables |= {
        "AWS_BATCH_CE_NAME": job.job_queue.environments[0].name,
        "AWS_BATCH_JOB_ID": job.job_id,
        "AWS_BATCH_JQ_NAME": job.job_queue.name,
        # How it reaches the engine, in place of the role that Fargate lets it take.
        "AWS_ENDPOINT_URL": settings.SETTINGS.endpoint,
        "AWS_REGION": context.region,
        "AWS_DEFAULT_REGION": context.region,
        "AWS_ACCESS_KEY_ID": context.account_id,
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    if index is not None:
        variables["AWS_BATCH_JOB_ARRAY_INDEX"] = str(index)
    return {
        "account": context.account_id,
        "region": context.region,
        "container": chosen,
        "command": job._add_parameters_to_command(chosen.get("command", [])),
        "environment": variables,
        "log_prefix": job.job_definition.name,
        "retry": either.get("retryStrategy", {}),
        "seconds": either.get("timeout", {}).get("attemptDurationSeconds"),
    }


def tell(context: RequestContext, job: Job) -> None:
    events.tell(context.account_id, context.region, described(job))


def described(job: Job) -> dict:
    """A job as DescribeJobs and the events show it."""
    each = job.describe()
    waiting.complete(each, job)
    each = without(each, "startedAt", "stoppedAt", "attempts")
    unit = getattr(job, "unit", None)
    it = unit or job.whole
    each |= {"isTerminated": it.terminated, "isCancelled": it.cancelled, "attempts": []}
    if it.stopped_at:
        each["stoppedAt"] = it.stopped_at
    tried = []
    if unit:
        tried = [*unit.attempts, *([unit.attempt] if unit.attempt else [])]
        each["attempts"] = [attempted(one, job) for one in unit.attempts]
    latest = container_shown(tried[-1]) if tried else {}
    if tried and tried[-1].started_at:
        each["startedAt"] = tried[-1].started_at
    if "ecsProperties" in each:
        each["ecsProperties"]["taskProperties"][0]["containers"][0] |= latest
    else:
        chosen = container.settled(job.job_definition.asked, job.asked)
        each["container"] = {**without(chosen, "name", "essential"), **latest}
    return each


def attempted(attempt: Attempt, job: Job) -> dict:
    shown = {"statusReason": attempt.status_reason, "stoppedAt": attempt.stopped_at}
    if attempt.started_at:
        shown["startedAt"] = attempt.started_at
    task = {"taskArn": task_arn(attempt)}
    container = container_shown(attempt)
    if "ecsProperties" in job.job_definition.asked:
        named = {"name": attempt.container["name"], **container}
        shown["taskProperties"] = [{**task, "containers": [named]}]
    else:
        shown["container"] = {**task, **container}
    return shown


def container_shown(attempt: Attempt) -> dict:
    shown = {
        "exitCode": attempt.exit_code,
        "reason": attempt.reason,
        "logStreamName": attempt.log_stream,
    }
    return {name: value for name, value in shown.items() if value is not None}


def task_arn(attempt: Attempt) -> str:
    return f"arn:aws:ecs:{attempt.region}:{attempt.account}:task/{attempt.task}"


def describe_jobs(context: RequestContext, request: dict) -> dict:
    with queue.lock:
        known = backend(context)._jobs
        asked = [each.rpartition("job/")[2] for each in request["jobs"]]
        return {"jobs": [described(known[each]) for each in asked if each in known]}


def list_jobs(context: RequestContext, request: dict) -> dict:
    with queue.lock:
        answer = waiting.list_jobs(context, request)
        for each in answer["jobSummaryList"]:
            # moto has a time for each, also for what never was.
            each.pop("startedAt", None)
            each.pop("stoppedAt", None)
            whole = described(backend(context).get_job_by_id(each["jobId"]))
            each |= only(whole, "startedAt", "stoppedAt")
            if whole["attempts"]:
                last = whole["attempts"][-1]
                ran = last.get("container") or last["taskProperties"][0]["containers"][0]
                each["container"] = only(ran, "exitCode", "reason")
        return answer


def stop(context: RequestContext, request: dict, terminate: bool) -> None:
    if job := backend(context).get_job_by_id(request["jobId"]):
        units = job.whole.units if job is job.whole.job else [job.unit]
        queue.stop(job.whole, units, request["reason"], terminate)


def terminate_job(context: RequestContext, request: dict) -> dict:
    stop(context, request, terminate=True)
    return {}


def cancel_job(context: RequestContext, request: dict) -> dict:
    stop(context, request, terminate=False)
    return {}
