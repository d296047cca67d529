"""The item of a scan, and the scans that wait for answers.

A scan is at most 1,000 bytes, one write unit, so its attributes have short names and coded values.
The four oldest kinds of provider have an attribute each for their evidence; the others share one.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.expressions.condition import Condition

from chalicelib.admission import evidence as kinds
from chalicelib.admission.judge import Decision, Evidence, Outcome, Verdict
from chalicelib.admission.recording import METHODS
from chalicelib.admission.scan import (
    QUESTION_LIFE,
    Direction,
    EvidenceLevel,
    Method,
    Scan,
    ScanReference,
)
from chalicelib.admission.store.providers import ProvidersAttribute
from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    TextAttribute,
)
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.keys import Key
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Put, Raw, Table
from chalicelib.identity.providers import ProviderName
from chalicelib.identity.store.answers import AwaitingItem, awaiting_until
from chalicelib.venues.venue import Venue, day_of, shard_of

_OWN_ATTRIBUTE = (
    ProviderName.HEALTH_CODE,
    ProviderName.NUCLEIC_ACID,
    ProviderName.VACCINATION,
    ProviderName.TRAVEL_CARD,
)
_METHODS = {method: rules.letter for method, rules in METHODS.items()}
_DIRECTIONS = {Direction.ENTRY: "", Direction.EXIT: "x"}
_LEVELS = {EvidenceLevel.LOCATION: "l", EvidenceLevel.STAFF: "s", EvidenceLevel.GATE: "g"}


def _coded(evidence: Evidence) -> str:
    def moment(when: datetime | None) -> str:
        return "" if when is None else str(epoch_ms(when))

    values = (
        evidence.state,
        moment(evidence.observed_at),
        moment(evidence.fetched_at),
        "s" if evidence.stale else "",
        "" if evidence.doses is None else str(evidence.doses),
    )
    return ",".join(values).rstrip(",")


def _evidence(coded: str) -> Evidence:
    state, observed, fetched, stale, doses = (*coded.split(","), "", "", "", "")[:5]
    return Evidence(
        state,
        from_epoch_ms(int(observed)) if observed else None,
        from_epoch_ms(int(fetched)) if fetched else None,
        stale == "s",
        int(doses) if doses else None,
    )


class EvidenceAttribute(Attribute[Evidence]):
    """Evidence, stored as ``state,observed ms,fetched ms,stale,doses``."""

    attr_type = STRING

    def serialize(self, value: Evidence) -> str:
        """Return the values separated by commas, without blank ones at the end."""
        return _coded(value)

    def deserialize(self, value: str) -> Evidence:
        """Return the evidence."""
        return _evidence(value)


class FurtherEvidenceAttribute(Attribute[tuple[tuple[ProviderName, Evidence], ...]]):
    """Evidence of further kinds, each after its kind's letter: ``a=negative,…;b=…``.

    Evidence of a kind that is no longer registered is not read.
    """

    attr_type = STRING

    def serialize(self, value: tuple[tuple[ProviderName, Evidence], ...]) -> str | None:
        """Return the text, or None without evidence."""
        return ";".join(f"{kinds.of(name).letter}={_coded(one)}" for name, one in value) or None

    def deserialize(self, value: str) -> tuple[tuple[ProviderName, Evidence], ...]:
        """Return kinds and evidence."""
        entries = (entry.partition("=") for entry in value.split(";"))
        return tuple(
            (name, _evidence(text)) for letter, _, text in entries for name in kinds.named(letter)
        )


class ScanItem(Item):
    """A scan; in the sparse index ``visits`` by its person, unless it is anonymous."""

    g1pk = TextAttribute()
    g1sk = TextAttribute()
    nonce = TextAttribute(attr_name="no")
    fingerprint = TextAttribute(attr_name="bh")
    received = EpochMsAttribute(attr_name="ra")
    outcome = EnumAttribute(Outcome, attr_name="oc")
    first = EnumAttribute(Outcome, attr_name="o1")
    reasons = UnicodeAttribute(attr_name="rs")
    steps = UnicodeAttribute(attr_name="ns")
    health_code = EvidenceAttribute(attr_name="h", null=True)
    nucleic_acid = EvidenceAttribute(attr_name="n", null=True)
    vaccination = EvidenceAttribute(attr_name="x", null=True)
    travel_card = EvidenceAttribute(attr_name="t", null=True)
    further = FurtherEvidenceAttribute(attr_name="ev", null=True, default=())
    needs = ProvidersAttribute(attr_name="nd", null=True, default=())
    policy = UnicodeAttribute(attr_name="po")
    hours = IntegerAttribute(attr_name="hr", null=True)
    correlation = TextAttribute(attr_name="ci")
    method = EnumAttribute(
        Method, codes=_METHODS, attr_name="me", null=True, default=Method.VISITOR
    )
    staff = TextAttribute(attr_name="sf")
    temperature = TextAttribute(attr_name="tp")
    version = IntegerAttribute(attr_name="ve", default=0)
    checkpoint = TextAttribute(attr_name="cp")
    direction = EnumAttribute(
        Direction, codes=_DIRECTIONS, attr_name="di", null=True, default=Direction.ENTRY
    )
    guardian = TextAttribute(attr_name="gu")
    evidence_level = EnumAttribute(EvidenceLevel, codes=_LEVELS, attr_name="el", null=True)
    device = TextAttribute(attr_name="dv")
    annulled = EpochMsAttribute(attr_name="an", null=True)
    ttl = EpochSecondsAttribute(null=True)
    location_cell = TextAttribute(attr_name="lc")
    subject = TextAttribute(attr_name="su")
    measured = EpochMsAttribute(attr_name="ma", null=True)


def read_scan(raw: Raw) -> Scan:
    """Return the scan in a raw item, from a read or from the stream."""
    item = ScanItem.read(raw)
    moment, _, digest = item.sk.partition("#")
    return Scan(
        venue_id=keys.venue_of(item.pk),
        at=from_epoch_ms(int(moment)),
        digest=digest,
        person_id=keys.person_of(item.g1pk),
        nonce=item.nonce,
        fingerprint=item.fingerprint,
        received_at=item.received,
        verdict=Verdict(
            decision=Decision(
                item.outcome,
                tuple(item.reasons.split(",")),
                tuple(item.steps.split(",")),
            ),
            evidence={name: one for name, one in _evidence_in(item) if one},
            needs=item.needs,
            policy=item.policy,
            hours=item.hours,
        ),
        first_outcome=item.first,
        correlation=item.correlation,
        method=item.method,
        staff_id=item.staff,
        temperature=item.temperature,
        version=item.version,
        checkpoint_id=item.checkpoint,
        direction=item.direction,
        guardian_id=item.guardian,
        evidence_level=item.evidence_level,
        device_id=item.device,
        annulled_at=item.annulled,
        expires_at=item.ttl,
        location_cell=item.location_cell,
        subject_id=item.subject,
        measured_at=item.measured,
    )


def _evidence_in(item: ScanItem) -> Iterator[tuple[ProviderName, Evidence | None]]:
    yield from ((name, getattr(item, name)) for name in _OWN_ATTRIBUTE)
    yield from item.further


def _scan_item(scan: Scan, venue: Venue) -> ScanItem:
    verdict = scan.verdict
    index = ("", "")  # an anonymous scan is in nobody's visits
    if scan.person_id:
        index = keys.visit(scan.person_id, scan.venue_id, epoch_ms(scan.at))
    return ScanItem.at(
        _key(scan, venue),
        g1pk=index[0],
        g1sk=index[1],
        nonce=scan.nonce,
        fingerprint=scan.fingerprint,
        received=scan.received_at,
        outcome=verdict.decision.outcome,
        first=scan.first_outcome,
        reasons=",".join(verdict.decision.reasons),
        steps=",".join(verdict.decision.next_steps),
        **{name: verdict.evidence.get(name) for name in _OWN_ATTRIBUTE},
        further=tuple(
            (name, one) for name, one in verdict.evidence.items() if name not in _OWN_ATTRIBUTE
        ),
        needs=verdict.needs,
        policy=verdict.policy,
        hours=verdict.hours,
        correlation=scan.correlation,
        method=scan.method,
        staff=scan.staff_id,
        temperature=scan.temperature,
        version=scan.version,
        checkpoint=scan.checkpoint_id,
        direction=scan.direction,
        guardian=scan.guardian_id,
        evidence_level=scan.evidence_level,
        device=scan.device_id,
        annulled=scan.annulled_at,
        ttl=scan.expires_at,
        location_cell=scan.location_cell,
        subject=scan.subject_id,
        measured=scan.measured_at,
    )


def _key(scan: Scan | ScanReference, venue: Venue) -> Key:
    day = day_of(venue, scan.at)
    shard = shard_of(scan.digest, venue.shards_on(day))
    return keys.scan(venue.venue_id, day, shard, epoch_ms(scan.at), scan.digest)


def change_of(scan: Scan, venue: Venue) -> Put:
    """Return the write of version `scan.version`, on condition that it is the next one."""
    return Put(_scan_item(scan, venue), PRESENT & (ScanItem.version == scan.version - 1))


class ScanStore:
    """Scans in the table. See `scan.Scans`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, scan: Scan, venue: Venue) -> Scan | None:
        """See `Scans.put`. A failed condition without the old item costs one GetItem more."""
        try:
            self._table.put(_scan_item(scan, venue), ABSENT)
        except ConditionFailed as failure:
            if failure.met[0]:
                return read_scan(failure.met[0])
            return self.get(ScanReference(scan.venue_id, scan.at, scan.digest), venue)
        return None

    def get(self, reference: ScanReference, venue: Venue) -> Scan | None:
        """See `Scans.get`."""
        raw = self._table.get(_key(reference, venue))
        return None if raw is None else read_scan(raw)

    def get_many(self, references: Sequence[ScanReference], venue: Venue) -> list[Scan]:
        """See `Scans.get_many`."""
        wanted = [_key(reference, venue) for reference in references]
        found = {Key(raw["pk"]["S"], raw["sk"]["S"]): raw for raw in self._table.batch_get(wanted)}
        return [read_scan(found[key]) for key in wanted if key in found]

    def change(self, scan: Scan, venue: Venue) -> bool:
        """See `Scans.change`."""
        change = change_of(scan, venue)
        try:
            self._table.put(change.item, change.condition)
        except ConditionFailed:
            return False
        return True

    def of_day(self, venue: Venue, day: date) -> Iterator[Scan]:
        """See `Scans.of_day`."""
        for shard in range(venue.shards_on(day)):
            yield from self.in_partition(keys.scan_partition(venue.venue_id, day, shard))

    def in_partition(self, partition: str) -> Iterator[Scan]:
        """See `Scans.in_partition`."""
        return map(read_scan, self._table.query(partition, ("0", "9~"), consistent=True))

    def visits(self, person_id: str) -> Iterator[ScanReference]:
        """See `Scans.visits`."""
        return self._visits(person_id, ("0", "9~"))

    def visits_at(self, person_id: str, at: datetime) -> list[ScanReference]:
        """See `Scans.visits_at`."""
        return [*self._visits(person_id, keys.visits_at(epoch_ms(at)))]

    def _visits(self, person_id: str, between: tuple[str, str]) -> Iterator[ScanReference]:
        """Yield what the index holds, which is keys only."""
        partition, index = keys.person(person_id), keys.VISITS_INDEX
        for raw in self._table.query(partition, between, index=index):
            moment, _, digest = raw["sk"]["S"].partition("#")
            venue_id = keys.venue_of(raw["pk"]["S"])
            yield ScanReference(venue_id, from_epoch_ms(int(moment)), digest)

    def await_answers(self, scan: Scan, now: datetime) -> bool:
        """See `Scans.await_answers`. The first UpdateItem adds the scan, and asks if nobody has."""
        key, item = keys.awaiting(scan.judged_by), AwaitingItem
        asked: tuple[tuple[Any, Any], ...] = (
            (item.asked, scan.received_at),
            (item.asked_for, scan.scan_id),
            (item.providers, kinds.letters(scan.verdict.needs)),
        )
        raw = self._table.update(
            key,
            [
                item.v.set(item.v | item.FORMAT),
                item.ttl.set(awaiting_until(now)),
                item.scans.add({scan.scan_id}),
                *(attribute.set(attribute | value) for attribute, value in asked),
            ],
            returned="ALL_NEW",
        )
        question = item.read(raw)
        if question.asked is not None and question.asked + QUESTION_LIFE <= now:
            lost = (item.asked == question.asked) & (item.asked_for == question.asked_for)
            actions = [attribute.set(value) for attribute, value in asked]
            try:
                raw = self._table.update(key, actions, lost, returned="ALL_NEW")
            except ConditionFailed:  # another scan has asked meanwhile, perhaps for less
                return True
            question = item.read(raw)
        if question.asked_for == scan.scan_id:
            return True
        return not set(scan.verdict.needs) <= set(kinds.named(question.providers))

    def stop_waiting(self, person_id: str, scan_ids: Collection[str]) -> None:
        """See `Scans.stop_waiting`. Nothing is written if no scan waits."""
        with suppress(ConditionFailed):
            self._table.update(
                keys.awaiting(person_id), [AwaitingItem.scans.delete(set(scan_ids))], PRESENT
            )

    def end_question(self, person_id: str, scan_ids: Collection[str]) -> bool:
        """See `Scans.end_question`."""
        try:
            self._table.delete(keys.awaiting(person_id), ABSENT | _only(scan_ids))
        except ConditionFailed:
            return False
        return True

    def give_up(self, person_id: str, asked_at: datetime, scan_ids: Collection[str]) -> bool:
        """See `Scans.give_up`. A failed condition without the old item costs one GetItem more."""
        key, item = keys.awaiting(person_id), AwaitingItem
        try:
            self._table.update(
                key,
                [item.asked.remove(), item.asked_for.remove(), item.providers.remove()],
                (item.asked == asked_at) & _only(scan_ids),
            )
        except ConditionFailed as failure:
            found = failure.met[0] or self._table.get(key)
            return found is None or item.read(found).asked != asked_at
        return True


def _only(scan_ids: Collection[str]) -> Condition:
    """Return the condition that exactly `scan_ids` wait; DynamoDB has no empty sets."""
    scans = AwaitingItem.scans
    condition: Condition = scans == set(scan_ids) if scan_ids else scans.does_not_exist()
    return condition
