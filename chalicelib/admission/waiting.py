"""Waiting scans: judged again on each answer, and decided when the wait ends.

A wait ends `policy.Policy.answer_within` after the scan was received. Then the first request that
reads the scan, or a worker, decides it by a versioned write. A wait ends at once when no missing
answer can come in time (`Outlook`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.admission.disclosure import ANSWERED_AFTER, is_matched
from chalicelib.admission.judge import (
    Outcome,
    Verdict,
    decide,
    take_card,
    take_colour,
    take_temperature,
)
from chalicelib.admission.lookup_requests import Lookup, Settle
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import FoundScan, Method, Scan, ScanFinder, Scans
from chalicelib.core import metrics
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.identity.people import Actor, Holder, People, PersonRecord
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.venue import Venue

_RACES = 4
_JOINS_SCAN_FOR = timedelta(minutes=15)
_POLLS = (
    (timedelta(milliseconds=900), timedelta(seconds=1)),
    (timedelta(milliseconds=2400), timedelta(milliseconds=1500)),
    (timedelta(milliseconds=4400), timedelta(seconds=2)),
)
"""Up to which age of a scan it is asked for again after which time; then every three seconds."""
_LAST_POLL = timedelta(seconds=3)
_UNANSWERED = ("_unknown", "_stale", "_unconfirmed")

Outlook = Mapping[ProviderName, datetime | None]
"""When each provider that did not answer may have answered the next question; None for never."""
_NO_OUTLOOK: Outlook = {}


class Judged(NamedTuple):
    """The waiting scans of a person after a judgement.

    `decided` are the ids of those that wait no longer, or are gone. `waiting` are the others, each
    with the end of its wait. `outdated` are providers whose bad news is older than a scan that
    waits for them: it joined the question after they had answered.
    """

    decided: tuple[str, ...] = ()
    waiting: Mapping[str, datetime] = {}
    outdated: frozenset[ProviderName] = frozenset()

    @property
    def until(self) -> datetime | None:
        """When the last wait ends, or None if no scan waits."""
        return max(self.waiting.values(), default=None)


class WaitingScans:
    """The scans that wait for answers. Every method may run twice, late, or out of order."""

    __slots__ = ("_finder", "_people", "_policies", "_scans")

    def __init__(
        self, *, people: People, policies: Policies, scans: Scans, finder: ScanFinder
    ) -> None:
        self._people = people
        self._policies = policies
        self._scans = scans
        self._finder = finder

    def find(
        self, scan_id: str, now: datetime, known: PersonRecord | None = None
    ) -> FoundScan | None:
        """Return the scan with its venue, or None. One whose wait is over is decided first.

        See `current`.
        """
        found = self._finder.find(scan_id, now)
        return None if found is None else self.current(found, now, known)

    def current(
        self, found: FoundScan, now: datetime, known: PersonRecord | None = None
    ) -> FoundScan:
        """Return the scan; one whose wait is over is decided first, as `settle` does.

        A manual check is judged again at each reading from two seconds on, because its answers may
        have come before it could be decided (`reconsider`).
        `known` is the record of a person that the caller has read, perhaps the visitor's. Cost:
        none, or a GetItem, a PutItem, an UpdateItem, and a Query if `known` is another person's.
        """
        scan = found.scan
        if not scan.waits:
            return found
        over = now >= self._ends_at(found, now)
        if not over and not (scan.method is Method.MANUAL and now >= _told_from(scan)):
            return found
        profile = known.profile if known else None
        if known is None or profile is None or profile.person_id != scan.judged_by:
            known = self._people.subject(scan.judged_by)
        return self._end(scan.scan_id, known, now, final=over) or found

    def poll_after(self, found: FoundScan, now: datetime) -> timedelta | None:
        """Return when to ask for a waiting scan again: later and later, last when its wait ends.

        None if it does not wait.
        """
        scan = found.scan
        if not scan.waits:
            return None
        age = now - scan.received_at
        pause = next((pause for until, pause in _POLLS if age < until), _LAST_POLL)
        rest = self._ends_at(found, now) - now
        return min(pause, rest) if rest > timedelta() else pause

    def answer_by(self, found: FoundScan, now: datetime) -> datetime | None:
        """Return when a scan is decided at the latest. None if it does not wait."""
        return self._ends_at(found, now) if found.scan.waits else None

    def answer(
        self,
        person_id: str,
        person: PersonRecord,
        now: datetime,
        *,
        takes: str = "",
        outlook: Outlook = _NO_OUTLOOK,
    ) -> Judged:
        """Judge all waiting scans of a person, and end the question if none waits any longer.

        Scans that join meanwhile are judged as well. `takes` is the scan that takes the colour
        after a health declaration, or empty. Cost: a GetItem for each scan, and
        a PutItem if its verdict changes; if scans wait, one DeleteItem, or one UpdateItem if only
        some are decided. Raises Unavailable if scans join faster.
        """
        for _ in range(_RACES):
            waiting = person.awaiting
            concerned = dict.fromkeys((*waiting, *person.marked, *filter(None, [takes])))
            judged = self._judge(concerned, person, now, takes=takes, outlook=outlook)
            recorded = {one: ends for one, ends in judged.waiting.items() if one in waiting}
            judged = judged._replace(waiting=recorded)
            if not waiting and not person.questioned:
                return judged
            if judged.waiting:
                if gone := set(judged.decided).intersection(waiting):
                    self._scans.stop_waiting(person_id, gone)
                return judged
            if self._scans.end_question(person_id, waiting):
                return judged
            person = self._people.subject(person_id)
        raise Unavailable

    def give_up(self, message: Lookup, judged: Judged) -> bool:
        """End the question that `message` asked, so that the next scan asks again.

        Return False, and change nothing, if others wait than those in `judged`.
        """
        return self._scans.give_up(message.person_id, message.asked_at, judged.waiting)

    def patience(self, asked_at: datetime, now: datetime) -> datetime:
        """Return until when answers are worth asking for if no scan waits for them."""
        return asked_at + self._policies.of("*", now).answer_within

    def _judge(
        self,
        scan_ids: Iterable[str],
        person: PersonRecord,
        now: datetime,
        *,
        takes: str,
        outlook: Outlook,
    ) -> Judged:
        """Judge scans of `person` again. See `answer`."""
        decided: list[str] = []
        waiting: dict[str, datetime] = {}
        outdated: set[ProviderName] = set()
        for scan_id in scan_ids:
            colour = scan_id == takes
            found = self.reconsider(scan_id, person, now=now, colour=colour, outlook=outlook)
            if found is None or not found.scan.waits:
                decided.append(scan_id)
            elif self._is_held(found, person, now):
                waiting[scan_id] = _told_from(found.scan)
            else:
                waiting[scan_id] = self._ends_at(found, now)
                outdated.update(_outdated(found.scan, person))
        return Judged(tuple(decided), waiting, frozenset(outdated))

    def reconsider(
        self,
        scan_id: str,
        person: PersonRecord,
        *,
        now: datetime,
        final: bool = False,
        card: bool = False,
        colour: bool = False,
        outlook: Outlook = _NO_OUTLOOK,
    ) -> FoundScan | None:
        """Judge a waiting scan again by `person`'s evidence, and return it as it now stands.

        Evidence is assessed as of the time of the scan, by the current policy. `final`: the scan is
        decided with the evidence there is, as it is when its wait is over. `card`: the person has
        entered the day's travel card code, and a decided scan takes the card as well. `outlook`: if
        all that is missing comes too late or never, the wait is over now.

        `person` is read again if another worker has judged by a later answer, so that no verdict
        rests on less evidence than the one before. Return None if there is no such scan. Raises
        Unavailable if the scan changes faster than it can be judged.

        A manual check is not decided before it may be answered, two seconds after it was received:
        the figures would show it (JN-12). Another's record than `Scan.judged_by` is replaced.
        """
        for _ in range(_RACES):
            found = self._finder.find(scan_id, now)
            if found is None:
                return None
            scan, venue = found
            if person.profile is None or person.profile.person_id != scan.judged_by:
                person = self._people.subject(scan.judged_by)
            if not final and _is_early(scan, now):
                return found
            # The verdict on an unidentified subject holds no evidence to compare with.
            if person.unidentified or any(
                person.lacks(provider, seen.fetched_at)
                for provider, seen in scan.verdict.evidence.items()
            ):
                person = self._people.subject(scan.judged_by)
            takes = None
            if card and scan.verdict.lacks_card:
                takes = take_card
            elif colour and scan.verdict.undeclared and _is_recent(scan, now):
                takes = take_colour
            ends_at = self._ends_at(found, now)
            over = final or now >= ends_at
            verdict = self._judged_again(scan, venue, person, now, final=over, takes=takes)
            if verdict.needs and _in_vain(verdict.needs, outlook, ends_at):
                verdict = self._judged_again(scan, venue, person, now, final=True, takes=takes)
            if verdict == scan.verdict:
                return found
            changed = replace(scan, verdict=verdict, version=scan.version + 1)
            if self._scans.change(changed, venue):
                _measure(scan, changed, now)
                return FoundScan(changed, venue)
        raise Unavailable

    def measured(
        self,
        scan_id: str,
        person: PersonRecord,
        temperature: str,
        now: datetime,
        *,
        at: datetime | None,
    ) -> FoundScan | None:
        """Record the temperature of the visitor, `person`, and judge the scan again.

        `at` is its time by the client's clock; nothing is written if the one on record is newer.
        None for a client that names no time. A scan that waits goes on waiting. Idempotent.

        Return None if there is no such scan, or if its visitor has been erased. Cost: a GetItem and
        a conditional PutItem. Raises Unavailable if the scan changes faster than it can be judged.
        """
        for _ in range(_RACES):
            found = self._finder.find(scan_id, now)
            if found is None or not found.scan.person_id:
                return None
            scan, venue = found
            known_at = scan.measured_at
            if at is None:
                older = scan.temperature == temperature
            else:
                older = known_at is not None and at <= known_at
            if older:
                return found
            policy, received_at = self._policies.of(venue.region, now), scan.received_at
            if any(
                person.lacks(name, seen.fetched_at) for name, seen in scan.verdict.evidence.items()
            ):
                person = self._people.subject(scan.person_id)
            if scan.waits or not is_matched(scan):
                final = not scan.waits or now >= self._ends_at(found, now)
                verdict = decide(
                    person, policy, at=received_at, final=final, temperature=temperature
                )
            else:
                verdict = take_temperature(
                    scan.verdict, policy, at=received_at, temperature=temperature
                )
            changed = replace(
                scan,
                temperature=temperature,
                measured_at=max(filter(None, (known_at, at or now))),
                verdict=verdict,
                version=scan.version + 1,
            )
            if self._scans.change(changed, venue):
                _measure(scan, changed, now)
                return FoundScan(changed, venue)
        raise Unavailable

    def settle(self, message: Settle, now: datetime) -> str:
        """End a scan's wait: missing answers become unknown.

        Return the result label that is logged.
        """
        found = self._finder.find(message.scan_id, now)
        if found is None:
            return "gone"
        if not found.scan.waits:
            return "answered"
        ended = self._end(message.scan_id, self._people.subject(found.scan.judged_by), now)
        return ended.scan.verdict.decision.outcome if ended else "gone"

    def takes_card(self, actor: Actor, scan_id: str, now: datetime) -> bool:
        """Return whether the actor's scan may take a travel card entered now.

        It may for 15 minutes. Raises NotFound unless it is the actor's scan.
        """
        found = self._finder.find(scan_id, now)
        if found is None or found.scan.person_id != actor.person_id:
            raise NotFound
        if found.scan.subject_id:  # it is judged by the answers about its shadow subject
            return False
        return _is_recent(found.scan, now) and found.scan.verdict.lacks_card

    def takes_colour(self, holder: Holder, scan_id: str, now: datetime) -> bool:
        """Return whether the scan of `holder` may take the colour that follows a declaration.

        It may for 15 minutes, while it is undeclared or waits for an answer. Raises NotFound unless
        it is the holder's scan.
        """
        found = self._finder.find(scan_id, now)
        if found is None or found.scan.person_id != holder.person_id:
            raise NotFound
        if found.scan.subject_id:  # see `takes_card`
            return False
        return _is_recent(found.scan, now) and (found.scan.verdict.undeclared or found.scan.waits)

    def _end(
        self, scan_id: str, person: PersonRecord, now: datetime, *, final: bool = True
    ) -> FoundScan | None:
        ended = self.reconsider(scan_id, person, now=now, final=final)
        if ended is not None and not ended.scan.waits:
            self._scans.stop_waiting(ended.scan.judged_by, (scan_id,))
        return ended

    def _is_held(self, found: FoundScan, person: PersonRecord, now: datetime) -> bool:
        """Return whether a manual check has its answers, and only may not be answered yet."""
        if not _is_early(found.scan, now):
            return False
        verdict = self._judged_again(found.scan, found.venue, person, now, final=False, takes=None)
        return not verdict.needs

    def _ends_at(self, found: FoundScan, now: datetime) -> datetime:
        policy = self._policies.of(found.venue.region, now)
        return found.scan.received_at + policy.answer_within

    def _judged_again(
        self,
        scan: Scan,
        venue: Venue,
        person: PersonRecord,
        now: datetime,
        *,
        final: bool,
        takes: Callable[..., Verdict] | None,
    ) -> Verdict:
        verdict = scan.verdict
        if not verdict.needs and takes is None:
            return verdict
        policy = self._policies.of(venue.region, now)
        at, temperature = scan.received_at, scan.temperature
        if takes is None or verdict.needs:
            return decide(person, policy, at=at, final=final, temperature=temperature)
        return takes(verdict, person, policy, at=at, temperature=temperature)


def _in_vain(needs: Iterable[ProviderName], outlook: Outlook, ends_at: datetime) -> bool:
    """Return whether none of the answers that a scan needs can come before its wait ends.

    A provider without an outlook may answer, to another question.
    """
    return all(
        name in outlook and ((comes_at := outlook[name]) is None or comes_at >= ends_at)
        for name in needs
    )


def _outdated(scan: Scan, person: PersonRecord) -> Iterator[ProviderName]:
    """Yield the providers that a scan waits for though they have answered, before it was made."""
    for name in scan.verdict.needs:
        known = person.current(name)
        if known is not None and known.fetched_at < scan.received_at:
            yield name


def _measure(before: Scan, after: Scan, now: datetime) -> None:
    """Record a decision on a scan that was pending."""
    decision = after.verdict.decision
    if before.verdict.decision.outcome is not Outcome.PENDING:
        return
    if decision.outcome is Outcome.PENDING:
        return
    unknown = any(reason.endswith(_UNANSWERED) for reason in decision.reasons)
    seconds = round((now - before.received_at).total_seconds(), 1)
    metrics.record({"SecondsToDecision": seconds, "UnknownDecisions": int(unknown)})
    metrics.record({"Decisions": 1}, outcome=decision.outcome)


def _told_from(scan: Scan) -> datetime:
    return scan.received_at + ANSWERED_AFTER


def _is_early(scan: Scan, now: datetime) -> bool:
    """Return whether this is a manual check that may not be answered yet."""
    return scan.method is Method.MANUAL and now < _told_from(scan)


def _is_recent(scan: Scan, now: datetime) -> bool:
    """Return whether evidence that the visitor obtains now still joins the scan."""
    return now - scan.received_at <= _JOINS_SCAN_FOR
