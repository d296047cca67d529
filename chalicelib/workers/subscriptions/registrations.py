"""New and edited registrations, and such as are asked for again: have the provider verify them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.identity.people import Profile


class Registration(NamedTuple):
    """A registration to be verified."""

    profile: "Profile"
    correlation: str


def _read(record: Record) -> Registration | None:
    from chalicelib.identity.people import Verification
    from chalicelib.identity.store.people import read_registration

    profile, correlation = read_registration(record.new)
    before = read_registration(record.old)[0] if record.old else None
    asked = before is None or (before.registration, before.asked_at) != (
        profile.registration,
        profile.asked_at,
    )
    if asked and profile.verification is Verification.PENDING:
        return Registration(profile, correlation)
    return None


def _verify(registration: Registration) -> Mapping[str, object]:
    now = container().clock.now()
    container().lookup_requests.verify(registration.profile, registration.correlation, now)
    return {"what": "verification"}


SUBSCRIPTION = Subscription(keys.is_profile, _read, _verify)
