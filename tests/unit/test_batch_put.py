"""Items that are stored by one request, and those that DynamoDB leaves for the next."""

from typing import Any

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import Key
from chalicelib.core.table import Item
from tests.unit.test_table import Scripted, refusal

ITEMS = [Item.at(Key("TEST#x", str(number))) for number in range(30)]


def puts(request: dict[str, Any]) -> list[str]:
    """The sort keys of a request's items."""
    return [put["PutRequest"]["Item"]["sk"]["S"] for put in request["RequestItems"]["table"]]


def test_a_request_takes_25_items() -> None:
    table = Scripted({}, {})
    table.batch_put(ITEMS)
    assert [len(puts(request)) for _, request in table.script.asked] == [25, 5]
    assert {name for name, _ in table.script.asked} == {"BatchWriteItem"}


def test_what_was_not_processed_is_sent_again() -> None:
    left = {"table": [{"PutRequest": {"Item": ITEMS[3].raw()}}]}
    table = Scripted({"UnprocessedItems": left}, {"UnprocessedItems": {}})
    table.batch_put(ITEMS[:5])
    assert [puts(request) for _, request in table.script.asked] == [list("01234"), ["3"]]
    assert len(table.script.waits) == 1


def test_what_is_never_processed_is_unavailable() -> None:
    left = {"table": [{"PutRequest": {"Item": ITEMS[0].raw()}}]}
    with pytest.raises(Unavailable):
        Scripted(*[{"UnprocessedItems": left}] * 8).batch_put(ITEMS[:1])
    with pytest.raises(Unavailable):
        Scripted(refusal("ProvisionedThroughputExceededException")).batch_put(ITEMS[:1])


def test_nothing_is_no_request() -> None:
    table = Scripted()
    table.batch_put([])
    assert table.script.asked == []
