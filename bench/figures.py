"""The figures of a run with their goals, as ``bench/results.json`` and as a table."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Figure:
    """One row: `value` in `unit`; at most `goal`, or `at_least` that; at best `stretch`.

    `note` says briefly how the value was computed.
    """

    name: str
    value: float
    unit: str
    goal: float
    stretch: float | None = None
    note: str = ""
    at_least: bool = False

    @property
    def meets(self) -> bool:
        """Return whether the goal is met."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def write(figures: Iterable[Figure], path: Path = RESULTS) -> None:
    """Replace the file of results."""
    results = {
        one.name: {
            "value": round(one.value, 4),
            "unit": one.unit,
            "goal": one.goal,
            "meets": one.meets,
        }
        for one in figures
    }
    path.write_text(json.dumps(results, indent=2) + "\n")


def table(figures: Iterable[Figure]) -> Table:
    """Return the figures as a table for the console."""
    rows = Table("figure", "value", "goal", "stretch", "")
    for column in rows.columns[1:]:
        column.no_wrap = True
    for one in figures:
        rows.add_row(
            f"{one.name}\n[dim]{one.note}[/dim]" if one.note else one.name,
            f"{one.value:.4g} {one.unit}".rstrip(),
            f"{'≥' if one.at_least else '≤'} {one.goal:g}",
            "" if one.stretch is None else f"{one.stretch:g}",
            "[green]met[/green]" if one.meets else "[red]missed[/red]",
        )
    return rows
