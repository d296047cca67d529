"""``redrive stream`` replays a range to its end, to its function, and deletes nothing else."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from infra.ops import redrive

COUNTS = "arn:aws:lambda:us-east-1:123456789012:function:venuecode-dev-Counts-X1"
STREAM = "arn:aws:lambda:us-east-1:123456789012:function:venuecode-dev-Stream-Y2:$LATEST"
FIRST, LAST = 10**39 + 5, 10**39 + 400


class Trimmed(Exception):
    """The stream no longer holds a record."""


class Gone(Exception):
    """The shard is no longer there."""


class Errors:
    """The exceptions of a client of streams."""

    TrimmedDataAccessException = Trimmed
    ResourceNotFoundException = Gone


def message(function: str = COUNTS, first: int = FIRST, last: int = LAST) -> str:
    """A message as Lambda sends it; `batchSize` counts the records that its filter let through."""
    batch = {
        "shardId": "shardId-1", "streamArn": "arn:…", "batchSize": 2,
        "startSequenceNumber": str(first), "endSequenceNumber": str(last),
    }  # fmt: skip
    return json.dumps({"requestContext": {"functionArn": function}, "DDBStreamBatchInfo": batch})


SCAN = "1650758400000#X"


def page(*numbers: int, sk: str = SCAN) -> list[dict[str, Any]]:
    """A page of records of items under `sk`, as DynamoDB Streams returns it."""
    at = datetime(2022, 4, 24, tzinfo=UTC)
    return [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "SequenceNumber": str(number),
                "ApproximateCreationDateTime": at,
                "Keys": {"pk": {"S": "VEN#ven_A#2022-04-24#0"}, "sk": {"S": sk}},
                "NewImage": {"b": {"B": b"\x01"}},
            },
        }
        for number in numbers
    ]


@dataclass
class Account:
    """A deployment whose stream and dead-letter queue are written down; each client is itself."""

    messages: list[str]
    pages: Sequence[list[dict[str, Any]]]
    answer: Callable[[str, Sequence[Any]], Mapping[str, Any]] = lambda *_: {"batchItemFailures": []}
    trimmed: Exception | None = None
    deleted: list[str] = field(default_factory=list)
    shown_again: list[str] = field(default_factory=list)
    invoked: list[tuple[str, list[str]]] = field(default_factory=list)
    exceptions = Errors()
    outputs: Mapping[str, str] = field(default_factory=lambda: {"StreamDeadLettersUrl": "q"})

    def client(self, service: str) -> "Account":
        del service
        return self

    def get_queue_attributes(self, **_: Any) -> Any:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.messages))}}

    def receive_message(self, **_: Any) -> Any:
        found, self.messages = self.messages[:10], self.messages[10:]
        return {
            "Messages": [{"MessageId": one, "Body": one, "ReceiptHandle": one} for one in found]
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803 (AWS)
        del QueueUrl
        self.deleted.append(ReceiptHandle)

    def change_message_visibility(self, *, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self.shown_again.append(ReceiptHandle)

    def get_shard_iterator(self, **asked: Any) -> Any:
        if self.trimmed:
            raise self.trimmed
        assert asked["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
        return {"ShardIterator": "0"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> Any:  # noqa: N803 (AWS)
        assert Limit <= 1000
        number = int(ShardIterator)
        following = {"NextShardIterator": str(number + 1)} if number + 1 < len(self.pages) else {}
        return {"Records": self.pages[number], **following}

    def invoke(self, *, FunctionName: str, Payload: str) -> Any:  # noqa: N803 (AWS)
        records = json.loads(Payload)["Records"]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        self.invoked.append((FunctionName, numbers))
        answer = self.answer(FunctionName, numbers)
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **answer}


def run(account: Any) -> int:
    return redrive.run(account, queue="stream", console=Console(quiet=True))


def test_a_range_is_read_to_its_end_over_empty_pages_and_records_that_were_filtered_out() -> None:
    """`batchSize` records would end in the middle, as would the first empty page."""
    pages = [page(FIRST, FIRST + 1, FIRST + 2), [], [], page(FIRST + 9), [], page(LAST, LAST + 1)]
    account = Account([message()], pages)
    assert run(account) == 0
    numbers = [FIRST, FIRST + 1, FIRST + 2, FIRST + 9, LAST]
    assert account.invoked == [("venuecode-dev-Counts-X1", [*map(str, numbers)])]
    assert len(account.deleted) == 1


def test_records_that_concern_no_function_are_left_out() -> None:
    """Items of any size are in the stream, and an invocation has 6 MB."""
    removed = page(FIRST + 2)
    del removed[0]["dynamodb"]["NewImage"]
    pages = [page(FIRST, sk="COUNT"), page(FIRST + 1, sk="FENCE"), removed, page(LAST)]
    account = Account([message()], pages)
    assert run(account) == 0
    assert account.invoked == [("venuecode-dev-Counts-X1", [str(FIRST + 1), str(LAST)])]


def test_each_message_is_replayed_to_its_function() -> None:
    account = Account([message(STREAM), message(COUNTS)], [page(FIRST, LAST)])
    assert run(account) == 0
    assert [name for name, _ in account.invoked] == [
        "venuecode-dev-Stream-Y2",
        "venuecode-dev-Counts-X1",
    ]
    assert len(account.deleted) == 2


def test_a_long_range_goes_out_in_parts() -> None:
    numbers = range(FIRST, LAST + 1)
    account = Account([message()], [page(*numbers[:250]), page(*numbers[250:])])
    assert run(account) == 0
    assert [len(part) for _, part in account.invoked] == [100, 100, 100, 96]
    assert [int(one) for _, part in account.invoked for one in part] == [*numbers]


@pytest.mark.parametrize(
    "account",
    [
        Account([message()], [page(FIRST, LAST)], lambda *_: {"FunctionError": "Unhandled"}),
        Account(
            [message()],
            [page(FIRST, LAST)],
            lambda *_: {"batchItemFailures": [{"itemIdentifier": str(LAST)}]},
        ),
        Account([message()], [page(FIRST, LAST)], trimmed=Trimmed()),
        Account([message()], [page(FIRST, LAST)], trimmed=Gone()),
        Account([message()], [page(FIRST), []]),
    ],
    ids=["error", "partial", "trimmed", "no shard", "ends before"],
)
def test_what_was_not_replayed_is_left(account: Account) -> None:
    assert run(account) == 1
    assert account.deleted == []
    assert len(account.shown_again) == 1


def test_a_message_that_is_left_does_not_hold_up_others() -> None:
    def answer(name: str, _: Any) -> Mapping[str, Any]:
        return {"FunctionError": "Unhandled"} if "Counts" in name else {"batchItemFailures": []}

    account = Account([message(COUNTS), message(STREAM)], [page(FIRST, LAST)], answer)
    assert run(account) == 1
    assert account.deleted == [message(STREAM)]
    assert account.shown_again == [message(COUNTS)]
