"""Live passes, with the evidence shown on them."""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.policy import Policies
from chalicelib.admission.prefetching import Overview, Prefetching
from chalicelib.core.crypto import KeyRing
from chalicelib.identity import passes
from chalicelib.identity.people import Holder, People
from chalicelib.identity.registration import require_verified


class ShownPass(NamedTuple):
    """A pass as its QR code holds it, when it was minted, and the evidence on its holder.

    `refresh_after` is when the phone should ask for the next one.
    """

    code: str
    minted_at: datetime
    refresh_after: timedelta
    overview: Overview


class LivePasses:
    """The issuer of live passes."""

    __slots__ = ("_people", "_policies", "_prefetching", "_ring")

    def __init__(
        self, *, policies: Policies, prefetching: Prefetching, ring: KeyRing, people: People
    ) -> None:
        self._people = people
        self._policies = policies
        self._prefetching = prefetching
        self._ring = ring

    def show(self, holder: Holder, *, correlation: str, now: datetime) -> ShownPass:
        """Return the pass of `holder` of this minute, and prefetch the evidence that it shows.

        Every request of a minute gets the same pass, so that it is good for one entry at a venue. A
        pass needs an approved registration, unless policy allows a pending one (JN-21). People
        have no region, so the default policy applies. A guardian shows it on their own phone
        (YK-6). Raises Forbidden (registration).
        """
        if not self._policies.of("*", now).pass_while_pending:
            require_verified(holder.profile)
        require_may_scan(holder.profile)
        overview = self._prefetching.overview(holder, correlation=correlation, now=now)
        person_id = holder.person_id
        minted_at = passes.minute_of(now, holder.profile.passes_from)
        code = passes.mint(
            person_id, now=minted_at, ring=self._ring, guardian_id=holder.guardian_id
        )
        refresh_after = passes.refresh_at(person_id, minted_at) - now
        return ShownPass(code, minted_at, refresh_after, overview)

    def revoke(self, holder: Holder, now: datetime) -> None:
        """Revoke every live pass that was shown for `holder` until now (GO-4).

        It counts at the next scan, within a second; the next pass is valid. Cost: one UpdateItem.
        """
        self._people.revoke_live_passes(holder.person_id, now)
