"""The base class of items, and the calls that stores make to the one table.

Items, conditions and updates are declared with PynamoDB's attributes. The ``save`` and ``get`` of
PynamoDB's models are not used: they cost several times as much as the calls here, and cannot return
the item that failed a condition. botocore sends the requests.

    StoreError
    ├── ConditionFailed     a condition did not hold; carries the items that failed it
    └── UnknownVersion      the item's format is not supported by this release

Temporary refusals of DynamoDB (throttling, timeouts) become `Unavailable`, a 503.
"""

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Literal, NamedTuple, Self

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import AttributeContainer, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action, Update

from chalicelib.core.attributes import (
    EpochSecondsAttribute,
    IntegerAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.aws import CONFIG, MAKING, session
from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import Key

Raw = dict[str, dict[str, Any]]

_CONDITION_FAILED = "ConditionalCheckFailed"
_TRIES = 4
_BATCH_TRIES = 8
_FIRST_PAUSE_S = 0.02


class StoreError(Exception):
    """The stored item is not as this request or this release expects it."""


class ConditionFailed(StoreError):
    """A condition did not hold.

    `met` has an entry for each write: the item that failed its condition. In a transaction, None
    stands for a condition that held, and an empty item for a missing one.
    """

    def __init__(self, met: Sequence[Raw | None]) -> None:
        super().__init__("a condition did not hold")
        self.met = list(met)


class _Conflict(StoreError):
    """A concurrent transaction on the same item; nothing was written."""


class UnknownVersion(StoreError):
    """An item's format is newer than this release supports, or too old."""

    def __init__(self, kind: str, key: Key, version: int) -> None:
        super().__init__(f"{kind} {key.pk} {key.sk}: version {version} is not known here")
        self.kind, self.key, self.version = kind, key, version

    @property
    def facts(self) -> dict[str, object]:
        """What a log says of it; not the key, which may hold a join code."""
        return {"item": self.kind, "version": self.version}


# Readers of the most common attributes, without a Python call. All numbers are integers.
_plain: Mapping[type, Callable[[Any], Any]] = {
    UnicodeAttribute: str,
    TextAttribute: str,
    NumberAttribute: int,
    IntegerAttribute: int,
    SealedAttribute: bytes,
}


class Item(AttributeContainer):
    """The base class of items.

    `v` is the version of the item's format, and `FORMAT` the version that this release writes. It
    reads `FORMAT` and the version before, so that a release can be deployed while the table holds
    items of both. It cannot be rolled back once it has written items of a higher version, which the
    release before refuses. A class with a `FORMAT` above 1 documents the version before. An item
    without `v` has version 1.
    """

    FORMAT: ClassVar[int] = 1

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    v = IntegerAttribute()

    @classmethod
    def at(cls, key: Key, **attributes: Any) -> Self:
        """Return a new item under `key`. Raises ValueError for an unknown attribute."""
        if unknown := attributes.keys() - cls.get_attributes().keys():
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        item = cls.__new__(cls)
        item.attribute_values = cls._defaults() | attributes | {"pk": key.pk, "sk": key.sk}
        return item

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """Return the item in `raw`; missing attributes have their defaults.

        Raises UnknownVersion. PynamoDB's reader takes three times as long (docs/performance.md).
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
        """Return the item in DynamoDB's format. Raises ValueError for a missing attribute."""
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
        """Return attribute name, type and reader by stored name."""
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


class LeadItem(Item):
    """LEADS#pk: the person is named by the item under `pk`, and erased there. See `keys.lead`."""

    ttl = EpochSecondsAttribute()


ABSENT = Item.pk.does_not_exist()
PRESENT = Item.pk.exists()


class Put(NamedTuple):
    """A put in a transaction."""

    item: Item
    condition: Condition | None = None


class Change(NamedTuple):
    """An update in a transaction."""

    key: Key
    actions: Sequence[Action]
    condition: Condition | None = None


class Delete(NamedTuple):
    """A delete in a transaction."""

    key: Key
    condition: Condition | None = None


class Check(NamedTuple):
    """A condition, in a transaction, on an item that it does not write.

    Needs the right ``dynamodb:ConditionCheckItem``.
    """

    key: Key
    condition: Condition


class Copy(NamedTuple):
    """A put, in a transaction, of an item as it was read, under another key."""

    key: Key
    raw: Raw
    condition: Condition | None = None


Write = Put | Change | Delete | Check | Copy


class Page(NamedTuple):
    """A page of a Scan. `last` is the key to go on after, None on the last page."""

    items: list[Raw]
    last: Raw | None
    units: float


class Connection:
    """A connection to DynamoDB, opened with the first call."""

    @functools.cached_property
    def _client(self) -> Any:
        with MAKING:
            return session().create_client("dynamodb", config=CONFIG)

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request and return the response. Raises ClientError and BotoCoreError."""
        answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**request)
        return answer

    def wait(self, seconds: float) -> None:
        """Let time pass before a request that DynamoDB has asked to be made later."""
        time.sleep(seconds)


class Table:
    """The one table. Every method raises `Unavailable` when DynamoDB is unavailable.

    botocore retries in its standard mode. Timeouts are short because a visitor is waiting.
    """

    def __init__(self, name: str, connection: Connection | None = None) -> None:
        self._name = name
        self._connection = connection or Connection()

    def same_index(self, one: str, other: str) -> bool:
        """Return whether two blind indexes, or two beginnings, are of one value."""
        return one == other

    def get(self, key: Key, *, consistent: bool = True) -> Raw | None:
        """Return the item under `key`, or None."""
        answer = self._call("GetItem", Key=_key(key), ConsistentRead=consistent)
        return answer.get("Item")

    def batch_get(
        self, keys: Sequence[Key], *, consistent: bool = True, attributes: Sequence[str] = ()
    ) -> list[Raw]:
        """Return the existing items under `keys`, in no order; only `attributes` of them if given.

        Cost: one BatchGetItem for each 100 keys, and more, after pauses, for those that DynamoDB
        has not processed.
        """
        found: list[Raw] = []
        named = {f"#{number}": name for number, name in enumerate(attributes)}
        projection: dict[str, Any] = {
            "ProjectionExpression": ",".join(named),
            "ExpressionAttributeNames": named,
        }
        for start in range(0, len(keys), 100):
            wanted: dict[str, Any] = {
                self._name: {
                    "Keys": [_key(key) for key in keys[start : start + 100]],
                    "ConsistentRead": consistent,
                    **(projection if named else {}),
                }
            }
            for answer in self._batch("BatchGetItem", wanted, "UnprocessedKeys"):
                found += answer["Responses"].get(self._name, [])
        return found

    def query(
        self,
        pk: str,
        between: tuple[str, str],
        *,
        consistent: bool = False,
        index: str | None = None,
        page: int | None = None,
        newest_first: bool = False,
        after: Raw | None = None,
    ) -> Iterator[Raw]:
        """Yield the items of a partition with a sort key in `between` (inclusive), in order.

        `newest_first`: in the reverse order. `after`: begin after the item with these keys (those
        of the table and of `index`), whether or not it still exists. Pages of `page` items are
        fetched as they are consumed. Cost: one Query for each page.
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
        if newest_first:
            request["ScanIndexForward"] = False
        if after:
            request["ExclusiveStartKey"] = after
        while True:
            answer = self._call("Query", **request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def scan(self, after: Raw | None) -> Page:
        """Return the page of items after the key `after`, in no order, and the units it cost.

        Needs the right ``dynamodb:Scan``, which operators have and functions have not. Cost: one
        Scan, eventually consistent, of at most a megabyte.
        """
        start = {"ExclusiveStartKey": after} if after else {}
        answer = self._call("Scan", ReturnConsumedCapacity="TOTAL", **start)
        units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
        return Page(answer["Items"], answer.get("LastEvaluatedKey"), units)

    def put(self, item: Item, condition: Condition | None = None) -> None:
        """Write `item`. Raises ConditionFailed with the item on record."""
        self._call("PutItem", Item=item.raw(), **_expressions(condition), **_old(condition))

    def batch_put(self, items: Sequence[Item]) -> None:
        """Store items without conditions; each must have a key of its own.

        Some may be stored when it raises Unavailable. Cost: one BatchWriteItem for each 25 items,
        and more, after pauses, for those that DynamoDB has not processed.
        """
        for start in range(0, len(items), 25):
            puts = [{"PutRequest": {"Item": one.raw()}} for one in items[start : start + 25]]
            for _ in self._batch("BatchWriteItem", {self._name: puts}, "UnprocessedItems"):
                pass

    def update(
        self,
        key: Key,
        actions: Sequence[Action],
        condition: Condition | None = None,
        *,
        returned: Literal["ALL_NEW", "NONE"] = "NONE",
    ) -> Raw:
        """Update the item under `key`, and return nothing, or the whole new item.

        Raises ConditionFailed.
        """
        answer = self._call(
            "UpdateItem",
            Key=_key(key),
            ReturnValues=returned,
            **_expressions(condition, actions),
            **_old(condition),
        )
        return answer.get("Attributes", {})  # type: ignore[no-any-return]

    def delete(self, key: Key, condition: Condition | None = None) -> None:
        """Delete the item under `key`, if it exists. Raises ConditionFailed."""
        self._call("DeleteItem", Key=_key(key), **_expressions(condition), **_old(condition))

    def transact(self, *writes: Write) -> None:
        """Make all of `writes`, or none. Raises ConditionFailed; `met` is in their order.

        A transaction that conflicts with a concurrent one writes nothing and is retried at once.
        The other one may still be going on. After four tries this raises Unavailable, and the
        client or the queue waits before it retries.
        """
        items = [*map(self._write, writes)]
        for _ in range(_TRIES):
            with suppress(_Conflict):
                self._call("TransactWriteItems", TransactItems=items)
                return
        raise Unavailable

    def try_transact(self, *writes: Write) -> bool:
        """Make all of `writes`; return False if a condition did not hold. See `transact`."""
        try:
            self.transact(*writes)
        except ConditionFailed:
            return False
        return True

    def _batch(
        self, operation: str, wanted: Mapping[str, Any], left: str
    ) -> Iterator[dict[str, Any]]:
        """Send a batch until DynamoDB has processed all of it, and yield each answer.

        What an answer names under `left` is sent again, after a pause that doubles each time
        (decision 0268). Raises Unavailable after eight tries.
        """
        for number in range(_BATCH_TRIES):
            if number:
                self._connection.wait(_FIRST_PAUSE_S * 2 ** (number - 1))
            answer = self._call(operation, RequestItems=wanted)
            yield answer
            wanted = answer.get(left) or {}
            if not wanted:
                return
        raise Unavailable

    def _write(self, write: Write) -> dict[str, Any]:
        common = {"TableName": self._name, **_old(write.condition)}
        match write:
            case Put():
                body = {"Item": write.item.raw(), **_expressions(write.condition)}
                return {"Put": common | body}
            case Copy():
                raw = write.raw | _key(write.key)
                return {"Put": common | {"Item": raw, **_expressions(write.condition)}}
            case Change():
                body = _expressions(write.condition, write.actions)
                return {"Update": common | {"Key": _key(write.key), **body}}
            case Delete():
                return {
                    "Delete": common | {"Key": _key(write.key), **_expressions(write.condition)}
                }
            case Check():
                condition = _expressions(write.condition)
                return {"ConditionCheck": common | {"Key": _key(write.key), **condition}}

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
        if met == {"TransactionConflict"}:
            return _Conflict()
        mistaken = not _MISTAKEN_REASONS.isdisjoint(met)
    else:
        mistaken = code in _MISTAKES
    mistake: Exception = error
    return mistake if mistaken else Unavailable()


# Programming errors and missing permissions must fail visibly, and not be retried.
_MISTAKES = frozenset(
    {
        "ValidationException",
        "AccessDeniedException",
        "ResourceNotFoundException",
        "SerializationException",
        "UnrecognizedClientException",
        "IdempotentParameterMismatchException",
        "ItemCollectionSizeLimitExceededException",
    }
)
# The same, as reasons of a transaction that was cancelled.
_MISTAKEN_REASONS = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})


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
