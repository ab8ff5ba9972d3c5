"""Which types LocalStack knows, by what is installed. Its own list is fetched from its makers."""

from localstack.utils.catalog.catalog import AwsCatalogRuntimePlugin
from localstack.utils.catalog.common import (
    CloudFormationResourcesSupportAtRuntime,
    CloudFormationResourcesSupportInLatest,
)


class FarmCatalogPlugin(AwsCatalogRuntimePlugin):
    # The name under which LocalStack looks for the one that is fetched.
    name = "aws-catalog-remote-state"

    def get_cloudformation_resource_status(self, resource_name, *_):
        if resource_name in self._get_cfn_resources_available_at_runtime():
            return CloudFormationResourcesSupportAtRuntime.AVAILABLE
        return CloudFormationResourcesSupportInLatest.NOT_SUPPORTED
