"""Sessions and their tokens.

A session is an item in the person's partition. Every request reads it in its one query, so that a
logout takes effect at the next request.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from chalicelib.core.crypto import Tokens
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.ids import Ids
from chalicelib.identity.people import REPLAY, Actor, People, Session, Strength

ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=30)
_SESSIONS = 5
_SEEN_EVERY = timedelta(days=7)
"""How exactly it is known when a person was seen last, for `accounts`. A write for each costs.

A person is seen with their phone: by a login that proves it, and while a session lasts that began
with a text message. An account of WeChat or Alipay stays its user's when the phone is given up.
"""


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

    def new_id(self) -> str:
        """Return the id of a new session."""
        return f"ses_{self._ids.random()}"

    def begin(
        self,
        person_id: str,
        client: str,
        strength: Strength,
        *,
        now: datetime,
        session_id: str = "",
    ) -> Login:
        """Open a session. A person has at most five; the one that expires first is closed.

        Logins at the same time may leave more on record. `authenticate` accepts five. A session
        with `session_id` that is open already is continued.
        """
        session_id = session_id or self.new_id()
        record = self._people.load(person_id)
        sessions, profile = record.sessions, record.profile
        if session_id in sessions:
            return self._login(person_id, sessions[session_id], now)
        seen_at = profile.seen_at if profile else None
        proved = strength is not Strength.PLATFORM
        if proved and (seen_at is None or seen_at <= now - _SEEN_EVERY):
            self._people.saw(person_id, now)
            seen_at = now
        live = sorted(sessions.values(), key=lambda s: s.expires_at)
        for old in live[: max(0, len(live) - _SESSIONS + 1)]:
            self._people.close_session(person_id, old.session_id)
        session = Session(session_id, now + REFRESH_LIFE, 1, client, strength)
        self._people.open_session(person_id, session)
        return self._login(person_id, session, now, seen_at=seen_at)

    def strengthen(self, actor: Actor, strength: Strength, *, now: datetime) -> Login:
        """Record `strength` of the actor's session unless it is higher, and return new tokens.

        ``PHONE`` proves the phone, so that the person is seen. Raises Unauthenticated
        ``session_ended``.
        """
        session_id = actor.session.session_id
        kept = self._people.strengthen_session(actor.person_id, session_id, strength)
        if strength is Strength.PHONE:
            self._people.saw(actor.person_id, now)
        return self._login(actor.person_id, replace(actor.session, strength=kept), now)

    def refresh(self, token: str, *, now: datetime) -> Login:
        """Exchange a refresh token for a new pair of tokens. It works once.

        The last token used works again for 30 seconds (`people.REPLAY`), for the same session,
        because answers get lost. Any other use of a used token ends the session: two parties have
        the token, and one of them is a thief (RFC 9700, section 4.14.2).

        Raises Unauthenticated for an invalid token, or ``session_ended``.
        """
        claims = self._tokens.verify("refresh", token, now=now)
        person_id, session_id = str(claims["sub"]), str(claims["sid"])
        serial, expires_at = int(claims["ser"]) + 1, now + REFRESH_LIFE
        session = self._people.refresh_session(
            person_id, session_id, serial=serial, expires_at=expires_at
        )
        if session.serial != serial or abs(expires_at - session.expires_at) > REPLAY:
            self._people.close_session(person_id, session_id)
            raise Unauthenticated("session_ended")
        seen_at = datetime.fromtimestamp(int(claims.get("seen", 0)), UTC)
        if session.shows_phone and seen_at <= now - _SEEN_EVERY:
            self._people.saw(person_id, now)
            seen_at = now
        return self._login(person_id, session, now, seen_at=seen_at)

    def close(self, actor: Actor) -> None:
        """Close the actor's session. Its tokens are refused from the next request on."""
        self._people.close_session(actor.person_id, actor.session.session_id)

    def close_others(self, actor: Actor) -> None:
        """Close the actor's other sessions. Cost: one Query, one DeleteItem for each."""
        for session_id in self._people.load(actor.person_id).sessions:
            if session_id != actor.session.session_id:
                self._people.close_session(actor.person_id, session_id)

    def _login(
        self, person_id: str, session: Session, now: datetime, seen_at: datetime | None = None
    ) -> Login:
        """Return the tokens. The refresh token holds the time last passed to `People.saw`."""
        claims = {"sub": person_id, "sid": session.session_id}
        seen = 0 if seen_at is None else int(seen_at.timestamp())
        renewal = claims | {"ser": session.serial, "seen": seen}
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
