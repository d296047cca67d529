"""A managed person's record becomes their own: they log in, and prove it with their face.

A managed person was registered by a guardian or a kiosk and has no login. At 14, or whenever they
have a phone, they register with the same document. That is refused with ``identity_managed``; the
client then has their face checked, and this takes the record over: its registration and visits
stay, the guardians' links end, and so does a paper pass that a guardian issued. The person who
logged in, who was registered under no document, is merged into it.

So does the record of a person whose phone seemed to have a new owner (`accounts`) and who logs in
with it again: the same name and document are refused with ``identity_returning``, and taking the
record over needs no check of the face, because the phone is the same.
"""

from typing import Protocol

from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict
from chalicelib.core.submission import Submission
from chalicelib.identity import documents, personal
from chalicelib.identity.checks import IdentityChecks
from chalicelib.identity.paper_passes import IssuedPasses
from chalicelib.identity.people import (
    Actor,
    Limits,
    People,
    PersonRecord,
    Profile,
    Verification,
)
from chalicelib.identity.providers import Subject
from chalicelib.identity.registration import EDITS_A_DAY, Entry, is_left_as
from chalicelib.identity.sessions import Login, Sessions
from chalicelib.identity.strength import Action, Proof, require

_TRIES = 3


class Successions(Protocol):
    """The store of successions, implemented in `identity/store`."""

    def take_over(self, heir: Profile, managed: Profile, phone: bytes, phone_blind: str) -> bool:
        """Give the `managed` person the phone and the accounts of `heir`, who ceases to exist.

        The links of the managed person's guardians end. `phone` is sealed for the managed person.
        Returns False if the heir has rights at venues or family links of their own, or if one of
        the people has changed. Cost: two strongly consistent Query and one TransactWriteItems.
        """


class Succession:
    """Takes over managed records."""

    __slots__ = (
        "_checks", "_index", "_issued", "_limits", "_people", "_sessions", "_successions", "_vault",
    )  # fmt: skip

    def __init__(
        self,
        *,
        people: People,
        successions: Successions,
        sessions: Sessions,
        checks: IdentityChecks,
        issued: IssuedPasses,
        limits: Limits,
        index: BlindIndex,
        vault: Vault,
    ) -> None:
        """Keep the collaborators: many parameters because a login, a check and a record meet."""
        self._people = people
        self._successions = successions
        self._sessions = sessions
        self._checks = checks
        self._issued = issued
        self._limits = limits
        self._index = index
        self._vault = vault

    def take_over(
        self, actor: Actor, entry: Entry, check_id: str | None, submission: Submission
    ) -> Login:
        """Make the record of `entry` the actor's own, and log them in to it.

        `check_id` is a check of the face for exactly this name and number, or None for the record
        of the person whose phone the actor got.

        The actor's sessions end; a retry after a lost answer gets ``session_ended``, and the next
        login with the phone leads to the record. Raises Conflict ``identity_taken`` if there is no
        such record, or if the actor is registered under another document, works at a venue, or has
        family links. Raises Unprocessable ``identity_check_unusable``; Forbidden
        ``phone_required``, ``stronger_login_needed`` without a check that is needed; TooMany with
        registrations above ten a day.
        """
        proof = Proof.SAME_PHONE if check_id is None else Proof.SUBJECT_FACE
        require(actor, Action.TAKE_OVER, proof)
        now = submission.now
        self._limits.charge(
            "registration", actor.person_id, limit=EDITS_A_DAY, seconds=86_400, now=now
        )
        subject = Subject(entry.name, entry.document_type, entry.number)
        if check_id is not None:
            self._checks.spend(actor, check_id, subject, by=submission.nonce, now=now)
        if actor.profile.verification not in (Verification.NONE, Verification.REJECTED):
            raise Conflict("identity_taken")
        phone = personal.PHONE.open(self._vault, actor.profile.phone, actor.person_id)
        phone_blind = self._index.of("phone", phone)
        document = documents.blind(self._index, entry.document_type, entry.number)
        for _ in range(_TRIES):
            person_id = self._people.by_document(document)
            record = self._people.load(person_id) if person_id else PersonRecord()
            managed = record.profile
            if managed is None or not is_left_as(managed, entry.name, vault=self._vault):
                break
            if check_id is None and managed.successor != actor.person_id:
                require(actor, Action.TAKE_OVER)
            issued = None if managed.has_lost_phone else record.paper_pass
            if issued and issued.by_guardian and not issued.revoked:
                # Its issuer may hold a copy. The new owner of the record gets another one.
                self._issued.revoke(
                    managed.person_id, issued, at=now, correlation=submission.correlation
                )
            sealed = personal.PHONE.seal(self._vault, phone, managed.person_id, now=now)
            if self._successions.take_over(actor.profile, managed, sealed, phone_blind):
                session = actor.session
                return self._sessions.begin(
                    managed.person_id, session.client, session.strength, now=now
                )
        raise Conflict("identity_taken")
