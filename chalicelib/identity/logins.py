"""Login by a one-time code, or from a mini-program of WeChat or Alipay."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import Unauthenticated, Unprocessable
from chalicelib.core.ids import is_id
from chalicelib.core.networks import network_of
from chalicelib.identity.accounts import Accounts
from chalicelib.identity.one_time_codes import OneTimeCodes
from chalicelib.identity.people import Actor, GuessState, Limits, Strength
from chalicelib.identity.phone_changes import ChangeProof, PhoneChanges
from chalicelib.identity.platforms import PhoneProof, Platform, PlatformName
from chalicelib.identity.sessions import Login, Sessions

_LOGINS_AN_HOUR_FROM_ONE_ADDRESS = 600  # a venue's Wi-Fi may share one address


class Invitations(Protocol):
    """Rights that wait for a person's login, implemented by `venues.staffing.Staffing`."""

    def accept_invitations(self, person_id: str, *, now: datetime) -> int:
        """Bind the person to the rights that wait for their phone; return how many (XC-21)."""


class Request(NamedTuple):
    """The network address and the language of the caller, and the time."""

    address: str
    language: str
    now: datetime


class PhoneProofs(Protocol):
    """The store of phone proofs without a time, implemented in `identity/store`."""

    def claim(self, blind: str, by: str, *, now: datetime) -> bool:
        """Record that `by` has shown a proof; False if it was shown before.

        `by` may show it again for `REPLAY`, after a lost answer. Cost: one PutItem.
        """


class PhoneLogin:
    """Login, and confirmation of a phone, by a one-time code."""

    __slots__ = ("_accounts", "_changes", "_codes", "_invitations", "_sessions")

    def __init__(
        self,
        *,
        codes: OneTimeCodes,
        accounts: Accounts,
        changes: PhoneChanges,
        sessions: Sessions,
        invitations: Invitations,
    ) -> None:
        self._codes = codes
        self._accounts = accounts
        self._changes = changes
        self._sessions = sessions
        self._invitations = invitations

    def log_in(self, phone: str, code: str, *, address: str, now: datetime) -> Login:
        """Open a session for the owner of `phone` (E.164). The first login creates the person.

        A retry after a lost answer, within 30 seconds (`people.REPLAY`), gets the same session.
        Raises Unauthenticated: ``otp_invalid`` for a code that is wrong, expired or used,
        ``otp_used_up`` after too many wrong codes.
        """
        session_id = self._sessions.new_id()
        guess = self._codes.spend(phone, code, address=address, by=session_id, now=now)
        if guess.state is GuessState.USED_UP:
            raise Unauthenticated("otp_used_up")
        if guess.state is GuessState.WRONG or not is_id(guess.by, "ses"):
            raise Unauthenticated("otp_invalid")
        person_id = self._accounts.by_phone(phone, now=now)
        login = self._sessions.begin(person_id, "sms", Strength.PHONE, session_id=guess.by, now=now)
        self._invitations.accept_invitations(person_id, now=now)
        return login

    def confirm_phone(
        self, actor: Actor, phone: str, code: str, proof: ChangeProof, request: Request
    ) -> Login:
        """Assign `phone` (E.164) to the actor; see `PhoneChanges`.

        Raises Unprocessable ``phone_proof_invalid`` for a code that `log_in` would refuse.
        """
        address, now = request.address, request.now
        # A wrong code must not use up the one of the former phone.
        if proof.former_code and (
            self._codes.check(phone, code, address=address, now=now) is not GuessState.RIGHT
        ):
            raise Unprocessable("phone_proof_invalid")
        self._changes.prove(actor, phone, proof, address=address, now=now)
        guess = self._codes.spend(phone, code, address=address, by=actor.person_id, now=now)
        if guess.state is not GuessState.RIGHT or guess.by != actor.person_id:
            raise Unprocessable("phone_proof_invalid")
        return self._changes.assign(actor, phone, proof, language=request.language, now=now)


class PlatformLogin:
    """Login, and confirmation of a phone, by the proofs of a platform (JN-16).

    `platform` returns the platform with a name.
    """

    __slots__ = (
        "_accounts", "_changes", "_index", "_invitations", "_limits", "_platform", "_proofs",
        "_sessions",
    )  # fmt: skip

    def __init__(
        self,
        *,
        platform: Callable[[PlatformName], Platform],
        accounts: Accounts,
        changes: PhoneChanges,
        sessions: Sessions,
        invitations: Invitations,
        limits: Limits,
        index: BlindIndex,
        proofs: PhoneProofs,
    ) -> None:
        """Keep the collaborators: many parameters because account, phone and platform meet here."""
        self._platform = platform
        self._accounts = accounts
        self._changes = changes
        self._proofs = proofs
        self._sessions = sessions
        self._invitations = invitations
        self._limits = limits
        self._index = index

    def log_in(
        self,
        name: PlatformName,
        code: str,
        proof: PhoneProof | None,
        *,
        address: str,
        now: datetime,
    ) -> Login:
        """Open a session for the platform's user, with the phone in `proof` if given.

        A proof that names no time (`PlatformName.dates_phones`) counts once, and for an account
        whose owner has the phone already; otherwise it is passed over, and the person confirms the
        phone by text message. The session's strength says so.

        Raises the errors of `Platform`; Conflict ``phone_taken``; TooMany above 600 an hour for the
        network `address`, because each attempt calls the platform.
        """
        platform = self._platform(name)
        self._limits.charge(
            "login-address",
            self._index.of("address", network_of(address)),
            limit=_LOGINS_AN_HOUR_FROM_ONE_ADDRESS,
            seconds=3600,
            now=now,
        )
        account = platform.account(code)
        phone = None if proof is None else platform.phone(proof)
        if proof is not None and phone is not None and not name.dates_phones:
            first = self._claim(proof, account.canonical, now)
            if not first or not self._accounts.owns(account, phone):
                phone = None
        assigned = self._accounts.by_account(account, phone, now=now)
        strength = Strength.PHONE if assigned.confirmed else Strength.PLATFORM
        login = self._sessions.begin(assigned.person_id, account.platform, strength, now=now)
        self._invitations.accept_invitations(assigned.person_id, now=now)
        return login

    def confirm_phone(
        self,
        actor: Actor,
        name: PlatformName,
        shown: PhoneProof,
        proof: ChangeProof,
        request: Request,
    ) -> Login:
        """Assign the phone in `shown` to the actor; see `PhoneChanges`.

        Raises the errors of `Platform`; Unprocessable ``confirm_by_text_message`` for a proof
        without a time, if it was shown before, or if the phone is not the actor's already.
        """
        phone = self._platform(name).phone(shown)
        if not name.dates_phones:
            known = actor.profile.phone and not self._accounts.replaces(actor.profile, phone)
            if not self._claim(shown, actor.person_id, request.now) or not known:
                raise Unprocessable("confirm_by_text_message")
        address, now = request.address, request.now
        self._changes.prove(actor, phone, proof, address=address, now=now)
        return self._changes.assign(actor, phone, proof, language=request.language, now=now)

    def _claim(self, proof: PhoneProof, by: str, now: datetime) -> bool:
        # In hexadecimal, because the index ignores case. Who showed it is hashed again, so that the
        # item, which has no end, leads to nobody after an erasure.
        digest = hashlib.sha256(proof.text.encode()).hexdigest()
        shown_by = ids.derive("phone-proof", self._index.first("phone-proof", f"{digest}:{by}"))
        return self._proofs.claim(self._index.of("phone-proof", digest), shown_by, now=now)
