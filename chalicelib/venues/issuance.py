"""A venue applies for its code (JN-2, JN-3, YK-12).

The venue's id is a function of who asks and of the client's nonce, so that a retry meets its own
venue and nothing is made twice.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core import ids as identifiers
from chalicelib.core.clock import CHINA
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import BadInput, Conflict, FieldError, Unprocessable
from chalicelib.core.ids import Ids
from chalicelib.identity.people import Actor
from chalicelib.rendering import coverage
from chalicelib.venues.rights import MAX_VENUES, require_verified
from chalicelib.venues.venue import Venue, Venues

TIME_ZONE = CHINA


@dataclass(frozen=True)
class Application:
    """What the head of a venue filled in; ids in canonical form, region and type known to exist."""

    name: str
    kind: str
    region: str
    region_name: str
    street: str
    address: str
    number_type: str
    number: str
    contact_name: str
    contact_phone: str


@dataclass(frozen=True)
class Issued:
    """The venue and its code; `number_shared` warns that others carry its number."""

    venue: Venue
    created: bool
    number_shared: bool


def issue(
    actor: Actor,
    application: Application,
    *,
    nonce: str,
    fingerprint: str,
    now: datetime,
    ids: Ids,
    index: BlindIndex,
    vault: Vault,
    venues: Venues,
) -> Issued:
    """Give the venue a code, and the actor its administration.

    Raises BadInput ``glyph`` for a name that cannot be printed, naming the character; Forbidden
    unless the actor is verified; Conflict ``venue_exists``, ``nonce_reused``; Unprocessable
    ``too_many_venues``.
    """
    require_verified(actor)
    _require_printable(application)
    venue_id = f"ven_{identifiers.derive('venue', actor.person_id, nonce)}"
    if venue_id not in actor.record.rights and len(actor.record.rights) >= MAX_VENUES:
        raise Unprocessable("too_many_venues")
    number_blind = index.of(application.number_type, application.number)

    def seal(text: str, field: str) -> bytes:
        return vault.seal(text, f"{venue_id}/{field}", now=now)

    venue = Venue(
        venue_id=venue_id,
        name=application.name,
        kind=application.kind,
        region=application.region,
        region_name=application.region_name,
        street=application.street,
        address=application.address,
        number_type=application.number_type,
        number=seal(application.number, "number"),
        contact_name=seal(application.contact_name, "contact_name"),
        contact_phone=seal(application.contact_phone, "contact_phone"),
        code=ids.random(),
        time_zone=TIME_ZONE,
        shards=1,
        created_at=now,
        fingerprint=fingerprint,
        applicant=actor.person_id,
    )
    unique = identifiers.derive("venue", number_blind, application.name, application.address)
    document = actor.profile.document_blind
    earlier = venues.create(
        venue, unique=unique, number_blind=number_blind, document_blind=document
    )
    if earlier and earlier.fingerprint != fingerprint:
        raise Conflict("nonce_reused")
    shared = venues.sharing_number(number_blind, besides=venue_id)
    return Issued(earlier or venue, created=earlier is None, number_shared=shared)


def _require_printable(application: Application) -> None:
    missing = coverage.missing(application.name)
    if missing:
        raise BadInput(
            *(FieldError("/name", "glyph", (("character", character),)) for character in missing)
        )
