"""The command ``erasures``: list the erasures that are due, or carry them out."""

from datetime import datetime

from rich.console import Console
from rich.table import Table

from infra.ops.deployment import Deployment


def run(deployment: Deployment, *, action: str, at: datetime | None, console: Console) -> int:
    """List or carry out the erasures that are due `at` a time, or now. Return 1 if one failed.

    Operators see receipts, not people.
    """
    container = deployment.container()
    now = at or container.clock.now()
    if action == "list":
        table = Table("Due", "Step", "Receipt")
        for due in container.erasures.due(now):
            table.add_row(due.due_at.isoformat(timespec="seconds"), due.step, due.receipt_id)
        console.print(table)
        return 0
    results = container.erasing.run(now)
    said = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
    console.print(said or "Nothing is due.")
    return 1 if results.get("failed") else 0
