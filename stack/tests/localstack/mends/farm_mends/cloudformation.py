"""LocalStack's CloudFormation, with our way of carrying out change sets and more of AWS's rules."""

from localstack.aws.api import handler
from localstack.aws.api.cloudformation import ChangeSetType, StackStatus
from localstack.services.cloudformation.api_utils import extract_template_body
from localstack.services.cloudformation.engine import template_preparer
from localstack.services.cloudformation.engine.v2 import change_set_model_preproc
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.models import get_cloudformation_store
from localstack.services.cloudformation.v2 import provider
from localstack.services.plugins import Service, aws_provider
from localstack.utils.patch import patch

from farm_mends import rules
from farm_mends.execution import Executor

provider.ChangeSetModelExecutor = Executor
# What a parameter yields is a string, a Number's too: `!Equals [!Ref Days, '0']` would never hold.
change_set_model_preproc.to_number = str


@patch(template_preparer.parse_template)
def parse_template(parse, template: str) -> dict:
    """A default that is written as a number is a string as well."""
    parsed = parse(template)
    for parameter in parsed.get("Parameters", {}).values():
        if "Default" in parameter:
            default = parameter["Default"]
            is_bool = isinstance(default, bool)
            parameter["Default"] = str(default).lower() if is_bool else str(default)
    return parsed


@patch(change_set_model_preproc.ChangeSetModelPreproc.visit_node_parameter)
def visit_node_parameter(visit, self, node_parameter):
    """What a list was before is a list as well."""
    delta = visit(self, node_parameter)
    type = str(self.visit(node_parameter.type_).before)
    if isinstance(delta.before, str) and type.startswith(("CommaDelimitedList", "List<")):
        delta.before = [each.strip() for each in delta.before.split(",")]
    return delta


@patch(provider.find_stack_v2)
def find_stack_v2(find, state, name_or_id):
    """An id that names no stack is not LocalStack's failure."""
    if provider.is_stack_arn(name_or_id) and name_or_id not in state.stacks_v2:
        return None
    return find(state, name_or_id)


class CloudFormation(provider.CloudformationProviderV2):
    @handler("CreateChangeSet", expand=False)
    def create_change_set(self, context, request):
        store = get_cloudformation_store(context.account_id, context.region)
        stack = provider.find_stack_v2(store, request["StackName"])
        if stack:
            self.make_way(store, stack, request["ChangeSetName"])
        is_update = request.get("ChangeSetType", "UPDATE") == ChangeSetType.UPDATE
        if is_update and stack:
            rules.check_status(stack)
        template = template_preparer.parse_template(extract_template_body(request))
        rules.check_parameters(template, request.get("Parameters") or [])
        rules.check_capabilities(template, request.get("Capabilities") or [])

        before = stack.status if stack else None
        answer = super().create_change_set(context, request)
        if is_update and stack.status == StackStatus.REVIEW_IN_PROGRESS:
            # LocalStack has a stack that was rolled back start anew.
            stack.status = before
            stack.events.pop(0)
        return answer

    def make_way(self, store, stack, name: str) -> None:
        """LocalStack finds any of several change sets that have a name in common."""
        for each in list(stack.change_set_ids):
            change_set = store.change_sets[each]
            if change_set.change_set_name == name:
                rules.check_carried_out(change_set)
                stack.change_set_ids.remove(each)

    @handler("DeleteStack")
    def delete_stack(self, context, stack_name, **kwargs):
        store = get_cloudformation_store(context.account_id, context.region)
        stack = provider.find_stack_v2(store, stack_name)
        if stack and stack.enable_termination_protection:
            raise ValidationError(
                f"Stack [{stack_name}] cannot be deleted while TerminationProtection is enabled"
            )
        return super().delete_stack(context, stack_name=stack_name, **kwargs)


@aws_provider()
def cloudformation() -> Service:
    return Service.for_provider(CloudFormation())
