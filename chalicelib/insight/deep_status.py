"""The deep status: whether everything that the API leans on answers, for operators only."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.crypto import Tokens
from chalicelib.core.errors import TooMany, Unhealthy
from chalicelib.core.logs import logger
from chalicelib.identity.people import Limits

KIND = "operator"
"""The kind of token that an operator shows."""
TOKEN_LIFE = timedelta(minutes=5)
_AN_HOUR = 120
_DEADLINE_S = 8.0  # the function ends after 25 seconds

Probe = Callable[[], object]


class Check(NamedTuple):
    """The result of one check: its duration in milliseconds, and the error's class or None."""

    name: str
    ms: int
    fault: str | None

    @property
    def ok(self) -> bool:
        """Whether the part has answered."""
        return self.fault is None


class DeepStatus:
    """Checks the parts of a deployment; `probes` by name, each raises if its part is unwell."""

    __slots__ = ("_limits", "_probes", "_tokens")

    def __init__(self, *, tokens: Tokens, limits: Limits, probes: Mapping[str, Probe]) -> None:
        self._tokens = tokens
        self._limits = limits
        self._probes = probes

    def token(self, now: datetime) -> str:
        """Return an operator's token, valid for five minutes.

        Only who may read the secret of the keys can make one: IAM decides.
        """
        return self._tokens.issue(KIND, {}, now=now, life=TOKEN_LIFE)

    def check(self, token: str, now: datetime) -> list[Check]:
        """Return the results for the operator who shows `token`, all of them good.

        The table is read and written by the limit of 120 checks an hour; the probes then run at
        once, for eight seconds at most. Raises Unauthenticated ``token_invalid``,
        ``token_expired``; TooMany; Unhealthy, with all results, if a part is unwell.
        """
        self._tokens.verify(KIND, token, now=now)
        checks = [_run("table", lambda: self._charge(now)), *self._run_probes()]
        if not all(check.ok for check in checks):
            shown = [check._asdict() | {"ok": check.ok} for check in checks]
            raise Unhealthy(shown)
        return checks

    def _charge(self, now: datetime) -> None:
        self._limits.charge("deep-status", "all", limit=_AN_HOUR, seconds=3600, now=now)

    def _run_probes(self) -> list[Check]:
        pool = ThreadPoolExecutor(max(1, len(self._probes)))
        running = {
            name: pool.submit(copy_context().run, _run, name, probe)
            for name, probe in self._probes.items()
        }
        wait(running.values(), timeout=_DEADLINE_S)
        late = int(_DEADLINE_S * 1000)
        results = [
            future.result() if future.done() else Check(name, late, "Timeout")
            for name, future in running.items()
        ]
        pool.shutdown(wait=False, cancel_futures=True)
        return results


def _run(name: str, probe: Probe) -> Check:
    begun = time.perf_counter()
    fault = None
    try:
        probe()
    except TooMany:
        raise
    except Exception as error:
        logger().exception("check_failed", extra={"check": name})
        fault = type(error).__name__
    return Check(name, round((time.perf_counter() - begun) * 1000), fault)
