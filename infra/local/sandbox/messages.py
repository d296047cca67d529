"""The SMS gateway and the carriers: messages go to a readable inbox."""

import math
import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

_PER_HOUR = 60
_HOUR_S = 3600.0
_TEMPLATES = ("otp", "phone_replaced")
_LISTED = 200
_LANGUAGES = ("zh-Hans", "zh-Hant", "en")
# E.164; of mainland China's numbers, mobile ones only.
NUMBER = re.compile(r"\+(?:861[3-9][0-9]{9}|(?!86)[1-9][0-9]{7,14})")
_CODE = re.compile("[0-9]{4,8}")


@dataclass(frozen=True)
class Verdict:
    """The gateway's answer. `retry_after` is in seconds, and set with a 429 only."""

    status: int
    body: Mapping[str, object]
    retry_after: int | None = None


@dataclass(frozen=True)
class Delivered:
    """A message, and when it was delivered, in unix seconds."""

    at: float
    message: Mapping[str, object]


class Inbox:
    """The last message to each phone number, the last of all, and the last hour's times."""

    def __init__(self) -> None:
        self._last: dict[str, Mapping[str, object]] = {}
        self._sent: dict[str, deque[float]] = {}
        self._recent: deque[Delivered] = deque(maxlen=_LISTED)
        self._count = 0
        self._lock = threading.Lock()

    def send(self, message: Mapping[str, object], now: float) -> Verdict:
        """Accept a message for delivery. `now` is in unix seconds."""
        to, template, params = (message.get(key) for key in ("to", "template", "params"))
        if not isinstance(to, str) or not NUMBER.fullmatch(to):
            return Verdict(400, {"code": "invalid_number"})
        if template not in _TEMPLATES or message.get("language") not in _LANGUAGES:
            return Verdict(400, {"code": "invalid_message"})
        if not isinstance(params, dict):
            return Verdict(400, {"code": "invalid_message"})
        if template == "otp" and not _CODE.fullmatch(str(params.get("code", ""))):
            return Verdict(400, {"code": "invalid_message"})
        return self.deliver(to, message, now)

    def deliver(self, to: str, message: Mapping[str, object], now: float) -> Verdict:
        """Deliver a message of valid form."""
        with self._lock:
            sent = self._sent.setdefault(to, deque())
            while sent and sent[0] <= now - _HOUR_S:
                sent.popleft()
            if len(sent) >= _PER_HOUR:
                wait = max(1, math.ceil(sent[0] + _HOUR_S - now))
                return Verdict(429, {"code": "too_many_messages"}, wait)
            sent.append(now)
            self._count += 1
            message_id = f"sms-{self._count}"
            self._last[to] = {"message_id": message_id, **message}
            self._recent.appendleft(Delivered(now, {"to": to, **message}))
        return Verdict(202, {"message_id": message_id})

    def recent(self) -> list[Delivered]:
        """Return the last messages to all numbers, newest first."""
        with self._lock:
            return list(self._recent)

    def last(self, to: str) -> Mapping[str, object] | None:
        """Return the last message delivered to this number."""
        with self._lock:
            return self._last.get(to)
