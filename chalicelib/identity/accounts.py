"""Entering by WeChat or Alipay, and confirming the phone that makes a person of an account.

A platform vouches for an account; a phone, once confirmed, says whose it is. One phone is one
person, however they enter: an account whose phone is somebody's already becomes theirs.

| The account is | the phone is | then |
|---|---|---|
| nobody's | not given, or nobody's | a new person has it |
| nobody's | a person's | the account becomes theirs |
| a person's | not given, or theirs | nothing changes |
| a person's | nobody's | it becomes their phone, in the place of a former one |
| of a person without a phone | another person's | that person gives way to the other |
| of a person with a phone | another person's | refused: ``phone_taken`` |

Each line is one transaction on condition of what was read; whoever is second reads again.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.core.crypto import BlindIndex, Tokens, Vault
from chalicelib.core.errors import Conflict, Unauthenticated, Unavailable
from chalicelib.core.ids import Ids
from chalicelib.identity.people import Actor, Limits, People, Profile, Strength
from chalicelib.identity.platforms import PhoneProof, Platform
from chalicelib.identity.sessions import Login, begin, login_of

_TRIES = 5
_LOGINS_AN_HOUR_FROM_ONE_ADDRESS = 600  # a venue's whole Wi-Fi may stand behind one address


def log_in(
    platform: Platform,
    code: str,
    proof: PhoneProof | None,
    *,
    address: str,
    now: datetime,
    ids: Ids,
    index: BlindIndex,
    limits: Limits,
    people: People,
    tokens: Tokens,
    vault: Vault,
) -> Login:
    """Open a session for the platform's user, with the phone in `proof` if there is one (JN-16).

    Raises what the platform raises; Conflict ``phone_taken``; TooMany above 600 an hour for the
    network `address`, for each attempt is a call to the platform.
    """
    limits.charge(
        "login-address",
        index.of("address", address),
        limit=_LOGINS_AN_HOUR_FROM_ONE_ADDRESS,
        seconds=3600,
        now=now,
    )
    account = platform.account(code)
    phone = None if proof is None else platform.phone(proof)
    blind = index.of("account", account.canonical)
    person_id = _enter(blind, phone, now=now, ids=ids, index=index, people=people, vault=vault)
    strength = Strength.PLATFORM if phone is None else Strength.PHONE
    return begin(
        person_id, account.platform, strength, now=now, ids=ids, people=people, tokens=tokens
    )


def confirm_phone(
    actor: Actor,
    phone: str,
    *,
    now: datetime,
    ids: Ids,
    index: BlindIndex,
    people: People,
    tokens: Tokens,
    vault: Vault,
) -> Login:
    """Make `phone` (E.164), which was proved to be the actor's, their phone.

    The session goes on with new tokens; where the phone is another person's and the actor has none
    yet, it is a session of that person. Raises Conflict ``phone_taken``; Unauthenticated
    ``session_ended`` when another request of theirs has done the same just now.
    """
    person_id = _settle(actor.person_id, phone, now=now, index=index, people=people, vault=vault)
    if person_id is None:
        raise Unauthenticated("session_ended")
    session = replace(actor.session, strength=Strength.PHONE)
    if person_id == actor.person_id:
        people.strengthen_session(person_id, session.session_id, session.strength)
        return login_of(person_id, session, now=now, tokens=tokens)
    return begin(
        person_id,
        session.client,
        session.strength,
        now=now,
        ids=ids,
        people=people,
        tokens=tokens,
    )


def _enter(
    account: str,
    phone: str | None,
    *,
    now: datetime,
    ids: Ids,
    index: BlindIndex,
    people: People,
    vault: Vault,
) -> str:
    blind = None if phone is None else index.of("phone", phone)
    for _ in range(_TRIES):
        holder = people.by_account(account)
        if holder is not None:
            if phone is None:
                return holder
            settled = _settle(holder, phone, now=now, index=index, people=people, vault=vault)
            if settled is not None:
                return settled
            continue
        owner = None if blind is None else people.by_phone(blind)
        if owner is not None and blind is not None:
            if people.link(account, owner, phone=blind):
                return owner
            continue
        person_id = f"per_{ids.random()}"
        sealed = b"" if phone is None else vault.seal(phone, f"{person_id}/phone", now=now)
        if people.create_with_account(Profile(person_id, sealed), account=account, phone=blind):
            return person_id
    raise Unavailable


def _settle(
    person_id: str,
    phone: str,
    *,
    now: datetime,
    index: BlindIndex,
    people: People,
    vault: Vault,
) -> str | None:
    """The person whose `phone` is from now on, and with it the accounts of `person_id`.

    None when `person_id` has given way to somebody in this very moment.
    """
    blind = index.of("phone", phone)
    place = f"{person_id}/phone"
    for _ in range(_TRIES):
        owner = people.by_phone(blind)
        if owner == person_id:
            return owner
        profile = people.load(person_id).profile
        if profile is None:
            return None
        if owner is None:
            former = index.of("phone", vault.open(profile.phone, place)) if profile.phone else None
            changed = replace(profile, phone=vault.seal(phone, place, now=now))
            if people.take_phone(changed, blind, former=former):
                return person_id
        elif profile.phone:
            raise Conflict("phone_taken")
        elif people.merge_into(person_id, people.accounts(person_id), owner, phone=blind):
            return owner
    raise Unavailable
