"""The bench's own rules: what DynamoDB charges, and how shards fall onto partitions.

Expected values are worked out by hand from the developer guide of DynamoDB.
"""

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench import throttle
from bench.account import Account
from bench.figures import Figure, write
from bench.lists import Day
from bench.scene import SHARDS, VENUE
from bench.units import Raw, index_units, item_size, read_units, value_size, write_units
from chalicelib.core import keys

TABLE = "t"


def of_size(size: int, **more: str) -> Raw:
    """An item of exactly `size` bytes."""
    raw: Raw = {name: {"S": value} for name, value in {"pk": "P", "sk": "S", **more}.items()}
    return raw | {"x": {"S": "x" * (size - item_size(raw) - 1)}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0),
        ({"S": "信宜"}, 6),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "-7"}, 3),
        ({"N": "100"}, 2),
        ({"N": "0.25"}, 2),
        ({"N": "1650000000123"}, 8),
        ({"N": "12e20"}, 2),
        ({"B": "AAECAw=="}, 4),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "12", "123"]}, 7),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + 3 + 2),
        ({"M": {"k": {"S": "ab"}}}, 3 + 1 + 1 + 2),
    ],
)
def test_the_size_of_a_value(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


def test_an_item_is_its_names_and_values() -> None:
    assert item_size({"名": {"S": "信宜"}, "n": {"N": "7"}}) == 3 + 6 + 1 + 2
    with pytest.raises(ValueError, match="Q"):
        value_size({"Q": ""})


@pytest.mark.parametrize(
    ("sizes", "consistent", "units"),
    [
        ([], True, 1),
        ([], False, 0.5),
        ([4096], True, 1),
        ([4097], True, 2),
        ([3000, 3000], True, 2),
        ([100] * 40, True, 1),
        ([4097], False, 1),
    ],
)
def test_reads_are_added_up_and_rounded_to_4_kb(
    sizes: list[int], consistent: bool, units: float
) -> None:
    assert read_units(sizes, consistent=consistent) == units


def test_writes_are_rounded_to_1_kb_of_the_larger_image() -> None:
    small, full, large = of_size(10), of_size(1024), of_size(1025)
    assert write_units(None, small) == write_units(None, full) == 1
    assert write_units(None, large) == 2
    assert write_units(large, small) == write_units(small, large) == write_units(large, None) == 2
    assert write_units(None, None) == 1


def test_an_index_is_charged_for_what_changes_in_it() -> None:
    def units(before: Raw | None, after: Raw | None) -> int:
        return index_units(before, after, keys=("g1pk", "g1sk"), projected=("pk", "sk"))

    plain, indexed = of_size(20), of_size(3000, g1pk="a", g1sk="b")
    elsewhere = of_size(3000, g1pk="a", g1sk="c")
    assert units(None, plain) == units(plain, None) == 0
    assert units(None, indexed) == 1  # the entry is small, whatever the item weighs
    assert units(indexed, None) == units(plain, indexed) == 1
    assert units(indexed, elsewhere) == 2
    assert units(indexed, {**indexed, "x": {"S": "other"}}) == 0


@pytest.fixture
def account() -> Account:
    return Account()


def ask(account: Account, operation: str, **body: Any) -> tuple[Any, float, int]:
    """The answer of the stand-in, and what the request was charged."""
    answer = account.answer(f"DynamoDB_20120810.{operation}", body)
    (sent,) = account.take()
    assert sent["operation"] == operation
    assert sent["body"] == body
    return answer, sent["read_units"], sent["write_units"]


def key(pk: str, sk: str) -> Raw:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def test_the_stand_in_bills_each_request(account: Account) -> None:
    scan = of_size(900, g1pk="a", g1sk="b")
    assert ask(account, "PutItem", TableName=TABLE, Item=scan) == ({}, 0, 2)
    assert ask(account, "PutItem", TableName=TABLE, Item={**scan, "v": {"N": "2"}})[2] == 1
    found = ask(account, "GetItem", TableName=TABLE, Key=key("P", "S"), ConsistentRead=True)
    assert found == ({"Item": {**scan, "v": {"N": "2"}}}, 1, 0)
    assert ask(account, "GetItem", TableName=TABLE, Key=key("P", "T")) == ({}, 0.5, 0)
    assert ask(account, "DeleteItem", TableName=TABLE, Key=key("P", "S"))[2] == 2
    assert ask(account, "DeleteItem", TableName=TABLE, Key=key("P", "S"))[2] == 1


def test_the_stand_in_stores_a_batch(account: Account) -> None:
    puts = [{"PutRequest": {"Item": of_size(1500) | key("P", sk)}} for sk in ("a", "b")]
    assert ask(account, "BatchWriteItem", RequestItems={TABLE: puts})[2] == 2 + 2
    assert ask(account, "GetItem", TableName=TABLE, Key=key("P", "b"))[0]["Item"]["sk"]["S"] == "b"


def test_a_made_up_day_has_each_scan_once() -> None:
    """A page of each shard follows the other, until the day is over."""
    made, size = Day(), 1000
    day = date(2026, 11, 22)
    made.fill(day, size, {"ttl": {"N": "1"}, "oc": {"S": "refuse"}})
    found: list[str] = []
    for shard in range(SHARDS):
        request: dict[str, Any] = {
            "ExpressionAttributeValues": {
                ":p": {"S": keys.scan_partition(VENUE, day, shard)},
                ":a": {"S": keys.ABNORMAL},
                ":b": {"S": f"{keys.ABNORMAL}~"},
            },
            "ConsistentRead": False,
            "Limit": 7,
        }
        while True:
            answer = made.answer("DynamoDB_20120810.Query", request)
            assert len(answer["Items"]) <= 7
            found += [one["sk"]["S"] for one in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    assert sorted(found) == [f"{keys.ABNORMAL}{made.place(number)}" for number in range(size)]
    assert made.units > 0
    sk = made.place(size - 1)
    pk = keys.scan_partition(VENUE, day, (size - 1) % SHARDS)
    scan = made.answer("DynamoDB_20120810.GetItem", {"Key": key(pk, sk)})["Item"]
    assert (scan["oc"]["S"], scan["sk"]["S"]) == ("refuse", sk)


def test_the_stand_in_bills_batches_and_transactions(account: Account) -> None:
    writes = [{"Put": {"Item": key("P", sk) | {"x": {"S": "x" * 3000}}}} for sk in ("a", "b")]
    assert ask(account, "TransactWriteItems", TransactItems=writes)[2] == 2 * 2 * 3
    checks = [{"ConditionCheck": {"Key": key("P", "a")}}]
    assert ask(account, "TransactWriteItems", TransactItems=checks)[2] == 2 * 3
    wanted = {TABLE: {"Keys": [key("P", sk) for sk in ("a", "b", "c")], "ConsistentRead": True}}
    answer, reads, _ = ask(account, "BatchGetItem", RequestItems=wanted)
    assert [one["sk"]["S"] for one in answer["Responses"][TABLE]] == ["a", "b"]
    assert reads == 3
    values = {":p": {"S": "P"}, ":a": {"S": "a"}, ":b": {"S": "az"}}
    answer, reads, _ = ask(account, "Query", ExpressionAttributeValues=values, ConsistentRead=True)
    assert (answer["Count"], reads) == (1, 1)
    values[":b"] = {"S": "z"}
    assert ask(account, "Query", ExpressionAttributeValues=values)[1] == 1  # 6 kB, halved


def test_the_stand_in_knows_what_it_does_not_know(account: Account) -> None:
    with pytest.raises(LookupError):
        account.answer("DynamoDB_20120810.Scan", {})


def test_what_was_sent_is_handed_over_once(account: Account) -> None:
    account.answer("secretsmanager.GetSecretValue", {"SecretId": "keys"})
    assert [one["service"] for one in account.take()] == ["secretsmanager"]
    assert account.take() == []


def test_all_shards_of_a_station_get_their_share() -> None:
    draw = random.Random(1)  # noqa: S311
    loads = throttle.loads(draw)
    assert len(loads) == throttle.SHARDS
    fair = throttle.SCANS * (1 + throttle.CHANGED) / throttle.SHARDS + throttle.COUNTS
    assert all(abs(load - fair) < fair * 0.1 for load in loads)


def test_the_chance_of_a_partition_too_many() -> None:
    draw = random.Random(1)  # noqa: S311
    assert throttle.chance([throttle.LIMIT] * 1, 4, draw) == 0
    assert throttle.chance([throttle.LIMIT + 1], 4, draw) == 1
    # Two loads of which one partition bears only one: they meet on one of four in a quarter.
    assert throttle.chance([600, 600], 4, draw) == pytest.approx(0.25, abs=0.01)
    assert throttle.chance([600, 600], 8, draw) == pytest.approx(0.125, abs=0.01)


def test_results_are_written_as_they_are_documented(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    figures = [Figure("a", 1.23456, "ms", 1.2), Figure("b", 2, "", 2)]
    write(figures, path)
    assert json.loads(path.read_text()) == {
        "a": {"value": 1.2346, "unit": "ms", "goal": 1.2, "meets": False},
        "b": {"value": 2, "unit": "", "goal": 2, "meets": True},
    }
    assert [one.meets for one in figures] == [False, True]
    shares = [Figure("c", value, "", 0.9, at_least=True) for value in (0.89, 0.9)]
    assert [one.meets for one in shares] == [False, True]


def test_an_update_sets_and_keeps_what_it_says() -> None:
    account = Account()
    key = {"pk": {"S": "P"}, "sk": {"S": "S"}}
    update = {
        "Key": key,
        "UpdateExpression": "SET #0 = if_not_exists (#0, :0), #1 = :1",
        "ExpressionAttributeNames": {"#0": "v", "#1": "ven_1"},
        "ExpressionAttributeValues": {":0": {"N": "1"}, ":1": {"S": "a"}},
    }
    for version in ("1", "2"):
        update["ExpressionAttributeValues"] = {":0": {"N": version}, ":1": {"S": f"a{version}"}}
        body = {
            "TransactItems": [{"Update": update}, {"Delete": {"Key": {**key, "sk": {"S": "T"}}}}]
        }
        account.answer("DynamoDB_20120810.TransactWriteItems", body)
    found = account.answer("DynamoDB_20120810.GetItem", {"Key": key})
    assert found == {"Item": {**key, "v": {"N": "1"}, "ven_1": {"S": "a2"}}}
