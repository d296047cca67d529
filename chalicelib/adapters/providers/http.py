"""Providers over signed HTTP: ``POST /v1/{provider}/lookups``.

200 carries an answer, 202 asks to be asked again, 404 has no record. All else is a fault, and so
is an answer with a state that the provider cannot have: garbage never becomes a colour.
"""

from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.partners import Partner, PartnerFault
from chalicelib.identity.providers import (
    STATES,
    Absent,
    Answer,
    Pending,
    ProviderFault,
    ProviderName,
    Subject,
)

_LONGEST_POLL_MS = 900_000
_LONGEST_REASON = 100  # characters, so that a person's answers fit the one query of a request


class HttpProvider:
    """One provider behind the signed protocol. See `providers.Provider`."""

    def __init__(self, name: ProviderName, partner: Partner) -> None:
        self._name = name
        self._partner = partner

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        """One request. Raises ProviderFault."""
        body = {
            "request_id": request_id,
            "name": subject.name,
            "document_type": subject.document_type,
            "document_number": subject.document_number,
        }
        try:
            status, answer = self._partner.post(f"/v1/{self._name}/lookups", body)
        except PartnerFault as fault:
            raise ProviderFault(f"{self._name}: {fault}") from fault
        word = answer.get("status")
        if status == 200 and word == "answer":
            return self._answer(answer)
        if status == 202 and word == "pending":
            return Pending(self._poll_after(answer))
        if status == 404 and word == "absent":
            return Absent()
        raise ProviderFault(f"{self._name}: status {status}")

    def _answer(self, answer: dict[str, Any]) -> Answer:
        state, observed, reason = (answer.get(k) for k in ("state", "observed_at", "reason"))
        if not isinstance(state, str) or state not in STATES[self._name]:
            raise ProviderFault(f"{self._name}: unknown state")
        try:
            observed_at = None if observed is None else _moment(observed)
        except (TypeError, ValueError, OverflowError) as error:
            raise ProviderFault(f"{self._name}: unreadable time") from error
        text = reason[:_LONGEST_REASON] if isinstance(reason, str) else ""
        # JSON can spell half a character, which the table would refuse with every try.
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ProviderFault(f"{self._name}: unreadable reason")
        return Answer(state, observed_at, text)

    def _poll_after(self, answer: dict[str, Any]) -> int:
        value = answer.get("poll_after_ms")
        if not isinstance(value, int) or not 0 <= value <= _LONGEST_POLL_MS:
            raise ProviderFault(f"{self._name}: unreadable poll_after_ms")
        return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset: whose noon is it?")
    return moment.astimezone(UTC)
