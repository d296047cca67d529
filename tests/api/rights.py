"""What each function asks of AWS, recorded while the suite plays, in the words of its policy."""

import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

_OPERATIONS: Mapping[tuple[str, str], str] = {
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
}
"""Operations whose action has another name (Service Authorization Reference)."""
_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
           "ConditionCheck": "ConditionCheckItem"}  # fmt: skip
"""A transaction is no action: each write in it is (DynamoDB Developer Guide, *IAM and
transactions*)."""


class Right(NamedTuple):
    """An action on a resource; `leading` is the beginning of the partition key."""

    action: str
    resource: str
    leading: str = ""


class Recorder:
    """Records calls to AWS by the function that makes them; see `Wire.watch`.

    `resources` names what a queue's URL or a secret's id stands for.
    """

    def __init__(self, resources: Mapping[str, str]) -> None:
        self._resources = resources
        self.made: dict[str, set[Right]] = defaultdict(set)

    def note(self, params: Mapping[str, Any], model: Any) -> None:
        """Record a call, unless the test itself makes it."""
        # A function's own threads work for it while it waits for them.
        waiting = sys._current_frames()[threading.main_thread().ident or 0]
        function = _function(sys._getframe()) or _function(waiting)
        if function:
            service = model.service_model.service_name
            self.made[function].update(self._rights(service, model.name, params))

    def _rights(self, service: str, operation: str, params: Mapping[str, Any]) -> Iterator[Right]:
        action = _OPERATIONS.get((service, operation), f"{service}:{operation}")
        if service == "dynamodb":
            yield from _of_the_table(operation, params)
        elif service == "s3":
            keys = params.get("Delete", {}).get("Objects", [params])
            for key in {one.get("Key", "").partition("/")[0] for one in keys}:
                yield Right(action, f"Bucket/{key}" if key else "Bucket")
        elif service == "kms":
            yield Right(action, "DataKey")
        else:
            named = params.get("QueueUrl") or params.get("SecretId")
            yield Right(action, self._resources[str(named)])


def _of_the_table(operation: str, params: Mapping[str, Any]) -> Iterator[Right]:
    if operation == "TransactWriteItems":
        for write in params["TransactItems"]:
            ((kind, one),) = write.items()
            yield Right(f"dynamodb:{_WRITES[kind]}", "Table", _leading(one))
    elif operation == "BatchGetItem":
        for one in params["RequestItems"].values():
            for key in one["Keys"]:
                yield Right("dynamodb:BatchGetItem", "Table", _leading({"Key": key}))
    elif operation == "BatchWriteItem":
        for puts in params["RequestItems"].values():
            for put in puts:
                yield Right("dynamodb:BatchWriteItem", "Table", _leading(put["PutRequest"]))
    else:
        index = params.get("IndexName")
        yield Right(f"dynamodb:{operation}", f"Table/{index}" if index else "Table",
                    _leading(params))  # fmt: skip


def _leading(params: Mapping[str, Any]) -> str:
    key = params.get("Key") or params.get("Item")
    value = key["pk"]["S"] if key else params["ExpressionAttributeValues"][":p"]["S"]
    beginning, mark, _ = str(value).partition("#")
    return beginning + mark


def _function(frame: FrameType | None) -> str:
    """Return the name of the function, as in ``.chalice/config.json``, that is being run."""
    while frame:
        path = Path(frame.f_code.co_filename)
        if path.parent.name == "workers" and path.stem == frame.f_code.co_name:
            return path.stem
        if path.parts[-2:] == ("api", "endpoint.py") and frame.f_code.co_name == "_serve":
            return "api_handler"
        frame = frame.f_back
    return ""
