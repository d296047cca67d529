"""The command ``recount``: compare a day's counters with its scans; repair a past day."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from rich.console import Console
from rich.progress import track
from rich.table import Table

from chalicelib.bootstrap import Container
from chalicelib.core import keys
from chalicelib.insight.counters import Figures
from chalicelib.venues.venue import Venue, day_of
from infra.ops.deployment import Deployment

_RECORDS_COMPLETE_FOR = timedelta(days=13)
"""No policy lets a scan expire earlier: retention is 14 days at least."""


@dataclass(frozen=True)
class Comparison:
    """A venue's day by its counters and by its scans.

    Figures are by staff id; the empty id is the unit's.
    """

    venue: Venue
    day: date
    counted: dict[str, Figures]
    records: dict[str, Figures]

    @property
    def equal(self) -> bool:
        """Whether counters and scans agree."""
        return self.counted == self.records


def venue_ids(deployment: Deployment) -> Iterator[str]:
    """Yield the id of every venue of the deployment. Cost: a Scan of the whole table."""
    pages = deployment.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(
        TableName=deployment.outputs["TableName"],
        FilterExpression="sk = :venue",
        ExpressionAttributeValues={":venue": {"S": "VENUE"}},
        ProjectionExpression="pk",
    ):
        for item in page["Items"]:
            yield item["pk"]["S"].removeprefix("VEN#")


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
        if day_of(venue, now) - its_day >= _RECORDS_COMPLETE_FOR:
            raise ValueError("scans of that day may have expired; its figures stay as counted")
        # Counters first: a scan between the two reads then shows as a difference and hides none.
        counted = {"": container.counters.of_day(venue, its_day)}
        records = container.counting.recount(venue, its_day)
        for staff_id in records.keys() - {""}:
            counted[staff_id] = container.counters.of_day(venue, its_day, staff_id)
        comparisons.append(Comparison(venue, its_day, counted, records))
    return comparisons


def repair(container: Container, comparison: Comparison) -> bool:
    """Set a past day's counters to its scans. Return False if a counter changed meanwhile.

    Counters are changed one by one, so that the next repair completes an interrupted one. The
    difference is added to the first shard, because readers add up all shards. Raises ValueError for
    a day that is not over at the venue, because records that are still in the stream would be
    counted twice.
    """
    venue, day = comparison.venue, comparison.day
    if day >= day_of(venue, container.clock.now()):
        raise ValueError("only a day that is over can be repaired")
    partition = keys.scan_partition(venue.venue_id, day, 0)
    last = container.counters.last(partition, comparison.records.keys() - {""})
    done = True
    for who, records in comparison.records.items():
        delta = records - comparison.counted[who]
        if delta != Figures():
            done &= container.counters.add(
                partition, who, delta, last=last[who], sequence=last[who]
            )
    return done


def run(
    deployment: Deployment, *, venue: str | None, day: date | None, mend: bool, console: Console
) -> int:
    """Print a table of all venues with scans that day. Return 1 if a figure differs."""
    container = deployment.container()
    ids = [venue] if venue else list(venue_ids(deployment))
    try:
        found = compare(container, track(ids, "Recounting", console=console), day)
    except KeyError as error:
        raise SystemExit(f"There is no venue {error.args[0]}.") from None
    except ValueError as error:
        raise SystemExit(f"Not compared: {error}.") from None
    table = Table("Venue", "Day", "Checked", "Passed", "Abnormal", "Pending", "Records agree")
    for comparison in found:
        counted, records = comparison.counted[""], comparison.records[""]
        if counted == records == Figures():
            continue
        cells = [
            str(a) if a == b else f"[red]{a} ≠ {b}[/red]"
            for a, b in zip(counted.parts()[:4], records.parts()[:4], strict=True)
        ]
        verdict = "[green]yes[/green]" if comparison.equal else "[red]no[/red]"
        table.add_row(comparison.venue.name, comparison.day.isoformat(), *cells, verdict)
    console.print(table)
    wrong = [comparison for comparison in found if not comparison.equal]
    if mend and wrong:
        try:
            wrong = [comparison for comparison in wrong if not repair(container, comparison)]
        except ValueError as error:
            raise SystemExit(f"Not repaired: {error}.") from None
        console.print(
            "Some counters changed meanwhile; run the command again." if wrong else "Repaired."
        )
    return 1 if wrong else 0


HELP = "compare the counters with the records"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--venue", help="one venue's id; all venues if left out")
    parser.add_argument("--day", type=date.fromisoformat, help="YYYY-MM-DD; today if left out")
    parser.add_argument("--repair", action="store_true", help="repair a day that is over")


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, venue=given.venue, day=given.day, mend=given.repair, console=console)
