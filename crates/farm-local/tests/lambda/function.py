#!/usr/bin/env python3
"""A Lambda function for tests: it does what the event's `do` says.

Each invocation is first noted as one line of JSON in the file that RECORD names.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request

API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime"


def note(**line):
    with open(os.environ["RECORD"], "a") as record:
        record.write(json.dumps({"pid": os.getpid(), **line}) + "\n")


def post(path, body):
    data = json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(API + path, data, method="POST")).status


def tried(request_id):
    with open(os.environ["RECORD"]) as record:
        return sum(json.loads(line).get("id") == request_id for line in record)


def handle(event, request_id):
    do = event["do"]
    if do == "fail" or (do == "fail twice" and tried(request_id) < 3):
        raise ValueError("no " + event.get("name", ""))
    if do == "crash":
        print("the last words", file=sys.stderr)
        os._exit(3)
    if do == "hang":
        child = subprocess.Popen(["sleep", "600"])
        note(child=child.pid)
        time.sleep(600)
    if do == "wait":
        while not os.path.exists(event["until"]):
            time.sleep(0.01)
    return {"done": do}


if os.environ.get("INIT") == "error":
    note(init="error")
    post("/init/error", {"errorType": "Config", "errorMessage": "BUCKET_NAME is not set"})
    sys.exit(1)
if os.environ.get("INIT") == "exit":
    note(init="exit")
    sys.exit(4)
while True:
    with urllib.request.urlopen(API + "/invocation/next") as reply:
        headers, event = dict(reply.headers), json.load(reply)
    request_id = headers["lambda-runtime-aws-request-id"]
    note(id=request_id, event=event, headers=headers, env=dict(os.environ))
    try:
        post("/invocation/" + request_id + "/response", handle(event, request_id))
    except ValueError as error:
        body = {"errorType": type(error).__name__, "errorMessage": str(error)}
        post("/invocation/" + request_id + "/error", body)
