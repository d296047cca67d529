"""Items of scans, of what they wait for, and of policies.

A scan is at most 1,000 bytes, one write unit, so its attributes have short names and coded values;
evidence is ``state,observed ms,fetched ms,stale,doses`` a provider. The four oldest kinds have an
attribute each; all others share `further`, each behind its letter: ``a=negative,…;b=…``.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.admission import evidence as kinds
from chalicelib.admission.judge import Decision, Evidence, Outcome, Verdict
from chalicelib.admission.scan import Method, Scan, ScanReference
from chalicelib.core import keys
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.keys import Key
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Raw, Table
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.venue import Venue, day_of, shard_of

_PENDING_LIFE = timedelta(days=1)


_METHODS = {"": Method.VISITOR, "f": Method.FAST, "s": Method.STAFF, "m": Method.MANUAL}


_OWN_ATTRIBUTE = (
    ProviderName.HEALTH_CODE,
    ProviderName.NUCLEIC_ACID,
    ProviderName.VACCINATION,
    ProviderName.TRAVEL_CARD,
)
_METHODS_CODED = {method: coded for coded, method in _METHODS.items()}


class ScanItem(Item):
    """A scan; sparse in ``visits`` by its person."""

    g1pk = UnicodeAttribute()
    g1sk = UnicodeAttribute()
    nonce = UnicodeAttribute(attr_name="no")
    fingerprint = UnicodeAttribute(attr_name="bh")
    received = NumberAttribute(attr_name="ra")
    outcome = UnicodeAttribute(attr_name="oc")
    first = UnicodeAttribute(attr_name="o1")
    reasons = UnicodeAttribute(attr_name="rs")
    steps = UnicodeAttribute(attr_name="ns")
    health_code = UnicodeAttribute(attr_name="h")
    nucleic_acid = UnicodeAttribute(attr_name="n")
    vaccination = UnicodeAttribute(attr_name="x", null=True)
    travel_card = UnicodeAttribute(attr_name="t", null=True)
    further = UnicodeAttribute(attr_name="ev", null=True)
    needs = UnicodeAttribute(attr_name="nd", null=True)
    policy = UnicodeAttribute(attr_name="po")
    hours = NumberAttribute(attr_name="hr", null=True)
    correlation = UnicodeAttribute(attr_name="ci")
    method = UnicodeAttribute(attr_name="me", null=True)
    staff = UnicodeAttribute(attr_name="sf", null=True)
    temperature = UnicodeAttribute(attr_name="tp", null=True)
    version = NumberAttribute(attr_name="ve", default=0)


class PendingScanItem(Item):
    """AWAIT#scan."""

    ttl = NumberAttribute()


def is_scan(key: Key) -> bool:
    """Whether `key` is a scan's: a day's partition, and a sort key that begins with its time."""
    return key.pk.startswith("VEN#") and key.pk.count("#") == 3 and key.sk[:13].isdecimal()


def read_scan(raw: Raw) -> Scan:
    """The scan in a raw item, from a read or from the stream."""
    item = ScanItem.read(raw)
    moment, _, digest = item.sk.partition("#")
    return Scan(
        venue_id=item.pk.split("#")[1],
        at=from_epoch_ms(int(moment)),
        digest=digest,
        person_id=item.g1pk.removeprefix("PER#"),
        nonce=item.nonce,
        fingerprint=item.fingerprint,
        received_at=from_epoch_ms(int(item.received)),
        verdict=Verdict(
            decision=Decision(
                Outcome(item.outcome),
                tuple(item.reasons.split(",")),
                tuple(item.steps.split(",")),
            ),
            evidence=_evidence_in(item),
            needs=kinds.named(item.needs or ""),
            policy=item.policy,
            hours=None if item.hours is None else int(item.hours),
        ),
        first_outcome=Outcome(item.first),
        correlation=item.correlation,
        method=_METHODS[item.method or ""],
        staff_id=item.staff or "",
        temperature=item.temperature or "",
        version=int(item.version),
    )


def _scan_item(scan: Scan, venue: Venue) -> ScanItem:
    verdict = scan.verdict
    index = keys.visit(scan.person_id, scan.venue_id, epoch_ms(scan.at))
    return ScanItem.at(
        _key(scan, venue),
        g1pk=index.pk,
        g1sk=index.sk,
        nonce=scan.nonce,
        fingerprint=scan.fingerprint,
        received=epoch_ms(scan.received_at),
        outcome=verdict.decision.outcome.value,
        first=scan.first_outcome.value,
        reasons=",".join(verdict.decision.reasons),
        steps=",".join(verdict.decision.next_steps),
        **_evidence_of(verdict),
        needs=kinds.letters(verdict.needs) or None,
        policy=verdict.policy,
        hours=verdict.hours,
        correlation=scan.correlation,
        method=_METHODS_CODED[scan.method] or None,
        staff=scan.staff_id or None,
        temperature=scan.temperature or None,
        version=scan.version,
    )


def _evidence_of(verdict: Verdict) -> dict[str, str | None]:
    """Return the attributes that hold a scan's evidence."""
    coded = {name: _coded(one) for name, one in verdict.evidence.items()}
    attributes: dict[str, str | None] = {name: coded.pop(name, None) for name in _OWN_ATTRIBUTE}
    further = [f"{kinds.of(name).letter}={one}" for name, one in coded.items()]
    return {**attributes, "further": ";".join(further) or None}


def _evidence_in(item: ScanItem) -> dict[ProviderName, Evidence]:
    """Return the evidence in an item; that of kinds that are gone is left out."""
    coded = {name: getattr(item, name) for name in _OWN_ATTRIBUTE}
    for one in (item.further or "").split(";"):
        letter, _, text = one.partition("=")
        coded |= dict.fromkeys(kinds.named(letter), text)
    return {name: _evidence(text) for name, text in coded.items() if text}


def _coded(evidence: Evidence) -> str:
    def moment(value: datetime | None) -> str:
        return "" if value is None else str(epoch_ms(value))

    parts = (
        evidence.state,
        moment(evidence.observed_at),
        moment(evidence.fetched_at),
        "s" if evidence.stale else "",
        "" if evidence.doses is None else str(evidence.doses),
    )
    return ",".join(parts).rstrip(",")


def _evidence(coded: str) -> Evidence:
    state, observed, fetched, stale, doses = (*coded.split(","), "", "", "", "")[:5]
    return Evidence(
        state,
        from_epoch_ms(int(observed)) if observed else None,
        from_epoch_ms(int(fetched)) if fetched else None,
        stale == "s",
        int(doses) if doses else None,
    )


def _key(scan: Scan | ScanReference, venue: Venue) -> Key:
    shard = shard_of(scan.digest, venue.shards)
    day = day_of(venue, scan.at)
    return keys.scan(venue.venue_id, day, shard, epoch_ms(scan.at), scan.digest)


class ScanStore:
    """Scans in the table. See `scan.Scans` for what each call promises."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, scan: Scan, venue: Venue) -> Scan | None:
        """One conditional put."""
        try:
            self._table.put(_scan_item(scan, venue), ABSENT)
        except ConditionFailed as failure:
            if failure.met[0]:
                return read_scan(failure.met[0])
            return self.get(ScanReference(scan.venue_id, scan.at, scan.digest), venue)
        return None

    def get(self, reference: ScanReference, venue: Venue) -> Scan | None:
        """One consistent get."""
        raw = self._table.get(_key(reference, venue))
        return None if raw is None else read_scan(raw)

    def change(self, scan: Scan, venue: Venue) -> bool:
        """One put on condition of the version before."""
        try:
            self._table.put(
                _scan_item(scan, venue), PRESENT & (ScanItem.version == scan.version - 1)
            )
        except ConditionFailed:
            return False
        return True

    def of_day(self, venue: Venue, day: date) -> Iterator[Scan]:
        """One query a shard."""
        for shard in range(venue.shards):
            partition = keys.scan_partition(venue.venue_id, day, shard)
            for raw in self._table.query(partition, ("0", "9~"), consistent=True):
                yield read_scan(raw)

    def await_answer(self, scan: Scan) -> None:
        """One put."""
        ttl = int((scan.received_at + _PENDING_LIFE).timestamp())
        self._table.put(PendingScanItem.at(keys.awaiting(scan.person_id, scan.scan_id), ttl=ttl))

    def stop_waiting(self, person_id: str, scan_id: str) -> None:
        """One delete."""
        self._table.delete(keys.awaiting(person_id, scan_id))
