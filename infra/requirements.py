"""Print every requirement row with the tests that claim it and their results.

    python -m infra.requirements [pytest arguments]

Runs the tests that carry ``@pytest.mark.requirement``. Exits with 1 when a row that
docs/requirements.md calls *works* or *partial* has no passing test, when a test claims a row that
is *open* or unknown, or when a claiming test failed.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
_PROPERTY = "requirement"
_RANK = ("open", "partial", "works")
_ROW = re.compile(r"\| ([A-Z]{2}-\d+) \| (works|partial|open) \| (.*) \|")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the claiming tests only, and let their reports carry the rows that they claim."""
    claiming = []
    for item in items:
        rows = [row for mark in item.iter_markers("requirement") for row in mark.args]
        if rows:
            item.user_properties.append((_PROPERTY, rows))
            claiming.append(item)
    others = [item for item in items if item not in claiming]
    config.hook.pytest_deselected(items=others)
    items[:] = claiming


class Claims:
    """A pytest plugin that records each test's rows and result, in whichever process it ran."""

    def __init__(self) -> None:
        self.rows: dict[str, set[str]] = defaultdict(set)
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a test's rows and its worst phase."""
        for name, rows in report.user_properties:
            if name == _PROPERTY and isinstance(rows, list):
                for row in rows:
                    self.rows[row].add(report.nodeid)
        known = self.outcomes.get(report.nodeid, "passed")
        self.outcomes[report.nodeid] = known if known == "failed" else report.outcome


def states(document: str) -> dict[str, tuple[str, str]]:
    """Return each row's state and text; a row that stands twice keeps its best state."""
    found: dict[str, tuple[str, str]] = {}
    for row, state, text in _ROW.findall(document):
        if row not in found or _RANK.index(state) > _RANK.index(found[row][0]):
            found[row] = (state, text)
    return found


def main(arguments: list[str]) -> int:
    """Run the claiming tests and print the table."""
    claims = Claims()
    # This module is a plugin of its own: each process that runs tests loads it by its name.
    options = ["-p", "infra.requirements", "-q", "--no-header", "--tb=short"]
    pytest.main([*options, *arguments], plugins=[claims])
    rows = states((ROOT / "docs" / "requirements.md").read_text(encoding="utf-8"))
    table = Table("Row", "State", "Tests", "What must work")
    faults = [f"{row} is claimed by a test and is no row" for row in claims.rows if row not in rows]
    for row, (state, text) in rows.items():
        ended = [claims.outcomes.get(test, "not run") for test in claims.rows.get(row, ())]
        passed = ended.count("passed")
        if state == "open" and ended:
            faults.append(f"{row} is open and has tests")
        if state != "open" and not passed:
            faults.append(f"{row} {state} and no test shows it")
        if passed != len(ended):
            faults.append(f"{row} has tests that did not pass")
        colour = {"works": "green", "partial": "yellow", "open": "dim"}[state]
        shown = f"{passed}/{len(ended)}" if ended else ""
        table.add_row(row, f"[{colour}]{state}[/{colour}]", shown, text[:90])
    console = Console(width=150)
    console.print(table)
    for fault in faults:
        console.print(f"[red]{fault}[/red]")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
