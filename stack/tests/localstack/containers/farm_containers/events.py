"""Changes of jobs, to EventBridge as LocalStack has it."""

import datetime
import json
import logging
import queue
import threading

from localstack.aws.connect import connect_to

LOG = logging.getLogger(__name__)
waiting = queue.Queue()


def tell(account: str, region: str, detail: dict) -> None:
    """Puts an event, after all that were told before it."""
    entry = {
        "Source": "aws.batch",
        "DetailType": "Batch Job State Change",
        "Time": datetime.datetime.now(datetime.UTC),
        "Resources": [detail["jobArn"]],
        "Detail": json.dumps(detail),
    }
    waiting.put((account, region, entry))


def put_all() -> None:
    while True:
        account, region, entry = waiting.get()
        try:
            client = connect_to(aws_access_key_id=account, region_name=region).events
            answer = client.put_events(Entries=[entry])
            if answer["FailedEntryCount"]:
                LOG.error("EventBridge took no event of a job: %s", answer)
        except Exception:
            LOG.exception("EventBridge took no event of a job")


threading.Thread(target=put_all, daemon=True).start()
