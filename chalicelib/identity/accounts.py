"""Assign phones and platform accounts to people.

A platform vouches for an account. A confirmed phone identifies its owner, whatever the login. An
account whose phone belongs to another person is moved to that person.

| Owner of the account | Owner of the phone | Result |
|---|---|---|
| none | not given, or none | a new person gets the account and the phone |
| none | a person | that person gets the account |
| a person | not given, or the same person | no change |
| a person | none | the person gets the phone, in place of a former one |
| a person without a phone | another person | the first person is merged into the second |
| a person with a phone | another person | refused: ``phone_taken`` |

Each row is one transaction, conditional on the owners that were read. A request that loses a race
reads them again.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict, Unauthenticated, Unavailable
from chalicelib.core.ids import Ids
from chalicelib.identity import personal
from chalicelib.identity.people import Actor, People, Profile, Strength
from chalicelib.identity.sessions import Login, Sessions

_TRIES = 5


class Accounts:
    """Finds or creates the owner of a phone or an account; merges two records of a person."""

    __slots__ = ("_ids", "_index", "_people", "_sessions", "_vault")

    def __init__(
        self, *, people: People, sessions: Sessions, index: BlindIndex, ids: Ids, vault: Vault
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._index = index
        self._ids = ids
        self._vault = vault

    def by_phone(self, phone: str, *, now: datetime) -> str:
        """Return the id of the owner of `phone` (E.164); create the person if there is none.

        The caller has proved that `phone` is theirs.
        """
        blind = self._index.of("phone", phone)
        person_id = self._people.by_phone(blind)
        if person_id is not None:
            return person_id
        return self._people.create(self._new(phone, now), blind)

    def by_account(self, account: str, phone: str | None, *, now: datetime) -> str:
        """Assign `account` by the table above, and return the owner's id.

        `account` is in its canonical form. The caller has proved that `phone` (E.164) is theirs;
        None if not given. Raises Conflict ``phone_taken``.
        """
        account_blind = self._index.of("account", account)
        phone_blind = None if phone is None else self._index.of("phone", phone)
        for _ in range(_TRIES):
            holder = self._people.by_account(account_blind)
            if holder is not None:
                if phone is None:
                    return holder
                assigned = self._assign_phone(holder, phone, now=now)
                if assigned is not None:
                    return assigned
                continue
            owner = None if phone_blind is None else self._people.by_phone(phone_blind)
            if owner is not None and phone_blind is not None:
                if self._people.link(account_blind, owner, phone=phone_blind):
                    return owner
                continue
            profile = self._new(phone, now)
            if self._people.create_with_account(profile, account=account_blind, phone=phone_blind):
                return profile.person_id
        raise Unavailable

    def confirm_phone(self, actor: Actor, phone: str, *, now: datetime) -> Login:
        """Assign `phone` (E.164) to the actor, who has proved that it is theirs.

        The session continues with new tokens. If the actor is merged into another person, a new
        session of that person is opened. Raises Conflict ``phone_taken``; Unauthenticated
        ``session_ended`` if a concurrent request has merged the actor already.
        """
        person_id = self._assign_phone(actor.person_id, phone, now=now)
        if person_id is None:
            raise Unauthenticated("session_ended")
        if person_id == actor.person_id:
            return self._sessions.strengthen(actor, Strength.PHONE, now=now)
        return self._sessions.begin(person_id, actor.session.client, Strength.PHONE, now=now)

    def _new(self, phone: str | None, now: datetime) -> Profile:
        person_id = f"per_{self._ids.random()}"
        if phone is None:
            return Profile(person_id, b"")
        return Profile(person_id, personal.PHONE.seal(self._vault, phone, person_id, now=now))

    def _assign_phone(self, person_id: str, phone: str, *, now: datetime) -> str | None:
        """Assign `phone` by the table above, and return the owner of the phone and the accounts.

        None if a concurrent request has merged `person_id` into another person.
        """
        blind = self._index.of("phone", phone)
        for _ in range(_TRIES):
            owner = self._people.by_phone(blind)
            if owner == person_id:
                return owner
            profile = self._people.load(person_id).profile
            if profile is None:
                return None
            if owner is None:
                former = None
                if profile.phone:
                    earlier = personal.PHONE.open(self._vault, profile.phone, person_id)
                    former = self._index.of("phone", earlier)
                sealed = personal.PHONE.seal(self._vault, phone, person_id, now=now)
                changed = replace(profile, phone=sealed)
                if self._people.take_phone(changed, blind, former=former):
                    return person_id
            elif profile.phone:
                raise Conflict("phone_taken")
            else:
                accounts = self._people.accounts(person_id)
                if self._people.merge_into(person_id, accounts, owner, phone=blind):
                    return owner
        raise Unavailable
