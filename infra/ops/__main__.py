"""``python -m infra.ops --stage prod recount|redrive|…``; see docs/operations.md.

A command is a module with `HELP`, `arguments` and `command`, and a row of `COMMANDS`.
"""

import argparse
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Protocol

from rich.console import Console
from rich.prompt import Confirm

from infra.ops import (
    cards,
    deployment,
    erasures,
    families,
    kiosks,
    notices,
    partners,
    policies,
    recount,
    redrive,
    rotate,
    shards,
    status,
    venues,
)


class Command(Protocol):
    """A command, as its module has it."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def command(
        self, found: deployment.Deployment, given: argparse.Namespace, console: Console
    ) -> int:
        """Run the command with the `given` arguments; return its exit code."""


COMMANDS: Mapping[str, Command] = {
    "status": status,
    "recount": recount,
    "redrive": redrive,
    "rotate": rotate,
    "policies": policies,
    "partners": partners,
    "kiosks": kiosks,
    "families": families,
    "cards": cards,
    "notices": notices,
    "erasures": erasures,
    "shards": shards,
    "venues": venues,
}


DESTROYS: Mapping[str, Callable[[Namespace], str]] = {
    "rotate": lambda given: given.retire and f"refuses every token that root {given.retire} signed",
    "partners": lambda given: given.name and f"replaces or removes the secret {given.name}",
    "kiosks": lambda given: given.action == "revoke" and "shuts out the kiosk",
    "families": lambda given: given.action != "list" and "ends family links",
    "policies": lambda given: given.set and f"replaces all rules of {given.region}",
    "erasures": lambda given: given.action == "run" and "erases people for good",
    "recount": lambda given: given.repair and "changes counters",
}
"""What a command destroys with the arguments given; nothing if false. Rows of `COMMANDS`."""


def main(
    arguments: list[str] | None = None,
    *,
    find: Callable[[str], deployment.Deployment] = deployment.find,
) -> int:
    """Run one command on the deployment that `find` returns; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.ops", description=__doc__)
    parser.add_argument("--stage", default="local", choices=("local", "dev", "prod"))
    parser.add_argument("--yes", action="store_true", help="do not ask before destroying anything")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.arguments(commands.add_parser(name, help=module.HELP))
    given = parser.parse_args(arguments)
    found, console = find(given.stage), Console()
    if given.stage != "local":
        Console(stderr=True).print(deployment.place(found), highlight=False)
        destroys = DESTROYS.get(given.command, _nothing)(given)
        if destroys and not given.yes and not _agreed(destroys, console):
            raise SystemExit("Nothing was changed.")
    return COMMANDS[given.command].command(found, given, console)


def _nothing(_: Namespace) -> str:
    return ""


def _agreed(destroys: str, console: Console) -> bool:
    if not sys.stdin.isatty():
        raise SystemExit(f"Nothing was changed: this {destroys}. In a script, give --yes.")
    return Confirm.ask(f"This {destroys}. Go on?", console=console, default=False)


if __name__ == "__main__":
    sys.exit(main())
