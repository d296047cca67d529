"""Assign phones and platform accounts to people.

A platform vouches for an account. A confirmed phone identifies its owner, whatever the login. An
account whose phone belongs to another person is moved to that person.

| Owner of the account | Owner of the phone | Result |
|---|---|---|
| none | not given, or none | a new person gets the account and the phone |
| none | a person | that person gets the account |
| a person | not given, or the same person | no change |
| a person without a phone | none | the person gets the phone |
| a person with a phone | none | at a login, no change; else the phone is replaced, after a proof |
| a person without a phone | another person | the first person is merged into the second |
| a registered person, or one with a phone | another person | refused: ``phone_taken`` |

**A phone that may have a new owner** has, for this table, none: operators give numbers to new
customers. It is so if its owner has not been seen with it for `absence` (a mobile number is given
out again after 90 days at the earliest: MIIT, rules for numbers), or has an account of the same
mini-program already, and another one shows the phone. The same user has another account in another
mini-program, which therefore says nothing. The new owner gets the phone, and is a new person with
nothing of the former one. The former owner keeps their record, their accounts and sessions, and the
new person is their `successor`. If the new person registers the same name and document, it was the
same human being: they get their record back (`succession`).

Each row is one transaction, conditional on the owners that were read. A request that loses a race
reads them again.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict, Unauthenticated, Unavailable
from chalicelib.core.ids import Ids
from chalicelib.identity import personal
from chalicelib.identity.people import Account, Actor, People, Profile, Strength, Verification
from chalicelib.identity.platforms import PlatformAccount
from chalicelib.identity.sessions import Login, Sessions

_TRIES = 5


class Assigned(NamedTuple):
    """The owner of an account; `confirmed`: the phone that was shown is theirs."""

    person_id: str
    confirmed: bool


class _Owner(NamedTuple):
    """The owner of a phone. `doubtful`: the phone may have a new one."""

    profile: Profile
    doubtful: bool


class Accounts:
    """Finds or creates the owner of a phone or an account; merges two records of a person.

    `absence` is after what time without a login a phone may have a new owner.
    """

    __slots__ = ("_absence", "_ids", "_index", "_people", "_sessions", "_vault")

    def __init__(
        self,
        *,
        people: People,
        sessions: Sessions,
        index: BlindIndex,
        ids: Ids,
        vault: Vault,
        absence: timedelta,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._index = index
        self._ids = ids
        self._vault = vault
        self._absence = absence

    def by_phone(self, phone: str, *, now: datetime) -> str:
        """Return the id of the owner of `phone` (E.164); create the person if there is none.

        The caller has proved that `phone` is theirs.
        """
        blind = self._index.of("phone", phone)
        for _ in range(_TRIES):
            owner = self._owner(blind, frozenset(), now)
            if owner is None:
                return self._people.create(self._new(phone, now), blind)
            if not owner.doubtful:
                return owner.profile.person_id
            profile = self._new(phone, now)
            if self._people.succeed(owner.profile, profile, blind):
                return profile.person_id
        raise Unavailable

    def by_account(self, account: PlatformAccount, phone: str | None, *, now: datetime) -> Assigned:
        """Assign `account` by the table above, and return the owner.

        The caller has proved that `phone` (E.164) is theirs; None if not given. Raises Conflict
        ``phone_taken``.
        """
        mine = Account(self._index.of("account", account.canonical), account.program)
        blind = None if phone is None else self._index.of("phone", phone)
        for _ in range(_TRIES):
            holder = self._people.by_account(mine.blind)
            if holder is not None:
                if phone is None:
                    return Assigned(holder, confirmed=False)
                assigned = self._assign_phone(holder, phone, now=now, replaces=False)
                if assigned is not None:
                    return assigned
                continue
            owner = blind and self._owner(blind, frozenset({mine.program}), now)
            if owner and blind and not owner.doubtful:
                if self._people.link(mine, owner.profile.person_id, phone=blind):
                    return Assigned(owner.profile.person_id, confirmed=True)
                continue
            profile = self._new(phone, now)
            if owner and blind:
                done = self._people.succeed(owner.profile, profile, blind, account=mine)
            else:
                done = self._people.create_with_account(profile, account=mine, phone=blind)
            if done:
                return Assigned(profile.person_id, confirmed=phone is not None)
        raise Unavailable

    def owns(self, account: PlatformAccount, phone: str) -> bool:
        """Return whether the owner of `account` has `phone` (E.164). Cost: two GetItem."""
        holder = self._people.by_account(self._index.of("account", account.canonical))
        return holder is not None and holder == self._people.by_phone(
            self._index.of("phone", phone)
        )

    def confirm_phone(self, actor: Actor, phone: str, *, now: datetime) -> Login:
        """Assign `phone` (E.164) to the actor, who has proved that it is theirs.

        The session continues with new tokens. If the actor is merged into another person, a new
        session of that person is opened. Raises Conflict ``phone_taken``; Unauthenticated
        ``session_ended`` if a concurrent request has merged the actor already.
        """
        assigned = self._assign_phone(actor.person_id, phone, now=now, replaces=True)
        if assigned is None:
            raise Unauthenticated("session_ended")
        if assigned.person_id != actor.person_id:
            client = actor.session.client
            return self._sessions.begin(assigned.person_id, client, Strength.PHONE, now=now)
        return self._sessions.strengthen(actor, Strength.PHONE, now=now)

    def replaces(self, profile: Profile, phone: str) -> bool:
        """Return whether the person has another phone than `phone` (E.164)."""
        return bool(profile.phone) and self.phone_of(profile) != phone

    def phone_of(self, profile: Profile) -> str:
        """Return the person's phone (E.164). Raises ValueError if there is none."""
        return personal.PHONE.open(self._vault, profile.phone, profile.person_id)

    def _owner(self, blind: str, programs: frozenset[str], now: datetime) -> _Owner | None:
        """Return the owner of a phone, to whom accounts of `programs` would be added.

        Cost: one GetItem and one Query, and another Query if there are programs.
        """
        person_id = self._people.by_phone(blind)
        record = self._people.load(person_id) if person_id else None
        if record is None or record.profile is None:
            return None
        profile = record.profile
        ends = (one.expires_at for one in record.sessions.values() if one.shows_phone)
        open_until = max(ends, default=now)
        away = profile.seen_at is not None and profile.seen_at <= now - self._absence
        absent = away and open_until <= now
        theirs = self._people.accounts(profile.person_id) if absent or programs else {}
        if profile.verification is Verification.NONE and not theirs:
            return _Owner(profile, doubtful=False)  # there is nothing to inherit
        changed = not programs.isdisjoint(theirs.values())
        return _Owner(profile, doubtful=absent or changed)

    def _new(self, phone: str | None, now: datetime) -> Profile:
        person_id = f"per_{self._ids.random()}"
        if phone is None:
            return Profile(person_id, b"", seen_at=now)
        sealed = personal.PHONE.seal(self._vault, phone, person_id, now=now)
        blind = self._index.of("phone", phone)
        return Profile(person_id, sealed, seen_at=now, phone_blind=blind)

    def _assign_phone(
        self, person_id: str, phone: str, *, now: datetime, replaces: bool
    ) -> Assigned | None:
        """Assign `phone` by the table above, and return the owner of the accounts.

        `replaces`: it takes the place of another phone. None if a concurrent request has merged
        `person_id` into another person.
        """
        blind = self._index.of("phone", phone)
        for _ in range(_TRIES):
            if self._people.by_phone(blind) == person_id:
                return Assigned(person_id, confirmed=True)
            profile = self._people.load(person_id).profile
            if profile is None:
                return None
            accounts = self._people.accounts(person_id)
            owner = self._owner(blind, frozenset(accounts.values()) - {""}, now)
            if owner is None or owner.doubtful:
                if profile.phone and not replaces:
                    return Assigned(person_id, confirmed=False)
                if self._take(profile, phone, None if owner is None else owner.profile, now):
                    return Assigned(person_id, confirmed=True)
            elif profile.phone or profile.verification is not Verification.NONE:
                raise Conflict("phone_taken")
            elif self._people.merge_into(person_id, accounts, owner.profile.person_id, phone=blind):
                return Assigned(owner.profile.person_id, confirmed=True)
        raise Unavailable

    def _take(self, profile: Profile, phone: str, owner: Profile | None, now: datetime) -> bool:
        former = self._index.of("phone", self.phone_of(profile)) if profile.phone else None
        sealed = personal.PHONE.seal(self._vault, phone, profile.person_id, now=now)
        blind = self._index.of("phone", phone)
        changed = replace(profile, phone=sealed, phone_blind=blind)
        return self._people.take_phone(changed, blind, former=former, owner=owner)
