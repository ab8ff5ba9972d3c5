"""Lambda's Runtime API for one environment: the program in it asks for events and answers them."""

import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = "/2018-06-01/runtime"


class RuntimeApi(ThreadingHTTPServer):
    """`said` holds what comes back, each with its body: `ready` for the first event that is asked
    for, `response` and `error` for the event that is out, `init/error`, and `exited`, which the
    executor adds."""

    daemon_threads = True

    def __init__(self, gateway: str):
        # A port for each environment, so that AWS_LAMBDA_RUNTIME_API is an address, as on AWS.
        super().__init__((gateway, 0), Handler)
        self.events = queue.Queue()
        self.said = queue.Queue()
        self.asked = False
        self.out: str | None = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self.server_address
        return f"{host}:{port}"

    def give(self, event: dict, seconds: int) -> None:
        self.out = event["invoke-id"]
        self.events.put((event, int((time.time() + seconds) * 1000)))

    def end(self) -> None:
        self.events.put(None)
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != f"{ROOT}/invocation/next":
            return self.answer(404)
        if not self.server.asked:
            self.server.asked = True
            self.server.said.put(("ready", b""))
        taken = self.server.events.get()
        if taken is None:
            return self.answer(410)
        event, deadline = taken
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": event["invoke-id"],
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": event["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": event["trace-id"],
        }
        self.answer(200, event["payload"].encode(), headers)

    def do_POST(self) -> None:
        if "Content-Length" not in self.headers:
            self.close_connection = True
            return self.answer(411)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == f"{ROOT}/init/error":
            what = "init/error"
        else:
            invocation, _, what = self.path.rpartition("/")
            known = invocation == f"{ROOT}/invocation/{self.server.out}"
            if not known or what not in ("response", "error"):
                return self.answer(400)
            # Each event is answered once.
            self.server.out = None
        self.answer(202, b'{"status":"OK"}')
        self.server.said.put((what, body))

    def answer(self, status: int, body: bytes = b"", headers: dict | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Nothing: LocalStack's log has the invocations."""
