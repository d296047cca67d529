"""The demo's output: a console with numbered steps and tables, on a local cloud."""

from collections.abc import Callable
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from infra.local.client import ApiError, Phone, Server
from infra.local.place import LocalCloud
from infra.local.seed import Person, pocket_of
from infra.ops.deployment import Deployment, find

OUTCOMES = {"admit": "green", "check": "yellow", "refuse": "red", "pending": "blue"}
"""The colour of an outcome; it never stands without the outcome's text."""
TEMPERATURES = {"normal": "正常 normal", "fever": "[red]发热 fever[/red]", None: ""}


class Reporter:
    """Prints numbered steps on a console, on a running local cloud."""

    def __init__(self, cloud: LocalCloud, console: Console) -> None:
        self.console = console
        self.cloud = cloud
        self.pocket = pocket_of(cloud)
        self.server = Server(cloud.base_url, cloud.sandbox_url)
        self.deployment: Deployment = find("local")
        self.steps = 0

    def phone(self, person: Person) -> Phone:
        """Return a person's phone, which remembers earlier runs."""
        return Phone(person.phone, self.server, self.pocket)

    def step(self, title: str) -> None:
        """Print the next step's heading."""
        self.steps += 1
        self.console.rule(f"[bold]{self.steps} · {title}", align="left")

    def say(self, sentence: str) -> None:
        """Print a line within a step."""
        self.console.print(f"  {sentence}")

    def bar(self) -> Progress:
        """Return a progress bar in the console's width."""
        return Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            console=self.console,
        )  # fmt: skip

    def verdict(self, sentence: str, holds: bool) -> bool:
        """Print a promise, and whether it holds."""
        self.say(f"{'[green]✓[/green]' if holds else '[red]✗[/red]'} {sentence}")
        return holds

    def refused(self, what: str, code: str, call: Callable[[], object]) -> None:
        """Print that the service refuses a `call`. Raises RuntimeError when it does not."""
        try:
            call()
        except ApiError as error:
            if error.code != code:
                raise
            self.say(f"{what}: [red]{error.status} {code}[/red] {error.body['detail']}")
        else:
            raise RuntimeError(f"{what}: {code} was to be said, and was not")


def table_of(*headers: str) -> Table:
    """Return a table whose cells wrap: Chinese has no blanks to wrap at and would be cut off."""
    table = Table()
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def outcome_of(screen: dict[str, Any]) -> str:
    """Return the outcome's text, coloured."""
    colour = OUTCOMES[screen["outcome"]]
    return f"[{colour}]{screen['outcome_text']}[/{colour}]"


def reasons_of(screen: dict[str, Any]) -> str:
    """Return the reasons, a line each, without the full stop that would start its own line."""
    return "\n".join(reason["text"].rstrip("。") for reason in screen["reasons"])


def screen_panel(screen: dict[str, Any], title: str, width: int = 60) -> Panel:
    """Return a scan's screen for the terminal, `width` columns wide."""
    colour = OUTCOMES[screen["outcome"]]
    rows = Table(show_header=False, box=None)
    for label, key in (
        ("健康码", "health_code"), ("核酸检测", "nucleic_acid"),
        ("疫苗接种", "vaccination"), ("行程卡", "travel_card"),
    ):  # fmt: skip
        rows.add_row(f"[dim]{label}[/dim]", screen[key]["text"])
    if screen["temperature"]:
        rows.add_row("[dim]体温[/dim]", TEMPERATURES[screen["temperature"]])
    texts = [entry["text"] for entry in (*screen["reasons"], *screen["next_steps"])]
    return Panel(
        Group(
            Text(screen["outcome_text"], style=f"bold {colour}"),
            Text(f"{screen['person']['name']}  {screen['person']['phone'] or ''}", style="dim"),
            rows,
            Text("\n".join(texts), overflow="fold"),
        ),
        title=title,
        border_style=colour,
        width=width,
    )
