"""Several providers are asked about a person at the same time.

An answer that takes longer than `_SOON` does not hold up the others: what has arrived by then is
used, and the rest when it is complete. No request outlasts `_LONGEST` here; the adapters have a
shorter limit (`adapters.partners`).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextvars import copy_context

from chalicelib.core import metrics
from chalicelib.identity.providers import (
    Absent,
    Answer,
    FaultKind,
    Pending,
    Provider,
    ProviderFault,
    ProviderName,
    Subject,
)

Reply = Answer | Absent | Pending | ProviderFault
_SOON = 1.0
_LONGEST = 5.0


class Asking:
    """Asks providers in the threads of `pool`."""

    __slots__ = ("_pool", "_providers")

    def __init__(self, *, providers: Callable[[ProviderName], Provider], pool: Executor) -> None:
        self._providers = providers
        self._pool = pool

    def ask(
        self, providers: Sequence[ProviderName], subject: Subject, request_ids: Sequence[str]
    ) -> Iterator[Mapping[ProviderName, Reply]]:
        """Yield the replies by provider, once or twice: see the module.

        A fault is a reply. `request_ids` are in the order of `providers`. Cost: one request for
        each provider, and a metric.
        """
        asked = {
            self._pool.submit(copy_context().run, self._one, name, subject, request_id): name
            for name, request_id in zip(providers, request_ids, strict=True)
        }
        started = time.monotonic()
        pending: set[Future[Reply]] = set(asked)
        for until in (_SOON, _LONGEST):
            if not pending:
                return
            done, pending = wait(pending, timeout=started + until - time.monotonic())
            if done:
                yield {asked[one]: one.result() for one in done}
        if pending:
            yield {
                asked[one]: ProviderFault(f"{asked[one]}: no answer", FaultKind.TIMEOUT)
                for one in pending
            }

    def _one(self, name: ProviderName, subject: Subject, request_id: str) -> Reply:
        started = time.monotonic()
        try:
            reply: Reply = self._providers(name).lookup(subject, request_id=request_id)
        except ProviderFault as fault:
            metrics.record({"ProviderFaults": 1}, provider=name, fault=fault.kind)
            if fault.kind is FaultKind.OPEN:
                return fault
            reply = fault
        metrics.record({"ProviderTime": round((time.monotonic() - started) * 1000)}, provider=name)
        return reply
