"""The API of AWS Batch, with jobs that run."""

from localstack.aws.api import RequestContext
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider

from farm_engine import batch as waiting
from farm_engine.jobs import backend

from farm_containers import jobs, queue


def delete_job_queue(context: RequestContext, request: dict) -> dict:
    found = backend(context).get_job_queue(request["jobQueue"])
    if found and found.state == "DISABLED":
        for job in found.jobs:
            queue.stop(job.whole, job.whole.units, "Job queue deleted", terminate=True)
        return call_moto(context)
    return waiting.delete_job_queue(context, request)


@aws_provider()
def batch() -> Service:
    return waiting.service([*waiting.OURS, *OURS])


OURS = [
    delete_job_queue,
    jobs.submit_job,
    jobs.list_jobs,
    jobs.describe_jobs,
    jobs.terminate_job,
    jobs.cancel_job,
]
