"""The lookup worker: ask a provider, keep the answer, judge waiting scans again.

Messages may arrive twice, late, or out of order. An answer is kept only if it is newer. An identity
verdict is kept only for the registration that was verified. A scan changes by version.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.admission import evidence
from chalicelib.admission.declaration_delivery import DeclarationDelivery
from chalicelib.admission.lookup_requests import Declared, Lookup, LookupQueue, Message, Settle
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core import ids
from chalicelib.core.clock import Clock, epoch_ms
from chalicelib.core.crypto import Vault
from chalicelib.identity.people import People, Profile, Snapshot, Verification
from chalicelib.identity.providers import (
    Absent,
    Answer,
    Pending,
    Provider,
    ProviderFault,
    ProviderName,
)
from chalicelib.identity.registration import subject_of, verdict

_LONGEST_WAIT = timedelta(days=1)
_CLOCK_TOLERANCE = timedelta(minutes=5)


class Lookups:
    """The handler of the lookup queue's messages."""

    __slots__ = (
        "_clock",
        "_declarations",
        "_people",
        "_providers",
        "_queue",
        "_vault",
        "_waiting",
    )

    def __init__(
        self,
        *,
        people: People,
        providers: Callable[[ProviderName], Provider],
        vault: Vault,
        queue: LookupQueue,
        waiting: WaitingScans,
        declarations: DeclarationDelivery,
        clock: Clock,
    ) -> None:
        self._people = people
        self._providers = providers
        self._vault = vault
        self._queue = queue
        self._waiting = waiting
        self._declarations = declarations
        self._clock = clock

    def handle(self, message: Message) -> str:
        """Ask a provider, deliver a declaration, or end a scan's wait.

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
        lookup = Lookup(
            ProviderName.HEALTH_CODE,
            message.person_id,
            self._clock.now(),
            message.correlation,
            scan_id=message.scan_id,
        )
        return self._look_up(lookup, afresh=True)

    def _look_up(self, message: Lookup, *, afresh: bool = False) -> str:
        """Ask, keep the answer, and judge the person's waiting scans again.

        `afresh`: the provider is asked, however new the answer on record is. One that was under way
        during a declaration may rest on the time before it.
        """
        person = self._people.subject(message.person_id)
        profile = person.profile
        if profile is None or profile.verification is Verification.NONE:
            return "nobody"
        identity = evidence.of(message.provider).verifies
        shadow = profile.shadow_until is not None
        asks = not identity or (
            profile.registration == message.registration
            and profile.verification is Verification.PENDING
        )
        if not asks and not shadow:
            return "superseded"
        known = person.current(message.provider)
        if asks and (afresh or known is None or known.fetched_at < message.asked_at):
            answer = self._ask(message, profile)
            # The age of an answer counts from its arrival.
            if isinstance(answer, Pending):
                return self._ask_again(message, answer, self._clock.now())
            if isinstance(answer, Answer) and _from_the_future(answer, self._clock.now()):
                raise ProviderFault(f"{message.provider}: observed in the future")
            if identity:
                settled = self._people.settle(profile, *verdict(answer))
                if not shadow:
                    return "settled" if settled else "superseded"
            else:
                self._keep(message, profile, answer)
            person = self._people.subject(message.person_id)
        for scan_id in dict.fromkeys((*person.awaiting, *filter(None, [message.scan_id]))):
            colour = scan_id == message.scan_id
            self._waiting.reconsider(scan_id, person, now=self._clock.now(), colour=colour)
        return "answered"

    def _ask(self, message: Lookup, profile: Profile) -> Answer | Absent | Pending:
        # The same for every delivery of a message. The client may have chosen the correlation id:
        # the time makes a later question another one.
        request_id = ids.derive(
            "lookup", message.provider, message.person_id, message.correlation,
            str(profile.registration), str(epoch_ms(message.asked_at)),
        )  # fmt: skip
        return self._providers(message.provider).lookup(
            subject_of(profile, self._vault), request_id=request_id
        )

    def _keep(self, message: Lookup, profile: Profile, answer: Answer | Absent) -> None:
        if isinstance(answer, Absent):
            answer = Answer("absent")
        snapshot = Snapshot(
            provider=message.provider,
            state=answer.state,
            observed_at=answer.observed_at,
            fetched_at=self._clock.now(),
            registration=profile.registration,
            reason=answer.reason,
            group=answer.group,
            how_to_clear=answer.how_to_clear,
            doses=answer.doses,
            report_to=answer.report_to,
        )
        self._people.save_snapshot(message.person_id, snapshot, until=profile.shadow_until)

    def _ask_again(self, message: Lookup, answer: Pending, now: datetime) -> str:
        """Enqueue the lookup again.

        The delay is the provider's, or a quarter of the lookup's age if that is longer.
        """
        age = now - message.asked_at
        if age > _LONGEST_WAIT:
            raise ProviderFault(f"{message.provider}: pending for too long")
        self._queue.send(message, delay=max(timedelta(milliseconds=answer.poll_after_ms), age / 4))
        return "pending"


def _from_the_future(answer: Answer, now: datetime) -> bool:
    """Return whether the answer's time is in the future: such a test would never expire."""
    return answer.observed_at is not None and answer.observed_at - now > _CLOCK_TOLERANCE
