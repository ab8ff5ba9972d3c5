"""How a change set is carried out, where LocalStack's way would deceive a test.

LocalStack stops at the first failure and leaves all as it then is, but says that it has rolled
back. It passes over an update that it cannot make, or that fails with words such as "not found". A
stack counts as deleted whatever became of its resources.
"""

from localstack.aws.api.cloudformation import (
    ChangeAction,
    ChangeSetType,
    ResourceStatus,
    StackStatus,
)
from localstack.services.cloudformation.deployment_utils import check_not_found_exception
from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    ChangeSetModelExecutorResult,
    EventOperationFromAction,
    TriggerRollback,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    DeletionPolicy,
    PreprocProperties,
    PreprocResource,
)
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProviderExecutor,
    convert_payload,
)

FAILED = OperationStatus.FAILED


class ProviderExecutor(ResourceProviderExecutor):
    def execute_action(self, resource_provider, raw_payload):
        request = convert_payload(self.stack_name, self.stack_id, raw_payload)
        match raw_payload["action"]:
            case "Add":
                return resource_provider.create(request)
            case "Modify":
                try:
                    return resource_provider.update(request)
                except NotImplementedError as error:
                    raise NotImplementedError(
                        f"this engine cannot update an {request.resource_type}"
                    ) from error
            case "Remove":
                try:
                    return resource_provider.delete(request)
                except Exception as error:
                    if check_not_found_exception(
                        error, request.resource_type, request.desired_state
                    ):
                        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
                    raise
            case other:
                raise ValueError(f"an action that LocalStack does not take: {other}")


class Executor(ChangeSetModelExecutor):
    def __init__(self, change_set):
        super().__init__(change_set)
        self.stack = change_set.stack
        self.resource_provider_executor = ProviderExecutor(
            stack_name=self.stack.stack_name, stack_id=self.stack.stack_id
        )
        # What was done, or tried, to which resource, in order; what each was, and was to become.
        self.done: list[tuple[ChangeAction, str, str]] = []
        self.before: dict[str, PreprocResource] = {}
        self.after: dict[str, PreprocResource] = {}
        self.failed: dict[str, list[str]] = {"CREATE": [], "UPDATE": [], "DELETE": []}

    def execute(self) -> ChangeSetModelExecutorResult:
        if self.stack.status == StackStatus.DELETE_IN_PROGRESS:
            return self.delete()
        try:
            self.process()
        except Exception as error:
            reason = error.reason if isinstance(error, TriggerRollback) else str(error)
            return ChangeSetModelExecutorResult(self.roll_back(), [], reason or repr(error))
        if self._change_set.change_set_type == ChangeSetType.UPDATE:
            self.stack.set_stack_status(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
        for deferred in reversed(self._deferred_actions):
            deferred.action()
        self.describe_outputs()
        return ChangeSetModelExecutorResult(self.resources, self.outputs)

    def describe_outputs(self) -> None:
        """LocalStack leaves the descriptions in the template."""
        for output in self.outputs:
            declared = self._change_set.template["Outputs"][output["OutputKey"]]
            if "Description" in declared:
                output["Description"] = declared["Description"]

    def delete(self) -> ChangeSetModelExecutorResult:
        """Up to the first that fails. A second attempt goes on from there."""
        self.stack.status_reason = None
        self.process()
        # None where nothing was ever deployed.
        template = self.stack.processed_template or {"Resources": {}}
        left = dict(template["Resources"])
        for deferred in reversed(self._deferred_actions):
            deferred.action()
            if self.failed["DELETE"]:
                self.stack.processed_template = {**template, "Resources": left, "Outputs": {}}
                self.stack.status_reason = self.why()
                raise RuntimeError(self.stack.status_reason)
            del left[deferred.name.removeprefix("remove-")]
        return ChangeSetModelExecutorResult({}, [])

    def roll_back(self) -> dict:
        """Brings all back to what it was, and answers with the resources as they then are."""
        update = self._change_set.change_set_type == ChangeSetType.UPDATE
        prefix = "UPDATE_" if update else ""
        self.stack.set_stack_status(StackStatus(f"{prefix}ROLLBACK_IN_PROGRESS"), self.why())
        resources = dict(self._before_resolved_resources)
        left = []
        for action, name, type in self.done:
            if action == ChangeAction.Modify:
                # What failed may have changed in part.
                now = {**resources[name]["Properties"], **self.after[name].properties.properties}
                before = self.before[name].properties
                if self.undo(action, name, type, PreprocProperties(now), before):
                    resources[name] = self.resources[name]
                else:
                    left.append(name)
        if update:
            self.stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
        for action, name, type in reversed(self.done):
            if action == ChangeAction.Add:
                made = PreprocProperties(self.resources[name]["Properties"])
                if not self.undo(ChangeAction.Remove, name, type, made, None):
                    left.append(name)
                elif name in resources:
                    self.list_again(resources[name])
        self.forget_the_change_set()
        if left:
            reason = f"The following resource(s) failed to roll back: [{', '.join(left)}]. "
            self.stack.set_stack_status(StackStatus(f"{prefix}ROLLBACK_FAILED"), reason)
        else:
            self.stack.set_stack_status(StackStatus(f"{prefix}ROLLBACK_COMPLETE"))
        return resources

    def undo(self, action, name: str, type: str, before, after) -> bool:
        about = {"action": action, "logical_resource_id": name, "resource_type": type}
        made = self.resources[name]["ResourceStatus"] != ResourceStatus.CREATE_FAILED
        if action == ChangeAction.Remove and not made:
            # It left no id behind, so there is nothing to remove.
            self._process_event(**about, event_status=OperationStatus.SUCCESS)
            return True
        self._process_event(**about, event_status=OperationStatus.IN_PROGRESS)
        event = super()._execute_resource_action(
            action, name, type, before, after, part_of_replacement=action == ChangeAction.Remove
        )
        self._process_event(**about, event_status=event.status, reason=event.message)
        return event.status != FAILED

    def list_again(self, resource: dict) -> None:
        """What was to replace a resource is gone, and with it LocalStack's entry for both."""
        self.stack.set_resource_status(
            logical_resource_id=resource["LogicalResourceId"],
            physical_resource_id=resource["PhysicalResourceId"],
            resource_type=resource["Type"],
            status=ResourceStatus.UPDATE_COMPLETE,
        )

    def forget_the_change_set(self) -> None:
        """LocalStack makes what the change set holds the stack's, also when it failed."""
        change_set, stack = self._change_set, self.stack
        if change_set.change_set_type == ChangeSetType.UPDATE:
            change_set.template = stack.template
            change_set.template_body = stack.template_body
            change_set.processed_template = stack.processed_template
            change_set.resolved_parameters = stack.resolved_parameters
        else:
            nothing = {**change_set.processed_template, "Resources": {}, "Outputs": {}}
            change_set.processed_template = nothing

    def why(self) -> str:
        return " ".join(
            f"The following resource(s) failed to {verb.lower()}: [{', '.join(names)}]."
            for verb, names in self.failed.items()
            if names
        )

    def visit_node_resources(self, node_resources):
        """LocalStack passes over what its condition now leaves out, also where it is there."""
        for node_resource in node_resources.resources:
            if not is_nothing(node_resource.condition_reference):
                condition = self._resolve_resource_condition_reference(
                    node_resource.condition_reference
                )
                if condition.after is False and condition.before is not True:
                    continue
            self.visit(node_resource)

    def _execute_resource_change(self, name, before, after):
        self.before[name] = before
        self.after[name] = after
        if not is_nothing(before):
            # LocalStack knows the word, and deletes.
            if before.deletion_policy == DeletionPolicy.RetainExceptOnCreate:
                before.deletion_policy = DeletionPolicy.Retain
        super()._execute_resource_change(name, before, after)

    def _execute_resource_action(self, action, logical_resource_id, resource_type, *rest, **named):
        event = super()._execute_resource_action(
            action, logical_resource_id, resource_type, *rest, **named
        )
        if event.status == FAILED:
            event.message = event.message or "its provider says no more"
        self.done.append((action, logical_resource_id, resource_type))
        return event

    def _process_event(self, *, action, logical_resource_id, event_status, resource_type, **named):
        if event_status != FAILED:
            return super()._process_event(
                action=action,
                logical_resource_id=logical_resource_id,
                event_status=event_status,
                resource_type=resource_type,
                **named,
            )
        # LocalStack has what needs the resource fail too, without a reason, and so the stack.
        if not (reason := named.get("reason")):
            return None
        verb = EventOperationFromAction[action.value]
        self.failed[verb].append(logical_resource_id)
        self.stack.set_resource_status(
            logical_resource_id=logical_resource_id,
            physical_resource_id=self._get_physical_id(logical_resource_id, False),
            resource_type=resource_type,
            status=ResourceStatus(f"{verb}_FAILED"),
            resource_status_reason=reason,
        )
