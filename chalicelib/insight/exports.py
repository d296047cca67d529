"""Exports: a person gets all their data as a zip (GO-6).

A request is one item, which the stream hands to the render worker. The worker reads everything
under the person, opens the sealed fields, and stores the zip on S3, where it is kept for a day.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.admission import accesses
from chalicelib.admission.accesses import Accesses
from chalicelib.admission.disclosure import own_record
from chalicelib.admission.visits import Visits
from chalicelib.core import ids
from chalicelib.core.crypto import Vault
from chalicelib.core.errors import NotFound, TooMany
from chalicelib.core.storage import Storage
from chalicelib.identity import personal, strength
from chalicelib.identity.people import Actor, People, PersonRecord, Verification, mask_name
from chalicelib.identity.strength import Action
from chalicelib.insight import export_files
from chalicelib.insight.export_files import Row, Sections
from chalicelib.venues.venue import Directory

LINK_LIFE = timedelta(minutes=15)
KEPT_FOR = timedelta(hours=23)
"""How long a zip is offered; the bucket deletes it after a day."""
ONE_IN = timedelta(days=1)
ASKED_AGAIN_AFTER = timedelta(minutes=15)
"""When an export that is still pending may be asked for again."""
_MOST_ACCESSES = 5000
_READ = 100
"""How many visits or accesses one Query reads: visits of one BatchGetItem."""


class ExportState(StrEnum):
    """The state of an export; ``EXPIRED`` follows from its time and is not stored."""

    PENDING = "pending"
    READY = "ready"
    EXPIRED = "expired"


class Export(NamedTuple):
    """An export. `expires_at` is when its zip is no longer offered; None while it is pending."""

    export_id: str
    state: ExportState
    requested_at: datetime
    expires_at: datetime | None = None


class StoredItem(NamedTuple):
    """An item of a person's partition: its sort key, and its values by attribute name.

    `until` is the time of its deletion in epoch seconds; None if it is kept.
    """

    sort_key: str
    values: Mapping[str, str | int | bool | bytes]
    until: int | None = None

    def expired(self, now: datetime) -> bool:
        """Return whether the item is gone at `now`. DynamoDB deletes it up to days later."""
        return self.until is not None and self.until <= now.timestamp()


class Exports(Protocol):
    """The store of exports, implemented in `insight/store`."""

    def of(self, person_id: str) -> Export | None:
        """Return the export that was asked for last. Cost: one strongly consistent GetItem."""

    def request(self, person_id: str, export: Export, correlation: str) -> Export:
        """Record a request, and return it, or the export on record if it is too recent.

        Too recent: a day, or 15 minutes while it is pending. A finished one is never too old for
        its own id, so that a late retry writes nothing. Cost: one conditional PutItem.
        """

    def finish(self, person_id: str, export_id: str, expires_at: datetime) -> bool:
        """Record that the zip is stored; False if the export is gone. Cost: one UpdateItem."""

    def items(self, person_id: str) -> Iterator[StoredItem]:
        """Yield the items of the person's partition that are in no other section of an export.

        Cost: one strongly consistent Query.
        """


class ShownExport(NamedTuple):
    """An export with a link to its zip, which expires; None unless it is ready."""

    export: Export
    url: str | None
    url_expires_at: datetime | None


class ExportRequests:
    """Requests of exports, and their links."""

    __slots__ = ("_exports", "_storage")

    def __init__(self, *, exports: Exports, storage: Storage) -> None:
        self._exports = exports
        self._storage = storage

    def request(self, actor: Actor, nonce: str, *, correlation: str, now: datetime) -> ShownExport:
        """Request an export of the actor's data, and return it; the same one for a nonce.

        A guardian has no export of a dependant's data: it has the full name and number.
        Raises StrongerLogin for a session that `strength.RULES` does not admit, TooMany within a
        day of the last export.
        """
        strength.require(actor, Action.EXPORT)
        export_id = ids.derive("export", actor.person_id, nonce)
        made = Export(export_id, ExportState.PENDING, now)
        standing = self._exports.request(actor.person_id, made, correlation)
        if standing.export_id != export_id:
            rest = standing.requested_at + ONE_IN - now
            raise TooMany(max(1, -(-rest // timedelta(seconds=1))))
        return self._shown(actor.person_id, standing, now)

    def show(self, actor: Actor, now: datetime) -> ShownExport:
        """Return the export that was asked for last, with a link if it is ready.

        Raises NotFound if there is none, StrongerLogin as `request` does.
        """
        strength.require(actor, Action.EXPORT)
        found = self._exports.of(actor.person_id)
        if found is None:
            raise NotFound
        return self._shown(actor.person_id, found, now)

    def _shown(self, person_id: str, export: Export, now: datetime) -> ShownExport:
        if export.expires_at is None:
            return ShownExport(export, None, None)
        if export.expires_at <= now:
            return ShownExport(export._replace(state=ExportState.EXPIRED), None, None)
        key = object_key(person_id, export.export_id)
        return ShownExport(
            export, self._storage.link(key, "venuecode-data.zip", LINK_LIFE), now + LINK_LIFE
        )


class PersonalData:
    """Reads all data of a person, opened."""

    __slots__ = ("_accesses", "_directory", "_exports", "_people", "_vault", "_visits")

    def __init__(
        self,
        *,
        exports: Exports,
        people: People,
        visits: Visits,
        accesses: Accesses,
        directory: Directory,
        vault: Vault,
    ) -> None:
        self._exports = exports
        self._people = people
        self._visits = visits
        self._accesses = accesses
        self._directory = directory
        self._vault = vault

    def sections(self, person_id: str, now: datetime) -> Sections:
        """Return the person's data by section, a row for each fact.

        `records` has every item of the partition that is in no other section. `personal.FIELDS`
        opens their sealed fields, so that a new kind of item needs no line here. Cost: one Query
        and one BatchGetItem for 100 visits, one Query for 100 accesses.
        """
        record = self._people.subject(person_id)
        return {
            "profile": list(self._profile(record)),
            "sessions": [
                {"client": one.client, "strength": one.strength, "expires_at": one.expires_at}
                for one in record.sessions.values()
                if one.expires_at > now
            ],
            # Releases up to 0.2.0 asked before name and number matched.
            "answers": [
                asdict(one) for one in record.snapshots.values() if not record.unidentified
            ],
            "rights": [
                {"venue": self._venue(venue_id, now), "role": role}
                for venue_id, role in record.rights.items()
            ],
            "family": list(self._family(record)),
            "visits": list(self._visited(person_id, now))[::-1],  # oldest first
            "accesses": list(self._looked_up(record, now)),
            "records": [
                self._opened(item, person_id)
                for item in self._exports.items(person_id)
                if not item.expired(now)
            ],
        }

    def _profile(self, record: PersonRecord) -> Iterator[Row]:
        profile = record.profile
        if profile is None:
            return

        def opened(field: personal.PersonalField, sealed: bytes) -> str:
            return field.open(self._vault, sealed, profile.person_id) if sealed else ""

        yield {
            "person_id": profile.person_id,
            "name": opened(personal.NAME, profile.name),
            "document_type": profile.document_type,
            "document_number": opened(personal.DOCUMENT, profile.document),
            "phone": opened(personal.PHONE, profile.phone),
            "verification": profile.verification,
            "reason": profile.reason,
            "version": profile.registration,
        }

    def _family(self, record: PersonRecord) -> Iterator[Row]:
        """Yield the links with the masked names of the others, whose data this is not."""
        sides = (("dependant", record.dependants), ("guardian", record.guardians))
        mine = record.profile.person_id if record.profile else ""
        for side, links in sides:
            for person_id, link in links.items():
                known, name = self._people.load(person_id, consistent=False), "*"
                theirs = known.guardians if side == "dependant" else known.dependants
                # Without the link on their side it is the next owner of their phone.
                if known.profile and mine in theirs:
                    sealed = known.profile.name
                    name = mask_name(personal.NAME.open(self._vault, sealed, person_id))
                yield {"side": side, "name": name, **link._asdict()}

    def _visited(self, person_id: str, now: datetime) -> Iterator[Row]:
        """Yield the person's visits, newest first."""
        after: str | None = ""
        while after is not None:
            scans, after = self._visits.page(person_id, limit=_READ, after=after)
            for _, scan in scans:
                venue = self._directory.venue(scan.venue_id, now) if scan else None
                if venue and scan and not scan.expired(now):
                    yield {"venue": venue.name, "address": venue.address, **own_record(scan)}

    def _looked_up(self, record: PersonRecord, now: datetime) -> Iterator[Row]:
        """Yield the accesses to the number, if it is the person's: see `AccessLog.page`."""
        profile = record.profile
        if profile is None or profile.verification is not Verification.VERIFIED:
            return
        blind = profile.document_blind
        for _, access in islice(self._accesses.of(blind, "", _READ), _MOST_ACCESSES):
            if access.until > now:
                shown = accesses.seen(access, directory=self._directory, vault=self._vault, now=now)
                yield {"at": shown.asked_at, "kind": shown.kind, "place": shown.place}

    def _venue(self, venue_id: str, now: datetime) -> str:
        venue = self._directory.venue(venue_id, now)
        return venue.name if venue else venue_id

    def _opened(self, item: StoredItem, person_id: str) -> Row:
        row: dict[str, object] = {"item": item.sort_key}
        for name, value in item.values.items():
            if isinstance(value, bytes):
                row.update(self._unsealed(value, person_id))
            else:
                row[name] = value
        return row

    def _unsealed(self, sealed: bytes, person_id: str) -> Row:
        """Return a sealed value under the name of the field that it was sealed for.

        The seal authenticates the field, so that no other one opens it.
        """
        for field in personal.FIELDS:
            with suppress(ValueError):
                text = field.open(self._vault, sealed, person_id)
                return {field.name: export_files.parsed(text)}
        return {}


class Exporting:
    """Writes exports."""

    __slots__ = ("_data", "_exports", "_storage")

    def __init__(self, *, exports: Exports, data: PersonalData, storage: Storage) -> None:
        self._exports = exports
        self._data = data
        self._storage = storage

    def write(self, person_id: str, export_id: str, now: datetime) -> str:
        """Write a pending export, and return the result label that is logged. Idempotent.

        If the person is erased meanwhile, the zip is deleted again.
        """
        key = object_key(person_id, export_id)
        export = self._exports.of(person_id)
        if export is not None and export.export_id == export_id:
            if export.state is not ExportState.PENDING:
                return "ready"
            sections = self._data.sections(person_id, now)
            archive = export_files.archive(sections, made_at=now)
            self._storage.put(key, archive, "application/zip")
            if self._exports.finish(person_id, export_id, now + KEPT_FOR):
                return "ready"
        # The person is erased, or has asked for another export; an earlier run may have stored it.
        self._storage.remove([key])
        return "gone"


def object_key(person_id: str, export_id: str) -> str:
    """Return the key of a zip in the bucket; erasure finds it by ``exports/<person>/``."""
    return f"exports/{person_id}/{export_id}.zip"
