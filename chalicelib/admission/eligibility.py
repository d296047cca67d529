"""Eligibility to scan a venue's code and to show a pass."""

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Actor, Verification


def require_may_scan(actor: Actor) -> None:
    """Raise Forbidden unless the actor's registration permits scanning.

    A first registration that is pending permits it; a rejected one does not (JN-19, JN-20).
    """
    if actor.profile.may_scan:
        return
    unregistered = actor.profile.verification is Verification.NONE
    raise Forbidden("registration_required" if unregistered else "registration_rejected")
