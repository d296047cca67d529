"""Paired phones of staff, which sign what they send late (GO-1).

A phone that was offline keeps passes and sends them later, when they are no longer live. Anybody
with an old picture of a pass could do the same. So a late upload is signed by a phone that its
owner, a member of a venue's staff, paired before the visit, and that they have not revoked since.

The secret follows from a root of the keys secret and the phone's id: it is not stored, and a retry
of the pairing returns the same one. It ends with its root.
"""

import hmac
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.admission.recording import CLOCK_TOLERANCE, client_time
from chalicelib.core import ids
from chalicelib.core.crypto import KeyRing
from chalicelib.core.errors import Conflict, Forbidden, Unavailable
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Actor

MOST = 5
"""Paired phones of one person."""
_REMEMBERED = 20
_PAIRING_RETRIED_FOR = 2 * CLOCK_TOLERANCE
"""A nonce may be ten minutes ahead when it comes, and comes again until ten minutes after it."""
_PREFIX, _PURPOSE = "phn", "staff-phone"
_TRIES = 8


class StaffPhone(NamedTuple):
    """A paired phone. `key_id` is the root from which its secret follows."""

    device_id: str
    paired_at: datetime
    key_id: str


class PairedPhones(NamedTuple):
    """The paired phones of a person, the oldest first; `version` counts the changes.

    `revoked` are phones that were revoked a short time ago: a retry of their pairing must not pair
    them again.
    """

    phones: tuple[StaffPhone, ...] = ()
    version: int = 0
    revoked: tuple[StaffPhone, ...] = ()

    def find(self, device_id: str) -> StaffPhone | None:
        """Return the phone with this id, or None."""
        return next((one for one in self.phones if one.device_id == device_id), None)


class StaffPhoneStore(Protocol):
    """The store of paired phones, implemented in `admission/store`."""

    def of(self, person_id: str) -> PairedPhones:
        """Return a person's phones. Cost: one strongly consistent GetItem."""

    def save(self, person_id: str, paired: PairedPhones) -> bool:
        """Record the phones, of which `version` is the next one; False if it is not.

        Cost: one conditional PutItem.
        """


class Upload(NamedTuple):
    """What a phone signs, as text: the scan of a pass at a venue. All of it as it is sent."""

    device_id: str
    venue_id: str
    nonce: str
    pass_code: str
    temperature: str


class Pairing(NamedTuple):
    """A phone that was paired, and its secret; `created` is False for a retry."""

    phone: StaffPhone
    secret: str
    created: bool


def sign(secret: str, upload: Upload) -> str:
    """Return the signature of an upload.

    ``v1=`` and the hexadecimal HMAC-SHA256, under the secret's text, over ``late-scan`` and the
    fields of `upload`, one a line, in UTF-8.
    """
    text = "\n".join(("late-scan", *upload))
    return "v1=" + hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


class StaffPhones:
    """The paired phones of a staff member."""

    __slots__ = ("_phones", "_ring")

    def __init__(self, *, phones: StaffPhoneStore, ring: KeyRing) -> None:
        self._phones = phones
        self._ring = ring

    def pair(self, actor: Actor, submission: Submission) -> Pairing:
        """Pair the actor's phone, and return it with its secret; the same for a retry.

        Raises Forbidden ``not_your_venue`` unless the actor works somewhere, Unprocessable
        ``clock_skewed``, Conflict ``too_many_devices`` above five phones and ``nonce_reused`` for a
        phone that was revoked since. Cost: one GetItem and one conditional PutItem.
        """
        if not actor.record.rights:
            raise Forbidden("not_your_venue")
        client_time(submission.nonce, submission.now, CLOCK_TOLERANCE)
        device_id = f"{_PREFIX}_{ids.derive('staff-phone', actor.person_id, submission.nonce)}"
        for _ in range(_TRIES):
            paired = self._phones.of(actor.person_id)
            known = paired.find(device_id)
            if known is not None:
                return Pairing(known, self._secret(known) or "", created=False)
            if any(one.device_id == device_id for one in paired.revoked):
                raise Conflict("nonce_reused")
            if len(paired.phones) >= MOST:
                raise Conflict("too_many_devices")
            phone = StaffPhone(device_id, submission.now, self._ring.active())
            changed = paired._replace(phones=(*paired.phones, phone), version=paired.version + 1)
            if self._phones.save(actor.person_id, changed):
                return Pairing(phone, self._secret(phone) or "", created=True)
        raise Unavailable

    def paired(self, actor: Actor) -> tuple[StaffPhone, ...]:
        """Return the actor's phones, the oldest first. Cost: one GetItem."""
        return self._phones.of(actor.person_id).phones

    def revoke(self, actor: Actor, device_id: str, now: datetime) -> None:
        """Revoke a phone of the actor; it counts from the next upload on. Idempotent.

        Cost: one GetItem, and one conditional PutItem if it was paired.
        """
        for _ in range(_TRIES):
            paired = self._phones.of(actor.person_id)
            gone = paired.find(device_id)
            if gone is None:
                return
            others = tuple(one for one in paired.phones if one.device_id != device_id)
            recent = [
                one
                for one in (*paired.revoked, gone)
                if now - one.paired_at <= _PAIRING_RETRIED_FOR
            ]
            changed = PairedPhones(others, paired.version + 1, tuple(recent[-_REMEMBERED:]))
            if self._phones.save(actor.person_id, changed):
                return
        raise Unavailable

    def require_signed(self, actor: Actor, upload: Upload, signature: str, at: datetime) -> None:
        """Require that a phone of the actor, paired before `at`, has signed `upload`.

        Raises Forbidden ``device_not_paired``, alike for every fault. Cost: one GetItem.
        """
        phone = self._phones.of(actor.person_id).find(upload.device_id)
        secret = self._secret(phone) if phone is not None and phone.paired_at <= at else None
        # Signatures are compared as bytes: a text of the client may hold any character.
        expected = sign(secret or "", upload).encode()
        if not hmac.compare_digest(expected, signature.encode()) or secret is None:
            raise Forbidden("device_not_paired")

    def _secret(self, phone: StaffPhone) -> str | None:
        """Return the phone's secret, 160 bits in 32 characters; None if its root was deleted."""
        key = self._ring.key(_PURPOSE, phone.key_id)
        if key is None:
            return None
        return ids.encode(hmac.digest(key, phone.device_id.encode(), "sha256")[:20])
