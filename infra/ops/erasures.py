"""The command ``erasures``: list the erasures that are due, or carry them out (GO-6)."""

from argparse import ArgumentParser, Namespace
from datetime import datetime

from rich.console import Console

from infra.ops.deployment import Deployment
from infra.ops.inputs import moment
from infra.tables import FittingTable


def run(deployment: Deployment, *, action: str, at: datetime | None, console: Console) -> int:
    """List or carry out the erasures that are due `at` a time, or now. Return 1 if one failed.

    Operators see receipts, not people.
    """
    container = deployment.container()
    now = at or container.clock.now()
    if action == "list":
        table = FittingTable("Due", "Step", "Receipt")
        for due in container.erasures.due(now):
            table.add_row(due.due_at.isoformat(timespec="seconds"), due.step, due.receipt_id)
        console.print(table)
        return 0
    results = container.erasing.run(now)
    summary = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
    console.print(summary or "Nothing is due.")
    return 1 if results.get("failed") else 0


HELP = "list or carry out the erasures that are due"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "run"))
    parser.add_argument("--at", type=moment, help="as of this time, ISO 8601; now if left out")


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return "erases people for good" if given.action == "run" else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, action=given.action, at=given.at, console=console)
