"""Access control: who may call a route.

A route names one `Access`. It joins an `Authenticator`, which identifies the caller, with a rule
about the caller. It describes both to the OpenAPI document and to the route × role test.

A new kind of caller (a device, an officer) is a new authenticator and a new kind in
`Access.callers`. A new rule about callers is a subclass of `Access`. This module does not change.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from chalicelib.bootstrap import Container
from chalicelib.core.errors import Unauthenticated
from chalicelib.identity.guardianship import require_dependant
from chalicelib.identity.people import Actor, Role
from chalicelib.venues.rights import require_role

Identity = TypeVar("Identity")
Identity_co = TypeVar("Identity_co", covariant=True)


class Authenticator(Protocol[Identity_co]):
    """A method of identifying the caller."""

    @property
    def scheme(self) -> str:
        """The name of the security scheme in the OpenAPI document."""

    @property
    def definition(self) -> Mapping[str, str]:
        """The security scheme, as an OpenAPI object."""

    @property
    def errors(self) -> tuple[str, ...]:
        """The codes of Unauthenticated that `authenticate` may raise."""

    def authenticate(
        self, headers: Mapping[str, str], container: Container, now: datetime
    ) -> Identity_co:
        """Return the caller that the request's headers identify (names in lower case).

        Raises Unauthenticated.
        """


class PersonSession:
    """Authentication of a person by the access token of a session."""

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
    """A rule about who may call a route: callers that `authenticator` identifies, or anyone.

    `sentence` describes it in the document. `errors` are the codes with which callers are refused.
    A caller must be of one of the kinds `callers`; empty for anyone.
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
        """Return the caller, or None if the route is open to anyone.

        `path` holds the parameters of the request's path. Raises Unauthenticated, Forbidden.
        """
        if self.authenticator is None:
            return None
        caller = self.authenticator.authenticate(headers, container, now)
        self.authorise(caller, path, now)
        return caller

    def authorise(self, caller: Identity, path: Mapping[str, str], now: datetime, /) -> None:
        """Raise Forbidden if the caller may not call this route."""

    def admits(self, kinds: Iterable[str]) -> bool:
        """Return whether a caller of all these `kinds` may call; without a token there are none."""
        return not self.callers or not self.callers.isdisjoint(kinds)


class VenueRole(Access[Actor]):
    """Access for people with one of these roles at the venue that a path parameter names."""

    __slots__ = ("_parameter", "_roles")

    def __init__(self, *roles: Role, sentence: str, parameter: str = "venue_id") -> None:
        super().__init__(
            sentence,
            authenticator=PERSON_SESSION,
            callers=[role.value for role in roles],
            errors=("not_your_venue", "registration_rejected"),
        )
        self._roles = roles
        self._parameter = parameter

    def authorise(self, caller: Actor, path: Mapping[str, str], _now: datetime, /) -> None:
        """Raise Forbidden if the caller has none of the roles at the venue; see `require_role`."""
        require_role(caller, path[self._parameter], *self._roles)


class GuardianOfDependant(Access[Actor]):
    """Access for the guardians of the dependant that the path's ``{dependant_id}`` names."""

    __slots__ = ()

    def authorise(self, caller: Actor, path: Mapping[str, str], now: datetime, /) -> None:
        """Raise Forbidden ``not_your_dependant`` if the caller is no guardian of the person."""
        require_dependant(caller, path["dependant_id"], now)


PERSON_SESSION = PersonSession()

ANYONE = Access[None]("Anyone may call this.")
ANY_PERSON = Access[Actor](
    "Any logged-in person may call this.", authenticator=PERSON_SESSION, callers=["person"]
)
STAFF_OF_VENUE = VenueRole(
    Role.ADMINISTRATOR,
    Role.INSPECTOR,
    sentence="Only the venue's staff, including administrators, may call this.",
)
ADMINISTRATOR_OF_VENUE = VenueRole(
    Role.ADMINISTRATOR, sentence="Only an administrator of the venue may call this."
)
GUARDIAN_OF_DEPENDANT = GuardianOfDependant(
    "Only a guardian of the dependant may call this.",
    authenticator=PERSON_SESSION,
    callers=["guardian"],
    errors=("not_your_dependant",),
)
