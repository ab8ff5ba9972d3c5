"""Lambda functions that can be made, changed and described, but not invoked."""

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class FarmExecutorPlugin(RuntimeExecutorPlugin):
    """LocalStack's own pulls an image and fetches a runtime when a function is made."""

    name = "farm"

    def load(self, *args, **kwargs):
        from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

        class FarmExecutor(RuntimeExecutor):
            @classmethod
            def prepare_version(cls, function_version):
                pass

            @classmethod
            def cleanup_version(cls, function_version):
                pass

            def refuse(self, *_):
                raise NotImplementedError("this engine makes functions, it does not run them")

            start = stop = invoke = get_logs = refuse
            get_address = get_endpoint_from_executor = get_runtime_endpoint = refuse

        return FarmExecutor
