"""Days are compared with their records, by schedule and by operators; late uploads count once."""

from datetime import date, timedelta
from typing import Any

import pytest
from rich.console import Console

from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.core.table import Connection, Table
from chalicelib.workers.reconciliations import reconciliations
from infra.ops import recount
from tests import support
from tests.api.driver import FIGURES, TODAY, Person, World
from tests.api.test_statistics import bustle

QUIET = Console(quiet=True)


class Context:
    """Lambda's context of an invocation with time left."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def look(world: World) -> dict[str, int]:
    """What EventBridge invokes every hour, and then what the stream delivers."""
    done: dict[str, int] = reconciliations(support.event([]) | {"id": "e1"}, Context())
    world.work()
    return done


@pytest.fixture
def chief(world: World) -> Person:
    """The administrator of a venue where a day was counted."""
    chief = world.administrator()
    bustle(world, chief)
    world.clock.pass_(seconds=15)
    world.work()
    return chief


def lose(world: World, chief: Person) -> None:
    """Have the unit's counter lack two scans, as when a batch was given up."""
    key = Key(keys.scan_partition(chief.venue["venue_id"], TODAY, 0), keys.COUNT)
    support.client("dynamodb").update_item(
        TableName=world.name,
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="ADD c :two, p :two",
        ExpressionAttributeValues={":two": {"N": "-2"}},
    )
    world.run_stream()


def of(chief: Person) -> dict[str, int]:
    """The day's figures, for an administrator who comes back the next day."""
    chief.log_in()
    return chief.figures(str(TODAY))


def test_a_day_that_is_over_is_repaired(world: World, chief: Person) -> None:
    right = chief.figures()
    lose(world, chief)
    assert chief.figures() != right
    world.clock.pass_(days=1)
    assert look(world) == {"waits": 1}
    assert look(world) == {"repaired": 1}
    assert look(world) == {}
    assert of(chief) == right == world.recount(chief.venue)


def test_what_is_still_in_the_stream_is_not_counted_twice(world: World, chief: Person) -> None:
    visitor = world.visitor()
    visitor.scan(chief.venue).expect(201)  # and the stream does not deliver it
    world.clock.pass_(days=1)
    done = reconciliations({"id": "e1"}, Context())
    assert done == {"waits": 1}
    assert reconciliations({"id": "e2"}, Context()) == {"waits": 1}
    world.work()
    assert look(world) == {"agrees": 1}
    figures = of(chief)
    assert figures["checked"] == 6
    assert figures == world.recount(chief.venue)


class Noting(Connection):
    """A connection that notes which operations are called."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.called.append(operation)
        return super().dispatch(operation, request)


@pytest.mark.usefixtures("chief")
def test_it_costs_no_scan_of_the_table(world: World) -> None:
    world.clock.pass_(days=1)
    connection = Noting()
    world.replace(table=Table(world.name, connection))
    assert look(world) == {"agrees": 1}
    assert set(connection.called) == {"Query", "BatchGetItem", "PutItem"}


def repair(world: World, day: date | None = None) -> int:
    return recount.run(
        world.deployment(),
        venue=None, day=day or TODAY, mend=True, console=QUIET, pause=world.work,
    )  # fmt: skip


def test_an_operator_repairs_with_the_same_safety(world: World, chief: Person) -> None:
    right = chief.figures()
    lose(world, chief)
    visitor = world.visitor()
    visitor.scan(chief.venue).expect(201)  # and the stream does not deliver it
    assert repair(world) == 0
    figures = chief.figures()
    assert figures["checked"] == right["checked"] + 1
    assert figures == world.recount(chief.venue)
    assert repair(world) == 0
    assert figures == {name: chief.figures()[name] for name in FIGURES}


def test_a_venue_without_records_that_day_is_not_listed(world: World, chief: Person) -> None:
    found = [*world.container.reconciliation.venues(TODAY)]
    assert found == [chief.venue["venue_id"]]
    assert [*world.container.reconciliation.venues(TODAY + timedelta(days=1))] == []


@pytest.mark.usefixtures("chief")
def test_a_day_that_cannot_be_read_raises_the_alarm(world: World) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise ValueError("unreadable")

    world.clock.pass_(days=1)
    world.replace(scans=Broken())
    with pytest.raises(RuntimeError, match="could not be compared"):
        reconciliations({"id": "e1"}, Context())
