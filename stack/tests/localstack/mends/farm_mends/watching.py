"""Logs, rules and alarms, with what LocalStack's providers leave out."""

from localstack.services.cloudformation.resource_provider import ResourceRequest
from localstack.services.cloudwatch.resource_providers.aws_cloudwatch_alarm import (
    CloudWatchAlarmProvider,
)
from localstack.services.events.resource_providers.aws_events_rule import EventsRuleProvider
from localstack.services.logs.resource_providers.aws_logs_loggroup import LogsLogGroupProvider

from farm_engine.parameters import call
from farm_engine.pick import without
from farm_engine.providers import done, plugin


class LogGroup(LogsLogGroupProvider):
    """LocalStack's keeps logs for ever, and updates nothing."""

    def create(self, request: ResourceRequest):
        self.refuse_unknown(request)
        event = super().create(request)
        self.settle(request.aws_client_factory.logs, event.resource_model)
        return event

    def update(self, request: ResourceRequest):
        self.refuse_unknown(request)
        kept = without(request.previous_state, "RetentionInDays")
        model = {**kept, **request.desired_state}
        self.settle(request.aws_client_factory.logs, model)
        return done(model)

    def refuse_unknown(self, request: ResourceRequest) -> None:
        if unknown := request.desired_state.keys() - {"LogGroupName", "RetentionInDays"}:
            raise ValueError(f"this engine's log groups have no {', '.join(sorted(unknown))}")

    def settle(self, logs, model: dict) -> None:
        name = {"LogGroupName": model["LogGroupName"]}
        if days := model.get("RetentionInDays"):
            call(logs, "PutRetentionPolicy", {**name, "RetentionInDays": days})
        else:
            call(logs, "DeleteRetentionPolicy", name)


class Rule(EventsRuleProvider):
    """LocalStack's updates nothing."""

    def update(self, request: ResourceRequest):
        events = request.aws_client_factory.events
        name = request.previous_state["Id"]
        targets = {each["Id"] for each in request.desired_state.get("Targets", [])}
        gone = {each["Id"] for each in request.previous_state.get("Targets", [])} - targets
        if gone:
            events.remove_targets(Rule=name, Ids=sorted(gone))
        # Both calls that make a rule change one of the same name.
        request.desired_state["Name"] = name
        return self.create(request)


class Alarm(CloudWatchAlarmProvider):
    """LocalStack's updates nothing."""

    def update(self, request: ResourceRequest):
        # The call that makes an alarm changes one of the same name.
        request.desired_state["AlarmName"] = request.previous_state["AlarmName"]
        return self.create(request)


log_group = plugin(LogGroup)
rule = plugin(Rule)
alarm = plugin(Alarm)
