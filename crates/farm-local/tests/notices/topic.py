"""SNS and SQS, which we did not write (moto), with one topic and a queue that subscribed to it.

Says where it listens and the topic's ARN. Each line of standard input is answered with all messages that the queue
got since the last one, as JSON in one line. It ends when standard input does.
"""

import json
import logging
import os
import sys

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()


def aws(name):
    return boto3.client(name, region_name="us-east-1", endpoint_url=f"http://{host}:{port}")


sqs = aws("sqs")
queue = sqs.create_queue(QueueName="artist")["QueueUrl"]
topic = aws("sns").create_topic(Name="notices")["TopicArn"]
queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
print(f"{host}:{port} {topic}", flush=True)

for _ in sys.stdin:
    messages = []
    while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in got:
            messages.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    print(json.dumps(messages), flush=True)
