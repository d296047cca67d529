"""The item and store of identity checks."""

import json
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    TextAttribute,
)
from chalicelib.core.errors import Unavailable
from chalicelib.core.table import (
    ABSENT,
    Change,
    ConditionFailed,
    Item,
    LeadItem,
    Put,
    Raw,
    Table,
)
from chalicelib.identity.checks import POLL_EVERY, USABLE, IdentityCheck, Method, Started, State
from chalicelib.identity.store.people import SessionItem, strengthening


class IdentityCheckItem(Item):
    """CHECK."""

    person = UnicodeAttribute(attr_name="pe")
    session = UnicodeAttribute(attr_name="se")
    method = EnumAttribute(Method, attr_name="me")
    subject = TextAttribute(attr_name="su")
    reference = UnicodeAttribute(attr_name="rf")
    redirect_url = TextAttribute(attr_name="ur")
    sdk = UnicodeAttribute(attr_name="sd")
    expires = EpochMsAttribute(attr_name="ex")
    state = EnumAttribute(State, attr_name="st")
    settled = EpochMsAttribute(attr_name="at", null=True)
    spent = TextAttribute(attr_name="sp")
    polled = EpochMsAttribute(attr_name="po", null=True)
    ttl = EpochSecondsAttribute()


def _read(check_id: str, raw: Raw) -> IdentityCheck:
    item = IdentityCheckItem.read(raw)
    return IdentityCheck(
        check_id=check_id,
        person_id=item.person,
        session_id=item.session,
        method=item.method,
        subject=item.subject,
        started=Started(item.reference, item.redirect_url, json.loads(item.sdk), item.expires),
        ttl=item.ttl,
        state=item.state,
        settled_at=item.settled,
    )


class IdentityCheckStore:
    """Identity checks in the table. See `checks.Checks`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, check_id: str) -> IdentityCheck | None:
        """See `checks.Checks.get`."""
        raw = self._table.get(keys.identity_check(check_id))
        return None if raw is None else _read(check_id, raw)

    def create(self, check: IdentityCheck) -> IdentityCheck:
        """See `checks.Checks.create`. If the condition fails, reads the check on record."""
        started = check.started
        item = IdentityCheckItem.at(
            keys.identity_check(check.check_id),
            person=check.person_id,
            session=check.session_id,
            method=check.method,
            subject=check.subject,
            reference=started.reference,
            redirect_url=started.redirect_url,
            sdk=json.dumps(dict(started.sdk)),
            expires=started.expires_at,
            state=check.state,
            settled=check.settled_at,
            ttl=check.ttl,
        )
        try:
            lead = LeadItem.at(keys.lead(check.person_id, item.pk), ttl=check.ttl)
            self._table.transact(Put(item, ABSENT), Put(lead))
        except ConditionFailed:
            stored = self.get(check.check_id)
            if stored is None:
                raise Unavailable from None
            return stored
        return check

    def may_poll(self, check_id: str, now: datetime) -> bool:
        """See `checks.Checks.may_poll`. The condition is the time of the last poll."""
        polled = IdentityCheckItem.polled
        due = polled.does_not_exist() | (polled <= now - POLL_EVERY)
        pending = IdentityCheckItem.state == State.PENDING
        return self._update(Change(keys.identity_check(check_id), [polled.set(now)], pending & due))

    def settle(self, check: IdentityCheck, state: State, now: datetime) -> bool:
        """See `checks.Checks.settle`. The condition is that the check is pending, and not over."""
        item = IdentityCheckItem
        settled = Change(
            keys.identity_check(check.check_id),
            [item.state.set(state), item.settled.set(now)],
            (item.state == State.PENDING) & (item.expires > now),
        )
        if state is not State.PASSED or check.subject:
            return self._update(settled)
        key, actions, weaker = strengthening(
            check.person_id, check.session_id, check.method.strength
        )
        try:
            self._table.transact(
                settled, Change(key, actions, weaker & (SessionItem.expires > now))
            )
        except ConditionFailed as failure:
            # The session has ended, or has a higher strength. The result stands without it.
            return failure.met[0] is None and self._update(settled)
        return True

    def spend(self, check: IdentityCheck, by: str, now: datetime) -> bool:
        """See `checks.Checks.spend`."""
        item = IdentityCheckItem
        usable = (
            (item.person == check.person_id)
            & (item.subject == check.subject)
            & (item.state == State.PASSED)
            & (item.settled >= now - USABLE)
            & (item.spent.does_not_exist() | (item.spent == by))
        )
        return self._update(
            Change(keys.identity_check(check.check_id), [item.spent.set(by)], usable)
        )

    def _update(self, change: Change) -> bool:
        """Make `change`; return False if its condition did not hold."""
        try:
            self._table.update(*change)
        except ConditionFailed:
            return False
        return True
