"""Faults of partners, switched on and off while the sandbox runs."""

import json
import threading
from collections import Counter

from chalicelib.admission import evidence

MODES = ("none", "refuse", "hang", "drip", "garbage", "error", "busy")
_LONGEST_HANG_S = 60.0


def providers() -> tuple[str, ...]:
    """Return the kinds of provider that are played here."""
    return tuple(kind.name for kind in evidence.KINDS)


def partners() -> tuple[str, ...]:
    """Return everybody who is played here."""
    return (*providers(), "sms", "wechat", "alipay", "identity_checks", "household")


class Faults:
    """The current fault of each partner.

    ``refuse`` closes the connection. ``hang`` keeps it open and silent, until the fault is cleared
    or for a minute. ``drip`` sends a good answer, a byte a second. ``garbage`` answers `GARBAGE` in
    turn. ``error`` answers 500 with a web page, as a proxy would. ``busy`` says so in the partner's
    protocol (503 for providers and the SMS gateway).
    """

    def __init__(self) -> None:
        self._modes: dict[str, str] = {}
        self._served: Counter[str] = Counter()
        self._stopping = False
        self._changed = threading.Condition()

    def put(self, partner: str, mode: str) -> None:
        """Set a partner's fault; ``*`` means the providers. Raises ValueError."""
        if (partner != "*" and partner not in partners()) or mode not in MODES:
            raise ValueError("provider, mode: not one that there is")
        with self._changed:
            for one in providers() if partner == "*" else (partner,):
                self._modes[one] = mode
            self._changed.notify_all()

    def of(self, partner: str) -> str:
        """Return the partner's mode."""
        with self._changed:
            return self._modes.get(partner, "none")

    def all(self) -> dict[str, str]:
        """Return every partner's mode."""
        return {partner: self.of(partner) for partner in partners()}

    def hang(self, partner: str) -> None:
        """Return when the fault is cleared, the sandbox stops, or a minute has passed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping or self._modes.get(partner) != "hang", _LONGEST_HANG_S
            )

    def drips(self, partner: str) -> bool:
        """Wait for a second, and return whether the partner still drips."""
        with self._changed:
            return not self._changed.wait_for(
                lambda: self._stopping or self._modes.get(partner) != "drip", 1
            )

    def pause(self, milliseconds: int) -> None:
        """Wait as long as a slow partner would, unless the sandbox stops."""
        if milliseconds:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, milliseconds / 1000)

    def stop(self) -> None:
        """Release every waiting thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def garbage(self, partner: str) -> tuple[int, bytes]:
        """Return the next garbage as status and body: the same sequence in every run."""
        with self._changed:
            turn = self._served[partner]
            self._served[partner] += 1
        return GARBAGE[turn % len(GARBAGE)]


_GOOD = {"status": "answer", "state": "green", "observed_at": "2022-05-02T00:00:00Z"}
_OBJECTS: list[tuple[int, object]] = [
    (200, {**_GOOD, "state": "purple"}),
    (200, {**_GOOD, "state": ["green"]}),
    (200, {**_GOOD, "state": None}),
    (200, {"status": "answer"}),
    (200, {**_GOOD, "observed_at": "yesterday"}),
    (200, {**_GOOD, "observed_at": "2022-05-02T00:00:00"}),  # of which time zone?
    (200, {**_GOOD, "observed_at": "0001-01-01T00:00:00+14:00"}),  # before the first year
    (200, {**_GOOD, "observed_at": {"seconds": 0}}),
    (200, {**_GOOD, "reason": "\ud800"}),  # half a character, which nothing can store
    (200, {"status": "pending", "state": "green"}),
    (200, []),
    (200, "green"),
    (202, {"status": "pending", "poll_after_ms": -1}),
    (202, {}),
]
_TEXTS = [
    b"<html><body>It works!</body></html>",
    b"",
    b'{"status": "answer", "state": "gre',
    b"\xff\xfe\x00g",
    b"[" * 20_000,  # deeper than a parser's stack
]
GARBAGE: list[tuple[int, bytes]] = [
    *((status, json.dumps(entry).encode()) for status, entry in _OBJECTS),
    *((200, text) for text in _TEXTS),
]
"""Answers that a client must take for a fault, and never for a colour, nor crash on."""
