"""Paired devices, and their credentials. A kiosk prints people's paper passes (JN-30).

An operator adds a device and gets a pairing code. The device exchanges the code for its credential:

    VK1.<kiosk, 16>.<secret, 32>

The secret has 160 random bits. Only its SHA-256 is stored, with the device, which every request
reads. So a revoked credential is refused from the next request on.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.core import ids, short_codes
from chalicelib.core.clock import CHINA, local_day
from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.ids import Ids
from chalicelib.core.networks import network_of
from chalicelib.identity.people import Limits

PAIRING_LENGTH = 11  # ten random characters (50 bits) and a check character
PAIRING_LIFE = timedelta(hours=1)
_PAIRINGS_AN_HOUR = 60  # from one network address, which the kiosks of an office may share
_KIOSK, _PREFIX = "VK1", "kio_"
_SECRET_LENGTH = 2 * ids.LENGTH


class DeviceKind(StrEnum):
    """What a device is for."""

    KIOSK = "kiosk"


class DeviceState(StrEnum):
    """The state of a device. A revoked one stays revoked."""

    ADDED = "added"
    PAIRED = "paired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Device:
    """A device.

    `name` is its place, as people are shown it. `region` is a code of GB/T 2260. `digest` is the
    SHA-256 of its secret, empty until it is paired. `used_on` is the last day of a request, in
    China. Other times are in UTC.
    """

    device_id: str
    kind: DeviceKind
    name: str
    region: str
    state: DeviceState
    added_at: datetime
    paired_at: datetime | None = None
    revoked_at: datetime | None = None
    digest: str = ""
    used_on: date | None = None


class Pairing(NamedTuple):
    """An unused pairing code: its device, and the time when it expires."""

    device_id: str
    expires_at: datetime


class Devices(Protocol):
    """The store of devices, implemented in `identity/store`."""

    def add(self, device: Device, pairing: str, expires_at: datetime) -> None:
        """Record a new device, and the blind index of its pairing code.

        Cost: one TransactWriteItems.
        """

    def device(self, device_id: str) -> Device | None:
        """Return a device. Cost: one strongly consistent GetItem."""

    def pairing(self, pairing: str) -> Pairing | None:
        """Return the unused pairing code with this blind index.

        Cost: one strongly consistent GetItem.
        """

    def pair(self, device_id: str, pairing: str, digest: str, now: datetime) -> bool:
        """Spend the pairing code and record the credential's digest.

        Returns False if the code is spent or has expired, or the device is revoked. Cost: one
        TransactWriteItems.
        """

    def use(self, device_id: str, day: date) -> None:
        """Record the last day of a request. Cost: one UpdateItem."""

    def revoke(self, device_id: str, now: datetime) -> bool:
        """Revoke a device; False if there is none. Idempotent. Cost: one UpdateItem."""


class Paired(NamedTuple):
    """A device that was paired just now. Its credential cannot be read again."""

    device_id: str
    credential: str


def credential(device_id: str, secret: str) -> str:
    """Return the credential of a kiosk with this secret."""
    return f"{_KIOSK}.{device_id.removeprefix(_PREFIX)}.{secret}"


def read_credential(token: str) -> tuple[str, str]:
    """Return the id and the secret in a kiosk's credential, which may be forged.

    Raises Unauthenticated ``token_invalid`` for a text that is none.
    """
    kind, _, rest = token.partition(".")
    serial, _, secret = rest.partition(".")
    if kind != _KIOSK or not (ids.is_code(serial) and ids.is_number(secret, _SECRET_LENGTH)):
        raise Unauthenticated("token_invalid")
    return f"{_PREFIX}{serial}", secret


class DeviceCredentials:
    """Adds, pairs, authenticates and revokes devices."""

    __slots__ = ("_devices", "_ids", "_index", "_limits")

    def __init__(self, *, devices: Devices, limits: Limits, index: BlindIndex, ids: Ids) -> None:
        self._devices = devices
        self._limits = limits
        self._index = index
        self._ids = ids

    def add(self, name: str, region: str, *, now: datetime) -> tuple[Device, str]:
        """Add a kiosk; return it with its pairing code, valid for an hour.

        `name` and `region` are as in `Device`. Cost: one TransactWriteItems.
        """
        device = Device(
            f"{_PREFIX}{self._ids.random()}", DeviceKind.KIOSK, name, region, DeviceState.ADDED, now
        )
        code = short_codes.new(PAIRING_LENGTH)
        self._devices.add(device, self._blind(code), now + PAIRING_LIFE)
        return device, code

    def pair(self, code: str, *, address: str, now: datetime) -> Paired:
        """Exchange a pairing code for the credential of its device. It works once.

        A retry after a lost answer is refused: the operator revokes the kiosk and adds it again.
        Raises Unauthenticated ``pairing_code_invalid``; TooMany above 60 tries an hour for the
        caller's network `address`.
        """
        whom = self._index.of("address", network_of(address))
        self._limits.charge("pairing", whom, limit=_PAIRINGS_AN_HOUR, seconds=3600, now=now)
        blind = self._blind(code)
        pairing = self._devices.pairing(blind)
        if pairing is None or pairing.expires_at <= now:
            raise Unauthenticated("pairing_code_invalid")
        secret = self._ids.random() + self._ids.random()
        if not self._devices.pair(pairing.device_id, blind, _digest(secret), now):
            raise Unauthenticated("pairing_code_invalid")
        return Paired(pairing.device_id, credential(pairing.device_id, secret))

    def authenticate(self, token: str, *, now: datetime) -> Device:
        """Return the kiosk with this credential.

        Cost: one strongly consistent GetItem, and one UpdateItem a day. Raises Unauthenticated:
        ``device_revoked``, or ``token_invalid`` for any other fault.
        """
        device_id, secret = read_credential(token)
        device = self._devices.device(device_id)
        # An unpaired device has no digest, which no secret has.
        stored = device.digest if device else ""
        if device is None or not hmac.compare_digest(stored, _digest(secret)):
            raise Unauthenticated("token_invalid")
        if device.state is DeviceState.REVOKED:
            raise Unauthenticated("device_revoked")
        today = local_day(now, CHINA)
        if device.used_on != today:
            self._devices.use(device.device_id, today)
        return device

    def revoke(self, device_id: str, *, now: datetime) -> bool:
        """Revoke a device, and its unused pairing code; False if there is none. Idempotent."""
        return ids.is_id(device_id, "kio") and self._devices.revoke(device_id, now)

    def _blind(self, code: str) -> str:
        # Keyed, because 50 bits can be guessed from a plain hash.
        return self._index.of("pairing", code)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
