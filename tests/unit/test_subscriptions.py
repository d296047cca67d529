"""Stream subscriptions: a new one is one new module, and each is about one kind of record."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.bootstrap import Container, install
from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.core.settings import Settings
from chalicelib.workers import subscriptions
from chalicelib.workers.stream import stream
from chalicelib.workers.subscriptions import all_subscriptions
from tests.fakes.parts import NOON

KEYS = {
    "scan": keys.scan("ven_A", NOON.date(), 0, 1_700_000_000_000, "D"),
    "profile": keys.profile("per_A"),
    "prefetch": keys.prefetch("per_A"),
    "poster": keys.poster("ven_A", "P"),
    "venue": keys.venue("ven_A"),
    "session": keys.session("per_A", "ses_A"),
    "counter": keys.counter(keys.scan_partition("ven_A", NOON.date(), 0)),
}

A_NEW_ONE = '''
"""A gate was installed: its name is noted."""

from typing import NamedTuple

from chalicelib.bootstrap import container
from chalicelib.workers.records import Subscription


class Gate(NamedTuple):
    name: str
    correlation: str


def _read(record):
    return None if record.old else Gate(record.new["name"]["S"], record.new["ci"]["S"])


def _act(gate):
    container().gates.append(gate.name)
    return {"what": "gate"}


SUBSCRIPTION = Subscription(lambda key: key.sk == "GATE", _read, _act)
'''


def record(key: Key, sequence: str, **images: Any) -> dict[str, Any]:
    body = {"Keys": {"pk": {"S": key.pk}, "sk": {"S": key.sk}}, "SequenceNumber": sequence}
    return {"dynamodb": body | images}


class GateContainer(Container):
    """A deployment that knows gates."""

    def __init__(self) -> None:
        super().__init__(Settings.from_environment({"VC_TABLE": "t", "VC_CODE_HOST": "V.TEST"}))
        self.gates: list[str] = []


@pytest.fixture
def one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GateContainer]:
    """A subscription in a file of its own, and a container with what it needs."""
    (tmp_path / "gates.py").write_text(A_NEW_ONE)
    monkeypatch.setattr(subscriptions, "__path__", [*subscriptions.__path__, str(tmp_path)])
    all_subscriptions.cache_clear()
    container = GateContainer()
    install(container)
    yield container
    install(None)
    all_subscriptions.cache_clear()
    sys.modules.pop(f"{subscriptions.__name__}.gates")


def test_a_new_subscription_is_one_new_module(one_more: GateContainer) -> None:
    north = {"name": {"S": "north"}, "ci": {"S": "c0ffee00"}}
    installed = record(Key("VEN#ven_A", "GATE"), "1", NewImage=north)
    changed = record(Key("VEN#ven_A", "GATE"), "2", NewImage=north, OldImage=north)
    removed = record(Key("VEN#ven_A", "GATE"), "3", OldImage=north)
    of_nobody = record(Key("VEN#ven_A", "VENUE"), "4", NewImage={})
    batch = {"Records": [installed, changed, removed, of_nobody]}
    assert stream(batch, None) == {"batchItemFailures": []}
    assert one_more.gates == ["north"]
    broken = record(Key("VEN#ven_A", "GATE"), "6", NewImage={})
    batch = {"Records": [installed, broken, installed]}
    assert stream(batch, None) == {"batchItemFailures": [{"itemIdentifier": "6"}]}
    assert one_more.gates == ["north", "north"]


@pytest.mark.parametrize(
    ("kind", "modules"),
    [
        ("scan", ["abnormal", "lookups"]),
        ("profile", ["kiosk_cards", "registrations"]),
        ("prefetch", ["prefetches"]),
        ("poster", ["posters"]),
        ("venue", []),
        ("session", []),
        ("counter", []),
    ],
)
def test_who_subscribes_to_what(kind: str, modules: list[str]) -> None:
    matching = [one for one in all_subscriptions() if one.matches(KEYS[kind])]
    assert [one.act.__module__.rpartition(".")[2] for one in matching] == modules
