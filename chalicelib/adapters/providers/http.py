"""Providers over signed HTTP: ``POST /v1/{provider}/lookups``.

200 is an answer, 202 asks the caller to poll again, 404 means no record. Anything else is a fault,
including an answer with a state that this kind of provider does not have.
"""

import unicodedata
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.partners import Partner, PartnerFault, is_busy
from chalicelib.admission import evidence
from chalicelib.identity.providers import (
    Absent,
    Answer,
    FaultKind,
    Pending,
    ProviderFault,
    ProviderName,
    Subject,
)

_LONGEST_POLL_MS = 900_000
LONGEST = {"reason": 100, "group": 20, "lifting": 100, "report_to": 60}
"""Maximum characters of a health code's texts, so that a person's snapshots fit one query."""
_MOST_DOSES = 20


class HttpProvider:
    """A provider over the signed protocol. See `providers.Provider`."""

    def __init__(self, name: ProviderName, partner: Partner) -> None:
        self._name = name
        self._partner = partner

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        """See `providers.Provider`. Sends one request, which the transport may retry once."""
        body = {"request_id": request_id, **asdict(subject)}
        try:
            status, answer = self._partner.post(f"/v1/{self._name}/lookups", body)
        except PartnerFault as fault:
            raise ProviderFault(f"{self._name}: {fault}", fault.kind) from fault
        word = answer.get("status")
        if status == 200 and word == "answer":
            return read_answer(self._name, answer)
        if status == 202 and word == "pending":
            return Pending(self._poll_after(answer))
        if status == 404 and word == "absent":
            return Absent()
        kind = FaultKind.STATUS if is_busy(status) else FaultKind.GARBAGE
        raise ProviderFault(f"{self._name}: status {status}", kind)

    def _poll_after(self, answer: dict[str, Any]) -> int:
        value = answer.get("poll_after_ms")
        if not isinstance(value, int) or not 0 <= value <= _LONGEST_POLL_MS:
            raise ProviderFault(f"{self._name}: unreadable poll_after_ms")
        return value


def read_answer(name: ProviderName, answer: dict[str, Any]) -> Answer:
    """Return the answer of provider `name`; only the fields of its kind are read.

    Raises ProviderFault.
    """
    kind = evidence.of(name)
    state, observed = answer.get("state"), answer.get("observed_at")
    if not isinstance(state, str) or state not in kind.states:
        raise ProviderFault(f"{name}: unknown state")
    try:
        observed_at = None if observed is None else _moment(observed)
        texts = {key: _text(answer.get(key), most) for key, most in LONGEST.items()}
        doses = _doses(state, answer.get("doses")) if "doses" in kind.reads else None
    except (TypeError, ValueError, OverflowError) as error:
        raise ProviderFault(f"{name}: unreadable") from error
    read = {key: text if key in kind.reads else "" for key, text in texts.items()}
    return Answer(
        state,
        observed_at,
        reason=read["reason"],
        group=read["group"],
        how_to_clear=read["lifting"],
        doses=doses,
        report_to=read["report_to"],
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no UTC offset")
    return moment.astimezone(UTC)


def _text(value: object, most: int) -> str:
    """Return `value` for display: one line, no invisible characters, at most `most` characters."""
    if not isinstance(value, str):
        return ""
    # JSON can encode a lone surrogate, which the table would refuse with every retry.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("lone surrogate")
    normal = unicodedata.normalize("NFC", value[: 10 * most])
    # Controls, bidirectional overrides, unassigned characters, separators (categories C and Z).
    printed = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in normal)
    line = " ".join(printed.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _doses(state: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MOST_DOSES or (value == 0) != (state == "none"):
        raise ValueError("doses")
    return value
