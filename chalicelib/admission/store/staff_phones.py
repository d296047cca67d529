"""The item and store of the paired phones of staff."""

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

from chalicelib.admission.staff_phones import PairedPhones, StaffPhone
from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Table


class StaffPhonesAttribute(Attribute[tuple[StaffPhone, ...]]):
    """Paired phones, each as ``id,paired ms,root``, separated by semicolons."""

    attr_type = STRING

    def serialize(self, value: tuple[StaffPhone, ...]) -> str | None:
        """Return the text, or None without phones."""
        return (
            ";".join(f"{one.device_id},{epoch_ms(one.paired_at)},{one.key_id}" for one in value)
            or None
        )

    def deserialize(self, value: str) -> tuple[StaffPhone, ...]:
        """Return the phones."""
        entries = (entry.split(",") for entry in value.split(";"))
        return tuple(
            StaffPhone(device_id, from_epoch_ms(int(paired)), key_id)
            for device_id, paired, key_id in entries
        )


class StaffPhonesItem(Item):
    """OWN#PHONES: the phones that a staff member has paired, and those revoked a moment ago."""

    phones = StaffPhonesAttribute(attr_name="ph", null=True, default=())
    revoked = StaffPhonesAttribute(attr_name="rv", null=True, default=())
    version = IntegerAttribute(attr_name="ve")


class StaffPhoneItems:
    """Paired phones in the table. See `staff_phones.StaffPhoneStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, person_id: str) -> PairedPhones:
        """See `StaffPhoneStore.of`."""
        raw = self._table.get(keys.staff_phones(person_id))
        if raw is None:
            return PairedPhones()
        item = StaffPhonesItem.read(raw)
        return PairedPhones(item.phones, item.version, item.revoked)

    def save(self, person_id: str, paired: PairedPhones) -> bool:
        """See `StaffPhoneStore.save`."""
        item = StaffPhonesItem.at(
            keys.staff_phones(person_id),
            phones=paired.phones,
            version=paired.version,
            revoked=paired.revoked,
        )
        unchanged = PRESENT & (StaffPhonesItem.version == paired.version - 1)
        try:
            self._table.put(item, ABSENT if paired.version == 1 else unchanged)
        except ConditionFailed:
            return False
        return True
