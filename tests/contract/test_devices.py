"""`devices.Devices`: a pairing code works once and in time; a revoked device stays revoked."""

from datetime import date, timedelta

from chalicelib.identity.devices import Device, DeviceKind, DeviceState, Pairing
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

SOON = NOON + timedelta(hours=1)


def kiosk() -> Device:
    return Device(
        f"kio_{makers.random()}", DeviceKind.KIOSK, "信宜市政务大厅一号机", "440983",
        DeviceState.ADDED, NOON,
    )  # fmt: skip


def added(stores: Stores) -> tuple[Device, str]:
    """A new device and the blind index of its pairing code."""
    device, code = kiosk(), makers.blind()
    stores.devices.add(device, code, SOON)
    return device, code


def test_a_device_is_read_as_it_was_added(stores: Stores) -> None:
    device, code = added(stores)
    assert stores.devices.device(device.device_id) == device
    assert stores.devices.pairing(code) == Pairing(device.device_id, SOON)


def test_what_was_never_added_is_not_there(stores: Stores) -> None:
    assert stores.devices.device(kiosk().device_id) is None
    assert stores.devices.pairing(makers.blind()) is None


def test_a_pairing_code_works_once(stores: Stores) -> None:
    device, code = added(stores)
    assert stores.devices.pair(device.device_id, code, "first", NOON)
    assert not stores.devices.pair(device.device_id, code, "second", NOON)
    assert stores.devices.pairing(code) is None
    found = stores.devices.device(device.device_id)
    assert found is not None
    assert (found.state, found.paired_at, found.digest) == (DeviceState.PAIRED, NOON, "first")


def test_a_pairing_code_that_has_expired_pairs_nothing(stores: Stores) -> None:
    device, code = added(stores)
    assert not stores.devices.pair(device.device_id, code, "x", SOON)
    assert stores.devices.device(device.device_id) == device


def test_another_devices_code_pairs_nothing(stores: Stores) -> None:
    device, code = added(stores)
    assert not stores.devices.pair(kiosk().device_id, code, "x", NOON)
    assert stores.devices.pair(device.device_id, code, "x", NOON)


def test_a_revoked_device_cannot_be_paired(stores: Stores) -> None:
    device, code = added(stores)
    assert stores.devices.revoke(device.device_id, NOON)
    assert not stores.devices.pair(device.device_id, code, "x", NOON)


def test_the_time_of_the_first_revocation_stays(stores: Stores) -> None:
    device, code = added(stores)
    stores.devices.pair(device.device_id, code, "digest", NOON)
    assert stores.devices.revoke(device.device_id, NOON)
    assert stores.devices.revoke(device.device_id, SOON)
    found = stores.devices.device(device.device_id)
    assert found is not None
    assert (found.state, found.revoked_at) == (DeviceState.REVOKED, NOON)
    assert found.digest == "digest"


def test_revoking_what_is_not_there_makes_nothing(stores: Stores) -> None:
    unknown = kiosk().device_id
    assert not stores.devices.revoke(unknown, NOON)
    stores.devices.use(unknown, date(2026, 11, 22))
    assert stores.devices.device(unknown) is None


def test_the_day_of_the_last_request_is_kept(stores: Stores) -> None:
    device, _ = added(stores)
    for day in (21, 22):
        stores.devices.use(device.device_id, date(2026, 11, day))
    found = stores.devices.device(device.device_id)
    assert found is not None
    assert found.used_on == date(2026, 11, 22)
