"""LocalStack's web server, on addresses that are chosen.

LocalStack's own listens on every address, whatever GATEWAY_LISTEN says, and passes over a port that
is taken.
"""

import socket

from localstack.runtime.server.core import RuntimeServerPlugin
from localstack.utils.aws import aws_stack

# Else it asks a name server for `s3.127.0.0.1` before it first talks to its own S3.
aws_stack.CACHE_S3_HOSTNAME_DNS_STATUS = False

LISTENERS: list[socket.socket] = []


class FarmServerPlugin(RuntimeServerPlugin):
    name = "farm"

    def load(self, *args, **kwargs):
        from localstack.runtime.server.twisted import TwistedRuntimeServer
        from rolo.serving.twisted import TwistedGateway
        from twisted.internet import reactor

        class FarmServer(TwistedRuntimeServer):
            def register(self, gateway, listen, ssl_creds=None):
                for each in LISTENERS:
                    reactor.adoptStreamPort(each.fileno(), socket.AF_INET, TwistedGateway(gateway))

        return FarmServer()
