"""Codes with which a dependant agrees that a guardian acts for them (YK-24).

The dependant makes a code on their own phone and tells it to the guardian, who enters it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.core import short_codes
from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import Unprocessable
from chalicelib.identity.people import Actor, Limits
from chalicelib.identity.registration import require_verified

CODE_LIFE = timedelta(minutes=10)
LENGTH = 10  # nine random characters (45 bits) and a check character; a join code has nine
_CODES_A_DAY = 20
_GUESSES_AN_HOUR = 10


class Consents(Protocol):
    """The store of consent codes, implemented in `identity/store`.

    `FamilyLinks.link` uses a code up, in the transaction of the link that it consents to.
    """

    def put(self, person_id: str, blind: str, expires_at: datetime) -> None:
        """Record a person's code; it replaces an earlier one. Cost: one TransactWriteItems."""

    def giver(self, blind: str) -> str | None:
        """Return the id of the person who made a code, which may be used or expired.

        Cost: one strongly consistent GetItem.
        """


class ConsentCode(NamedTuple):
    """A consent code, and when it expires."""

    code: str
    expires_at: datetime


class Consent(NamedTuple):
    """A code that a guardian entered: who made it, and its blind index, which uses it up."""

    person_id: str
    blind: str


class ConsentCodes:
    """Makes and reads consent codes."""

    __slots__ = ("_consents", "_index", "_limits")

    def __init__(self, *, consents: Consents, index: BlindIndex, limits: Limits) -> None:
        self._consents = consents
        self._index = index
        self._limits = limits

    def make(self, actor: Actor, *, now: datetime) -> ConsentCode:
        """Return a new code of the actor, valid once and for ten minutes. It replaces a former one.

        Raises Forbidden unless the actor is verified; TooMany above 20 a day.
        """
        require_verified(actor.profile)
        whom = actor.person_id
        self._limits.charge("consent", whom, limit=_CODES_A_DAY, seconds=86_400, now=now)
        made = ConsentCode(short_codes.new(LENGTH), now + CODE_LIFE)
        self._consents.put(whom, self._blind(made.code), made.expires_at)
        return made

    def read(self, actor: Actor, code: str, *, now: datetime) -> Consent:
        """Return who made the code that the actor entered. It may be used or expired.

        Raises Unprocessable ``consent_code_invalid`` for an unknown code; TooMany above ten an
        hour, so that codes cannot be guessed.
        """
        whom = actor.person_id
        self._limits.charge("consent-guess", whom, limit=_GUESSES_AN_HOUR, seconds=3600, now=now)
        blind = self._blind(code)
        giver = self._consents.giver(blind)
        if giver is None:
            raise Unprocessable("consent_code_invalid")
        return Consent(giver, blind)

    def _blind(self, code: str) -> str:
        return self._index.of("consent", code)
