"""The command ``recount``: compare a day's counters with its scans, and repair them."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.progress import track

from chalicelib.bootstrap import Container
from chalicelib.core.clock import CHINA, local_day
from chalicelib.insight.counters import Figures, partitions_of
from chalicelib.insight.reconciliation import RECORDS_COMPLETE_FOR, Result, drift, tally
from chalicelib.venues.venue import Venue, day_of
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.tables import FittingTable, coloured, joined

_PATIENCE = 60
"""How often a repair is tried, with a pause of a second before each."""


@dataclass(frozen=True)
class Comparison:
    """A venue's day by its counters and by its scans.

    Figures are by staff id; the empty id is the unit's.
    """

    venue: Venue
    day: date
    counted: Mapping[str, Figures]
    records: Mapping[str, Figures]

    @property
    def equal(self) -> bool:
        """Whether counters and scans agree, also those of staff without scans."""
        return not drift(self.counted, self.records)


def compare(container: Container, ids: Iterable[str], day: date | None) -> list[Comparison]:
    """Return the comparison of each venue's `day`, or of its own today if None.

    Raises KeyError for an unknown id, ValueError for a day whose scans may have expired.
    """
    now = container.clock.now()
    comparisons = []
    for venue_id in ids:
        venue = container.venues.venue(venue_id)
        if venue is None:
            raise KeyError(venue_id)
        its_day = day or day_of(venue, now)
        if day_of(venue, now) - its_day >= RECORDS_COMPLETE_FOR:
            raise ValueError("scans of that day may have expired; its figures stay as counted")
        # Counters first: a scan between the two reads then shows as a difference and hides none.
        counted = {"": Figures()}
        for partition in partitions_of(venue, its_day):
            for who, one in container.counters.standing(partition).items():
                counted[who] = counted.get(who, Figures()) + one.figures
        records = tally(container.scans.of_day(venue, its_day)).figures
        comparisons.append(Comparison(venue, its_day, counted, records))
    return comparisons


def repair(container: Container, comparison: Comparison, pause: Callable[[], None]) -> bool:
    """Set a day's counters to its scans. Return False if that could not be done in a minute.

    A repair waits behind a fence in the stream, as the scheduled one does, so that nothing that is
    still on its way is counted twice: see `reconciliation`. Scans that go on coming in, or a stream
    that lags, hold it up; repeat it later.
    """
    venue, day = comparison.venue, comparison.day
    waiting = partitions_of(venue, day)
    for attempt in range(_PATIENCE):
        if attempt:
            pause()
        waiting = [
            partition
            for partition in waiting
            if container.reconciliation.reconcile(partition, container.clock.now())
            in (Result.WAITS, Result.FAILED)
        ]
        if not waiting:
            return True
    return False


def run(
    deployment: Deployment,
    *,
    venue: str | None,
    day: date | None,
    mend: bool,
    console: Console,
    pause: Callable[[], None] = lambda: time.sleep(1),
) -> int:
    """Print a table of all venues with counters for that day. Return 1 if a figure differs."""
    container = deployment.container()
    listed = container.reconciliation.venues(day or local_day(container.clock.now(), CHINA))
    ids = [venue] if venue else list(listed)
    try:
        found = compare(container, track(ids, "Recounting", console=console), day)
    except KeyError as error:
        raise SystemExit(f"There is no venue {error.args[0]}.") from None
    except ValueError as error:
        raise SystemExit(f"Not compared: {error}.") from None
    table = FittingTable("Venue", "Checked", "Passed", "Abnormal", "Pending", "Agree")
    for comparison in found:
        counted, records = comparison.counted[""], comparison.records[""]
        if counted == records == Figures():
            continue
        cells = [
            str(a) if a == b else coloured(f"{a} ≠ {b}", "red")
            for a, b in zip(counted.parts()[:4], records.parts()[:4], strict=True)
        ]
        verdict = coloured("yes", "green") if comparison.equal else coloured("no", "red")
        at = comparison.venue
        shown = joined(at.name, coloured(f"{at.venue_id}\n{comparison.day}", "dim"))
        table.add_row(shown, *cells, verdict)
    console.print(table)
    wrong = [comparison for comparison in found if not comparison.equal]
    if mend and wrong:
        wrong = [one for one in wrong if not repair(container, one, pause)]
        console.print(
            "Some scans or counters still change; run the command again." if wrong else "Repaired."
        )
    return 1 if wrong else 0


HELP = "compare the counters with the records"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--venue", type=inputs.venue_id, help="one venue's id; all venues with counters if left out"
    )
    parser.add_argument("--day", type=inputs.day, help="YYYY-MM-DD; today if left out")
    parser.add_argument("--repair", action="store_true", help="set the counters to the records")


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return "changes counters" if given.repair else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, venue=given.venue, day=given.day, mend=given.repair, console=console)
