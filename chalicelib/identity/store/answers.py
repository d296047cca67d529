"""Items of the providers' answers about a person, and of the scans that wait for some.

The answers are one item, ``HOT#ANSWERS``, with an attribute for each provider, so that all answers
to one question are one write. Releases up to 0.2.0 wrote an item for each, ``HOT#SNAP#provider``.
Such an item is read until it expires; of two answers the newer one counts. So are the pending
markers of single scans, ``AWAIT#scan``, which expire within a day.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    TextAttribute,
)
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.errors import Unavailable
from chalicelib.core.table import ConditionFailed, Item, Raw, Table
from chalicelib.identity.people import ANSWERS_KEPT_FOR, Snapshot

_TRIES = 4
_RANK = 23
"""Characters of an answer's rank: 10 of the registration's version, 13 of its time in ms."""


class AnswersItem(Item):
    """HOT#ANSWERS: for each provider, its rank and a JSON list; see `_coded`."""

    ttl = EpochSecondsAttribute()


class SnapshotItem(Item):
    """HOT#SNAP#provider, the format of releases up to 0.2.0."""

    state = UnicodeAttribute(attr_name="st")
    observed = EpochMsAttribute(attr_name="ob", null=True)
    fetched = EpochMsAttribute(attr_name="fe")
    registration = IntegerAttribute(attr_name="rg")
    reason = TextAttribute(attr_name="rs")
    group = TextAttribute(attr_name="gr")
    how_to_clear = TextAttribute(attr_name="li")
    doses = IntegerAttribute(attr_name="do", null=True)
    report_to = TextAttribute(attr_name="rt")
    ttl = EpochSecondsAttribute(null=True)


class AwaitingItem(Item):
    """AWAITING: the scans that wait for answers about a person, and the question under way.

    `asked_for` is the scan for which the question was asked, `asked` when that was received,
    `providers` are the letters of those asked; without a question under way there are none.
    """

    scans = UnicodeSetAttribute(attr_name="sc", null=True)
    asked = EpochMsAttribute(attr_name="qa", null=True)
    asked_for = TextAttribute(attr_name="qf")
    providers = TextAttribute(attr_name="qp")
    ttl = EpochSecondsAttribute()


class PendingScanItem(Item):
    """AWAIT#scan, the format of releases up to 0.2.0: a pending marker."""

    ttl = EpochSecondsAttribute()


def _rank(answer: Snapshot) -> str:
    """Return a text that is greater for a newer answer: by registration, then by time."""
    return f"{answer.registration:010d}{epoch_ms(answer.fetched_at):013d}"


def _coded(answer: Snapshot) -> str:
    observed = answer.observed_at
    values = [
        answer.state,
        None if observed is None else epoch_ms(observed),
        answer.doses,
        answer.reason,
        answer.group,
        answer.how_to_clear,
        answer.report_to,
    ]
    while not values[-1] and values[-1] != 0:
        values.pop()
    return _rank(answer) + json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _answer(provider: str, coded: str) -> Snapshot:
    rank, values = coded[:_RANK], json.loads(coded[_RANK:])
    values += (None, None, None, "", "", "", "")[len(values) :]
    state, observed, doses, reason, group, how_to_clear, report_to = values
    return Snapshot(
        provider=provider,
        state=state,
        observed_at=None if observed is None else from_epoch_ms(observed),
        fetched_at=from_epoch_ms(int(rank[10:])),
        registration=int(rank[:10]),
        reason=reason,
        group=group,
        how_to_clear=how_to_clear,
        doses=doses,
        report_to=report_to,
    )


def read_answers(raw: Raw) -> Iterator[Snapshot]:
    """Yield the answers in an `AnswersItem`."""
    AnswersItem.read(raw)  # refuses an unknown version
    for name, stored in raw.items():
        if name not in ("pk", "sk", "v", "ttl"):
            yield _answer(name, stored["S"])


def read_snapshot(provider: str, raw: Raw) -> Snapshot:
    """Return the answer in a `SnapshotItem`."""
    item = SnapshotItem.read(raw)
    return Snapshot(
        provider=provider,
        state=item.state,
        observed_at=item.observed,
        fetched_at=item.fetched,
        registration=item.registration,
        reason=item.reason,
        group=item.group,
        how_to_clear=item.how_to_clear,
        doses=item.doses,
        report_to=item.report_to,
    )


def save_answers(
    table: Table, person_id: str, answers: Sequence[Snapshot], until: datetime | None
) -> bool:
    """Write answers by one UpdateItem, on condition that those on record are older.

    If the condition fails, the answers that are newer than the item on record are written by
    another one. Return False if any was not. Raises Unavailable after four attempts.
    """
    complete = True
    fresh = {one.provider: one for one in answers}
    for _ in range(_TRIES):
        if not fresh:
            return False
        kept_until = until or max(one.fetched_at for one in fresh.values()) + ANSWERS_KEPT_FOR
        actions = [
            AnswersItem.v.set(AnswersItem.v | AnswersItem.FORMAT),
            AnswersItem.ttl.set(kept_until),
            *(Path([name]).set(_coded(one)) for name, one in fresh.items()),
        ]
        try:
            table.update(keys.answers(person_id), actions, _all_older(fresh.values()))
        except ConditionFailed as failure:
            # Engines before 2023 do not return the item that failed a condition.
            complete = False
            on_record = failure.met[0] or table.get(keys.answers(person_id)) or {}
            fresh = {
                name: one
                for name, one in fresh.items()
                if name not in on_record or on_record[name]["S"] < _rank(one)
            }
        else:
            return complete
    raise Unavailable


def _all_older(answers: Iterable[Snapshot]) -> Condition:
    """Return the condition that each answer on record is older. Texts are compared by bytes.

    An answer of the same rank is longer than the rank, so it counts as newer.
    """
    conditions = [
        Path([one.provider]).does_not_exist() | (Path([one.provider]) < _rank(one))
        for one in answers
    ]
    combined: Condition = conditions[0]
    for condition in conditions[1:]:
        combined &= condition
    return combined


def awaiting_until(now: datetime) -> datetime:
    """Return when the record of waiting scans may be deleted: no wait lasts that long."""
    return now + timedelta(days=1)
