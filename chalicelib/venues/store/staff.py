"""The items and store of a venue's staff, join codes and invitations."""

from contextlib import suppress
from itertools import islice

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    Change,
    Check,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Raw,
    Table,
)
from chalicelib.identity.people import Profile, Role, beginning_of
from chalicelib.identity.store.people import still_verified
from chalicelib.identity.store.rights import right_removal, right_write
from chalicelib.venues.rights import RightsChanged
from chalicelib.venues.staffing import Invitation, Member, SentInvitation, invitation_id
from chalicelib.venues.store.references import JoinItem, ReferenceItem
from chalicelib.venues.store.venue_item import VenueItem, initial, not_initial


class StaffItem(Item):
    """STAFF#person. Releases up to 0.2.0 wrote neither `name` nor `document`.

    `name` and `document` (`beginning_of`) are those of the registration when it was bound,
    `invitation` is the invitation that was claimed.
    """

    role = EnumAttribute(Role, attr_name="ro")
    since = EpochMsAttribute(attr_name="si")
    name = SealedAttribute(attr_name="nm", null=True)
    document = TextAttribute(attr_name="db")
    invitation = TextAttribute(attr_name="iv")


_BELOW_ADMINISTRATOR = StaffItem.role != Role.ADMINISTRATOR


class InvitationItem(Item):
    """INVITE#phone: a right that waits. Releases up to 0.2.0 wrote no `ttl`."""

    role = EnumAttribute(Role, attr_name="ro")
    name = SealedAttribute(attr_name="nm")
    by = UnicodeAttribute(attr_name="by")
    ttl = EpochSecondsAttribute(null=True)


class SentInvitationItem(Item):
    """INVITE#id in the venue's partition: a right that waits, for the venue's administrators.

    `phone_blind` leads to the `InvitationItem`.
    """

    role = EnumAttribute(Role, attr_name="ro")
    name = SealedAttribute(attr_name="nm")
    phone = SealedAttribute(attr_name="ph")
    by = UnicodeAttribute(attr_name="by")
    invited = EpochMsAttribute(attr_name="at")
    phone_blind = UnicodeAttribute(attr_name="pb")
    ttl = EpochSecondsAttribute(null=True)


class StaffStore:
    """Staff in the table. See `staffing.Staff`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def members(self, venue_id: str, *, after: str = "", limit: int | None = None) -> list[Member]:
        """See `Staff.members`."""
        prefix = keys.staff(venue_id, "")
        span = (f"{prefix.sk}{after}~" if after else prefix.sk, f"{prefix.sk}~")
        found = self._table.query(prefix.pk, span, consistent=True, page=limit)
        return [_member(raw) for raw in islice(found, limit)]

    def bind(
        self, venue_id: str, member: Member, *, appointed_by: str = "", given: int | None = None
    ) -> None:
        """See `Staff.bind`. The condition is that the person is no administrator there."""
        checks = [initial(venue_id, appointed_by)] if appointed_by else []
        try:
            self._table.transact(*checks, *binding(venue_id, member, given))
        except ConditionFailed as failure:
            if checks and failure.met[0] is not None:
                raise Forbidden("initial_administrator_only") from None
            if failure.met[len(checks)] is None:  # no administrator there: another right came first
                raise RightsChanged from None

    def unbind(self, venue_id: str, person_id: str) -> None:
        """See `Staff.unbind`. The first condition is that the person is on the venue's list."""
        try:
            self._table.transact(
                Delete(keys.staff(venue_id, person_id), PRESENT),
                *right_removal(person_id, venue_id),
                not_initial(venue_id, person_id),
            )
        except ConditionFailed as failure:
            if failure.met[-1] is not None:
                raise Conflict("initial_administrator") from None

    def hand_over(self, venue_id: str, former: str, successor: Profile) -> bool:
        """See `Staff.hand_over`."""
        chosen = successor.person_id
        applicant = VenueItem.applicant
        try:
            self._table.transact(
                Change(keys.venue(venue_id), [applicant.set(chosen)], applicant == former),
                _administers(venue_id, chosen),
                still_verified(successor),
            )
        except ConditionFailed:
            return False
        return True

    def join_code(self, venue_id: str) -> str | None:
        """See `Staff.join_code`."""
        raw = self._table.get(keys.current_join(venue_id))
        return None if raw is None else JoinItem.read(raw).join_code

    def replace_join_code(self, venue_id: str, new: str, former: str | None) -> bool:
        """See `Staff.replace_join_code`."""
        current = JoinItem.at(keys.current_join(venue_id), join_code=new)
        unchanged = ABSENT if former is None else JoinItem.join_code == former
        writes: list[Put | Change | Delete] = [
            Put(current, unchanged),
            Put(ReferenceItem.at(keys.join(new), venue=venue_id), ABSENT),
        ]
        if former is not None:
            writes.append(Delete(keys.join(former)))
        try:
            self._table.transact(*writes)
        except ConditionFailed:
            return False
        return True

    def venue_of(self, join_code: str) -> str | None:
        """See `Staff.venue_of`."""
        raw = self._table.get(keys.join(join_code))
        return None if raw is None else ReferenceItem.read(raw).venue

    def invite(self, phone_blind: str, invitation: Invitation, sent: SentInvitation) -> None:
        """See `Staff.invite`. The condition is on what it replaces."""
        venue_id = invitation.venue_id
        replaceable = None
        if invitation.role is not Role.ADMINISTRATOR:
            mine = InvitationItem.by == invitation.by
            replaceable = (
                ABSENT
                | (InvitationItem.role != Role.ADMINISTRATOR)
                | mine
                | (InvitationItem.ttl <= sent.at)
            )
        waiting = InvitationItem.at(
            keys.invitation(phone_blind, venue_id),
            role=invitation.role,
            name=invitation.name,
            by=invitation.by,
            ttl=invitation.expires_at,
        )
        listed = SentInvitationItem.at(
            keys.sent_invitation(venue_id, sent.invitation_id),
            role=sent.role,
            name=sent.name,
            phone=sent.phone,
            by=sent.by,
            invited=sent.at,
            phone_blind=phone_blind,
            ttl=sent.expires_at,
        )
        if not self._table.try_transact(Put(waiting, replaceable), Put(listed)):
            raise Forbidden("initial_administrator_only")

    def invitations(self, phone_blind: str) -> list[Invitation]:
        """See `Staff.invitations`."""
        prefix = keys.invitation(phone_blind, "")
        found = self._table.query(prefix.pk, (prefix.sk, prefix.sk + "~"), consistent=True)
        return [
            Invitation(item.sk.removeprefix(prefix.sk), item.role, item.name, item.by, item.ttl)
            for item in map(InvitationItem.read, found)
        ]

    def sent_invitations(self, venue_id: str, *, after: str, limit: int) -> list[SentInvitation]:
        """See `Staff.sent_invitations`."""
        prefix = keys.sent_invitation(venue_id, "")
        span = (f"{prefix.sk}{after}~" if after else prefix.sk, f"{prefix.sk}~")
        found = self._table.query(prefix.pk, span, consistent=True, page=limit)
        return [_sent(raw) for raw in islice(found, limit)]

    def sent_invitation(self, venue_id: str, invitation_id: str) -> SentInvitation | None:
        """See `Staff.sent_invitation`."""
        raw = self._table.get(keys.sent_invitation(venue_id, invitation_id))
        return None if raw is None else _sent(raw)

    def withdraw(self, venue_id: str, sent: SentInvitation) -> None:
        """See `Staff.withdraw`. Both items have the condition of their names."""
        listed = keys.sent_invitation(venue_id, sent.invitation_id)
        with suppress(ConditionFailed):
            self._table.transact(
                Delete(listed, SentInvitationItem.name == sent.name),
                Delete(keys.invitation(sent.phone_blind, venue_id)),
            )

    def claim(
        self,
        phone_blind: str,
        invitation: Invitation,
        member: Member,
        *,
        given: int | None = None,
    ) -> None:
        """See `Staff.claim`."""
        venue_id = invitation.venue_id
        waiting = keys.invitation(phone_blind, venue_id)
        listed = keys.sent_invitation(venue_id, invitation_id(venue_id, phone_blind))
        same = InvitationItem.name == invitation.name
        if invitation.by == member.person_id:  # the giver needs no right, or has lost it
            self._end(Delete(waiting, same), Delete(listed))
            return
        may_give = initial if invitation.role is Role.ADMINISTRATOR else _administers
        by = may_give(venue_id, invitation.by)
        writes = binding(venue_id, member, given)
        try:
            self._table.transact(Delete(waiting, same), Delete(listed), *writes, by)
        except ConditionFailed as failure:
            gone, _, staff, right, *_, refused = failure.met
            if gone is not None:
                return
            if right is not None and staff is None and refused is None:
                raise RightsChanged from None
            self._end(Delete(waiting, same), Delete(listed))

    def _end(self, waiting: Delete, listed: Delete) -> None:
        with suppress(ConditionFailed):  # it was given again meanwhile
            self._table.transact(waiting, listed)


def binding(venue_id: str, member: Member, given: int | None = None) -> list[Put | Change | Delete]:
    """Return the writes that bind `member`, unless they are an administrator there.

    The second one has the condition that they have got no right since as many as `given`.
    """
    item = StaffItem.at(
        keys.staff(venue_id, member.person_id),
        role=member.role,
        since=member.since,
        name=member.name,
        document=beginning_of(member.document_blind),
        invitation=member.invitation_id,
    )
    return [
        Put(item, ABSENT | _BELOW_ADMINISTRATOR),
        *right_write(member.person_id, venue_id, member.role, member.document_blind, given=given),
    ]


def _administers(venue_id: str, person_id: str) -> Check:
    """Return the condition that the person is on the venue's list as an administrator."""
    return Check(keys.staff(venue_id, person_id), StaffItem.role == Role.ADMINISTRATOR)


def _member(raw: Raw) -> Member:
    item = StaffItem.read(raw)
    return Member(
        item.sk.removeprefix(keys.staff("", "").sk),
        item.role,
        item.since,
        item.document,
        item.name,
        item.invitation,
    )


def _sent(raw: Raw) -> SentInvitation:
    item = SentInvitationItem.read(raw)
    return SentInvitation(
        item.sk.removeprefix(keys.sent_invitation("", "").sk),
        item.role,
        item.name,
        item.phone,
        item.by,
        item.invited,
        item.phone_blind,
        item.ttl,
    )
