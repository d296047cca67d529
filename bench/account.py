"""The stand-in's state: one table with its index, and the charge for every request.

It understands the requests that the application sends. Conditions are not evaluated: the bench
sends nothing that breaks one.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.units import Raw, index_units, item_size, read_units, write_units

_KEY = ("pk", "sk")
_INDEX = ("g1pk", "g1sk")
_SET = re.compile(r"(#\d+) = (?:if_not_exists \((#\d+), )?(:\d+)")
"""An assignment of an update: the name, the name that keeps its value if it has one, the value."""
DATA_KEY = base64.b64encode(bytes(range(32))).decode()
_KEYS = json.dumps({"active": "1", "index": "1", "1": "r" * 64})
_PARTNERS = json.dumps({"default": "p" * 64})

Body = dict[str, Any]


def secret(body: Body) -> Body:
    """Return the answer of Secrets Manager: the partners' credentials, or keys."""
    return {"SecretString": _PARTNERS if body["SecretId"] == "partners" else _KEYS}


@dataclass(frozen=True)
class Sent:
    """A request as it arrived, and what DynamoDB would have charged for it."""

    service: str
    operation: str
    body: Body
    read_units: float = 0
    write_units: int = 0


@dataclass
class Account:
    """A table of string keys ``pk`` and ``sk`` with the index ``visits``, a secret and a key."""

    sent: list[Sent] = field(default_factory=list)
    _items: dict[str, dict[str, Raw]] = field(default_factory=dict)

    def answer(self, target: str, body: Body) -> Body:
        """Return the answer to a request by its ``X-Amz-Target``. Raises LookupError for others."""
        service, _, operation = target.partition(".")
        known: dict[str, Callable[[Body], tuple[Body, float, int]]] = {
            "DynamoDB_20120810.GetItem": self._get,
            "DynamoDB_20120810.BatchGetItem": self._batch_get,
            "DynamoDB_20120810.Query": self._query,
            "DynamoDB_20120810.PutItem": self._put,
            "DynamoDB_20120810.UpdateItem": self._update,
            "DynamoDB_20120810.DeleteItem": self._delete,
            "DynamoDB_20120810.TransactWriteItems": self._transact,
            "DynamoDB_20120810.BatchWriteItem": self._batch_write,
            "secretsmanager.GetSecretValue": lambda body: (secret(body), 0, 0),
            "TrentService.GenerateDataKey": lambda _: (
                {"CiphertextBlob": DATA_KEY, "Plaintext": DATA_KEY, "KeyId": "key"}, 0, 0,
            ),
            "TrentService.Decrypt": lambda _: ({"Plaintext": DATA_KEY, "KeyId": "key"}, 0, 0),
        }  # fmt: skip
        answer, reads, writes = known[target](body)
        self.sent.append(Sent(service, operation, body, reads, writes))
        return answer

    def take(self) -> list[dict[str, Any]]:
        """Return the requests since the last call, as plain objects."""
        taken, self.sent = self.sent, []
        return [asdict(one) for one in taken]

    def forget(self) -> None:
        """Empty the table and drop the requests."""
        self.sent, self._items = [], {}

    def _find(self, key: Raw) -> Raw | None:
        pk, sk = (key[name]["S"] for name in _KEY)
        return self._items.get(pk, {}).get(sk)

    def _replace(self, key: Raw, after: Raw | None) -> int:
        before = self._find(key)
        pk, sk = (key[name]["S"] for name in _KEY)
        partition = self._items.setdefault(pk, {})
        if after is None:
            partition.pop(sk, None)
        else:
            partition[sk] = after
        entry = index_units(before, after, keys=_INDEX, projected=_KEY)
        return write_units(before, after) + entry

    def _get(self, body: Body) -> tuple[Body, float, int]:
        found = self._find(body["Key"])
        units = read_units(
            [item_size(found or {})], consistent=bool(body.get("ConsistentRead", False))
        )
        return ({"Item": found} if found else {}), units, 0

    def _batch_get(self, body: Body) -> tuple[Body, float, int]:
        ((table, wanted),) = body["RequestItems"].items()
        gets = [
            self._get({"Key": key, "ConsistentRead": wanted.get("ConsistentRead", False)})
            for key in wanted["Keys"]
        ]
        found = [answer["Item"] for answer, _, _ in gets if answer]
        units = sum(units for _, units, _ in gets)
        return {"Responses": {table: found}, "UnprocessedKeys": {}}, units, 0

    def _query(self, body: Body) -> tuple[Body, float, int]:
        values = body["ExpressionAttributeValues"]
        first, last = values[":a"]["S"], values[":b"]["S"]
        partition = self._items.get(values[":p"]["S"], {})
        found = [raw for sk, raw in sorted(partition.items()) if first <= sk <= last]
        units = read_units(map(item_size, found), consistent=bool(body.get("ConsistentRead")))
        return {"Items": found, "Count": len(found), "ScannedCount": len(found)}, units, 0

    def _put(self, body: Body) -> tuple[Body, float, int]:
        item = body["Item"]
        return {}, 0, self._replace({name: item[name] for name in _KEY}, item)

    def _batch_write(self, body: Body) -> tuple[Body, float, int]:
        ((_, puts),) = body["RequestItems"].items()
        return {"UnprocessedItems": {}}, 0, sum(self._put(one["PutRequest"])[2] for one in puts)

    def _delete(self, body: Body) -> tuple[Body, float, int]:
        return {}, 0, self._replace(body["Key"], None)

    def _check(self, body: Body) -> tuple[Body, float, int]:
        found = self._find(body["Key"])
        return {}, 0, write_units(found, found)

    def _transact(self, body: Body) -> tuple[Body, float, int]:
        known = {
            "Put": self._put,
            "Update": self._update,
            "Delete": self._delete,
            "ConditionCheck": self._check,
        }
        # Each write of a transaction is charged twice: to prepare and to commit.
        writes = [
            known[kind](one)[2] for write in body["TransactItems"] for kind, one in write.items()
        ]
        return {}, 0, 2 * sum(writes)

    def _update(self, body: Body) -> tuple[Body, float, int]:
        key: Raw = body["Key"]
        after = {**(self._find(key) or key)}
        names, values = body["ExpressionAttributeNames"], body["ExpressionAttributeValues"]
        for name, kept, value in _SET.findall(body["UpdateExpression"]):
            if not (kept and names[kept] in after):
                after[names[name]] = values[value]
        return {}, 0, self._replace(key, after)
