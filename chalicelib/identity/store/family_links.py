"""The store of family links; `identity/store/family_items` has the items."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.core import keys
from chalicelib.core.errors import Conflict, Unavailable, Unprocessable
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    Change,
    Check,
    ConditionFailed,
    Delete,
    Put,
    Raw,
    Table,
)
from chalicelib.identity.family import FamilyLink
from chalicelib.identity.people import Profile, Verification
from chalicelib.identity.store.consents import spending
from chalicelib.identity.store.family_items import (
    DependantsItem,
    GuardiansItem,
    entries,
    is_over,
    link_writes,
    transfer_writes,
    unlink_writes,
)
from chalicelib.identity.store.people import (
    OwnerItem,
    ProfileItem,
    profile_item,
    read_profile,
    still_verified,
)

_TRIES = 3
Links = dict[str, tuple[FamilyLink, str]]


class _Family(NamedTuple):
    """A person's profile and both kinds of links, with the document of each."""

    profile: Profile | None
    dependants: Links
    guardians: Links


class FamilyStore:
    """Family links in the table. See `family.FamilyLinks`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def link(
        self, guardian: Profile, dependant: Profile, link: FamilyLink, *, consent: str = ""
    ) -> bool:
        """See `FamilyLinks.link`."""
        writes: list[Change | Check | Delete] = [
            *link_writes(guardian, dependant, link),
            still_verified(guardian),
            _still_registered(dependant),
        ]
        if consent:
            writes.append(spending(dependant.person_id, consent, link.since))
        try:
            self._table.transact(*writes)
        except ConditionFailed as failure:
            mine, theirs, *checks = failure.met[:4]
            if mine and dependant.person_id in mine:
                return False
            if failure.met[4:] not in ([], [None]):
                raise Unprocessable("consent_code_invalid") from None
            raise _refusal(mine, theirs, checks) from None
        return True

    def create(
        self, guardian: Profile, dependant: Profile, link: FamilyLink, *, correlation: str
    ) -> None:
        """See `FamilyLinks.create`."""
        owner = OwnerItem.at(keys.identity(dependant.document_blind), person=dependant.person_id)
        try:
            self._table.transact(
                Put(owner, ABSENT),
                Put(profile_item(dependant, correlation), ABSENT),
                *link_writes(guardian, dependant, link),
                still_verified(guardian),
            )
        except ConditionFailed as failure:
            claim, profile, mine, theirs, *checks = failure.met
            if claim is not None:
                raise Conflict("identity_taken") from None
            if profile is not None:
                raise Conflict("nonce_reused") from None
            raise _refusal(mine, theirs, checks) from None

    def unlink(self, guardian_id: str, dependant_id: str) -> bool:
        """See `FamilyLinks.unlink`."""
        return self._table.try_transact(*unlink_writes(guardian_id, dependant_id))

    def discard(self, person_id: str) -> bool:
        """See `FamilyLinks.discard`. A rejection has released the document already."""
        rejected = (ProfileItem.verification == Verification.REJECTED) & (
            ProfileItem.phone.does_not_exist()
        )
        return self._table.try_transact(
            Delete(keys.profile(person_id), PRESENT & rejected),
            Delete(keys.guardians(person_id), ABSENT | (GuardiansItem.many == 0)),
        )

    def transfer(
        self, former_id: str, guardian: Profile, dependant: Profile, link: FamilyLink
    ) -> None:
        """See `FamilyLinks.transfer`."""
        try:
            self._table.transact(
                *transfer_writes(former_id, guardian, dependant, link),
                still_verified(guardian),
                _still_registered(dependant),
            )
        except ConditionFailed as failure:
            mine, theirs, former, *checks = failure.met
            if (mine and dependant.person_id in mine) or former is not None:
                raise Conflict("dependant_taken") from None
            raise _refusal(mine, theirs, checks) from None

    def prune(self, person_id: str, now: datetime) -> bool:
        """See `FamilyLinks.prune`."""
        own = self._family(person_id)
        pruned = False
        for other_id, (link, document) in own.dependants.items():
            other = self._family(other_id)
            mirror = other.guardians.get(person_id, (link, ""))
            if self._is_over(link, document, own, now) or self._is_over(*mirror, other, now):
                pruned |= self.unlink(person_id, other_id)
        for other_id, (link, document) in own.guardians.items():
            other = self._family(other_id)
            mirror = other.dependants.get(person_id, (link, ""))
            if self._is_over(link, document, own, now) or self._is_over(*mirror, other, now):
                pruned |= self.unlink(other_id, person_id)
        return pruned

    def _is_over(self, link: FamilyLink, document: str, owner: _Family, now: datetime) -> bool:
        profile = owner.profile
        registered = profile is not None and self._table.same_index(
            document, profile.document_beginning
        )
        return is_over(link, now, registered=registered)

    def forget(self, person_id: str) -> None:
        """See `FamilyLinks.forget`."""
        for _ in range(_TRIES):
            own = self._family(person_id)
            for other_id in own.dependants:
                self.unlink(person_id, other_id)
            for other_id in own.guardians:
                self.unlink(other_id, person_id)
            if self._table.try_transact(
                Delete(keys.dependants(person_id), ABSENT | (DependantsItem.many == 0)),
                Delete(keys.guardians(person_id), ABSENT | (GuardiansItem.many == 0)),
            ):
                return
        raise Unavailable

    def _family(self, person_id: str) -> _Family:
        profile: Profile | None = None
        links: dict[str, Links] = {}
        span = (keys.HOT, keys.SUBJECT_TO)
        for raw in self._table.query(keys.person(person_id), span, consistent=True):
            sort_key = raw["sk"]["S"]
            if sort_key == keys.profile(person_id).sk:
                profile = read_profile(person_id, raw)
            elif sort_key in (keys.dependants(person_id).sk, keys.guardians(person_id).sk):
                links[sort_key] = {other: (link, under) for other, link, under in entries(raw)}
        return _Family(
            profile,
            links.get(keys.dependants(person_id).sk, {}),
            links.get(keys.guardians(person_id).sk, {}),
        )


def _still_registered(dependant: Profile) -> Check:
    """Return the condition that the dependant is registered as before.

    A managed person who has become their own is not.
    """
    phone = ProfileItem.phone
    login = phone.exists() if dependant.phone else phone.does_not_exist()
    return Check(
        keys.profile(dependant.person_id),
        PRESENT
        & (ProfileItem.document_blind == dependant.document_blind)
        & (ProfileItem.verification != Verification.REJECTED)
        & login,
    )


def _refusal(mine: Raw | None, theirs: Raw | None, checks: Sequence[Raw | None]) -> Conflict:
    if any(check is not None for check in checks):
        return Conflict("version_conflict")
    if mine is not None:
        return Conflict("too_many_dependants")
    return Conflict("dependant_taken" if theirs is not None else "version_conflict")
