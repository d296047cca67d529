"""Compare a day's counters with a recount of its records; repair a day that is over."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.progress import track
from rich.table import Table

from chalicelib.bootstrap import Container
from chalicelib.core import keys
from chalicelib.insight.counters import Figures
from chalicelib.venues.venue import Venue, day_of
from infra.ops.deployment import Deployment


@dataclass(frozen=True)
class Comparison:
    """A venue's day by its counters and by its records.

    Figures are by staff id; the empty id has the unit's.
    """

    venue: Venue
    day: date
    counted: dict[str, Figures]
    records: dict[str, Figures]

    @property
    def equal(self) -> bool:
        """Return whether counters and records agree."""
        return self.counted == self.records


def venue_ids(deployment: Deployment) -> Iterator[str]:
    """Return every venue of the deployment; reads the whole table, in pages."""
    pages = deployment.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(
        TableName=deployment.outputs["TableName"],
        FilterExpression="sk = :venue",
        ExpressionAttributeValues={":venue": {"S": "VENUE"}},
        ProjectionExpression="pk",
    ):
        for item in page["Items"]:
            yield item["pk"]["S"].removeprefix("VEN#")


def compare(parts: Container, ids: Iterable[str], day: date | None) -> list[Comparison]:
    """Compare each venue's `day` (its own today when None). Raises KeyError for an unknown id."""
    now = parts.clock.now()
    comparisons = []
    for venue_id in ids:
        venue = parts.venues.venue(venue_id)
        if venue is None:
            raise KeyError(venue_id)
        its_day = day or day_of(venue, now)
        # Counters first: a scan between the two readings shows as a difference, never hides one.
        counted = {"": parts.counters.of_day(venue, its_day)}
        records = parts.counting.recount(venue, its_day)
        for staff_id in records.keys() - {""}:
            counted[staff_id] = parts.counters.of_day(venue, its_day, staff_id)
        comparisons.append(Comparison(venue, its_day, counted, records))
    return comparisons


def repair(parts: Container, comparison: Comparison) -> bool:
    """Set a past day's counters to its records; return False when a counter moved meanwhile.

    Each counter is changed by itself, so that the next repair finishes one that stopped halfway.
    Raises ValueError for a day that is not over at the venue: records still on their way through
    the stream would be counted twice. The difference goes to the first shard, because readers add
    up all shards.
    """
    venue, day = comparison.venue, comparison.day
    if day >= day_of(venue, parts.clock.now()):
        raise ValueError("only a day that is over can be repaired")
    partition = keys.scan_partition(venue.venue_id, day, 0)
    last = parts.counters.last(partition, comparison.records.keys() - {""})
    done = True
    for who, records in comparison.records.items():
        delta = records - comparison.counted[who]
        if delta != Figures():
            done &= parts.counters.add(partition, who, delta, last=last[who], sequence=last[who])
    return done


def run(
    deployment: Deployment, *, venue: str | None, day: date | None, mend: bool, console: Console
) -> int:
    """Print a table of all venues with scans that day; return 1 when a figure differs."""
    parts = deployment.container()
    ids = [venue] if venue else list(venue_ids(deployment))
    try:
        found = compare(parts, track(ids, "Recounting", console=console), day)
    except KeyError as error:
        raise SystemExit(f"There is no venue {error.args[0]}.") from None
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
            wrong = [comparison for comparison in wrong if not repair(parts, comparison)]
        except ValueError as error:
            raise SystemExit(f"Not repaired: {error}.") from None
        console.print("Some counters were moving; run it again." if wrong else "Repaired.")
    return 1 if wrong else 0
