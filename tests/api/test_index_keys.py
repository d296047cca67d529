"""An operator moves the blind indexes of a table of 0.2.0 to a new root (issue 10)."""

import io
import json
import re
from typing import Any

import pytest
from rich.console import Console

from chalicelib.adapters.keys import SecretsManager
from chalicelib.core import keys
from chalicelib.core.crypto import Stage
from chalicelib.core.indexed_table import IndexedTable
from chalicelib.insight.store.index_move import IndexMove, Pass
from infra.ops import index_keys
from infra.ops.rotate import CACHES_TURN_OVER
from infra.ops.secret import Secret
from tests import support
from tests.api.driver import OperatedWorld, World
from tests.api.test_old_table import old, path, remembered, story
from tests.fakes.parts import InlineExecutor

__all__ = ["old"]
ROOTS = {"index": "1", "1": "r" * 64}
MADE_WITH_OLD = re.compile(r"(^[ai]?|[#,])1:[\w-]{8}([\w-]{14})?(,|$)")


class Operator:
    """Runs the command on a world whose roots are in Secrets Manager."""

    def __init__(self, world: World) -> None:
        self.world = world
        support.client("secretsmanager").create_secret(
            Name=world.name, SecretString=json.dumps(ROOTS)
        )
        container = world.container
        container.index_source = SecretsManager(world.name, world.clock)
        container.table = IndexedTable(world.name, container.index)
        outputs = {"TableName": world.name, "IndexSecretId": world.name}
        self.found = OperatedWorld("test", outputs, None, container)
        self.pauses: list[float] = []

    def run(
        self, *, begin: bool = False, move: bool = False, pool: InlineExecutor | None = None
    ) -> str:
        console = Console(file=io.StringIO(), width=80)
        assert not index_keys.run(
            self.found,
            begin=begin,
            move=move,
            units=1,
            console=console,
            pool=pool or InlineExecutor(),
            pause=self.pauses.append,
        )
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    def later(self) -> None:
        """Until every process has read the secret again."""
        self.world.clock.pass_(seconds=CACHES_TURN_OVER.total_seconds())

    def raws(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = support.client("dynamodb").scan(TableName=self.world.name)[
            "Items"
        ]
        return items


@pytest.fixture
def operator(old: World) -> Operator:
    """The operator of a table of 0.2.0."""
    return Operator(old)


def log_in(world: World, name: str) -> Any:
    """Have one of the people of 0.2.0 log in by text message."""
    person = remembered(world, name)
    world.clock.pass_(seconds=61)  # one code a minute
    person.log_in()
    return person


def test_a_table_of_0_2_0_is_moved_and_its_root_finds_nothing(operator: Operator) -> None:
    world = operator.world
    assert "No move is under way" in operator.run()
    assert "published" in operator.run(begin=True)
    for expected in ("moving", "settling", "found by root 1 alone"):
        with pytest.raises(SystemExit, match="wait 360 s"):
            operator.run(move=True)
        operator.later()
        log_in(world, "known")  # people go on using it
        assert expected in operator.run(move=True)
    operator.later()
    for raw in operator.raws():
        texts = [stored["S"] for stored in raw.values() if "S" in stored]
        assert "ttl" in raw or not [text for text in texts if MADE_WITH_OLD.search(text)], raw
    roles = {"chief": "administrator", "guard": "inspector", "known": "administrator"}
    for name, known in story()["people"].items():
        if name in ("wechat", "late"):  # the one never had a phone, the other never logged in
            continue
        person = log_in(world, name)
        assert person.person_id == known["person_id"]
        bindings = person.get("/v1/bindings").expect(200)["items"]
        if name in roles:
            assert [one["role"] for one in bindings] == [roles[name]]
    chief = log_in(world, "chief")
    staff = chief.get(path("/staff")).expect(200)["items"]
    assert {one["standing"] for one in staff} == {"active"}


def test_a_pass_goes_on_where_it_was_interrupted(operator: Operator) -> None:
    container = operator.found.container()
    table = container.table
    assert isinstance(table, IndexedTable)
    move = IndexMove(table, container.index)
    began = Pass(Stage.MOVING, operator.world.clock.now(), keys.phone("1:x"), 7, 0, 1, 99)
    move.keep(began)
    assert move.under_way() == began
    # Beyond the last key that this engine returns, nothing is left to do.
    done = index_keys.sweep(
        move, Stage.MOVING, began.began, began.began, seen=lambda _: None, rest=lambda _: None
    )
    assert done.moved >= 7
    assert move.under_way() is None


def test_a_pass_of_an_earlier_move_is_not_gone_on_with(operator: Operator) -> None:
    """One operator ended it, and another, who had begun with them, was interrupted after that."""
    container = operator.found.container()
    table = container.table
    assert isinstance(table, IndexedTable)
    move = IndexMove(table, container.index)
    move.keep(Pass(Stage.MOVING, operator.world.clock.now(), keys.phone("1:x"), 7, 0, 1, 99))
    now = operator.world.clock.pass_(days=1)
    done = index_keys.sweep(move, Stage.MOVING, now, now, seen=lambda _: None, rest=lambda _: None)
    assert done.began == now
    assert done.until != 99


def test_every_process_has_time_to_learn_of_a_stage_that_begins_after_hours(
    operator: Operator,
) -> None:
    class Slow(InlineExecutor):
        """Moves a page in three hours."""

        def map(self, *arguments: Any, **options: Any) -> Any:
            operator.world.clock.pass_(hours=3)
            return super().map(*arguments, **options)

    operator.run(begin=True)
    operator.later()
    operator.run(move=True)
    operator.later()
    assert "settling" in operator.run(move=True, pool=Slow())
    with pytest.raises(SystemExit, match="wait 360 s"):
        operator.run(move=True)


def test_beginning_twice_is_refused(operator: Operator) -> None:
    operator.run(begin=True)
    with pytest.raises(SystemExit, match="under way"):
        operator.run(begin=True)


def test_a_move_of_one_operator_does_not_undo_anothers(operator: Operator) -> None:
    """The sweep takes hours: what was read before it is not written over what is there since."""
    operator.run(begin=True)
    operator.later()
    slow = Secret(operator.found, "IndexSecretId")
    operator.run(move=True)
    operator.later()
    with pytest.raises(SystemExit, match="changed meanwhile"):
        slow.write(index_keys.proceed(slow.pairs, operator.world.clock.now()))
    assert "stage moving" in operator.run()
    assert "settling" in operator.run(move=True)
