"""The command ``shards``: raise the number of partitions of a venue's days.

A partition takes 1,000 writes a second, and a scan is one or two. All that reads or writes a day
uses the number of that day, so that a change holds for whole days only, from one on that begins
when every process has read the venue again.
"""

from argparse import ArgumentParser, Namespace
from datetime import timedelta

from rich.console import Console

from chalicelib.venues.venue import ShardChange, day_of
from infra.ops import inputs
from infra.ops.deployment import Deployment

MOST = 256
AHEAD = timedelta(hours=1)
"""A day must begin so long after the change: venues are cached for a minute, and a phone's clock
may be ten minutes fast."""


def run(deployment: Deployment, *, venue_id: str, shards: int, console: Console) -> int:
    """Have a venue's days use `shards` partitions from the next day on. Repeated, does nothing.

    In the last hour of a day that is the day after the next. Raises SystemExit if there is no such
    venue, or if `shards` would not raise the number.
    """
    container = deployment.container()
    venue = container.venues.venue(venue_id)
    if venue is None:
        raise SystemExit(f"There is no venue {venue_id}.")
    now = container.clock.now()
    first = day_of(venue, now + AHEAD) + timedelta(days=1)
    last = venue.shard_changes[-1] if venue.shard_changes else None
    if last is not None and last.shards == shards:
        console.print(f"{venue.name} has {shards} shards from {last.day} on.", markup=False)
        return 0
    if last is not None and last.day >= first:
        raise SystemExit(f"Nothing was changed: {last.shards} shards are planned from {last.day}.")
    before = venue.shards_on(first)
    if not before < shards <= MOST:
        raise SystemExit(f"Nothing was changed: from {before} shards, at most to {MOST}.")
    changes = (*venue.shard_changes, ShardChange(first, shards))
    if not container.venues.change_shards(venue, changes):
        raise SystemExit("Nothing was changed: another change came first; run it again.")
    console.print(f"{venue.name} has {before} shards, and {shards} from {first} on.", markup=False)
    return 0


HELP = "raise the partitions of a venue's days"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("venue", type=inputs.venue_id, help="the venue's id")
    parser.add_argument("shards", type=int, help="partitions a day, of 1,000 writes a second each")


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return f"gives the venue {given.shards} partitions a day, which cannot be taken back"


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, venue_id=given.venue, shards=given.shards, console=console)
