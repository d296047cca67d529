"""Registrations that were verified: print the cards that wait for them at kiosks."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription


class Verified(NamedTuple):
    """A person whose registration was verified."""

    person_id: str
    correlation: str


def _read(record: Record) -> Verified | None:
    from chalicelib.identity.people import Verification
    from chalicelib.identity.store.people import read_registration

    profile, correlation = read_registration(record.new)
    before = read_registration(record.old)[0] if record.old else None
    if profile.verification is not Verification.VERIFIED:
        return None
    if before is not None and before.verification is Verification.VERIFIED:
        return None
    return Verified(profile.person_id, correlation)


def _print(verified: Verified) -> Mapping[str, object] | None:
    printed = container().card_printing.print_waiting(
        verified.person_id, correlation=verified.correlation, now=container().clock.now()
    )
    return {"what": "cards", "cards": printed} if printed else None


SUBSCRIPTION = Subscription(keys.is_profile, _read, _print)
