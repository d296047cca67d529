"""The common part of the SQS workers: a failed message fails alone (style, 11).

A Blueprint's event handler is deployed as ``module.function``. Lambda imports that module alone and
runs no app middleware, so the common part of the workers is here.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.core.logs import correlation, logger

Response = dict[str, list[dict[str, str]]]


def each_message(
    event: dict[str, Any], handle: Callable[[str], str], *, read: Callable[[str], str]
) -> Response:
    """Run `handle` on the body of every SQS message, and report the messages that failed.

    `read` returns the correlation id in a body; `handle` returns the result label that is logged. A
    message that cannot be parsed fails alone and ends in the dead-letter queue.
    """
    failures = []
    for record in event["Records"]:
        token = correlation.set("-")
        try:
            correlation.set(read(record["body"]))
            result = handle(record["body"])
            logger().info("message", extra={"result": result})
        except Exception:
            attempt = (record.get("attributes") or {}).get("ApproximateReceiveCount", "")
            logger().exception(
                "message_failed", extra={"message_id": record["messageId"], "attempt": attempt}
            )
            failures.append({"itemIdentifier": record["messageId"]})
        finally:
            correlation.reset(token)
    return {"batchItemFailures": failures}
