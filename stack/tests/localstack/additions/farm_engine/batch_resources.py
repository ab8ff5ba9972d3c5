"""CloudFormation's AWS::Batch types, over the API of Batch."""

from localstack.services.cloudformation.resource_provider import ResourceProvider, ResourceRequest

from farm_engine.parameters import call
from farm_engine.pick import without
from farm_engine.providers import changed, done, keep_from_before, name_it, plugin
from farm_engine.schemas import pinned, schema


class ComputeEnvironment(ResourceProvider):
    TYPE = "AWS::Batch::ComputeEnvironment"
    SCHEMA = schema(TYPE)

    def create(self, request: ResourceRequest):
        model = request.desired_state
        name_it(request, "ComputeEnvironmentName")
        # It says how CloudFormation is to update; Batch has no such parameter.
        properties = without(model, "ReplaceComputeEnvironment")
        answer = call(request.aws_client_factory.batch, "CreateComputeEnvironment", properties)
        model["ComputeEnvironmentArn"] = answer["computeEnvironmentArn"]
        return done(model)

    def update(self, request: ResourceRequest):
        model = request.desired_state
        keep_from_before(request, "ComputeEnvironmentName", "ComputeEnvironmentArn")
        new = without(changed(request), "ReplaceComputeEnvironment")
        if "ComputeResources" in new:
            before = request.previous_state["ComputeResources"]
            resources = model["ComputeResources"]
            new["ComputeResources"] = {
                name: value for name, value in resources.items() if before.get(name) != value
            }
            if model.get("ReplaceComputeEnvironment") not in (False, "false"):
                self.refuse_replacement(new["ComputeResources"])
        properties = {"ComputeEnvironment": model["ComputeEnvironmentArn"], **new}
        call(request.aws_client_factory.batch, "UpdateComputeEnvironment", properties)
        return done(model)

    def refuse_replacement(self, resources: dict) -> None:
        # LocalStack settles what is replaced without asking the provider.
        replaced = pinned(self.TYPE)["conditionalCreateOnly"]
        for name in resources:
            if f"ComputeResources/{name}" in replaced:
                raise ValueError(f"a new {name} takes a new environment, which is not made here")

    def delete(self, request: ResourceRequest):
        batch = request.aws_client_factory.batch
        arn = request.previous_state["ComputeEnvironmentArn"]
        batch.update_compute_environment(computeEnvironment=arn, state="DISABLED")
        batch.delete_compute_environment(computeEnvironment=arn)
        return done({})


class JobQueue(ResourceProvider):
    TYPE = "AWS::Batch::JobQueue"
    SCHEMA = schema(TYPE)

    def create(self, request: ResourceRequest):
        model = request.desired_state
        name_it(request, "JobQueueName")
        answer = call(request.aws_client_factory.batch, "CreateJobQueue", model)
        model["JobQueueArn"] = answer["jobQueueArn"]
        return done(model)

    def update(self, request: ResourceRequest):
        model = request.desired_state
        keep_from_before(request, "JobQueueName", "JobQueueArn")
        properties = {"JobQueue": model["JobQueueArn"], **changed(request)}
        call(request.aws_client_factory.batch, "UpdateJobQueue", properties)
        return done(model)

    def delete(self, request: ResourceRequest):
        batch = request.aws_client_factory.batch
        arn = request.previous_state["JobQueueArn"]
        batch.update_job_queue(jobQueue=arn, state="DISABLED")
        batch.delete_job_queue(jobQueue=arn)
        return done({})


class SchedulingPolicy(ResourceProvider):
    TYPE = "AWS::Batch::SchedulingPolicy"
    SCHEMA = schema(TYPE)

    def create(self, request: ResourceRequest):
        model = request.desired_state
        name_it(request, "Name")
        answer = call(request.aws_client_factory.batch, "CreateSchedulingPolicy", model)
        model["Arn"] = answer["arn"]
        return done(model)

    def update(self, request: ResourceRequest):
        model = request.desired_state
        keep_from_before(request, "Name", "Arn")
        properties = {"Arn": model["Arn"], **changed(request)}
        call(request.aws_client_factory.batch, "UpdateSchedulingPolicy", properties)
        return done(model)

    def delete(self, request: ResourceRequest):
        batch = request.aws_client_factory.batch
        batch.delete_scheduling_policy(arn=request.previous_state["Arn"])
        return done({})


class JobDefinition(ResourceProvider):
    TYPE = "AWS::Batch::JobDefinition"
    SCHEMA = schema(TYPE)

    def create(self, request: ResourceRequest):
        name_it(request, "JobDefinitionName")
        return done(self.register(request))

    def update(self, request: ResourceRequest):
        """A definition never changes: the new one is its next revision."""
        keep_from_before(request, "JobDefinitionName")
        model = self.register(request)
        retention = model.get("ResourceRetentionPolicy", {})
        if retention.get("SkipDeregisterOnUpdate") not in (True, "true"):
            self.deregister(request)
        return done(model)

    def delete(self, request: ResourceRequest):
        self.deregister(request)
        return done({})

    def register(self, request: ResourceRequest) -> dict:
        model = request.desired_state
        properties = without(model, "ResourceRetentionPolicy", "JobDefinitionArn")
        answer = call(request.aws_client_factory.batch, "RegisterJobDefinition", properties)
        model["JobDefinitionArn"] = answer["jobDefinitionArn"]
        return model

    def deregister(self, request: ResourceRequest) -> None:
        arn = request.previous_state["JobDefinitionArn"]
        request.aws_client_factory.batch.deregister_job_definition(jobDefinition=arn)


compute_environment = plugin(ComputeEnvironment)
job_queue = plugin(JobQueue)
scheduling_policy = plugin(SchedulingPolicy)
job_definition = plugin(JobDefinition)
