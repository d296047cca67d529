"""Logging in by a one-time code, and the session that follows.

The session is an item in the person's partition: a logout, or a session that has been refreshed
elsewhere, counts at the next call, because the query that every request makes reads it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.core.crypto import BlindIndex, Tokens, Vault
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.ids import Ids
from chalicelib.identity.people import (
    Actor,
    Codes,
    Limits,
    People,
    Profile,
    Session,
    Strength,
)

ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=30)
CODE_LIFE = timedelta(minutes=5)
RESEND_AFTER = timedelta(seconds=60)
_CODES_A_DAY = 10
_CODES_AN_HOUR_FROM_ONE_ADDRESS = 600  # a venue's whole Wi-Fi may stand behind one address
_SESSIONS = 5


class SmsGateway(Protocol):
    """Sends text messages; free for those who receive them (XC-23)."""

    def send_code(self, phone: str, code: str, language: str) -> None:
        """Send a one-time code. Raises Unavailable, or BadInput for a number it cannot reach."""


@dataclass(frozen=True)
class Login:
    """What a client keeps after logging in; `client` and `strength` say how it was done."""

    person_id: str
    client: str
    strength: Strength
    access_token: str
    refresh_token: str
    expires_at: datetime


def request_code(
    phone: str,
    *,
    address: str,
    language: str,
    now: datetime,
    ids: Ids,
    index: BlindIndex,
    codes: Codes,
    limits: Limits,
    sms: SmsGateway,
) -> None:
    """Send a one-time code to `phone` (E.164). Known and unknown numbers look alike.

    Raises TooMany above one a minute or ten a day for a number, and 600 an hour for the network
    `address` that asks; Unavailable when the gateway does not take the message.
    """
    blind = index.of("phone", phone)
    limits.charge(
        "otp-address",
        index.of("address", address),
        limit=_CODES_AN_HOUR_FROM_ONE_ADDRESS,
        seconds=3600,
        now=now,
    )
    limits.charge("otp-minute", blind, limit=1, seconds=int(RESEND_AFTER.total_seconds()), now=now)
    limits.charge("otp-day", blind, limit=_CODES_A_DAY, seconds=86_400, now=now)
    code = ids.digits(6)
    codes.put(blind, _digest(index, blind, code), now + CODE_LIFE)
    sms.send_code(phone, code, language)


def log_in(
    phone: str,
    code: str,
    *,
    now: datetime,
    ids: Ids,
    index: BlindIndex,
    codes: Codes,
    people: People,
    tokens: Tokens,
    vault: Vault,
) -> Login:
    """Open a session for whoever holds `phone`; the first login makes the person.

    Raises Unauthenticated ``otp_invalid`` for a code that is wrong, late, used or guessed at.
    """
    if not spend_code(phone, code, now=now, index=index, codes=codes):
        raise Unauthenticated("otp_invalid")
    blind = index.of("phone", phone)
    person_id = people.by_phone(blind)
    if person_id is None:
        person_id = f"per_{ids.random()}"
        sealed = vault.seal(phone, f"{person_id}/phone", now=now)
        person_id = people.create(Profile(person_id, sealed), blind)
    return begin(person_id, "sms", Strength.PHONE, now=now, ids=ids, people=people, tokens=tokens)


def spend_code(phone: str, code: str, *, now: datetime, index: BlindIndex, codes: Codes) -> bool:
    """Whether `code` is the one last sent to `phone`, in time; it is used up by being right."""
    blind = index.of("phone", phone)
    return codes.spend(blind, _digest(index, blind, code), now)


def begin(
    person_id: str,
    client: str,
    strength: Strength,
    *,
    now: datetime,
    ids: Ids,
    people: People,
    tokens: Tokens,
) -> Login:
    """Open a session for a person; above five, the one that would have ended first ends."""
    live = sorted(people.load(person_id).sessions.values(), key=lambda s: s.expires_at)
    for old in live[: max(0, len(live) - _SESSIONS + 1)]:
        people.close_session(person_id, old.session_id)
    session = Session(f"ses_{ids.random()}", now + REFRESH_LIFE, 1, client, strength)
    people.open_session(person_id, session)
    return login_of(person_id, session, now=now, tokens=tokens)


def refresh(token: str, *, now: datetime, people: People, tokens: Tokens) -> Login:
    """Exchange a refresh token for a new pair; it works once.

    Raises Unauthenticated: the token's own fault, or ``session_ended``.
    """
    claims = tokens.verify("refresh", token, now=now)
    person_id = str(claims["sub"])
    session = people.refresh_session(
        person_id,
        str(claims["sid"]),
        serial=int(claims["ser"]) + 1,
        expires_at=now + REFRESH_LIFE,
    )
    return login_of(person_id, session, now=now, tokens=tokens)


def authenticate(token: str, *, now: datetime, people: People, tokens: Tokens) -> Actor:
    """Who makes this request, by the one strongly consistent query that it may make.

    Raises Unauthenticated: the token's own fault, or ``session_ended``.
    """
    claims = tokens.verify("session", token, now=now)
    record = people.load(str(claims["sub"]))
    session = record.sessions.get(str(claims["sid"]))
    if record.profile is None or session is None or session.expires_at <= now:
        raise Unauthenticated("session_ended")
    return Actor(record.profile, session, record)


def log_out(actor: Actor, *, people: People) -> None:
    """End the session; its tokens are refused from the next call on."""
    people.close_session(actor.person_id, actor.session.session_id)


def _digest(index: BlindIndex, blind: str, code: str) -> str:
    return index.of("otp", f"{blind}:{code}")


def login_of(person_id: str, session: Session, *, now: datetime, tokens: Tokens) -> Login:
    """The tokens of a session as it stands."""
    claims = {"sub": person_id, "sid": session.session_id}
    return Login(
        person_id=person_id,
        client=session.client,
        strength=session.strength,
        access_token=tokens.issue("session", claims, now=now, life=ACCESS_LIFE),
        refresh_token=tokens.issue(
            "refresh", claims | {"ser": session.serial}, now=now, life=REFRESH_LIFE
        ),
        expires_at=now + ACCESS_LIFE,
    )
