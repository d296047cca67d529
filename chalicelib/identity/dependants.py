"""How a guardian gets, sees and loses a dependant (JN-27, YK-24, YK-31 to YK-33).

| The person with the document | Linked by |
|---|---|
| unknown here | a new managed person: registered, verified as everyone, without a login |
| managed, or with a card only | face, or household for a child; the name as registered |
| with a login of their own | their own face, or their consent code |

`strength.RULES` says which proof a relation accepts. Everything that does not match looks alike:
``dependant_no_match``. An adult may be guardian and dependant at once, also of each other; acting
for a dependant does not reach the dependant's own dependants.
"""

from dataclasses import astuple, dataclass
from datetime import date, datetime
from typing import NamedTuple

from chalicelib.core import ids
from chalicelib.core.clock import CHINA, local_day, start_of_day
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    Unavailable,
    Unprocessable,
)
from chalicelib.core.submission import Submission
from chalicelib.identity import documents, personal
from chalicelib.identity.checks import IdentityChecks
from chalicelib.identity.consents import ConsentCodes
from chalicelib.identity.family import FamilyLink, FamilyLinks, Proof, Relation, birthday
from chalicelib.identity.households import Households
from chalicelib.identity.paper_passes import IssuedPasses
from chalicelib.identity.passes import valid_pass
from chalicelib.identity.people import (
    Actor,
    Limits,
    People,
    PersonRecord,
    Profile,
    Verification,
    mask_name,
)
from chalicelib.identity.providers import Subject
from chalicelib.identity.registration import (
    Entry,
    is_named,
    managed_profile,
    require_verified,
    subject_of,
)
from chalicelib.identity.strength import Action, require
from chalicelib.identity.strength import Proof as Required

CHILD_UNTIL = 14  # years; then the record is the child's own
ADULT_FROM = 18  # years
_ADDED_A_DAY = 10
_TRIES = 3
_ACTIONS = {Relation.CHILD: Action.ADD_CHILD, Relation.ELDER: Action.ADD_ELDER}
_NAMED = (Proof.FACE, Proof.HOUSEHOLD)
"""The proofs for which the guardian enters name and number."""
_IN_HOUSEHOLDS = ("resident_id", "residence_permit", "birth_certificate")
"""The documents under which the register of households knows a child (YK-31, YK-32)."""
_PROOFS = {
    Proof.FACE: Required.SUBJECT_FACE,
    Proof.HOUSEHOLD: Required.HOUSEHOLD,
    Proof.CONSENT: Required.CONSENT,
}


@dataclass(frozen=True)
class Candidate:
    """A dependant as the guardian entered them.

    `evidence` is the id of the face check, or the consent code. `entry` is None with a consent
    code, which names the person. `birth_date` is given if the child's document carries none.
    """

    relation: Relation
    proof: Proof
    entry: Entry | None = None
    birth_date: date | None = None
    evidence: str = ""


class Dependant(NamedTuple):
    """A dependant as the guardian sees them: the name in full if the guardian entered it.

    `has_pass`: whether a paper pass is valid.
    """

    profile: Profile
    link: FamilyLink
    name: str
    has_pass: bool = False


class Guardian(NamedTuple):
    """A guardian as the dependant sees them, with a masked name."""

    person_id: str
    link: FamilyLink
    name: str


class Added(NamedTuple):
    """The result of adding a dependant. `created` is False for a retry."""

    dependant: Dependant
    created: bool


class Proofs:
    """Verifies proofs that are made for one request: a face check, and the register of households.

    The actor's own name and number come from their verified registration.
    """

    __slots__ = ("_checks", "_households", "_vault")

    def __init__(self, *, checks: IdentityChecks, households: Households, vault: Vault) -> None:
        self._checks = checks
        self._households = households
        self._vault = vault

    def verify(self, actor: Actor, candidate: Candidate, submission: Submission) -> None:
        """Return if the candidate's proof holds for exactly the name and number entered.

        Raises Unprocessable: ``identity_check_unusable``, ``dependant_no_match``.
        """
        entry = _entered(candidate)
        subject = Subject(entry.name, entry.document_type, entry.number)
        by = submission.nonce
        if candidate.proof is Proof.FACE:
            self._checks.spend(actor, candidate.evidence, subject, by=by, now=submission.now)
            return
        guardian = subject_of(actor.profile, self._vault)
        # A retry gets the same answer. Another child is another question, under one nonce too.
        # The link's end follows from the birth date. The register compares the one entered.
        born = candidate.birth_date
        request_id = ids.derive("household", actor.person_id, by, *astuple(subject), str(born))
        if not self._households.same_household(guardian, subject, request_id=request_id, born=born):
            raise Unprocessable("dependant_no_match")


class DependantAdding:
    """Adds dependants."""

    __slots__ = ("_consents", "_index", "_limits", "_links", "_people", "_proofs", "_vault")

    def __init__(
        self,
        *,
        people: People,
        links: FamilyLinks,
        proofs: Proofs,
        consents: ConsentCodes,
        limits: Limits,
        index: BlindIndex,
        vault: Vault,
    ) -> None:
        self._people = people
        self._links = links
        self._proofs = proofs
        self._consents = consents
        self._limits = limits
        self._index = index
        self._vault = vault

    def add(self, actor: Actor, candidate: Candidate, submission: Submission) -> Added:
        """Make the candidate a dependant of the actor; a retry returns what it made.

        Raises BadInput at the field with a wrong age, or that names the actor. Raises Forbidden
        unless the actor is verified and an adult, and ``stronger_login_needed`` if the relation
        does not accept the proof. Raises Unprocessable: ``dependant_no_match``,
        ``identity_check_unusable``, ``consent_code_invalid``. Raises Conflict:
        ``too_many_dependants``, ``dependant_taken``, ``nonce_reused``, ``version_conflict``. Raises
        TooMany above ten a day, because the result reveals whether people belong together.
        """
        self._require_guardian(actor, submission.now)
        require(actor, _ACTIONS[candidate.relation], _PROOFS[candidate.proof])
        if candidate.entry is None:
            return self._add_by_consent(actor, candidate, submission)
        return self._add_by_document(actor, candidate, candidate.entry, submission)

    def _add_by_document(
        self, actor: Actor, candidate: Candidate, entry: Entry, submission: Submission
    ) -> Added:
        now = submission.now
        link = _link(candidate, _born(candidate), submission)
        blind = documents.blind(self._index, entry.document_type, entry.number)
        if self._index.same(blind, actor.profile.document_blind):
            raise BadInput.at("/document_number", "yourself")
        whom = actor.person_id
        new_id = f"per_{ids.derive('dependant', whom, submission.nonce)}"
        for person_id in {self._people.by_document(blind) or new_id, new_id}:
            known = self._linked_before(whom, actor.record, person_id, now)
            # Who was linked otherwise proves name and number first: the answer would reveal them.
            if known is not None and known.link.proof in _NAMED:
                # The nonce of another dependant, or the number of one under another name.
                if not self._index.same(known.profile.document_blind, blind):
                    raise Conflict("nonce_reused")
                if not is_named(known.profile, entry.name, vault=self._vault):
                    raise Unprocessable("dependant_no_match")
                return Added(known, created=False)
        self._limits.charge("dependant", whom, limit=_ADDED_A_DAY, seconds=86_400, now=now)
        self._proofs.verify(actor, candidate, submission)
        for _ in range(_TRIES):
            owner = self._people.by_document(blind)
            if owner is not None:
                profile = self._matching(owner, candidate, entry)
                return self._linked(actor, profile, link, now=now)
            profile = managed_profile(new_id, entry, blind, vault=self._vault, now=now)
            try:
                self._links.create(actor.profile, profile, link, correlation=submission.correlation)
            except Conflict as conflict:
                if conflict.code == "identity_taken":
                    continue  # by another guardian's request: link to that record
                if conflict.code != "too_many_dependants" or not self._links.prune(whom, now):
                    raise
                continue
            return Added(Dependant(profile, link, entry.name), created=True)
        raise Unavailable

    def _add_by_consent(self, actor: Actor, candidate: Candidate, submission: Submission) -> Added:
        now = submission.now
        consent = self._consents.read(actor, candidate.evidence, now=now)
        if consent.person_id == actor.person_id:
            raise BadInput.at("/code", "yourself")
        known = self._linked_before(actor.person_id, actor.record, consent.person_id, now)
        if known is not None:
            return Added(known, created=False)
        profile = self._people.load(consent.person_id).profile
        if profile is None or profile.verification is not Verification.VERIFIED:
            raise Unprocessable("consent_code_invalid")
        born = _birth_date(profile, self._vault)
        if born is not None:
            _require_age(candidate.relation, born, now, at="/relation")
        link = FamilyLink(candidate.relation, candidate.proof, _second(now))
        return self._linked(actor, profile, link, now=now, consent=consent.blind)

    def _linked(
        self, actor: Actor, profile: Profile, link: FamilyLink, *, now: datetime, consent: str = ""
    ) -> Added:
        mine, theirs = actor.person_id, profile.person_id
        for _ in range(_TRIES):
            try:
                made = self._links.link(actor.profile, profile, link, consent=consent)
            except Conflict as conflict:
                full = {"too_many_dependants": mine, "dependant_taken": theirs}.get(conflict.code)
                # Links that have ended are removed when they are in the way.
                if full is None or not self._links.prune(full, now):
                    raise
                continue
            if made:
                name = shown_name(link, self._name(profile))
                return Added(Dependant(profile, link, name), created=True)
            # A simultaneous request made the link, unless it is one that has ended.
            known = self._linked_before(mine, self._people.load(mine), theirs, now)
            if known is not None:
                return Added(known, created=False)
            self._links.prune(mine, now)
        raise Unavailable

    def _matching(self, person_id: str, candidate: Candidate, entry: Entry) -> Profile:
        profile = self._people.load(person_id).profile
        if (
            profile is None
            or profile.is_refused
            or not is_named(profile, entry.name, vault=self._vault)
            or (profile.logs_in and candidate.proof is Proof.HOUSEHOLD)
        ):
            raise Unprocessable("dependant_no_match")
        return profile

    def _linked_before(
        self, guardian_id: str, guardian: PersonRecord, person_id: str, now: datetime
    ) -> Dependant | None:
        link = guardian.dependants.get(person_id)
        if link is None or not link.in_force(now):
            return None
        record = self._people.load(person_id)
        if record.profile is None or not _mirrored(record, guardian_id, now):
            return None
        return Dependant(record.profile, link, shown_name(link, self._name(record.profile)))

    def _require_guardian(self, actor: Actor, now: datetime) -> None:
        require_verified(actor.profile)
        if not is_adult(actor.profile, self._vault, now):
            raise Forbidden("guardian_not_adult")

    def _name(self, profile: Profile) -> str:
        return personal.NAME.open(self._vault, profile.name, profile.person_id)


class Dependants:
    """Lists and removes a guardian's dependants, and a dependant's guardians."""

    __slots__ = ("_issued", "_links", "_people", "_vault")

    def __init__(
        self, *, people: People, links: FamilyLinks, issued: IssuedPasses, vault: Vault
    ) -> None:
        self._people = people
        self._links = links
        self._issued = issued
        self._vault = vault

    def of(self, actor: Actor, *, now: datetime) -> list[Dependant]:
        """Return the actor's dependants. A rejected one is shown with the reason.

        Cost: one Query for each, at most eight; one more, strongly consistent, if a link is so new
        that the first lacks it, or has ended on the dependant's side.
        """
        found = []
        for person_id, link in actor.record.dependants.items():
            if not link.in_force(now):
                continue
            for consistent in (False, True):
                record = self._people.load(person_id, consistent=consistent)
                if record.profile and _mirrored(record, actor.person_id, now):
                    found.append(self._shown(record, record.profile, link, now))
                    break
        return found

    def guardians(self, actor: Actor, *, now: datetime) -> list[Guardian]:
        """Return who acts for the actor, with masked names.

        A guardian who has registered another document is not shown: that is the next owner of their
        phone. Cost: one strongly consistent Query for each, at most two.
        """
        found = []
        for person_id, link in actor.record.guardians.items():
            record = self._people.load(person_id)
            profile = record.profile
            if profile is not None and actor.person_id in record.dependants and link.in_force(now):
                found.append(Guardian(person_id, link, mask_name(self._name(profile))))
        return found

    def remove(
        self, guardian_id: str, dependant_id: str, *, correlation: str, now: datetime
    ) -> None:
        """End a link, for either side. A retry, or a request without a link, changes nothing.

        The dependant's paper pass ends too if the guardian issued it, because the guardian may hold
        a copy. A managed person whose registration was rejected is deleted with the last link. Any
        other one is kept: a card identity, to which another guardian, or the person's own
        registration, finds back (docs/decisions/0122). Raises NotFound for an invalid id.
        """
        # An invalid id may be too long for a key, which DynamoDB reports as a ValidationException.
        if not ids.is_id(guardian_id, "per") or not ids.is_id(dependant_id, "per"):
            raise NotFound
        self._links.unlink(guardian_id, dependant_id)
        self.release(guardian_id, dependant_id, correlation=correlation, now=now)

    def release(
        self, guardian_id: str, dependant_id: str, *, correlation: str, now: datetime
    ) -> None:
        """End what follows from a link that has ended, or is about to end. It may be repeated.

        See `remove`.
        """
        record = self._people.load(dependant_id)
        issued = record.paper_pass
        if issued is not None and issued.issued_by == guardian_id and not issued.revoked:
            self._issued.revoke(dependant_id, issued, at=now, correlation=correlation)
        profile = record.profile
        if profile and profile.is_managed and profile.verification is Verification.REJECTED:
            self._links.discard(dependant_id)

    def _shown(
        self, record: PersonRecord, profile: Profile, link: FamilyLink, now: datetime
    ) -> Dependant:
        name, has_pass = shown_name(link, self._name(profile)), valid_pass(record, now) is not None
        return Dependant(profile, link, name, has_pass=has_pass)

    def _name(self, profile: Profile) -> str:
        return personal.NAME.open(self._vault, profile.name, profile.person_id)


def is_adult(profile: Profile, vault: Vault, now: datetime) -> bool:
    """Return whether a registered person is 18 today in China, or the document has no date."""
    born = _birth_date(profile, vault)
    return born is None or local_day(now, CHINA) >= birthday(born, ADULT_FROM)


def _birth_date(profile: Profile, vault: Vault) -> date | None:
    number = personal.DOCUMENT.open(vault, profile.document, profile.person_id)
    return documents.of(profile.document_type).birth_date(number)


def shown_name(link: FamilyLink, name: str) -> str:
    """Return a dependant's name for the guardian: masked if the guardian did not enter it."""
    return name if link.proof in _NAMED else mask_name(name)


def _mirrored(record: PersonRecord, guardian_id: str, now: datetime) -> bool:
    profile = record.profile
    if profile is not None and profile.is_managed and profile.is_refused:
        # No link of a rejected person holds, but the guardian sees the reason. Of a person who logs
        # in, it may be the next owner of the phone.
        return True
    theirs = record.guardians.get(guardian_id)
    return theirs is not None and theirs.in_force(now)


def _second(moment: datetime) -> datetime:
    """Return the beginning of the second: links are stored in whole seconds."""
    return moment.replace(microsecond=0)


def _entered(candidate: Candidate) -> Entry:
    if candidate.entry is None:
        raise LookupError("a consent code names the person")
    return candidate.entry


def _born(candidate: Candidate) -> date | None:
    """Return the candidate's birth date. Raises BadInput if a child's is unknown, or contradicts.

    An elder's document may carry none.
    """
    entry = _entered(candidate)
    if candidate.proof is Proof.HOUSEHOLD and entry.document_type not in _IN_HOUSEHOLDS:
        # Another number carries no birth date, and its owner may be an adult, who was not asked.
        raise BadInput.at("/document_type", "not_allowed")
    carried = documents.of(entry.document_type).birth_date(entry.number)
    if carried is None and candidate.birth_date is None and candidate.relation is Relation.CHILD:
        raise BadInput.at("/birth_date", "missing")
    if None not in (carried, candidate.birth_date) and carried != candidate.birth_date:
        raise BadInput.at("/birth_date", "birth_date")
    return carried or candidate.birth_date


def _link(candidate: Candidate, born: date | None, submission: Submission) -> FamilyLink:
    """Return the link to be made. Raises BadInput at the field with the birth date."""
    until = None
    if born is not None:
        at = "/birth_date" if candidate.birth_date else "/document_number"
        _require_age(candidate.relation, born, submission.now, at=at)
        if candidate.relation is Relation.CHILD:
            until = start_of_day(birthday(born, CHILD_UNTIL), CHINA)
    return FamilyLink(candidate.relation, candidate.proof, _second(submission.now), until)


def _require_age(relation: Relation, born: date, now: datetime, *, at: str) -> None:
    today = local_day(now, CHINA)
    if born > today:
        raise BadInput.at(at, "birth_date")
    old = today >= birthday(born, CHILD_UNTIL)
    if old and relation is Relation.CHILD:
        raise BadInput.at(at, "child_too_old")
    if not old and relation is Relation.ELDER:
        raise BadInput.at(at, "elder_too_young")
