"""What the emulator's IAM does not know: condition keys of policies, and SQS's batches.

``dynamodb:LeadingKeys`` has the partition keys of a request and ``dynamodb:Attributes`` what it
names of items (DynamoDB Developer Guide, *Using IAM policy conditions for fine-grained access
control*), ``kms:EncryptionContext:<key>`` the pairs of its encryption context (KMS Developer Guide,
*AWS KMS condition keys*).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core import iam_actions

_PARTITION = re.compile(r"\b(?:g1)?pk = (:\w+)")


def leading_keys(request: Mapping[str, Any]) -> list[str]:
    """Return the partition keys that a request to DynamoDB names, of the table or of its index."""
    return sorted({value["S"] for value in _leading(request) if "S" in value})


def _leading(request: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    for key in ("Key", "Item"):
        if "pk" in request.get(key, {}):
            yield request[key]["pk"]
    if found := _PARTITION.search(request.get("KeyConditionExpression", "")):
        yield request["ExpressionAttributeValues"][found[1]]
    for of_table in request.get("RequestItems", {}).values():
        for key in of_table.get("Keys", []) if isinstance(of_table, dict) else []:
            yield key["pk"]
    for write in request.get("TransactItems", []):
        for part in write.values():
            yield from _leading(part)


def _named(request: Mapping[str, Any]) -> dict[str, Any]:
    parts = [request, *(request.get("RequestItems") or {}).values()]
    parts = [part for part in parts if isinstance(part, dict)]
    found: dict[str, Any] = {
        "dynamodb:LeadingKeys": leading_keys(request),
        "dynamodb:Attributes": sorted({name for part in parts for name in _attributes(part)}),
    }
    if any("ProjectionExpression" in part for part in parts):
        found["dynamodb:Select"] = "SPECIFIC_ATTRIBUTES"
    if "ReturnValues" in request:
        found["dynamodb:ReturnValues"] = request["ReturnValues"]
    return {key: value for key, value in found.items() if value}


def _attributes(part: Mapping[str, Any]) -> list[str]:
    """Return the attributes that a request, or its part about a table, names."""
    names = part.get("ExpressionAttributeNames") or {}
    if "Item" in part:
        return [*part["Item"], *names.values()]
    expressions = ("ProjectionExpression", "UpdateExpression", "ConditionExpression")
    if not any(expression in part for expression in expressions):
        return []
    return [*names.values(), *(part.get("Key") or {})]


def add_to_requests() -> None:
    """Have the emulator's IAM see these keys."""
    of_table, of_any = iam_actions.dynamodb_service_context, iam_actions.request_tag_context

    def with_what_is_named(body: bytes) -> dict[str, Any]:
        return {**of_table(body), **_named(_object(body))}

    def with_encryption_context(service: str, action: str, body: bytes, *rest: Any) -> Any:
        context: dict[str, Any] = of_any(service, action, body, *rest)
        if service == "kms":
            pairs = _object(body).get("EncryptionContext", {})
            context = context | {f"kms:EncryptionContext:{k}": v for k, v in pairs.items()}
        return context

    iam_actions.dynamodb_service_context = with_what_is_named
    iam_actions.request_tag_context = with_encryption_context


def name_batches_by_their_calls() -> None:
    """Have the emulator's IAM ask for the right to send a message when a batch is sent.

    There are no actions for SQS's batches (Service Authorization Reference, *Actions, resources,
    and condition keys for Amazon SQS*).
    """
    extract = iam_actions.extract_iam_action

    def action(*request: Any, **options: Any) -> str | None:
        found: str | None = extract(*request, **options)
        return found.removesuffix("Batch") if found and found.startswith("sqs:") else found

    iam_actions.extract_iam_action = action


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
