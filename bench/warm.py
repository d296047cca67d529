"""Warm scans and a bare client that makes the same calls, in turn in one process. A script.

Arguments: the unpacked package, the file of events, the file of the requests that one scan sends.
Prints one pair of CPU times in seconds per round.
"""

import gc
import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

sys.path[0] = sys.argv[1]

import botocore.session

import app

Event = dict[str, Any]

_PER_ROUND = 25
_WARM_UP = 2

with open(sys.argv[2]) as file:
    events = json.load(file)
with open(sys.argv[3]) as file:
    requests = json.load(file)

client = botocore.session.get_session().create_client("dynamodb")
_CALLS = {"Query": client.query, "PutItem": client.put_item}


def bare(event: Event, context: None) -> Event:  # noqa: ARG001 (Lambda's signature)
    """Return a handler that only sends a scan's requests to DynamoDB."""
    json.loads(event["body"])
    for operation, request in requests:
        _CALLS[operation](**request)
    return {"statusCode": 201, "headers": {}, "body": json.dumps({})}


def sent_now(event: Event) -> Event:
    """Return the event with a nonce of the present: an old one is looked for, as a retry is."""
    body = json.loads(event["body"])
    random = uuid.UUID(body["nonce"]).int & (1 << 80) - 1
    body["nonce"] = str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | random))
    return event | {"body": json.dumps(body)}


def cpu(handler: Callable[[Event, None], Event], batch: list[Event]) -> float:
    """Return the CPU seconds of `handler` over a batch of events."""
    gc.collect()
    started = time.process_time()
    for event in batch:
        if handler(event, None)["statusCode"] != 201:
            sys.exit("a scan was refused")
    return time.process_time() - started


for number in range(0, len(events), _PER_ROUND):
    batch = [sent_now(event) for event in events[number : number + _PER_ROUND]]
    pair = cpu(app.app, batch), cpu(bare, batch)
    if number >= _WARM_UP * _PER_ROUND:
        print(*pair)
