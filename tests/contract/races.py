"""Run writers against each other so that a read-then-write is detected every time.

Their calls to the table are made in rounds: no writer makes its second call before every writer has
made its first. Two writers that read before they write therefore both read the same state.
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
    """Holds each of several threads until all running ones have arrived."""

    def __init__(self, threads: int) -> None:
        self._running = threads
        self._waiting = 0
        self._round = 0
        self._changed = threading.Condition()

    def come(self) -> None:
        """Wait for the others. Raises TimeoutError after 30 s."""
        with self._changed:
            mine = self._round
            self._waiting += 1
            self._go_on()
            if not self._changed.wait_for(lambda: self._round != mine, _PATIENCE_S):
                raise TimeoutError("another writer never came")

    def leave(self) -> None:
        """Let the others continue alone."""
        with self._changed:
            self._running -= 1
            self._go_on()

    def _go_on(self) -> None:
        if self._waiting == self._running:
            self._waiting = 0
            self._round += 1
            self._changed.notify_all()


class RacingConnection(Connection):
    """A connection that makes its calls in rounds."""

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
    """Return the writers' results and their errors, unordered."""
    assert backend.table is not None
    # DynamoDB serialises the changes of an item; moto does not, so a lock does.
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
    """Return the codes of the errors."""
    return [error.code for error in refusals]
