"""The local cloud itself is killed: what it acknowledged is there afterwards."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local import cloud as local
from infra.local.place import Place, environment
from tests.cloud.driver import free_place

pytestmark = pytest.mark.cloud
TABLE = "kept"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An emulator with an empty table that has a stream, and nothing else."""
    place = free_place(tmp_path)
    local.start_emulator(place)
    client(place, "dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    local.checkpoint(place)
    yield place
    local.wipe(place=place)


def client(place: Place, service: str) -> Any:
    settings = environment(place)
    return boto3.client(
        service,
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_DEFAULT_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )


def item(number: int, value: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"P#{number % 3}"}, "sk": {"S": str(number)}, "value": {"S": value}}


def items(place: Place) -> dict[str, str]:
    found = client(place, "dynamodb").scan(TableName=TABLE)["Items"]
    return {entry["sk"]["S"]: entry["value"]["S"] for entry in found}


def kill(place: Place) -> None:
    pid = local.running(place, "emulator")
    assert pid
    os.kill(pid, signal.SIGKILL)
    local.start_emulator(place)


def write(place: Place) -> dict[str, str]:
    """Every kind of write; what should be there afterwards."""
    table = client(place, "dynamodb")
    for number in range(10):
        table.put_item(TableName=TABLE, Item=item(number, "new"))
    table.update_item(
        TableName=TABLE,
        Key={key: item(1, "")[key] for key in ("pk", "sk")},
        UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues={":v": {"S": "changed"}},
    )
    table.delete_item(TableName=TABLE, Key={key: item(2, "")[key] for key in ("pk", "sk")})
    table.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": item(number, "both")}} for number in (20, 21)
        ]
    )
    return {
        **{str(number): "new" for number in range(10) if number != 2},
        "1": "changed",
        "20": "both",
        "21": "both",
    }


def test_a_killed_emulator_has_every_write_that_it_answered(place: Place) -> None:
    written = write(place)
    kill(place)
    assert items(place) == written
    kill(place)
    assert items(place) == written


def test_a_line_cut_off_by_the_kill_was_never_answered(place: Place) -> None:
    written = write(place)
    (journal,) = (place.home / "state").glob("journal-*")
    with journal.open("ab") as tail:
        tail.write(journal.read_bytes().splitlines()[0][:40])
    kill(place)
    assert items(place) == written


def test_a_checkpoint_and_the_journal_after_it_are_one_history(place: Place) -> None:
    written = write(place)
    local.checkpoint(place)
    client(place, "dynamodb").put_item(TableName=TABLE, Item=item(1, "last"))
    kill(place)
    assert items(place) == {**written, "1": "last"}


def test_a_restart_in_order_keeps_everything(place: Place) -> None:
    written = write(place)
    assert local.stop(place=place)
    local.start_emulator(place)
    assert items(place) == written


def test_what_hangs_is_replaced(place: Place) -> None:
    written = write(place)
    pid = local.running(place, "emulator")
    assert pid
    os.kill(pid, signal.SIGSTOP)
    local.start_emulator(place)
    assert local.running(place, "emulator") != pid
    assert items(place) == written
