"""The lookup worker: ask providers, keep their answers, judge waiting scans again.

Messages may arrive twice, late, or out of order. Answers are kept only if they are newer. An
identity verdict is kept only for the registration that was verified. A scan changes by version.

Providers answer by number. Until the identity provider says that name and number match, no other
provider is asked (`PersonRecord.unidentified`).

What a provider did not answer is asked again by a message of its own, a few seconds later, as long
as a scan waits. Then the question is given up: a dead provider is normal, and the next scan asks
again. Nobody waits for a provider that is known to be dead. Only the verification of a registration
goes on until the dead-letter queue.

The question is responsible for the scans that wait for it: its message, or one that follows, is in
the queue until each is decided or the end of its wait is in the settle queue.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.admission import evidence
from chalicelib.admission.asking import Asking, Reply
from chalicelib.admission.declaration_delivery import DeclarationDelivery
from chalicelib.admission.lookup_requests import (
    Declared,
    Lookup,
    LookupQueue,
    Message,
    Outgoing,
    Settle,
)
from chalicelib.admission.waiting import Judged, Outlook, WaitingScans
from chalicelib.core import ids
from chalicelib.core.clock import Clock, epoch_ms
from chalicelib.core.crypto import Vault
from chalicelib.core.errors import Unavailable
from chalicelib.identity import documents
from chalicelib.identity.people import People, PersonRecord, Profile, Snapshot, Verification
from chalicelib.identity.providers import (
    Absent,
    Answer,
    FaultKind,
    Pending,
    ProviderFault,
    ProviderName,
)
from chalicelib.identity.registration import subject_of, verdict

RETRIES = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 10))
"""After which times a provider that failed is asked again, while a scan waits."""
PATIENT_RETRIES = (
    *RETRIES,
    *(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600)),
)
"""The same, for a registration or a declared colour. A registration then fails; see `Lookups`."""
_LONGEST_PENDING = timedelta(days=1)
_CLOCK_TOLERANCE = timedelta(minutes=5)
_LATE = timedelta(seconds=3)
"""A message of this age first ends the waits that are over (`policy.Policy.answer_within`)."""
_RACES = 4
_AT_ONCE = timedelta()


class Invitations(Protocol):
    """Rights that wait for a person's verification, implemented by `venues.staffing.Staffing`."""

    def accept_invitations(self, person_id: str, *, now: datetime) -> int:
        """Bind the person to the rights that wait for their phone; return how many (XC-21)."""


class _Progress:
    """The state of one lookup: the person's record, and the providers that did not answer.

    `held_back` are the providers that were not asked, because name and number do not match yet.
    """

    __slots__ = ("began", "failed", "held_back", "judged", "pending", "person", "verified")

    def __init__(self, person: PersonRecord, began: datetime) -> None:
        self.person = person
        self.began = began
        self.judged = Judged()
        self.failed: dict[ProviderName, ProviderFault] = {}
        self.pending: dict[ProviderName, Pending] = {}
        self.held_back: tuple[ProviderName, ...] = ()
        self.verified: bool | None = None


class _Plan(NamedTuple):
    """What follows if providers have not answered by `now`; `took` is how long the attempt took.

    `poll` and `retry`: after which time those that are still working and those that failed are
    asked again; None for never. `outlook`: when they may answer, for the scans that wait.
    """

    now: datetime
    took: timedelta
    poll: timedelta | None
    retry: timedelta | None
    outlook: Outlook


class Lookups:
    """The handler of the lookup queue's messages."""

    __slots__ = (
        "_asking",
        "_clock",
        "_declarations",
        "_invitations",
        "_people",
        "_queue",
        "_vault",
        "_waiting",
    )

    def __init__(
        self,
        *,
        people: People,
        asking: Asking,
        vault: Vault,
        queue: LookupQueue,
        waiting: WaitingScans,
        declarations: DeclarationDelivery,
        invitations: Invitations,
        clock: Clock,
    ) -> None:
        """Keep the collaborators: many parameters, because every answer from a queue ends here."""
        self._people = people
        self._asking = asking
        self._vault = vault
        self._queue = queue
        self._waiting = waiting
        self._declarations = declarations
        self._invitations = invitations
        self._clock = clock

    def handle(self, message: Message) -> str:
        """Ask providers, deliver a declaration, or end a scan's wait, as messages of 0.2.0 do here.

        Return the result label that is logged.

        Raises ProviderFault and Unavailable: the message is then delivered again.
        """
        if isinstance(message, Settle):
            return self._waiting.settle(message, self._clock.now())
        if isinstance(message, Declared):
            return self._declare(message)
        return self._look_up(message)

    def _declare(self, message: Declared) -> str:
        """Deliver a declaration, and ask for the colour that follows."""
        undelivered = self._declarations.deliver(message)
        if undelivered:
            return undelivered
        return self._look_up(
            Lookup(
                (ProviderName.HEALTH_CODE,),
                message.person_id,
                self._clock.now(),
                message.correlation,
                scan_id=message.scan_id,
                afresh=True,
            )
        )

    def _look_up(self, message: Lookup) -> str:
        """Ask, keep the answers, and judge the person's waiting scans again.

        Cost: one Query, one request to each provider, one UpdateItem for the answers, a GetItem and
        a PutItem for each waiting scan, one DeleteItem; more if scans join meanwhile.
        """
        person = self._people.subject(message.person_id)
        profile = person.profile
        if profile is None or profile.verification is Verification.NONE:
            return "nobody"
        if not profile.shadow_until and not any(
            _concerns(name, message, profile) for name in message.providers
        ):
            self._accept_invitations(person)
            return "superseded"
        progress = _Progress(person, self._clock.now())
        if person.awaiting and progress.began - message.asked_at >= _LATE:
            self._judge(progress, message)  # waits that are over come before slow providers
        if person.unidentified:
            self._identify(progress, message, profile)
        else:
            self._ask(progress, message, profile, message.providers)
        result = ""
        if progress.verified is not None and message.registration:
            result = "settled" if progress.verified else "superseded"
            message = message._replace(registration=0)  # what is left to ask is for scans
        plan = self._plan(progress, message)
        self._judge(progress, message, plan.outlook)
        followed = self._follow(plan, progress, message)
        if progress.verified or _verifies(message):
            # Last: if it fails, the scans at the door are judged all the same.
            self._accept_invitations(progress.person)
        return result or followed

    def _accept_invitations(self, person: PersonRecord) -> None:
        """Bind the person to the rights that have waited for the verification. May be repeated.

        Every message that asks for a verification does it, because a crash may lie between the
        verification and this: the message that is delivered again finds the person verified. Whose
        profile is of 0.2.0 is bound at the next login.
        """
        profile = person.profile
        if profile is None or not profile.phone_blind:
            return
        if profile.verification is Verification.VERIFIED:
            self._invitations.accept_invitations(profile.person_id, now=self._clock.now())

    def _identify(self, progress: _Progress, message: Lookup, profile: Profile) -> None:
        """Ask whether name and number match, and only if they do, the other providers.

        The others answer by number, so their answers could be about another person. The
        verification of a registration asks them as well if scans wait for them.
        """
        verifier = documents.of(profile.document_type).verified_by
        others = tuple(name for name in message.providers if not evidence.of(name).verifies)
        self._ask(progress, message, profile, (verifier,))
        known = progress.person
        if progress.verified is None:
            progress.held_back = others
        elif known.profile is not None and not known.unidentified:
            if message.registration and progress.person.awaiting:
                others = evidence.asked()
            self._ask(progress, message, profile, others)

    def _ask(
        self,
        progress: _Progress,
        message: Lookup,
        profile: Profile,
        providers: Iterable[ProviderName],
    ) -> None:
        """Ask those of `providers` whose answers are missing, and keep what they answer.

        Scans are judged again by the answers that have come while others are still awaited.
        """
        asked = [
            name
            for name in providers
            if _concerns(name, message, profile) and not _suffices(name, message, progress.person)
        ]
        if not asked:
            return
        subject = subject_of(profile, self._vault)
        request_ids = [_request_id(name, message, profile) for name in asked]
        replied, asked_at = 0, self._clock.now()
        for replies in self._asking.ask(asked, subject, request_ids):
            self._keep(progress, profile, replies, asked_at)
            replied += len(replies)
            if replied < len(asked):
                self._judge(progress, message)

    def _keep(
        self,
        progress: _Progress,
        profile: Profile,
        replies: Mapping[ProviderName, Reply],
        asked_at: datetime,
    ) -> None:
        """Keep the answers among `replies`, all but a verification in one write.

        The age of an answer counts from `asked_at`, when the request was sent: a slow answer must
        not replace one that was asked for later.
        """
        now = self._clock.now()
        answers: list[Snapshot] = []
        reread = False
        for name, reply in replies.items():
            if isinstance(reply, Answer) and _from_the_future(reply, now):
                progress.failed[name] = ProviderFault(f"{name}: observed in the future")
            elif isinstance(reply, ProviderFault):
                progress.failed[name] = reply
            elif isinstance(reply, Pending):
                progress.pending[name] = reply
            elif evidence.of(name).verifies:
                progress.verified = self._people.settle(profile, *verdict(reply))
                reread = True
            else:
                answers.append(_snapshot(name, reply, profile, asked_at))
        if answers and not self._people.save_answers(
            profile.person_id, answers, until=profile.shadow_until
        ):
            reread = True
        if reread:
            progress.person = self._people.subject(profile.person_id)
        else:
            progress.person = progress.person.knowing(answers)

    def _judge(self, progress: _Progress, message: Lookup, outlook: Outlook | None = None) -> None:
        progress.judged = self._waiting.answer(
            message.person_id,
            progress.person,
            self._clock.now(),
            takes=message.scan_id,
            outlook=outlook or {},
        )

    def _plan(self, progress: _Progress, message: Lookup) -> _Plan:
        """Return when what is missing is asked again, at most.

        A provider that is still working says when; a quarter of the lookup's age if that is longer.
        One that failed: see `RETRIES`. The next answer takes as long as this attempt did.
        """
        now = self._clock.now()
        age, took = now - message.asked_at, now - progress.began
        poll = retry = None
        if progress.pending and age <= _LONGEST_PENDING:
            wished = max(one.poll_after_ms for one in progress.pending.values())
            poll = max(timedelta(milliseconds=wished), age / 4)
        delays = PATIENT_RETRIES if _is_patient(message) else RETRIES
        if progress.failed and message.attempt < len(delays):
            retry = delays[message.attempt]
        polled, retried = (None if delay is None else now + delay + took for delay in (poll, retry))
        outlook: dict[ProviderName, datetime | None] = dict.fromkeys(progress.pending, polled)
        for name, fault in progress.failed.items():
            vain = fault.known_dead and not _is_patient(message)
            outlook[name] = None if vain else retried
        if progress.held_back:  # they are asked after the verification, at the earliest
            first = next(iter(outlook.values()), None)
            outlook |= dict.fromkeys(progress.held_back, first)
        return _Plan(now, took, poll, retry, outlook)

    def _follow(self, plan: _Plan, progress: _Progress, message: Lookup) -> str:
        """Enqueue what is still to be asked, or end the question. Return the result label.

        Raises ProviderFault for a registration that is given up: it must be verified.
        """
        result, due = "answered", []
        given_up: list[ProviderFault] = []
        retry = self._retry_after(plan, progress, message) if progress.failed else None
        outdated = _outdated(progress, message)
        # One message goes on to name those that have answered: a scan may join that was made later.
        answered = _answered(progress, message, outdated)
        if progress.pending and plan.poll is None:
            given_up += [ProviderFault("pending for too long", FaultKind.TIMEOUT)]
        elif progress.pending and plan.poll is not None:
            others = () if retry is not None else answered
            again = message._replace(providers=(*progress.pending, *progress.held_back, *others))
            self._queue.send(again, delay=plan.poll)
            result = "pending"
            due.append(plan.now + plan.poll)
        if retry is not None:
            again = message._replace(
                providers=(*progress.failed, *progress.held_back, *answered),
                attempt=message.attempt + 1,
            )
            self._queue.send(again, delay=retry)
            result = "failed, asked again later"
            due.append(plan.now + retry)
        else:
            given_up += progress.failed.values()
        if outdated:
            again = message._replace(providers=outdated, attempt=0, since=plan.now)
            self._queue.send(again)
            result = "asked again"
            due.append(plan.now)
        if given_up and message.registration:
            raise given_up[0]
        self._release(plan, progress, message, min(due, default=None))
        return "given up" if given_up else result

    def _retry_after(self, plan: _Plan, progress: _Progress, message: Lookup) -> timedelta | None:
        """Return after which time those that failed are asked again; None if that is too late."""
        if plan.retry is None or _is_patient(message):
            return plan.retry
        until = progress.judged.until
        if until is None:
            if all(fault.known_dead for fault in progress.failed.values()):
                return None
            until = self._waiting.patience(message.asked_at, plan.now)
        return plan.retry if plan.now + plan.retry + plan.took < until else None

    def _release(
        self, plan: _Plan, progress: _Progress, message: Lookup, due: datetime | None
    ) -> None:
        """Enqueue the end of each wait that ends before the question goes on at `due`.

        Then no further scan may join it. A scan that has joined meanwhile is judged as well. Cost:
        none, or one SendMessageBatch and one UpdateItem.
        """
        leaves, settled = due is None, set[str]()
        for _ in range(_RACES):
            ends = {
                scan_id: ends_at
                for scan_id, ends_at in progress.judged.waiting.items()
                if scan_id not in settled and (due is None or ends_at <= due)
            }
            leaves = leaves or bool(ends)
            if not leaves or not progress.judged.waiting:
                return
            if self._queue.send_all(
                [
                    Outgoing(
                        Settle(scan_id, message.correlation), max(ends_at - plan.now, _AT_ONCE)
                    )
                    for scan_id, ends_at in ends.items()
                ]
            ):
                raise Unavailable
            settled.update(ends)
            if self._waiting.give_up(message, progress.judged):
                return
            progress.person = self._people.subject(message.person_id)
            self._judge(progress, message, plan.outlook)
        raise Unavailable


def _verifies(message: Lookup) -> bool:
    """Return whether it asks for the verification of a registration, too."""
    return any(evidence.of(name).verifies for name in message.providers)


def _is_patient(message: Lookup) -> bool:
    """Return whether it is asked on though no scan waits: a registration, a declared colour."""
    return message.afresh or bool(message.registration)


def _concerns(name: ProviderName, message: Lookup, profile: Profile) -> bool:
    """Return whether the provider's answer would be used. A verification is of one registration.

    A scan asks for the verification of the registration that is pending now.
    """
    if not evidence.of(name).verifies:
        return True
    pending = profile.verification is Verification.PENDING
    return pending and message.registration in (0, profile.registration)


def _outdated(progress: _Progress, message: Lookup) -> tuple[ProviderName, ...]:
    """Return the providers that have answered, but before a scan was made that has joined since."""
    outdated = progress.judged.outdated - _unanswered(progress)
    return tuple(name for name in message.providers if name in outdated)


def _answered(
    progress: _Progress, message: Lookup, outdated: tuple[ProviderName, ...]
) -> tuple[ProviderName, ...]:
    """Return the providers whose answers suffice, so that they are not asked again (`_suffices`).

    None after a declaration, when no answer on record suffices.
    """
    if message.afresh:
        return ()
    done = {*message.providers} - _unanswered(progress) - {*outdated}
    return tuple(
        name for name in message.providers if name in done and not evidence.of(name).verifies
    )


def _unanswered(progress: _Progress) -> set[ProviderName]:
    return {*progress.failed, *progress.pending, *progress.held_back}


def _suffices(name: ProviderName, message: Lookup, person: PersonRecord) -> bool:
    """Return whether the answer on record is new enough.

    After a declaration none is: one that was under way may rest on the time before it.
    """
    known = person.current(name)
    since = message.since or message.asked_at
    return known is not None and not message.afresh and known.fetched_at >= since


def _request_id(name: ProviderName, message: Lookup, profile: Profile) -> str:
    """Return an id that is the same for every attempt of a lookup, and for no other lookup.

    Nothing that a client chooses is in it: a provider that answers the same id the same would
    otherwise repeat an old green. Only the time makes a later question another one.
    """
    asked_at = message.since or message.asked_at
    return ids.derive(
        "lookup", name, message.person_id, str(profile.registration), str(epoch_ms(asked_at))
    )


def _snapshot(
    name: ProviderName, reply: Answer | Absent, profile: Profile, now: datetime
) -> Snapshot:
    answer = Answer("absent") if isinstance(reply, Absent) else reply
    return Snapshot(
        provider=name,
        state=answer.state,
        observed_at=answer.observed_at,
        fetched_at=now,
        registration=profile.registration,
        reason=answer.reason,
        group=answer.group,
        how_to_clear=answer.how_to_clear,
        doses=answer.doses,
        report_to=answer.report_to,
    )


def _from_the_future(answer: Answer, now: datetime) -> bool:
    """Return whether the answer's time is in the future: such a test would never expire."""
    return answer.observed_at is not None and answer.observed_at - now > _CLOCK_TOLERANCE
