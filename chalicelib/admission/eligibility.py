"""Eligibility to scan a venue's code and to show a pass."""

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Profile, Verification


def require_may_scan(profile: Profile) -> None:
    """Raise Forbidden unless the person's registration permits scanning.

    A first registration that is pending permits it; a rejected one does not (JN-19, JN-20).
    """
    if profile.may_scan:
        return
    unregistered = profile.verification is Verification.NONE
    raise Forbidden("registration_required" if unregistered else "registration_rejected")
