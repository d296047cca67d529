"""A person's phone is confirmed, or replaced by another one.

Who has a stolen session, or an unlocked phone in the hand, must not take the account away from its
owner. So replacing a phone requires a code sent to the former one, or the number of the registered
document; the other sessions end; and the former number gets a text message.
"""

from datetime import datetime
from typing import NamedTuple

from chalicelib.core.crypto import Vault
from chalicelib.core.errors import AppError, Unprocessable
from chalicelib.core.logs import logger
from chalicelib.core.metrics import text_message
from chalicelib.identity import documents, personal
from chalicelib.identity.accounts import Accounts
from chalicelib.identity.one_time_codes import OneTimeCodes, SmsGateway
from chalicelib.identity.people import Actor, GuessState, Limits, Profile
from chalicelib.identity.sessions import Login, Sessions
from chalicelib.identity.strength import Action, Proof, require

_TRIES_A_DAY = 5


class ChangeProof(NamedTuple):
    """The proof for replacing a phone: a code sent to the former one, or the document's number."""

    former_code: str = ""
    document_number: str = ""

    @property
    def kind(self) -> Proof | None:
        """What it proves; None if it is empty."""
        if self.former_code:
            return Proof.FORMER_PHONE
        return Proof.DOCUMENT if self.document_number else None


class PhoneChanges:
    """Confirms and replaces phones."""

    __slots__ = ("_accounts", "_codes", "_limits", "_sessions", "_sms", "_vault")

    def __init__(
        self,
        *,
        accounts: Accounts,
        codes: OneTimeCodes,
        sessions: Sessions,
        sms: SmsGateway,
        limits: Limits,
        vault: Vault,
    ) -> None:
        self._accounts = accounts
        self._codes = codes
        self._sessions = sessions
        self._sms = sms
        self._limits = limits
        self._vault = vault

    def prove(
        self, actor: Actor, phone: str, proof: ChangeProof, *, address: str, now: datetime
    ) -> None:
        """Require `proof` if `phone` (E.164) would replace another one of the actor.

        Raises StrongerLogin without a proof, Unprocessable ``phone_change_unproved`` for a wrong
        one, TooMany above five wrong ones a day.
        """
        if not self._accounts.replaces(actor.profile, phone):
            return
        require(actor, Action.REPLACE_PHONE, proof.kind)
        person_id = actor.person_id
        self._limits.charge("phone-change", person_id, limit=_TRIES_A_DAY, seconds=86_400, now=now)
        if proof.former_code:
            former = self._accounts.phone_of(actor.profile)
            guess = self._codes.spend(
                former, proof.former_code, address=address, by=f"{person_id}-former", now=now
            )
            proved = guess.state is GuessState.RIGHT and guess.by == f"{person_id}-former"
        else:
            proved = self._is_document(actor.profile, proof.document_number)
        if not proved:
            raise Unprocessable("phone_change_unproved")

    def assign(
        self, actor: Actor, phone: str, proof: ChangeProof, *, language: str, now: datetime
    ) -> Login:
        """Assign `phone`, which is proved to be the actor's; see `Accounts.confirm_phone`.

        Every request with a proof closes the other sessions, so that a retry after a fault does it,
        too. Then the former phone gets a text message. A gateway that is unavailable does not
        hinder a replacement.
        """
        replaces = self._accounts.replaces(actor.profile, phone)
        former = self._accounts.phone_of(actor.profile) if replaces else ""
        login = self._accounts.confirm_phone(actor, phone, now=now)
        if proof.kind is not None and login.person_id == actor.person_id:
            self._sessions.close_others(actor)
        if former:
            self._tell(former, language)
        return login

    def _is_document(self, profile: Profile, number: str) -> bool:
        if not profile.document:
            return False
        kind = documents.of(profile.document_type)
        try:
            entered = kind.canonical(number)
        except ValueError:
            return False
        return entered == personal.DOCUMENT.open(self._vault, profile.document, profile.person_id)

    def _tell(self, former: str, language: str) -> None:
        try:
            with text_message("phone_replaced"):
                self._sms.send_replaced(former, language)
        except AppError as error:
            logger().warning("former_phone_not_told", extra={"code": error.code})
