"""A circuit breaker before a provider, so that a dead one does not hold workers.

Closed, every request goes to the provider. After `_FAULTS` faults in a row it opens: for `REST`
nobody is asked, and a lookup fails at once. Then it is half-open: one request goes through, and its
result closes it or opens it again. Each process has its own. A fault says whether it is open
(`ProviderFault.known_dead`): nobody then waits for the provider. Beside the one request of a
half-open breaker a fault says no, because its result may be an answer.
"""

import threading
from datetime import datetime, timedelta

from chalicelib.core.clock import Clock
from chalicelib.identity.providers import (
    Absent,
    Answer,
    FaultKind,
    Pending,
    Provider,
    ProviderFault,
    Subject,
)

_FAULTS = 5
REST = timedelta(seconds=5)
_DEAD = (FaultKind.TIMEOUT, FaultKind.REFUSED, FaultKind.STATUS)
"""Garbage does not count: it arrives at once, and may be about one person only."""


class GuardedProvider:
    """A provider behind a circuit breaker. See `providers.Provider`."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._faults = 0
        self._rests_until: datetime | None = None
        self._is_tried = False

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        """See `providers.Provider`. Raises ProviderFault of the kind ``open`` without a request."""
        self._enter()
        try:
            answer = self._provider.lookup(subject, request_id=request_id)
        except ProviderFault as fault:
            fault.known_dead = self._leave(dead=fault.kind in _DEAD)
            raise
        except BaseException:
            self._leave(dead=False)
            raise
        self._leave(dead=False)
        return answer

    def _enter(self) -> None:
        now = self._clock.now()
        with self._lock:
            if self._rests_until is None:
                return
            if now < self._rests_until:
                raise ProviderFault(
                    "not asked: it failed several times",
                    FaultKind.OPEN,
                    known_dead=not self._is_tried,
                )
            # Half-open: this request goes through, those beside it do not.
            self._rests_until = now + REST
            self._is_tried = True

    def _leave(self, *, dead: bool) -> bool:
        """Count the result of a request, and return whether the breaker is open now."""
        now = self._clock.now()
        with self._lock:
            self._faults = self._faults + 1 if dead else 0
            opens = self._faults >= _FAULTS
            self._rests_until = now + REST if opens else None
            self._is_tried = False
            return opens
