"""Whose a phone is, and whose an account at a platform is.

A platform vouches for an account; a phone, once confirmed, says whose it is. One phone is one
person, however they enter: an account whose phone is another person's becomes theirs.

| The account is | the phone is | then |
|---|---|---|
| nobody's | not given, or nobody's | a new person has it |
| nobody's | a person's | the account becomes theirs |
| a person's | not given, or theirs | nothing changes |
| a person's | nobody's | it becomes their phone, in the place of a former one |
| of a person without a phone | another person's | that person is merged into the other |
| of a person with a phone | another person's | refused: ``phone_taken`` |

Each line is one transaction on condition of what was read; the second of two requests reads again.
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
    """Finds the person of a phone or an account, makes new ones, and merges two that are one."""

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
        """Return the id of the person whose `phone` (E.164) is; make a new person if none has it.

        `phone` was proved to be the caller's.
        """
        blind = self._index.of("phone", phone)
        person_id = self._people.by_phone(blind)
        if person_id is not None:
            return person_id
        return self._people.create(self._new(phone, now), blind)

    def by_account(self, account: str, phone: str | None, *, now: datetime) -> str:
        """Return the id of the person whose `account` is from now on, by the table above.

        `account` is its canonical text; `phone` (E.164) was proved to be the caller's, None if it
        was not given. Raises Conflict ``phone_taken``.
        """
        account_blind = self._index.of("account", account)
        phone_blind = None if phone is None else self._index.of("phone", phone)
        for _ in range(_TRIES):
            holder = self._people.by_account(account_blind)
            if holder is not None:
                if phone is None:
                    return holder
                settled = self._settle(holder, phone, now=now)
                if settled is not None:
                    return settled
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
        """Make `phone` (E.164), which was proved to be the actor's, their phone.

        The session goes on with new tokens; where the phone is another person's and the actor has
        none yet, it is a session of that person. Raises Conflict ``phone_taken``; Unauthenticated
        ``session_ended`` when another request of theirs has done the same just now.
        """
        person_id = self._settle(actor.person_id, phone, now=now)
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

    def _settle(self, person_id: str, phone: str, *, now: datetime) -> str | None:
        """Return the person whose `phone` and `person_id`'s accounts are from now on.

        None when `person_id` has been merged into another person in this very moment.
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
