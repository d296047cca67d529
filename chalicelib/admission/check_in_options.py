"""A region's check-in options, from its policy."""

from datetime import datetime

from chalicelib.admission.policy import PaperAcceptance, Policies
from chalicelib.venues.channels import Channel, CheckInOptions


class PolicyOptions:
    """See `channels.RegionOptions`.

    `default` are the channels of regions whose policy names none: the mini-programs of the
    platforms that this deployment is connected to.
    """

    __slots__ = ("_default", "_policies")

    def __init__(self, *, policies: Policies, default: tuple[Channel, ...]) -> None:
        self._policies = policies
        self._default = default

    def of(self, region: str, now: datetime) -> CheckInOptions:
        """See `RegionOptions.of`."""
        policy = self._policies.of(region, now)
        channels = self._default if policy.channels is None else policy.channels
        return CheckInOptions(channels, policy.paper_pass is PaperAcceptance.ACCEPTED)
