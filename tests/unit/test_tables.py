"""Tables fit a terminal of 80 columns, or stack."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from chalicelib.core.messages import LANGUAGES, TEXTS, text
from infra.local.reporting import visitor_row, visitor_table
from infra.tables import FittingTable, coloured, joined

VENUE = "ven_0123456789ABCDEF"


def printed(table: FittingTable, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def widest(shown: str) -> int:
    return max(map(cell_len, shown.splitlines()))


def test_a_table_that_fits_is_a_table() -> None:
    table = FittingTable("Venue", "Checked", title="Today")
    table.add_row(joined("信宜市人民医院", coloured(VENUE, "dim")), "12")
    shown = printed(table)
    assert "│" in shown
    assert VENUE in shown
    assert "信宜市人民医院" in shown


def test_a_table_that_does_not_fit_stacks_and_breaks_no_id() -> None:
    headers = ("Is", "Person", "Name", "Former", "Guardian", "By")
    table = FittingTable(*headers, title="Families")
    ids = [f"per_{number:016}" for number in range(4)]
    table.add_row("guardian", ids[0], "", ids[1], ids[2], ids[3])
    shown = printed(table)
    assert "│" not in shown
    assert widest(shown) <= 80
    lines = shown.splitlines()
    assert lines[0].strip() == "Families"
    for name, value in zip(headers, ("guardian", ids[0], None, *ids[1:]), strict=True):
        found = [line.split() for line in lines if line.startswith(f"{name} ")]
        assert found == ([] if value is None else [[name, value]])


def test_text_without_blanks_wraps() -> None:
    table = FittingTable("Name", "Reasons")
    table.add_row("一" * 60, "很" * 60)
    shown = printed(table)
    assert widest(shown) <= 80
    assert shown.count("一") == shown.count("很") == 60


def test_a_cell_is_no_markup() -> None:
    table = FittingTable("[/]", "Name")
    table.add_row("[red] and more", Text("[/bold]"))
    assert "[red]" in printed(table)
    assert "[/bold]" in printed(table, 16)


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_of_visitors_fit_80_columns_in_every_language(language: str) -> None:
    """With all texts of outcomes, states and reasons that there are."""

    def texts(kind: str) -> list[str]:
        return [
            text(key, language, hours="48").strip() for key in TEXTS if key.startswith(f"{kind}.")
        ]

    table = visitor_table("Temperature")
    for state in texts("state"):
        for reason in texts("reason"):
            screen = {
                "person": {"name": "阿依古丽·买买提"},
                "health_code": {"text": state},
                "outcome": "check",
                "outcome_text": max(texts("outcome"), key=cell_len),
                "reasons": [{"text": reason}],
            }
            table.add_row(*visitor_row(screen, state, "a woman of 1942, 从未登记"))
    assert widest(printed(table)) <= 80
