"""Login by a one-time code, or from a mini-program of WeChat or Alipay."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import Unauthenticated, Unprocessable
from chalicelib.identity.accounts import Accounts
from chalicelib.identity.one_time_codes import OneTimeCodes
from chalicelib.identity.people import Actor, Limits, Strength
from chalicelib.identity.platforms import PhoneProof, Platform, PlatformName
from chalicelib.identity.sessions import Login, Sessions

_LOGINS_AN_HOUR_FROM_ONE_ADDRESS = 600  # a venue's Wi-Fi may share one address


class Invitations(Protocol):
    """Rights that wait for a person's login, implemented by `venues.staffing.Staffing`."""

    def accept_invitations(self, person_id: str, *, now: datetime) -> int:
        """Bind the person to the rights that wait for their phone; return how many (XC-21)."""


class PhoneLogin:
    """Login, and confirmation of a phone, by a one-time code."""

    __slots__ = ("_accounts", "_codes", "_invitations", "_sessions")

    def __init__(
        self,
        *,
        codes: OneTimeCodes,
        accounts: Accounts,
        sessions: Sessions,
        invitations: Invitations,
    ) -> None:
        self._codes = codes
        self._accounts = accounts
        self._sessions = sessions
        self._invitations = invitations

    def log_in(self, phone: str, code: str, *, now: datetime) -> Login:
        """Open a session for the owner of `phone` (E.164). The first login creates the person.

        Raises Unauthenticated ``otp_invalid`` for a code that is wrong, expired or used, or after
        too many wrong codes.
        """
        if not self._codes.spend(phone, code, now=now):
            raise Unauthenticated("otp_invalid")
        person_id = self._accounts.by_phone(phone, now=now)
        login = self._sessions.begin(person_id, "sms", Strength.PHONE, now=now)
        self._invitations.accept_invitations(person_id, now=now)
        return login

    def confirm_phone(self, actor: Actor, phone: str, code: str, *, now: datetime) -> Login:
        """Assign `phone` (E.164) to the actor; see `Accounts.confirm_phone`.

        Raises Unprocessable ``phone_proof_invalid`` for a code that `log_in` would refuse.
        """
        if not self._codes.spend(phone, code, now=now):
            raise Unprocessable("phone_proof_invalid")
        return self._accounts.confirm_phone(actor, phone, now=now)


class PlatformLogin:
    """Login, and confirmation of a phone, by the proofs of a platform (JN-16).

    `platform` returns the platform with a name.
    """

    __slots__ = ("_accounts", "_index", "_invitations", "_limits", "_platform", "_sessions")

    def __init__(
        self,
        *,
        platform: Callable[[PlatformName], Platform],
        accounts: Accounts,
        sessions: Sessions,
        invitations: Invitations,
        limits: Limits,
        index: BlindIndex,
    ) -> None:
        self._platform = platform
        self._accounts = accounts
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

        Raises the errors of `Platform`; Conflict ``phone_taken``; TooMany above 600 an hour for the
        network `address`, because each attempt calls the platform.
        """
        platform = self._platform(name)
        self._limits.charge(
            "login-address",
            self._index.of("address", address),
            limit=_LOGINS_AN_HOUR_FROM_ONE_ADDRESS,
            seconds=3600,
            now=now,
        )
        account = platform.account(code)
        phone = None if proof is None else platform.phone(proof)
        person_id = self._accounts.by_account(account.canonical, phone, now=now)
        strength = Strength.PLATFORM if phone is None else Strength.PHONE
        login = self._sessions.begin(person_id, account.platform, strength, now=now)
        self._invitations.accept_invitations(person_id, now=now)
        return login

    def confirm_phone(
        self, actor: Actor, name: PlatformName, proof: PhoneProof, *, now: datetime
    ) -> Login:
        """Assign the phone in `proof` to the actor; see `Accounts.confirm_phone`.

        Raises the errors of `Platform`.
        """
        phone = self._platform(name).phone(proof)
        return self._accounts.confirm_phone(actor, phone, now=now)
