"""The carriers' travel card: send a code to a phone, and return the card for it.

Like the real one it also returns the cities, which clients must drop.
"""

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.sandbox.messages import Inbox, Verdict

_CODE_LIFE_S = 300.0
_GUESSES = 5
_REMEMBERED = 10_000
_CARRIERS = re.compile(r"\+861[3-9][0-9]{9}")


@dataclass
class _Code:
    text: str
    until: float
    guesses: int = 0


class TravelCard:
    """Codes by phone, and past answers. `card` returns the state of a phone's card."""

    def __init__(self, inbox: Inbox, card: Callable[[str], str]) -> None:
        self._inbox = inbox
        self._card = card
        self._codes: dict[str, _Code] = {}
        self._verdicts: OrderedDict[str, Verdict] = OrderedDict()
        self._lock = threading.Lock()

    def send_code(self, asked: Mapping[str, object], now: float) -> Verdict:
        """Send a code; the previous one becomes invalid. `now` is in unix seconds."""
        phone = asked.get("phone")
        if not isinstance(phone, str) or not _CARRIERS.fullmatch(phone):
            return Verdict(400, {"code": "invalid_number"})
        code = f"{secrets.randbelow(10**6):06d}"
        message = {"to": phone, "template": "travel_card", "params": {"code": code}}
        verdict = self._inbox.deliver(phone, message, now)
        if verdict.status != 202:
            return verdict
        with self._lock:
            self._codes[phone] = _Code(code, now + _CODE_LIFE_S)
        return Verdict(202, {"status": "sent"})

    def exchange(self, asked: Mapping[str, object], now: float) -> Verdict:
        """Return the card for the code, which works once; a ``request_id`` keeps its answer."""
        values = [asked.get(key) for key in ("request_id", "phone", "code")]
        if not all(isinstance(value, str) and value for value in values):
            raise ValueError("request_id, phone, code: missing")
        request_id, phone, code = map(str, values)
        with self._lock:
            if request_id in self._verdicts:
                return self._verdicts[request_id]
            if not self._spend(phone, code, now):
                return Verdict(422, {"code": "invalid_code"})
            state = self._card(phone)
            verdict = Verdict(
                200,
                {
                    "status": "answer",
                    "state": state,
                    "observed_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
                    "cities": ["演示市*" if state == "abnormal" else "演示市"],
                },
            )
            self._verdicts[request_id] = verdict
            if len(self._verdicts) > _REMEMBERED:
                self._verdicts.popitem(last=False)
        return verdict

    def _spend(self, phone: str, code: str, now: float) -> bool:
        known = self._codes.get(phone)
        if known is None or known.until <= now or known.guesses >= _GUESSES:
            return False
        known.guesses += 1
        if known.text != code:
            return False
        del self._codes[phone]
        return True
