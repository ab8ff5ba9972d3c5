"""AWS::CloudWatch::Dashboard, which LocalStack has not, over its CloudWatch."""

from localstack.services.cloudformation.resource_provider import ResourceProvider, ResourceRequest

from farm_engine.parameters import call
from farm_engine.providers import done, name_it, plugin
from farm_engine.schemas import schema


class Dashboard(ResourceProvider):
    TYPE = "AWS::CloudWatch::Dashboard"
    SCHEMA = schema(TYPE)

    def create(self, request: ResourceRequest):
        name_it(request, "DashboardName")
        return self.put(request)

    def update(self, request: ResourceRequest):
        request.desired_state["DashboardName"] = request.previous_state["DashboardName"]
        return self.put(request)

    def put(self, request: ResourceRequest):
        call(request.aws_client_factory.cloudwatch, "PutDashboard", request.desired_state)
        return done(request.desired_state)

    def delete(self, request: ResourceRequest):
        name = request.previous_state["DashboardName"]
        request.aws_client_factory.cloudwatch.delete_dashboards(DashboardNames=[name])
        return done({})


dashboard = plugin(Dashboard)
