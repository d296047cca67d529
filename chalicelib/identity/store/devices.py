"""The items and store of devices and their pairing codes."""

from datetime import date, datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    TextAttribute,
)
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
from chalicelib.identity.devices import Device, DeviceKind, DeviceState, Pairing

_LEFTOVER = timedelta(days=1)


class DeviceItem(Item):
    """DEVICE."""

    kind = EnumAttribute(DeviceKind, attr_name="ki")
    name = UnicodeAttribute(attr_name="nm")
    region = UnicodeAttribute(attr_name="re")
    state = EnumAttribute(DeviceState, attr_name="st")
    added = EpochMsAttribute(attr_name="ad")
    paired = EpochMsAttribute(attr_name="pa", null=True)
    revoked = EpochMsAttribute(attr_name="rv", null=True)
    digest = TextAttribute(attr_name="dg")
    used = TextAttribute(attr_name="us")


class PairingItem(Item):
    """PAIRING."""

    device = UnicodeAttribute(attr_name="de")
    expires = EpochSecondsAttribute(attr_name="ex")
    ttl = EpochSecondsAttribute()


def read_device(raw: Raw) -> Device:
    """Return the device in a raw item."""
    item = DeviceItem.read(raw)
    return Device(
        device_id=keys.device_of(item.pk),
        kind=item.kind,
        name=item.name,
        region=item.region,
        state=item.state,
        added_at=item.added,
        paired_at=item.paired,
        revoked_at=item.revoked,
        digest=item.digest,
        used_on=date.fromisoformat(item.used) if item.used else None,
    )


class DeviceStore:
    """Devices in the table. See `devices.Devices`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, device: Device, pairing: str, expires_at: datetime) -> None:
        """See `Devices.add`."""
        item = DeviceItem.at(
            keys.device(device.device_id),
            kind=device.kind,
            name=device.name,
            region=device.region,
            state=device.state,
            added=device.added_at,
        )
        code = PairingItem.at(
            keys.pairing(pairing),
            device=device.device_id,
            expires=expires_at,
            ttl=expires_at + _LEFTOVER,
        )
        self._table.transact(Put(item, ABSENT), Put(code, ABSENT))

    def device(self, device_id: str) -> Device | None:
        """See `Devices.device`."""
        raw = self._table.get(keys.device(device_id))
        return None if raw is None else read_device(raw)

    def pairing(self, pairing: str) -> Pairing | None:
        """See `Devices.pairing`."""
        raw = self._table.get(keys.pairing(pairing))
        if raw is None:
            return None
        item = PairingItem.read(raw)
        return Pairing(item.device, item.expires)

    def pair(self, device_id: str, pairing: str, digest: str, now: datetime) -> bool:
        """See `Devices.pair`. Of two concurrent requests, the second fails the condition."""
        item = DeviceItem
        return self._table.try_transact(
            Delete(keys.pairing(pairing), PRESENT & (PairingItem.expires > now)),
            Change(
                keys.device(device_id),
                [item.state.set(DeviceState.PAIRED), item.paired.set(now), item.digest.set(digest)],
                PRESENT & (item.state == DeviceState.ADDED),
            ),
        )

    def use(self, device_id: str, day: date) -> None:
        """See `Devices.use`. The condition keeps a device that was deleted from coming back."""
        try:
            self._table.update(
                keys.device(device_id), [DeviceItem.used.set(day.isoformat())], PRESENT
            )
        except ConditionFailed:
            return

    def revoke(self, device_id: str, now: datetime) -> bool:
        """See `Devices.revoke`. The time of the first revocation stays."""
        item = DeviceItem
        actions = [
            item.state.set(DeviceState.REVOKED),
            item.revoked.set(item.revoked | now),
        ]
        try:
            self._table.update(keys.device(device_id), actions, PRESENT)
        except ConditionFailed:
            return False
        return True
