"""Condition keys of policies that the emulator's IAM does not know.

``dynamodb:LeadingKeys`` has the partition keys of a request (DynamoDB Developer Guide, *Using IAM
policy conditions for fine-grained access control*), ``kms:EncryptionContext:<key>`` the pairs of
its encryption context (KMS Developer Guide, *AWS KMS condition keys*).
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


def add_to_requests() -> None:
    """Have the emulator's IAM see both keys."""
    of_table, of_any = iam_actions.dynamodb_service_context, iam_actions.request_tag_context

    def with_leading_keys(body: bytes) -> dict[str, Any]:
        found = leading_keys(_object(body))
        context: dict[str, Any] = of_table(body)
        return context | ({"dynamodb:LeadingKeys": found} if found else {})

    def with_encryption_context(service: str, action: str, body: bytes, *rest: Any) -> Any:
        context: dict[str, Any] = of_any(service, action, body, *rest)
        if service == "kms":
            pairs = _object(body).get("EncryptionContext", {})
            context = context | {f"kms:EncryptionContext:{k}": v for k, v in pairs.items()}
        return context

    iam_actions.dynamodb_service_context = with_leading_keys
    iam_actions.request_tag_context = with_encryption_context


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
