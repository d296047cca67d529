"""Who may scan a venue's code and show a pass."""

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Actor, Verification


def require_may_scan(actor: Actor) -> None:
    """Pending for the first time may scan, rejected may not (JN-19, JN-20). Raises Forbidden."""
    if actor.profile.may_scan:
        return
    unregistered = actor.profile.verification is Verification.NONE
    raise Forbidden("registration_required" if unregistered else "registration_rejected")
