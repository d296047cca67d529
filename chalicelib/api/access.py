"""Access: who may call a route.

A route names one `Access`. It joins an `Authenticator`, which finds out who calls, with a rule
about that caller, and it describes both to the OpenAPI document and to the route × role test.

A new kind of caller (a device, an officer) is a new authenticator and a new kind in
`Access.callers`; a new rule about callers is a subclass of `Access`. What is here does not change.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from chalicelib.bootstrap import Container
from chalicelib.core.errors import Unauthenticated
from chalicelib.identity.people import Actor, Role
from chalicelib.venues.rights import require_role

Identity = TypeVar("Identity")
Identity_co = TypeVar("Identity_co", covariant=True)


class Authenticator(Protocol[Identity_co]):
    """One way to find out who calls."""

    @property
    def scheme(self) -> str:
        """The name of its security scheme in the OpenAPI document."""

    @property
    def definition(self) -> Mapping[str, str]:
        """The security scheme, as the OpenAPI document has it."""

    @property
    def errors(self) -> tuple[str, ...]:
        """The codes of Unauthenticated that it may raise."""

    def authenticate(
        self, headers: Mapping[str, str], container: Container, now: datetime
    ) -> Identity_co:
        """Return who calls, by the request's headers (names in lower case).

        Raises Unauthenticated.
        """


class PersonSession:
    """A person, by the access token of a session."""

    __slots__ = ()
    scheme = "session"
    definition: Mapping[str, str] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` of a session: `POST /v1/sessions`.",
    }
    errors = ("token_missing", "token_invalid", "token_expired", "session_ended")

    def authenticate(
        self, headers: Mapping[str, str], container: Container, now: datetime
    ) -> Actor:
        """Return the person. Cost: one strongly consistent Query."""
        return container.sessions.authenticate(bearer(headers), now=now)


def bearer(headers: Mapping[str, str]) -> str:
    """Return the bearer token of a request (RFC 6750).

    Raises Unauthenticated: ``token_missing``, or ``token_invalid`` for another scheme.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not token:
        raise Unauthenticated("token_missing")
    if scheme.lower() != "bearer":
        raise Unauthenticated("token_invalid")
    return token.strip()


class Access(Generic[Identity]):
    """Who may call a route: whoever `authenticator` identifies, or anyone if there is none.

    `sentence` says it in the document. `errors` are the codes with which callers are refused.
    `callers` are the kinds of caller who pass, of whom a caller must be one; empty for anyone.
    """

    __slots__ = ("authenticator", "callers", "errors", "sentence")

    def __init__(
        self,
        sentence: str,
        *,
        authenticator: Authenticator[Identity] | None = None,
        callers: Iterable[str] = (),
        errors: tuple[str, ...] = (),
    ) -> None:
        self.sentence = sentence
        self.authenticator = authenticator
        self.callers = frozenset(callers)
        self.errors = (*(authenticator.errors if authenticator else ()), *errors)

    def identify(
        self,
        headers: Mapping[str, str],
        path: Mapping[str, str],
        container: Container,
        now: datetime,
    ) -> Identity | None:
        """Return who calls, if the route asks for it and they may call.

        `path` holds the parameters of the request's path. Raises Unauthenticated, Forbidden.
        """
        if self.authenticator is None:
            return None
        caller = self.authenticator.authenticate(headers, container, now)
        self.authorise(caller, path)
        return caller

    def authorise(self, caller: Identity, path: Mapping[str, str]) -> None:
        """Refuse a caller who may not call this. Raises Forbidden."""

    def admits(self, kinds: Iterable[str]) -> bool:
        """Return whether a caller passes who is of all these `kinds`; of none without a token."""
        return not self.callers or not self.callers.isdisjoint(kinds)


class VenueRole(Access[Actor]):
    """A person with one of these roles at the venue that a parameter of the path names."""

    __slots__ = ("_parameter", "_roles")

    def __init__(self, *roles: Role, sentence: str, parameter: str = "venue_id") -> None:
        super().__init__(
            sentence,
            authenticator=PERSON_SESSION,
            callers=[role.value for role in roles],
            errors=("not_your_venue",),
        )
        self._roles = roles
        self._parameter = parameter

    def authorise(self, caller: Actor, path: Mapping[str, str]) -> None:
        """Refuse whoever has none of the roles at the venue: Forbidden ``not_your_venue``."""
        require_role(caller, path[self._parameter], *self._roles)


PERSON_SESSION = PersonSession()

ANYONE = Access[None]("Anyone may call this.")
ANY_PERSON = Access[Actor](
    "Any logged-in person may call this.", authenticator=PERSON_SESSION, callers=["person"]
)
STAFF_OF_VENUE = VenueRole(
    Role.ADMINISTRATOR,
    Role.INSPECTOR,
    sentence="Only the venue's staff, administrators among them, may call this.",
)
ADMINISTRATOR_OF_VENUE = VenueRole(
    Role.ADMINISTRATOR, sentence="Only an administrator of the venue may call this."
)
