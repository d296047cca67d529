"""Runs writers against each other so that read-then-write is found out, every time.

Their calls to the table go out in rounds: nobody's second call is made before everybody's first.
So two writers who both look before they write, both see the same, whatever the scheduler does.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from chalicelib.core.errors import AppError
from chalicelib.core.table import Connection, Table
from tests.contract.backends import Backend, Stores, stores_over

Result = TypeVar("Result")
_PATIENCE_S = 30


class Rounds:
    """Holds each of several threads until all that still run have come."""

    def __init__(self, threads: int) -> None:
        self._running = threads
        self._waiting = 0
        self._round = 0
        self._changed = threading.Condition()

    def come(self) -> None:
        """Wait for the others."""
        with self._changed:
            mine = self._round
            self._waiting += 1
            self._go_on()
            if not self._changed.wait_for(lambda: self._round != mine, _PATIENCE_S):
                raise TimeoutError("another writer never came")

    def leave(self) -> None:
        """Let the others go on alone."""
        with self._changed:
            self._running -= 1
            self._go_on()

    def _go_on(self) -> None:
        if self._waiting == self._running:
            self._waiting = 0
            self._round += 1
            self._changed.notify_all()


class RacingConnection(Connection):
    """A connection whose calls are made in rounds."""

    def __init__(
        self, connection: Connection, rounds: Rounds, one_call: AbstractContextManager[Any]
    ) -> None:
        self._inner = connection
        self._rounds = rounds
        self._one_call = one_call

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self._rounds.come()
        with self._one_call:
            return self._inner.dispatch(operation, request)


def race(
    backend: Backend, *writers: Callable[[Stores], Result]
) -> tuple[list[Result], list[AppError]]:
    """What the writers answered and what they were refused with, in no order."""
    assert backend.table is not None
    # DynamoDB makes one change of an item after the other; moto must be made to.
    one_call = threading.Lock() if backend.name == "moto" else nullcontext()
    rounds = Rounds(len(writers))
    racing = RacingConnection(backend.connection, rounds, one_call)
    stores = stores_over(Table(backend.resource, racing))

    def run(writer: Callable[[Stores], Result]) -> Result:
        try:
            return writer(stores)
        finally:
            rounds.leave()

    answers: list[Result] = []
    refusals: list[AppError] = []
    with ThreadPoolExecutor(len(writers)) as pool:
        for future in [pool.submit(run, writer) for writer in writers]:
            try:
                answers.append(future.result())
            except AppError as error:
                refusals.append(error)
    return answers, refusals


def codes(refusals: Sequence[AppError]) -> list[str]:
    """The codes of the refusals."""
    return [error.code for error in refusals]
