"""The one table: how items are declared, and the few calls that stores make.

Items are declared with PynamoDB's attributes, and so are their conditions and changes. Its models'
own ``save`` and ``get`` are not used, because they cost several times what the same call costs
here and cannot return the item that a failed condition met; botocore carries what is written here.

    StoreError
    ├── ConditionFailed     the item was not as expected; carries what was there instead
    └── UnknownVersion      the item is of a format that this release does not read

What DynamoDB refuses for a while (throttling, timeouts) becomes `Unavailable`, a 503.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action, Update
from pynamodb.models import Model

from chalicelib.core.attributes import IntegerAttribute, SealedAttribute, TextAttribute
from chalicelib.core.aws import CONFIG, session
from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import Key

Raw = dict[str, dict[str, Any]]

_CONDITION_FAILED = "ConditionalCheckFailed"
_TRIES = 4


class StoreError(Exception):
    """The table and this release do not agree."""


class ConditionFailed(StoreError):
    """A condition did not hold; `met` holds, by position, the item that each condition met."""

    def __init__(self, met: Sequence[Raw | None]) -> None:
        super().__init__("a condition did not hold")
        self.met = list(met)


class _Conflict(Unavailable):
    """A transaction met another one on the same item, and did nothing."""


class UnknownVersion(StoreError):
    """An item's format is newer than this release, or too old for it."""

    def __init__(self, kind: str, key: Key, version: int) -> None:
        super().__init__(f"{kind} {key.pk} {key.sk}: version {version} is not known here")
        self.kind, self.key, self.version = kind, key, version

    @property
    def facts(self) -> dict[str, object]:
        """What a log says of it; not the key, which may hold a join code."""
        return {"item": self.kind, "version": self.version}


# How the commonest attributes are read, without a call of Python's; all our numbers are whole.
_plain: Mapping[type, Callable[[Any], Any]] = {
    UnicodeAttribute: str,
    TextAttribute: str,
    NumberAttribute: int,
    IntegerAttribute: int,
    SealedAttribute: bytes,
}


class Item(Model):
    """What all items share.

    `v` is the version of the item's format, `FORMAT` the one that this release writes. It reads
    that one and the one before, so that a release may be deployed while the items of the one before
    are in the table. It cannot be taken back once it has written items of a higher version, which
    the one before refuses. A class whose `FORMAT` is above 1 says what the one before looked like.
    An item without `v` is of version 1.
    """

    FORMAT: ClassVar[int] = 1

    class Meta:
        """PynamoDB wants a name; the real one comes with the Table."""

        table_name = "venuecode"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    v = IntegerAttribute()

    @classmethod
    def at(cls, key: Key, **attributes: Any) -> Self:
        """The item under `key`. Raises ValueError for an attribute that it does not have."""
        if unknown := attributes.keys() - cls.get_attributes().keys():
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        item = cls.__new__(cls)
        item.attribute_values = cls._defaults() | attributes | {"pk": key.pk, "sk": key.sk}
        return item

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """The item as it came from the table; what is not there is as by default.

        PynamoDB's own reader does the same in three times as long (docs/performance.md). Raises
        UnknownVersion.
        """
        version = int(raw["v"]["N"]) if "v" in raw else 1
        if version != cls.FORMAT and (version != cls.FORMAT - 1 or version < 1):
            raise UnknownVersion(cls.__name__, Key(raw["pk"]["S"], raw["sk"]["S"]), version)
        item = cls.__new__(cls)
        item.attribute_values = values = {**cls._defaults(), "v": version}
        readers = cls._readers()
        for stored_name, stored in raw.items():
            if stored_name in readers and "NULL" not in stored:
                name, kind, read = readers[stored_name]
                values[name] = read(stored[kind])
        return item

    def raw(self) -> Raw:
        """The item as it goes to the table. Raises ValueError for what must not be missing."""
        values = self.attribute_values
        raw: Raw = {}
        for name, attribute in self.get_attributes().items():
            value = values.get(name)
            stored = None if value is None else attribute.serialize(value)
            if stored is not None:
                raw[attribute.attr_name] = {attribute.attr_type: stored}
            elif not attribute.null:
                raise ValueError(f"{name} is missing")
        return raw

    @classmethod
    @functools.cache
    def _readers(cls) -> Mapping[str, tuple[str, str, Callable[[Any], Any]]]:
        """By stored name: the attribute's own name, its type, and how it is read."""
        return {
            one.attr_name: (name, one.attr_type, _plain.get(type(one), one.deserialize))
            for name, one in cls.get_attributes().items()
        }

    @classmethod
    @functools.cache
    def _defaults(cls) -> dict[str, Any]:
        attributes = cls.get_attributes().items()
        found = {name: one.default for name, one in attributes if one.default is not None}
        return found | {"v": cls.FORMAT}

    @property
    def key(self) -> Key:
        """The item's primary key."""
        return Key(self.pk, self.sk)


ABSENT = Item.pk.does_not_exist()
PRESENT = Item.pk.exists()


@dataclass(frozen=True)
class Put:
    """One put of a transaction."""

    item: Item
    condition: Condition | None = None


@dataclass(frozen=True)
class Change:
    """One update of a transaction."""

    key: Key
    actions: Sequence[Action]
    condition: Condition | None = None


@dataclass(frozen=True)
class Delete:
    """One delete of a transaction."""

    key: Key
    condition: Condition | None = None


class Connection:
    """The process's way to DynamoDB; opened with the first call."""

    @functools.cached_property
    def _client(self) -> Any:
        return session().create_client("dynamodb", config=CONFIG)

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request. Raises botocore's ClientError and BotoCoreError."""
        answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**request)
        return answer


class Table:
    """The calls that stores make. Every method raises `Unavailable` when DynamoDB does not answer.

    Retries are botocore's standard mode; timeouts are short because a guard is waiting.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._connection = Connection()

    def get(self, key: Key, *, consistent: bool = True) -> Raw | None:
        """The item under `key`, or None."""
        answer = self._call("GetItem", Key=_key(key), ConsistentRead=consistent)
        return answer.get("Item")

    def batch_get(self, keys: Sequence[Key], *, consistent: bool = True) -> list[Raw]:
        """Those of the items under `keys` that exist, in no order; a call for each 100 of them."""
        found: list[Raw] = []
        for start in range(0, len(keys), 100):
            wanted: dict[str, Any] = {
                self._name: {
                    "Keys": [_key(key) for key in keys[start : start + 100]],
                    "ConsistentRead": consistent,
                }
            }
            for _ in range(8):
                answer = self._call("BatchGetItem", RequestItems=wanted)
                found += answer["Responses"].get(self._name, [])
                wanted = answer.get("UnprocessedKeys") or {}
                if not wanted:
                    break
            else:
                raise Unavailable
        return found

    def query(
        self,
        pk: str,
        between: tuple[str, str],
        *,
        consistent: bool = False,
        index: str | None = None,
        page: int | None = None,
    ) -> Iterator[Raw]:
        """The items of a partition whose sort key lies in `between`, both ends included, in order.

        Pages are fetched as they are consumed; `page` is their size.
        """
        prefix = "g1" if index else ""
        request: dict[str, Any] = {
            "KeyConditionExpression": f"{prefix}pk = :p AND {prefix}sk BETWEEN :a AND :b",
            "ExpressionAttributeValues": {
                ":p": {"S": pk},
                ":a": {"S": between[0]},
                ":b": {"S": between[1]},
            },
            "ConsistentRead": consistent,
        }
        if index:
            request["IndexName"] = index
        if page:
            request["Limit"] = page
        while True:
            answer = self._call("Query", **request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, item: Item, condition: Condition | None = None) -> None:
        """Write `item`. Raises ConditionFailed with the item that stood there."""
        self._call("PutItem", Item=item.raw(), **_expressions(condition), **_old(condition))

    def update(
        self, key: Key, actions: Sequence[Action], condition: Condition | None = None
    ) -> Raw:
        """Change the item under `key`; the answer is the item as it now stands."""
        answer = self._call(
            "UpdateItem",
            Key=_key(key),
            ReturnValues="ALL_NEW",
            **_expressions(condition, actions),
            **_old(condition),
        )
        return answer["Attributes"]  # type: ignore[no-any-return]

    def delete(self, key: Key, condition: Condition | None = None) -> None:
        """Remove the item under `key`; it is no error when there is none."""
        self._call("DeleteItem", Key=_key(key), **_expressions(condition), **_old(condition))

    def transact(self, *writes: Put | Change | Delete) -> None:
        """All of `writes`, or none. Raises ConditionFailed; `met` is in their order.

        A transaction that met another one on the same item has done nothing and is tried again at
        once, for the other one is over when the refusal arrives. After four tries: `Unavailable`.
        """
        items = [*map(self._write, writes)]
        for _ in range(_TRIES - 1):
            with suppress(_Conflict):
                self._call("TransactWriteItems", TransactItems=items)
                return
        self._call("TransactWriteItems", TransactItems=items)

    def _write(self, write: Put | Change | Delete) -> dict[str, Any]:
        common = {"TableName": self._name, **_old(write.condition)}
        match write:
            case Put():
                body = {"Item": write.item.raw(), **_expressions(write.condition)}
                return {"Put": common | body}
            case Change():
                body = _expressions(write.condition, write.actions)
                return {"Update": common | {"Key": _key(write.key), **body}}
            case Delete():
                return {
                    "Delete": common | {"Key": _key(write.key), **_expressions(write.condition)}
                }

    def _call(self, operation: str, /, **request: Any) -> dict[str, Any]:
        if "TransactItems" not in request and "RequestItems" not in request:
            request["TableName"] = self._name
        try:
            return self._connection.dispatch(operation, request)
        except ClientError as error:
            raise _translate(error) from error
        except BotoCoreError as error:
            raise Unavailable from error


def _translate(error: ClientError) -> Exception:
    answer: dict[str, Any] = {**error.response}
    code = answer["Error"]["Code"]
    if code == f"{_CONDITION_FAILED}Exception":
        return ConditionFailed([answer.get("Item")])
    if code == "TransactionCanceledException":
        reasons = answer.get("CancellationReasons", [])
        if any(reason.get("Code") == _CONDITION_FAILED for reason in reasons):
            return ConditionFailed(
                [
                    reason.get("Item") or {} if reason.get("Code") == _CONDITION_FAILED else None
                    for reason in reasons
                ]
            )
        met = {reason.get("Code") for reason in reasons} - {"None"}
        return _Conflict() if met == {"TransactionConflict"} else Unavailable()
    mistake: Exception = error
    return mistake if code in _MISTAKES else Unavailable()


# Mistakes of ours and missing rights must be seen as such, not retried as a busy service.
_MISTAKES = frozenset(
    {
        "ValidationException",
        "AccessDeniedException",
        "ResourceNotFoundException",
        "SerializationException",
        "UnrecognizedClientException",
    }
)


def _key(key: Key) -> Raw:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _old(condition: Condition | None) -> dict[str, str]:
    return {} if condition is None else {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _expressions(condition: Condition | None, actions: Sequence[Action] = ()) -> dict[str, Any]:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    request: dict[str, Any] = {}
    if actions:
        request["UpdateExpression"] = Update(*actions).serialize(names, values)
    if condition is not None:
        request["ConditionExpression"] = condition.serialize(names, values)
    if names:
        request["ExpressionAttributeNames"] = {alias: name for name, alias in names.items()}
    if values:
        request["ExpressionAttributeValues"] = values
    return request
