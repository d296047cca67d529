"""Access records: who looked at a person's data, shown to that person (GO-7).

A record stands under the blind index of the person's document number. It holds no name and no
number of that person.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core import ids
from chalicelib.core.clock import CHINA, end_of_day, from_epoch_ms, local_day
from chalicelib.core.crypto import Vault
from chalicelib.core.submission import Submission
from chalicelib.identity import personal
from chalicelib.identity.people import Actor, Profile, Verification, mask_name
from chalicelib.identity.registration import require_verified
from chalicelib.venues.venue import Directory

KEPT_FOR = timedelta(days=183)
"""How long an access record is kept."""


class AccessKind(StrEnum):
    """Who looked at a person's data, and how.

    ``MANUAL_CHECK``: staff, by document number. ``STAFF``: staff, by opening a scan, or a list of
    scans. ``GUARDIAN``: a guardian, on behalf of the person.
    ``KIOSK``: a kiosk, where the person's document was read. ``OFFICER``: an operator of the
    service.
    """

    MANUAL_CHECK = "manual_check"
    STAFF = "staff"
    GUARDIAN = "guardian"
    KIOSK = "kiosk"
    OFFICER = "officer"


class Access(NamedTuple):
    """One access to a person's data.

    `at` and `digest` are its place in the list: an access recorded again under the same place is
    one. `by` is the id of the staff member, device or operator; empty for a guardian, whose masked
    name is `guardian`, sealed for `digest`. `venue_id` is the venue of the staff, `place` the
    name of a kiosk or an office. `until` is when the record expires. Times are in UTC.
    """

    kind: AccessKind
    at: datetime
    digest: str
    asked_at: datetime
    correlation: str
    until: datetime
    by: str = ""
    venue_id: str = ""
    place: str = ""
    guardian: bytes = b""


def device_access(kind: AccessKind, by: str, place: str, submission: Submission) -> Access:
    """Return the access of a kiosk or an officer; a retry of `submission` returns the same one.

    `by` is the id of the device or operator. `place` is its name, as shown to the person.
    """
    now = submission.now
    digest = ids.derive(kind, by, submission.nonce)
    at = from_epoch_ms(ids.nonce_time(submission.nonce))
    return Access(kind, at, digest, now, submission.correlation, now + KEPT_FOR, by, place=place)


class Accesses(Protocol):
    """The store of access records; implemented by `store.AccessStore`."""

    def record(self, blind: str, access: Access) -> None:
        """Record an access to the number with this blind index. Idempotent. Cost: one PutItem."""

    def record_all(self, accesses: Sequence[tuple[str, Access]]) -> None:
        """Record accesses, each to the number with its blind index. Idempotent.

        Cost: one BatchWriteItem for each 25.
        """

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        """Yield positions and access records after the position `after`, newest first.

        Cost: one Query per `page` records.
        """


class SeenAccess(NamedTuple):
    """An access as the person sees it.

    `place` is the name of the venue, kiosk or office, or the masked name of the guardian. It is the
    venue's id if the venue is unknown.
    """

    kind: AccessKind
    asked_at: datetime
    place: str


def seen(access: Access, *, directory: Directory, vault: Vault, now: datetime) -> SeenAccess:
    """Return an access as the person sees it."""
    place = access.place
    if access.guardian:
        place = personal.ACCESS_GUARDIAN.open(vault, access.guardian, access.digest)
    if access.venue_id:
        venue = directory.venue(access.venue_id, now)
        place = venue.name if venue else access.venue_id
    return SeenAccess(access.kind, access.asked_at, place)


class AccessPage(NamedTuple):
    """A page of accesses, newest first; `last` is the position of its last one if more follow."""

    accesses: list[SeenAccess]
    last: str | None


class AccessLog:
    """The accesses to a person's data: those of guardians are recorded, and all are shown."""

    __slots__ = ("_accesses", "_directory", "_vault")

    def __init__(self, *, accesses: Accesses, directory: Directory, vault: Vault) -> None:
        self._accesses = accesses
        self._directory = directory
        self._vault = vault

    def page(self, actor: Actor, *, limit: int, after: str, now: datetime) -> AccessPage:
        """Return a page of the accesses to the actor's number after `after`, newest first.

        Accesses belong to the number, not to the person. A newly registered person sees earlier
        accesses, a person who was managed by a guardian sees those of that time, and a person who
        was looked up under a wrong name sees that access. An expired record is gone, even if it is
        still stored, so that a page may hold fewer than `limit`. Raises Forbidden unless the actor
        is verified.
        """
        require_verified(actor.profile)
        blind = actor.profile.document_blind
        found = list(islice(self._accesses.of(blind, after, limit + 1), limit + 1))
        last = found[limit - 1][0] if len(found) > limit else None
        shown = [
            seen(access, directory=self._directory, vault=self._vault, now=now)
            for _, access in found[:limit]
            if access.until > now
        ]
        return AccessPage(shown, last)


class StaffAccesses:
    """Records what staff read of visitors' data, beyond the scan that they make themselves."""

    __slots__ = ("_accesses",)

    def __init__(self, *, accesses: Accesses) -> None:
        self._accesses = accesses

    def record(
        self,
        actor: Actor,
        venue_id: str,
        visitors: Iterable[Profile],
        *,
        correlation: str,
        now: datetime,
    ) -> None:
        """Record that the actor, who is staff of the venue, has read scans of `visitors`.

        Once per staff member, venue, visitor and day in China: a further access that day replaces
        the record. Visitors who are not verified are left out, because their number may be another
        person's. Cost: one BatchWriteItem for each 25 visitors.
        """
        day = local_day(now, CHINA).isoformat()
        access = Access(
            AccessKind.STAFF,
            at=end_of_day(now, CHINA) - timedelta(days=1),
            digest=ids.derive("staff", actor.person_id, venue_id, day),
            asked_at=now,
            correlation=correlation,
            until=now + KEPT_FOR,
            by=actor.person_id,
            venue_id=venue_id,
        )
        blinds = {
            one.document_blind
            for one in visitors
            if one.verification is Verification.VERIFIED and one.person_id != actor.person_id
        }
        self._accesses.record_all([(blind, access) for blind in sorted(blinds - {""})])


class GuardianAccesses:
    """Records what guardians read of their dependants' data."""

    __slots__ = ("_accesses", "_vault")

    def __init__(self, *, accesses: Accesses, vault: Vault) -> None:
        self._accesses = accesses
        self._vault = vault

    def record(
        self, guardian: Profile, dependant: Profile, what: str, *, correlation: str, now: datetime
    ) -> None:
        """Record that the guardian has read `what` of the dependant's data.

        Once per guardian, `what` and day in China: a further access that day replaces the record.
        The record keeps the guardian's masked name and not the guardian's id, so that an erasure of
        the guardian leaves nothing that leads to them. Cost: one PutItem.
        """
        blind = dependant.document_blind
        if not blind:  # not registered: there is no list to put it on
            return
        name = "*"
        if guardian.name:
            name = mask_name(personal.NAME.open(self._vault, guardian.name, guardian.person_id))
        day = local_day(now, CHINA)
        digest = ids.derive("guardian", guardian.person_id, what, day.isoformat())
        sealed = personal.ACCESS_GUARDIAN.seal(self._vault, name, digest, now=now)
        self._accesses.record(
            blind,
            Access(
                AccessKind.GUARDIAN,
                at=end_of_day(now, CHINA) - timedelta(days=1),
                digest=digest,
                asked_at=now,
                correlation=correlation,
                until=now + KEPT_FOR,
                guardian=sealed,
            ),
        )
