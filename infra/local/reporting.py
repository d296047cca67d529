"""The demo's output: a console with numbered steps and tables, on a local cloud.

All of it is in the language of the terminal, also what the API answers.
"""

from collections.abc import Callable
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from infra.local.client import ApiError, Phone, Server
from infra.local.language import api_language, words
from infra.local.place import LocalCloud
from infra.local.seed import Person, pocket_of
from infra.ops.deployment import Deployment, find
from infra.tables import Cell, FittingTable, coloured

OUTCOMES = {"admit": "green", "check": "yellow", "refuse": "red", "pending": "blue"}
"""The colour of an outcome; it never stands without the outcome's text."""


def temperature_of(screen: dict[str, Any]) -> Text:
    """Return the temperature band of a screen, coloured; empty if none was taken."""
    match screen["temperature"]:
        case "normal":
            return Text(words("normal", "正常"))
        case "fever":
            return coloured(words("fever", "发热"), "red")
    return Text()


class Reporter:
    """Prints numbered steps on a console, on a running local cloud."""

    def __init__(self, cloud: LocalCloud, console: Console) -> None:
        self.console = console
        self.cloud = cloud
        self.pocket = pocket_of(cloud)
        self.server = Server(cloud.base_url, cloud.sandbox_url, api_language())
        self.deployment: Deployment = find("local")
        self.steps = 0

    def phone(self, person: Person) -> Phone:
        """Return a person's phone, which remembers earlier runs."""
        return Phone(person.phone, self.server, self.pocket)

    def step(self, title: str) -> None:
        """Print the next step's heading."""
        self.steps += 1
        self.console.rule(coloured(f"{self.steps} · {title}", "bold"), align="left")

    def say(self, *parts: Cell) -> None:
        """Print a line within a step; parts may be coloured."""
        line = Text.assemble(*parts)
        self.console.print(Padding(line, (0, 0, 0, 2), expand=False))

    def unbroken(self, what: str) -> None:
        """Print a line that must not be broken: an address, a path, the text of a code."""
        self.console.print(f"  {what}", soft_wrap=True, markup=False, highlight=False)

    def bar(self) -> Progress:
        """Return a progress bar in the console's width."""
        return Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            console=self.console,
        )  # fmt: skip

    def verdict(self, sentence: str, holds: bool) -> bool:
        """Print a promise, and whether it holds."""
        self.say(coloured("✓", "green") if holds else coloured("✗", "red"), f" {sentence}")
        return holds

    def refused(self, what: str, code: str, call: Callable[[], object]) -> None:
        """Print that the service refuses a `call`. Raises RuntimeError when it does not."""
        try:
            call()
        except ApiError as error:
            if error.code != code:
                raise
            self.say(
                what,
                words(": ", "："),
                coloured(f"{error.status} {code}", "red"),
                f" {error.body['detail']}",
            )
        else:
            raise RuntimeError(f"{what}: {code} was to be said, and was not")


def outcome_of(screen: dict[str, Any]) -> Text:
    """Return the outcome's text, coloured."""
    return coloured(screen["outcome_text"], OUTCOMES[screen["outcome"]])


def reasons_of(screen: dict[str, Any]) -> str:
    """Return the reasons, a line each, without the full stop that would start its own line."""
    return "\n".join(reason["text"].rstrip("。.") for reason in screen["reasons"])


def visitor_row(screen: dict[str, Any], measured: Cell, about: str) -> tuple[Cell, ...]:
    """Return a row of `visitor_table`; a manual check may have no person."""
    person = screen["person"]
    return (
        person["name"] if person else "—",
        screen["health_code"]["text"],
        measured,
        outcome_of(screen),
        reasons_of(screen),
        coloured(about, "dim"),
    )


def visitor_table(measured: str) -> FittingTable:
    """Return an empty table of visitors; `measured` is the third column's header."""
    return FittingTable(
        words("Visitor", "访客"),
        words("Code", "健康码"),
        measured,
        words("Outcome", "结果"),
        words("Reasons", "原因"),
        words("Who", "情形"),
    )


def screen_panel(screen: dict[str, Any], title: str, width: int = 60) -> Panel:
    """Return a scan's screen for the terminal, `width` columns wide."""
    colour = OUTCOMES[screen["outcome"]]
    rows = Table.grid(padding=(0, 2))
    for label, key in (
        (words("Health code", "健康码"), "health_code"),
        (words("Nucleic acid", "核酸检测"), "nucleic_acid"),
        (words("Vaccination", "疫苗接种"), "vaccination"),
        (words("Travel card", "行程卡"), "travel_card"),
    ):
        rows.add_row(coloured(label, "dim"), screen[key]["text"])
    if screen["temperature"]:
        rows.add_row(coloured(words("Temperature", "体温"), "dim"), temperature_of(screen))
    texts = [entry["text"] for entry in (*screen["reasons"], *screen["next_steps"])]
    return Panel(
        Group(
            Text(screen["outcome_text"], style=f"bold {colour}"),
            Text(f"{screen['person']['name']}  {screen['person']['phone'] or ''}", style="dim"),
            rows,
            Text("\n".join(texts), overflow="fold"),
        ),
        title=Text(title),
        border_style=colour,
        width=width,
    )
