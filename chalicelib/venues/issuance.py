"""Issues venues their codes (JN-2, JN-3, YK-12), and shows venues to their administrators.

A venue's id is derived from the applicant and the client's nonce, so that issuing is idempotent.
"""

from dataclasses import fields, replace
from typing import Any, NamedTuple

from chalicelib.core import ids as identifiers
from chalicelib.core.clock import CHINA
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import BadInput, Conflict, Unprocessable
from chalicelib.core.ids import Ids
from chalicelib.core.submission import Submission
from chalicelib.identity import personal
from chalicelib.identity.people import Actor, Holder, People, Role
from chalicelib.identity.registration import require_verified
from chalicelib.rendering import coverage
from chalicelib.venues.codes import url
from chalicelib.venues.numbers import masked
from chalicelib.venues.rights import give, has_room
from chalicelib.venues.venue import Application, Venue, Venues

_NAMED = 5
"""The most characters that an error names: a name in a script without fonts lacks all of them."""


class VenueDetails(NamedTuple):
    """A venue as its administrator sees it.

    The personal fields of `application` are in plain text; a resident ID number is masked.
    """

    venue: Venue
    application: Application[str]
    code_url: str


class Issued(NamedTuple):
    """An issued venue. `created` is False for a retry.

    `number_shared` warns that another venue is registered under the same number.
    """

    details: VenueDetails
    created: bool
    number_shared: bool


class FastCode(NamedTuple):
    """A venue's code for fast check-in, and the text of its QR code."""

    code: str
    code_url: str


class Issuance:
    """Issues codes to venues. `code_host` is the host in the text of the QR code."""

    __slots__ = ("_code_host", "_ids", "_index", "_people", "_vault", "_venues")

    def __init__(
        self,
        *,
        venues: Venues,
        people: People,
        index: BlindIndex,
        vault: Vault,
        ids: Ids,
        code_host: str,
    ) -> None:
        self._venues = venues
        self._people = people
        self._index = index
        self._vault = vault
        self._ids = ids
        self._code_host = code_host

    def issue(
        self, actor: Actor | Holder, application: Application[str], submission: Submission
    ) -> Issued:
        """Issue a code to the venue, and make the actor, who may not be logged in, administrator.

        Raises BadInput ``glyph`` with the characters of the name that cannot be printed; Forbidden
        unless the actor is verified; Conflict ``venue_exists``, ``nonce_reused``; Unprocessable
        ``too_many_venues``.
        """
        require_verified(actor.profile)
        _require_printable(application)
        venue_id = f"ven_{identifiers.derive('venue', actor.person_id, submission.nonce)}"
        if not has_room(actor.record, venue_id):
            raise Unprocessable("too_many_venues")
        number_blind = self._index.of(application.number_type, application.number)

        def seal(field: personal.PersonalField) -> bytes:
            text: str = getattr(application, field.attribute)
            return field.seal(self._vault, text, venue_id, now=submission.now)

        applied: dict[str, Any] = vars(application) | {
            field.attribute: seal(field) for field in personal.of("VenueItem")
        }
        venue = Venue(
            **applied,
            venue_id=venue_id,
            code=self._ids.random(),
            time_zone=CHINA,
            shards=1,
            created_at=submission.now,
            fingerprint=submission.fingerprint,
            applicant=actor.person_id,
        )
        # Of the first root: `IndexedTable` moves the hash, which cannot be made of a moved index.
        first = self._index.first(application.number_type, application.number)
        unique = identifiers.derive("venue", first, application.name, application.address)
        earlier = give(
            self._people,
            actor.person_id,
            actor.record,
            venue_id,
            lambda record: self._venues.create(
                venue,
                unique=unique,
                number_blind=number_blind,
                document_blind=actor.profile.document_blind,
                name=actor.profile.name,
                given=record.rights_given,
            ),
        )
        if earlier and earlier.fingerprint != submission.fingerprint:
            raise Conflict("nonce_reused")
        shared = self._venues.sharing_number(number_blind, besides=venue_id)
        return Issued(
            self.describe(earlier or venue), created=earlier is None, number_shared=shared
        )

    def describe(self, venue: Venue) -> VenueDetails:
        """Return the venue as its administrator sees it. Raises ValueError for an altered field."""
        applied: dict[str, Any] = {
            each.name: getattr(venue, each.name) for each in fields(Application)
        }
        for field in personal.of("VenueItem"):
            sealed = applied[field.attribute]
            applied[field.attribute] = field.open(self._vault, sealed, venue.venue_id)
        application = Application[str](**applied)
        application = replace(application, number=masked(venue.number_type, application.number))
        return VenueDetails(venue, application, url(venue.code, self._code_host))

    def administered_by(self, actor: Actor) -> list[VenueDetails]:
        """Return the venues that the actor administers."""
        rights = actor.record.rights
        mine = [venue_id for venue_id, role in rights.items() if role is Role.ADMINISTRATOR]
        return [self.describe(venue) for venue in self._venues.venues(mine)]

    def fast_code(self, venue: Venue) -> FastCode:
        """Return the venue's code for fast check-in; the first call creates it."""
        code = self._venues.add_fast_code(venue.venue_id, self._ids.random())
        return FastCode(code, url(code, self._code_host))


def _require_printable(application: Application[str]) -> None:
    missing = coverage.missing(application.name)
    if missing:
        raise BadInput.at("/name", "glyph", characters=" ".join(missing[:_NAMED]))
