"""The transaction by which a managed person's record becomes their own."""

from chalicelib.core import keys
from chalicelib.core.table import PRESENT, Change, Delete, Put, Raw, Table
from chalicelib.identity.people import Profile
from chalicelib.identity.store.family_items import ending_writes, has_links
from chalicelib.identity.store.people import AccountItem, OwnerItem, ProfileItem, unchanged
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
        writes: list[Put | Change | Delete] = [
            Delete(keys.profile(heir_id), unchanged(heir)),
            Change(keys.profile(person_id), [ProfileItem.phone.set(phone)], still),
            Put(
                OwnerItem.at(keys.phone(phone_blind), person=person_id),
                OwnerItem.person == heir_id,
            ),
            *ending_writes(person_id, self._items(person_id).get(keys.guardians(person_id).sk)),
        ]
        for sort_key in items:
            if sort_key.startswith(keys.ACCOUNTS):
                account = sort_key.removeprefix(keys.ACCOUNTS)
                writes += [
                    Put(
                        AccountItem.at(keys.account(account), person=person_id),
                        AccountItem.person == heir_id,
                    ),
                    Put(AccountItem.at(keys.account_of(person_id, account), person=person_id)),
                    Delete(keys.account_of(heir_id, account)),
                ]
        return self._table.try_transact(*writes)

    def _items(self, person_id: str) -> dict[str, Raw]:
        """Return the person's accounts and the items of a request, by sort key."""
        span = (keys.ACCOUNTS, keys.SUBJECT_TO)
        found = self._table.query(keys.person(person_id), span, consistent=True)
        return {raw["sk"]["S"]: raw for raw in found}
