"""Items of erasures, and the removal of a person from the table."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.admission.scan import Scan
from chalicelib.admission.store.scans import change_of
from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    TextAttribute,
)
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import Key
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    Change,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Raw,
    Table,
)
from chalicelib.identity.people import Profile
from chalicelib.identity.store.family_items import unlink_writes
from chalicelib.identity.store.people import erasure_writes
from chalicelib.identity.store.rights import no_further_right
from chalicelib.insight.erasures import (
    RECEIPT_KEPT_FOR,
    Category,
    Due,
    Erasure,
    State,
    Step,
    Traces,
)
from chalicelib.venues.staffing import invitation_id
from chalicelib.venues.store.venue_item import not_initial
from chalicelib.venues.venue import Venue

_TRIES = 8
_AT_ONCE = 50
"""How many items one transaction deletes: at most 100 writes and 4 MB."""
_PAGE = 25


class ErasureItem(Item):
    """OWN#ERASURE: what the person has asked for."""

    receipt = UnicodeAttribute(attr_name="rc")
    state = EnumAttribute(State, attr_name="st")
    requested = EpochMsAttribute(attr_name="rq")
    due = EpochMsAttribute(attr_name="du")
    acted = BooleanAttribute(attr_name="ac", null=True)
    by_guardian = BooleanAttribute(attr_name="gu", null=True)


class DueItem(Item):
    """ERASURES: an erasure on the due list. Blind indexes and ids are separated by commas."""

    receipt = UnicodeAttribute(attr_name="rc")
    step = EnumAttribute(Step, attr_name="st")
    phones = TextAttribute(attr_name="ph")
    documents = TextAttribute(attr_name="dn")
    shadows = TextAttribute(attr_name="sh")


class ReceiptItem(Item):
    """RECEIPT: an erasure without the person, and the counts of what was removed."""

    state = EnumAttribute(State, attr_name="st")
    requested = EpochMsAttribute(attr_name="rq")
    due = EpochMsAttribute(attr_name="du")
    acted = BooleanAttribute(attr_name="ac", null=True)
    erased = EpochMsAttribute(attr_name="er", null=True)
    account = IntegerAttribute(attr_name="n1", default=0)
    answers = IntegerAttribute(attr_name="n2", default=0)
    records = IntegerAttribute(attr_name="n3", default=0)
    rights = IntegerAttribute(attr_name="n4", default=0)
    family = IntegerAttribute(attr_name="n5", default=0)
    passes = IntegerAttribute(attr_name="n6", default=0)
    visits = IntegerAttribute(attr_name="n7", default=0)
    accesses = IntegerAttribute(attr_name="n8", default=0)
    files = IntegerAttribute(attr_name="n9", null=True)
    files_swept = IntegerAttribute(attr_name="na", null=True)
    ttl = EpochSecondsAttribute()


_CATEGORIES = (
    (keys.answers("").sk, Category.ANSWERS),
    (keys.snapshot("", "").sk, Category.ANSWERS),
    (keys.RECORDS, Category.RECORDS),
    (keys.PASSES, Category.PASSES),
)
"""The categories of the items of a person's partition, by the beginning of their sort key.

All others are part of the account. Rights and family links are counted where the other side is.
"""


def _category(key: Key) -> Category:
    found = (category for prefix, category in _CATEGORIES if key.sk.startswith(prefix))
    return next(found, Category.ACCOUNT)


def _counted(receipt_id: str, category: Category, count: int) -> Change:
    attribute: Any = ReceiptItem.get_attributes()[category.value]
    return Change(keys.receipt(receipt_id), [attribute.add(count)], PRESENT)


def _key(raw: Raw) -> Key:
    return Key(raw["pk"]["S"], raw["sk"]["S"])


def _leads_to(raw: Raw) -> Iterator[Key]:
    """Yield the keys of items elsewhere that an item of a person's partition leads to."""
    key = _key(raw)
    if lead := keys.lead_of(key.sk):
        yield lead
    elif key.sk.startswith(keys.PERSON_CARDS):
        yield keys.kiosk_card(*keys.card_of(key.sk))


class ErasureStore:
    """Erasures in the table. See `erasures.Erasures`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # --- Requests, the due list and receipts

    def schedule(self, person_id: str, erasure: Erasure) -> Erasure:
        """See `Erasures.schedule`."""
        request = ErasureItem.at(
            keys.erasure(person_id),
            receipt=erasure.receipt_id,
            state=erasure.state,
            requested=erasure.requested_at,
            due=erasure.due_at,
            acted=erasure.acted or None,
            by_guardian=erasure.by_guardian or None,
        )
        receipt = ReceiptItem.at(
            keys.receipt(erasure.receipt_id),
            state=erasure.state,
            requested=erasure.requested_at,
            due=erasure.due_at,
            acted=erasure.acted or None,
            ttl=erasure.due_at + RECEIPT_KEPT_FOR,
        )
        due = Due(person_id, erasure.receipt_id, erasure.due_at, Step.WAITING, Traces())
        try:
            self._table.transact(
                Put(request, ABSENT | (ErasureItem.state == State.CANCELLED)),
                Put(_due_item(due)),
                Put(receipt, ABSENT),
            )
        except ConditionFailed:
            standing = self.of(person_id)
            if standing is None:
                raise Unavailable from None
            return standing
        return erasure

    def of(self, person_id: str) -> Erasure | None:
        """See `Erasures.of`."""
        raw = self._table.get(keys.erasure(person_id))
        if raw is None:
            return None
        item = ErasureItem.read(raw)
        return Erasure(
            item.receipt,
            item.state,
            item.requested,
            item.due,
            bool(item.acted),
            by_guardian=bool(item.by_guardian),
        )

    def cancel(self, person_id: str, erasure: Erasure) -> bool:
        """See `Erasures.cancel`. The condition is that the erasure has not begun."""
        cancelled = State.CANCELLED
        mine = ErasureItem.receipt == erasure.receipt_id
        try:
            self._table.transact(
                Change(keys.erasure(person_id), [ErasureItem.state.set(cancelled)], mine),
                Delete(
                    keys.due_erasure(epoch_ms(erasure.due_at), person_id),
                    DueItem.step == Step.WAITING,
                ),
                Change(
                    keys.receipt(erasure.receipt_id), [ReceiptItem.state.set(cancelled)], PRESENT
                ),
            )
        except ConditionFailed:
            standing = self.of(person_id)
            return standing is not None and standing.state is cancelled
        return True

    def receipt(self, receipt_id: str) -> Erasure | None:
        """See `Erasures.receipt`."""
        raw = self._table.get(keys.receipt(receipt_id))
        if raw is None:
            return None
        item = ReceiptItem.read(raw)
        counts = {category: item.attribute_values.get(category.value) or 0 for category in Category}
        counts[Category.FILES] += item.files_swept or 0
        return Erasure(
            receipt_id,
            item.state,
            item.requested,
            item.due,
            bool(item.acted),
            item.erased,
            {category: count for category, count in counts.items() if count},
        )

    def due(self, now: datetime) -> Iterator[Due]:
        """See `Erasures.due`."""
        span = keys.due_until(epoch_ms(now))
        for raw in self._table.query(keys.due_erasures(), span, consistent=True, page=_PAGE):
            item = DueItem.read(raw)
            due_ms, _, person_id = item.sk.partition("#")
            texts = (item.phones, item.documents, item.shadows)
            traces = Traces(*(tuple(filter(None, text.split(","))) for text in texts))
            yield Due(person_id, item.receipt, from_epoch_ms(int(due_ms)), item.step, traces)

    def begin(self, due: Due, traces: Traces) -> bool:
        """See `Erasures.begin`."""
        going_on = Step.ERASING if due.step is Step.WAITING else due.step
        try:
            self._table.transact(
                Put(
                    _due_item(due._replace(step=going_on, traces=traces)),
                    PRESENT & (DueItem.receipt == due.receipt_id),
                ),
                Change(
                    keys.receipt(due.receipt_id), [ReceiptItem.state.set(State.ERASING)], PRESENT
                ),
            )
        except ConditionFailed:
            return False
        return True

    def postpone(self, due: Due, until: datetime, step: Step) -> bool:
        """See `Erasures.postpone`."""
        later = due._replace(due_at=until, step=step)
        writes: list[Put | Change | Delete] = [
            Delete(_due_key(due), DueItem.receipt == due.receipt_id),
            Put(_due_item(later)),
        ]
        if step is Step.WAITING:
            mine = ErasureItem.receipt == due.receipt_id
            writes += [
                Change(keys.erasure(due.person_id), [ErasureItem.due.set(until)], mine),
                Change(keys.receipt(due.receipt_id), [ReceiptItem.due.set(until)], PRESENT),
            ]
        try:
            self._table.transact(*writes)
        except ConditionFailed:
            return False
        return True

    def finish(self, due: Due, now: datetime) -> None:
        """See `Erasures.finish`."""
        changes = [ReceiptItem.state.set(State.ERASED), ReceiptItem.erased.set(now)]
        try:
            self._table.transact(
                Delete(_due_key(due), DueItem.receipt == due.receipt_id),
                Change(keys.receipt(due.receipt_id), changes, PRESENT),
            )
        except ConditionFailed:
            return

    # --- Removals

    def venues_of(self, person_id: str) -> list[str]:
        """See `Erasures.venues_of`. Cost: one strongly consistent Query."""
        one_each = keys.right(person_id, "").sk  # of releases up to 0.2.0
        span = (one_each[:-1], f"{one_each[:-1]}~")
        found: set[str] = set()
        for raw in self._table.query(keys.person(person_id), span, consistent=True):
            found |= {name for name in raw if name.startswith("ven_")}
            if raw["sk"]["S"].startswith(one_each):
                found.add(raw["sk"]["S"].removeprefix(one_each))
        return sorted(found)

    def dependants_of(self, person_id: str) -> list[str]:
        """See `Erasures.dependants_of`."""
        return self._linked(keys.dependants(person_id))

    def erase_account(
        self, receipt_id: str, profile: Profile, *, phone: str, document: str
    ) -> bool:
        """See `Erasures.erase_account`."""
        prefix = keys.account_of(profile.person_id, "")
        found = self._table.query(prefix.pk, (prefix.sk, f"{prefix.sk}~"), consistent=True)
        accounts = [raw["sk"]["S"].removeprefix(prefix.sk) for raw in found]
        writes = erasure_writes(profile, phone=phone, document=document, accounts=accounts)
        person_id = profile.person_id
        # First: a venue that the person gets after this read makes the transaction fail.
        rights = no_further_right(person_id, self._table.get(keys.rights(person_id)))
        stays = [not_initial(venue_id, person_id) for venue_id in self.venues_of(person_id)]
        count = 1 + bool(phone) + bool(document) + len(accounts)
        try:
            self._table.transact(
                *writes, *stays, rights, _counted(receipt_id, Category.ACCOUNT, count)
            )
        except ConditionFailed:
            return False
        return True

    def erase_family(self, receipt_id: str, person_id: str) -> None:
        """See `Erasures.erase_family`. Cost: one GetItem a side, one transaction a link."""
        for own, of_other in (
            (keys.dependants, lambda other: (person_id, other)),
            (keys.guardians, lambda other: (other, person_id)),
        ):
            for other in self._linked(own(person_id)):
                try:
                    self._table.transact(
                        *unlink_writes(*of_other(other)),
                        _counted(receipt_id, Category.FAMILY, 1),
                    )
                except ConditionFailed:
                    continue  # ended meanwhile; the rest of the item goes with the partition

    def erase_rights(self, receipt_id: str, person_id: str) -> None:
        """See `Erasures.erase_rights`."""

        def listed() -> Sequence[Key]:
            wanted = [keys.staff(venue, person_id) for venue in self.venues_of(person_id)]
            return [_key(raw) for raw in self._table.batch_get(wanted)]

        self._clear(receipt_id, listed, lambda _: Category.RIGHTS)

    def erase_partition(self, receipt_id: str, person_id: str) -> None:
        """See `Erasures.erase_partition`. With it go the items that its items lead to."""

        def found() -> Sequence[Key]:
            span = (keys.ANY, keys.ANY_TO)
            own = list(self._table.query(keys.person(person_id), span, consistent=True))
            further = [key for raw in own for key in _leads_to(raw)]
            there = self._table.batch_get(further)
            return [_key(raw) for raw in (*there, *own)]

        self._clear(receipt_id, found, _category)

    def erase_accesses(self, receipt_id: str, document: str) -> None:
        """See `Erasures.erase_accesses`."""
        partition = keys.access_partition(document)
        self._clear(receipt_id, lambda: self._all(partition), lambda _: Category.ACCESSES)

    def erase_invitations(self, receipt_id: str, phone: str) -> None:
        """See `Erasures.erase_invitations`."""
        invited, otp = keys.invitation(phone, "").pk, keys.otp(phone).pk

        def found() -> Sequence[Key]:
            waiting = self._all(invited)
            venues = [key.sk.removeprefix(keys.venue("").pk) for key in waiting]
            listed = [keys.sent_invitation(one, invitation_id(one, phone)) for one in venues]
            there = [_key(raw) for raw in self._table.batch_get(listed)]
            return [*there, *waiting, *self._all(otp)]

        self._clear(receipt_id, found, lambda _: Category.ACCOUNT)

    def make_anonymous(self, receipt_id: str, scan: Scan, venue: Venue) -> bool:
        """See `Erasures.make_anonymous`. Cost: one TransactWriteItems of two items."""
        try:
            self._table.transact(
                change_of(scan.anonymous(), venue), _counted(receipt_id, Category.VISITS, 1)
            )
        except ConditionFailed:
            return False
        return True

    def count_files(self, receipt_id: str, step: Step, count: int) -> None:
        """See `Erasures.count_files`."""
        attribute = ReceiptItem.files_swept if step is Step.SWEEPING else ReceiptItem.files
        self._table.update(keys.receipt(receipt_id), [attribute.set(attribute | count)], PRESENT)

    def _linked(self, side: Key) -> list[str]:
        raw = self._table.get(side) or {}
        return sorted(name for name in raw if name.startswith("per_"))

    def _all(self, partition: str) -> list[Key]:
        span = (keys.ANY, keys.ANY_TO)
        return [_key(raw) for raw in self._table.query(partition, span, consistent=True)]

    def _clear(
        self,
        receipt_id: str,
        find: Callable[[], Sequence[Key]],
        category: Callable[[Key], Category],
    ) -> None:
        """Delete what `find` returns, until it returns nothing; count it by category.

        Each deletion has the condition that the item is there, so that nothing is counted twice
        when another run, or a user, deletes it too. Raises Unavailable after eight attempts.
        """
        for _ in range(_TRIES):
            found = find()
            if not found:
                return
            try:
                for one in sorted({category(key) for key in found}):
                    mine = [key for key in found if category(key) is one]
                    for start in range(0, len(mine), _AT_ONCE):
                        chunk = mine[start : start + _AT_ONCE]
                        deletes = (Delete(key, PRESENT) for key in chunk)
                        self._table.transact(*deletes, _counted(receipt_id, one, len(chunk)))
            except ConditionFailed:
                continue
        raise Unavailable


def _due_key(due: Due) -> Key:
    return keys.due_erasure(epoch_ms(due.due_at), due.person_id)


def _due_item(due: Due) -> DueItem:
    phones, documents, shadows = map(",".join, due.traces)
    return DueItem.at(
        _due_key(due),
        receipt=due.receipt_id,
        step=due.step,
        phones=phones,
        documents=documents,
        shadows=shadows,
    )
