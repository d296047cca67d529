"""The transaction by which a managed person's record becomes their own."""

from collections.abc import Sequence

from chalicelib.core import keys
from chalicelib.core.table import PRESENT, Change, Delete, Put, Raw, Table
from chalicelib.identity.people import Profile
from chalicelib.identity.store.family_items import ending_writes, has_links
from chalicelib.identity.store.people import (
    AccountItem,
    OwnerItem,
    ProfileItem,
    account_writes,
    read_account,
    unchanged,
)
from chalicelib.identity.store.rights import has_rights


class SuccessionStore:
    """Successions in the table. See `succession.Successions`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take_over(self, heir: Profile, managed: Profile, phone: bytes, phone_blind: str) -> bool:
        """See `Successions.take_over`."""
        heir_id, person_id = heir.person_id, managed.person_id
        items = self._items(heir_id)
        if any(map(has_links, items.values())) or any(map(has_rights, items.values())):
            return False
        still = (
            PRESENT
            & ProfileItem.phone.does_not_exist()
            & (ProfileItem.registration == managed.registration)
            & (ProfileItem.document_blind == managed.document_blind)
        )
        if managed.successor:
            still &= ProfileItem.successor == managed.successor
        writes: list[Put | Change | Delete] = [
            Delete(keys.profile(heir_id), unchanged(heir)),
            Change(
                keys.profile(person_id),
                [
                    ProfileItem.phone.set(phone),
                    ProfileItem.phone_blind.set(phone_blind),
                    ProfileItem.successor.remove(),
                    *([ProfileItem.seen_at.set(heir.seen_at)] if heir.seen_at else []),
                ],
                still,
            ),
            Put(
                OwnerItem.at(keys.phone(phone_blind), person=person_id),
                OwnerItem.person == heir_id,
            ),
            # Who only lost a phone has chosen the guardians.
            *(() if managed.has_lost_phone else self._ending(person_id)),
        ]
        for sort_key in items:
            if sort_key.startswith(keys.ACCOUNTS):
                account = read_account(items[sort_key])
                writes += [
                    *account_writes(account, person_id, AccountItem.person == heir_id),
                    Delete(keys.account_of(heir_id, account.blind)),
                ]
        return self._table.try_transact(*writes)

    def _ending(self, person_id: str) -> Sequence[Put | Change | Delete]:
        """Return the writes that end the links of a person's guardians."""
        return ending_writes(person_id, self._items(person_id).get(keys.guardians(person_id).sk))

    def _items(self, person_id: str) -> dict[str, Raw]:
        """Return the person's accounts and the items of a request, by sort key."""
        span = (keys.ACCOUNTS, keys.SUBJECT_TO)
        found = self._table.query(keys.person(person_id), span, consistent=True)
        return {raw["sk"]["S"]: raw for raw in found}
