"""Answers that arrive out of order: a slow one does not replace one that was asked for later."""

from chalicelib.admission.judge import Outcome
from chalicelib.admission.lookup_requests import Lookup
from chalicelib.identity.providers import Answer
from tests.fakes.parts import NOON
from tests.unit.region import HEALTH, Region
from tests.unit.test_ends_of_waits import Calling, question, region_with_scan, seen


def test_a_slow_green_does_not_replace_the_red_that_was_asked_for_after_it() -> None:
    region, scan = region_with_scan(Answer("red", NOON))
    usual, first = region.providers[HEALTH], question(region)

    def meanwhile() -> None:
        """A page of the person asks a second later, and has its answer at once."""
        region.providers[HEALTH] = usual
        region.clock.pass_(seconds=1)
        region.deliver(Lookup((HEALTH,), region.person.person_id, region.clock.now(), "c"))
        region.clock.pass_(seconds=2)

    slow = Calling(meanwhile, Answer("green", NOON))
    region.providers[HEALTH] = slow  # type: ignore[assignment]  # a provider too
    region.deliver(first)
    assert colour(region) == "red"
    assert seen(region, scan)[0] is Outcome.REFUSE
    region.clock.pass_(seconds=1)
    assert region.scan().verdict.decision.outcome is Outcome.REFUSE


def colour(region: Region) -> str:
    """The colour on record."""
    known = region.people.subject(region.person.person_id).current(HEALTH)
    return known.state if known else ""
