"""What DynamoDB refuses: for a while, for good, or because of a condition."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import Key
from chalicelib.core.table import (
    ConditionFailed,
    Connection,
    Item,
    Put,
    Raw,
    Table,
    UnknownVersion,
)

KEY = Key("TEST#x", "x")
CALLS: dict[str, Callable[[Table], object]] = {
    "get": lambda table: table.get(KEY),
    "batch_get": lambda table: table.batch_get([KEY]),
    "query": lambda table: list(table.query("TEST#x", ("a", "z"))),
    "put": lambda table: table.put(Item.at(KEY)),
    "update": lambda table: table.update(KEY, [Item.v.set(2)]),
    "delete": lambda table: table.delete(KEY),
    "transact": lambda table: table.transact(Put(Item.at(KEY))),
}


class Script(Connection):
    """Answers in turn what it was given, and keeps what it was asked."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, dict(request)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Scripted(Table):
    """A table behind a scripted connection."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.script = Script(*answers)
        super().__init__("table", self.script)


def refusal(code: str, **more: Any) -> ClientError:
    """The exception as botocore raises it."""
    response: Any = {"Error": {"Code": code, "Message": "no"}, **more}
    return ClientError(response, "Operation")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
class TestEveryCall:
    """The same refusal means the same, whichever call it meets."""

    @pytest.mark.parametrize(
        "code",
        ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
         "InternalServerError", "ServiceUnavailable", "TransactionInProgressException",
         "LimitExceededException", "503"],
    )  # fmt: skip
    def test_for_a_while_is_unavailable(self, call: Callable[[Table], object], code: str) -> None:
        with pytest.raises(Unavailable):
            call(Scripted(refusal(code)))

    @pytest.mark.parametrize(
        "error",
        [
            EndpointConnectionError(endpoint_url="http://127.0.0.1"),
            ConnectTimeoutError(endpoint_url="http://127.0.0.1"),
        ],
    )
    def test_out_of_reach_is_unavailable(
        self, call: Callable[[Table], object], error: Exception
    ) -> None:
        with pytest.raises(Unavailable):
            call(Scripted(error))

    @pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException",
                                      "ResourceNotFoundException"])  # fmt: skip
    def test_a_mistake_of_ours_stays_one(self, call: Callable[[Table], object], code: str) -> None:
        with pytest.raises(ClientError, match=code):
            call(Scripted(refusal(code)))


ITEM: Raw = {"pk": {"S": "TEST#x"}, "sk": {"S": "x"}}


def test_a_failed_condition_carries_what_it_met() -> None:
    error = refusal("ConditionalCheckFailedException", Item=ITEM)
    with pytest.raises(ConditionFailed) as failed:
        Scripted(error).put(Item.at(KEY))
    assert failed.value.met == [ITEM]


def test_a_cancelled_transaction_tells_by_place() -> None:
    reasons = [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Item": ITEM},
        {"Code": "ConditionalCheckFailed"},
    ]
    error = refusal("TransactionCanceledException", CancellationReasons=reasons)
    with pytest.raises(ConditionFailed) as failed:
        Scripted(error).transact(Put(Item.at(KEY)))
    assert failed.value.met == [None, ITEM, {}]


def cancelled(*codes: str) -> ClientError:
    """A transaction that was cancelled, with the reason for each of its writes."""
    reasons = [{"Code": code} for code in codes]
    return refusal("TransactionCanceledException", CancellationReasons=reasons)


@pytest.mark.parametrize(("code", "tries"), [("TransactionConflict", 4), ("ThrottlingError", 1)])
def test_a_transaction_that_met_another_may_be_tried_again(code: str, tries: int) -> None:
    table = Scripted(*[cancelled("None", code)] * tries)
    with pytest.raises(Unavailable):
        table.transact(Put(Item.at(KEY)))
    assert len(table.script.asked) == tries


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_mistake_in_a_transaction_fails_visibly(reason: str) -> None:
    table = Scripted(cancelled(reason, "TransactionConflict"))
    with pytest.raises(ClientError):
        table.transact(Put(Item.at(KEY)))
    assert len(table.script.asked) == 1


@pytest.mark.parametrize("conflicts", [1, 2, 3])
def test_a_transaction_outlives_the_ones_that_it_meets(conflicts: int) -> None:
    table = Scripted(*[cancelled("None", "TransactionConflict")] * conflicts, {})
    table.transact(Put(Item.at(KEY)))
    assert len({str(request) for _, request in table.script.asked}) == 1


def test_a_condition_that_fails_beside_a_conflict_has_failed() -> None:
    with pytest.raises(ConditionFailed):
        Scripted(cancelled("TransactionConflict", "ConditionalCheckFailed")).transact(
            Put(Item.at(KEY))
        )


def test_unprocessed_keys_are_asked_for_again() -> None:
    rest = {"table": {"Keys": [ITEM], "ConsistentRead": True}}
    found = {"pk": {"S": "a"}}
    table = Scripted(
        {"Responses": {"table": [found]}, "UnprocessedKeys": rest},
        {"Responses": {}, "UnprocessedKeys": rest},
        {"Responses": {"table": [found]}, "UnprocessedKeys": {}},
    )
    assert table.batch_get([KEY, KEY]) == [found, found]
    assert [request["RequestItems"] for _, request in table.script.asked[1:]] == [rest, rest]
    assert len(table.script.waits) == 2


def test_keys_that_are_never_processed_are_unavailable() -> None:
    rest = {"table": {"Keys": [ITEM]}}
    table = Scripted(*[{"Responses": {}, "UnprocessedKeys": rest}] * 8)
    with pytest.raises(Unavailable):
        table.batch_get([KEY])
    waits = table.script.waits
    assert len(waits) == 7
    assert all(later == 2 * earlier for earlier, later in itertools.pairwise(waits))
    assert sum(waits) < 3, "somebody waits for the answer"


def test_nobody_waits_for_keys_that_are_processed_at_once() -> None:
    table = Scripted(*[{"Responses": {"table": []}, "UnprocessedKeys": {}}] * 2)
    table.batch_get([KEY] * 101)
    assert table.script.waits == []


def test_an_actors_query_is_strongly_consistent_and_a_page_goes_on() -> None:
    table = Scripted({"Items": [ITEM], "LastEvaluatedKey": ITEM}, {"Items": [ITEM]})
    assert list(table.query("p", ("a", "z"), consistent=True, page=1)) == [ITEM, ITEM]
    first, second = (request for _, request in table.script.asked)
    assert (first["ConsistentRead"], first["Limit"]) == (True, 1)
    assert second["ExclusiveStartKey"] == ITEM


class Third(Item):
    """An item whose format is the third."""

    FORMAT = 3


class TestVersions:
    """A reader accepts its own version of an item and the one before."""

    @pytest.mark.parametrize("version", [3, 2])
    def test_its_own_and_the_one_before_are_read(self, version: int) -> None:
        assert Third.read(ITEM | {"v": {"N": str(version)}}).v == version

    @pytest.mark.parametrize("version", [4, 1, 0])
    def test_others_are_refused_by_name(self, version: int) -> None:
        with pytest.raises(UnknownVersion, match=rf"Third TEST#x x: version {version} ") as failed:
            Third.read(ITEM | {"v": {"N": str(version)}})
        assert (failed.value.kind, failed.value.key, failed.value.version) == (
            "Third", KEY, version,
        )  # fmt: skip

    def test_one_without_a_version_is_the_first(self) -> None:
        assert Item.read(ITEM).v == 1
        with pytest.raises(UnknownVersion):
            Third.read(ITEM)

    def test_there_is_none_before_the_first(self) -> None:
        with pytest.raises(UnknownVersion):
            Item.read(ITEM | {"v": {"N": "0"}})

    def test_the_present_one_is_written(self) -> None:
        assert Third.at(KEY).raw() == ITEM | {"v": {"N": "3"}}
