"""Live passes, with the evidence shown on them."""

from datetime import datetime
from typing import NamedTuple

from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.policy import Policies
from chalicelib.admission.prefetching import Overview, Prefetching
from chalicelib.core.crypto import KeyRing
from chalicelib.identity import passes
from chalicelib.identity.people import Holder, People
from chalicelib.identity.registration import require_verified


class ShownPass(NamedTuple):
    """A pass as its QR code holds it, and the evidence on its holder."""

    code: str
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
        """Return a new pass for `holder`, and prefetch the evidence that it shows.

        A pass needs an approved registration, unless policy allows a pending one (JN-21). People
        have no region, so the default policy applies. A guardian shows it on their own phone
        (YK-6). Raises Forbidden (registration).
        """
        if not self._policies.of("*", now).pass_while_pending:
            require_verified(holder.profile)
        require_may_scan(holder.profile)
        overview = self._prefetching.overview(holder, correlation=correlation, now=now)
        code = passes.mint(
            holder.person_id, now=now, ring=self._ring, guardian_id=holder.guardian_id
        )
        return ShownPass(code, overview)

    def revoke(self, holder: Holder, now: datetime) -> None:
        """Revoke every live pass that was shown for `holder` until now (GO-4).

        It counts at the next scan, within a second; the next pass is valid. Cost: one UpdateItem.
        """
        self._people.revoke_live_passes(holder.person_id, now)
