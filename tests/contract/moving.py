"""Processes that serve people while the blind indexes are moved, and what comes between."""

from collections.abc import Callable
from typing import Any

from chalicelib.bootstrap import Container
from chalicelib.core.indexed_table import IndexedTable
from chalicelib.core.settings import Settings
from chalicelib.core.table import Connection
from tests.contract.backends import Backend
from tests.fakes.parts import FixedSecret, LocalDataKeys, StandingClock


class Crash(Exception):
    """The process died."""


class Interrupted(Connection):
    """A connection on which, once, something happens before or after one of the next calls."""

    def __init__(self, inner: Connection) -> None:
        self._inner = inner
        self.plan: tuple[int, bool, Callable[[], None]] | None = None
        self._calls = 0

    def arm(self, call: int, before: bool, what: Callable[[], None]) -> None:
        self.plan, self._calls = (call, before, what), 0

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        due = self.plan if self.plan and self._calls == self.plan[0] else None
        self._calls += 1
        if due:
            self.plan = None
        if due and due[1]:
            due[2]()
        answer = self._inner.dispatch(operation, request)
        if due and not due[1]:
            due[2]()
        return answer


class Process:
    """A process with its own view of the secret."""

    def __init__(self, backend: Backend, secret: dict[str, str]) -> None:
        self.source = FixedSecret(**secret)
        self.connection = Interrupted(backend.connection)
        self.container = container = Container(
            Settings.from_environment(
                {
                    "VC_STAGE": "test",
                    "VC_TABLE": backend.resource,
                    "VC_BUCKET": backend.resource,
                    "VC_CODE_HOST": "V.TEST",
                    "VC_INDEX_SECRET": "index",
                }
            )
        )
        container.clock = StandingClock()
        container.key_source = FixedSecret(active="2", **{"2": "s" * 64})
        container.index_source = self.source
        container.data_keys = LocalDataKeys()
        self.table = IndexedTable(backend.resource, container.index, self.connection)
        container.table = self.table

    def learn(self, secret: dict[str, str]) -> None:
        self.source.pairs = dict(secret)
