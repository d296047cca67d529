"""Sessions and their tokens.

A session is an item in the person's partition. Every request reads it in its one query, so that a
logout takes effect at the next request.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.crypto import Tokens
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.ids import Ids
from chalicelib.identity.people import Actor, People, Session, Strength

ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=30)
_SESSIONS = 5


class Login(NamedTuple):
    """The result of a login: the tokens, and the `client` and `strength` of the session."""

    person_id: str
    client: str
    strength: Strength
    access_token: str
    refresh_token: str
    expires_at: datetime


class Sessions:
    """Begins, refreshes and ends sessions, and authenticates requests by them."""

    __slots__ = ("_ids", "_people", "_tokens")

    def __init__(self, *, people: People, tokens: Tokens, ids: Ids) -> None:
        self._people = people
        self._tokens = tokens
        self._ids = ids

    def authenticate(self, token: str, *, now: datetime) -> Actor:
        """Return the actor of a request. Cost: one strongly consistent Query.

        Raises Unauthenticated for an invalid token, or ``session_ended``.
        """
        claims = self._tokens.verify("session", token, now=now)
        record = self._people.load(str(claims["sub"]))
        session = _among_the_latest(record.sessions, str(claims["sid"]))
        if record.profile is None or session is None or session.expires_at <= now:
            raise Unauthenticated("session_ended")
        return Actor(record.profile, session, record)

    def begin(self, person_id: str, client: str, strength: Strength, *, now: datetime) -> Login:
        """Open a session. A person has at most five; the one that expires first is closed.

        Logins at the same time may leave more on record. `authenticate` accepts five.
        """
        live = sorted(self._people.load(person_id).sessions.values(), key=lambda s: s.expires_at)
        for old in live[: max(0, len(live) - _SESSIONS + 1)]:
            self._people.close_session(person_id, old.session_id)
        session = Session(f"ses_{self._ids.random()}", now + REFRESH_LIFE, 1, client, strength)
        self._people.open_session(person_id, session)
        return self._login(person_id, session, now)

    def strengthen(self, actor: Actor, strength: Strength, *, now: datetime) -> Login:
        """Record `strength` of the actor's session unless it is higher, and return new tokens.

        Raises Unauthenticated ``session_ended``.
        """
        session_id = actor.session.session_id
        kept = self._people.strengthen_session(actor.person_id, session_id, strength)
        return self._login(actor.person_id, replace(actor.session, strength=kept), now)

    def refresh(self, token: str, *, now: datetime) -> Login:
        """Exchange a refresh token for a new pair of tokens. It works once.

        Raises Unauthenticated for an invalid token, or ``session_ended``.
        """
        claims = self._tokens.verify("refresh", token, now=now)
        person_id = str(claims["sub"])
        session = self._people.refresh_session(
            person_id,
            str(claims["sid"]),
            serial=int(claims["ser"]) + 1,
            expires_at=now + REFRESH_LIFE,
        )
        return self._login(person_id, session, now)

    def close(self, actor: Actor) -> None:
        """Close the actor's session. Its tokens are refused from the next request on."""
        self._people.close_session(actor.person_id, actor.session.session_id)

    def _login(self, person_id: str, session: Session, now: datetime) -> Login:
        claims = {"sub": person_id, "sid": session.session_id}
        renewal = claims | {"ser": session.serial}
        return Login(
            person_id=person_id,
            client=session.client,
            strength=session.strength,
            access_token=self._tokens.issue("session", claims, now=now, life=ACCESS_LIFE),
            refresh_token=self._tokens.issue("refresh", renewal, now=now, life=REFRESH_LIFE),
            expires_at=now + ACCESS_LIFE,
        )


def _among_the_latest(sessions: Mapping[str, Session], session_id: str) -> Session | None:
    """Return the session if it is among the five that expire last."""
    session = sessions.get(session_id)
    if session is None:
        return None
    mine = (session.expires_at, session_id)
    later = sum((one.expires_at, one.session_id) > mine for one in sessions.values())
    return session if later < _SESSIONS else None
