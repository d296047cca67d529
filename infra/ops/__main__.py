"""``python -m infra.ops --stage prod recount|redrive|…``; see docs/operations.md.

A command is a module with `HELP`, `arguments` and `command`, and a row of `COMMANDS`.
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Protocol

from rich.console import Console

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
    status,
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
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.ops", description=__doc__)
    parser.add_argument("--stage", default="local", choices=("local", "dev", "prod"))
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.arguments(commands.add_parser(name, help=module.HELP))
    given = parser.parse_args(arguments)
    found = deployment.find(given.stage)
    return COMMANDS[given.command].command(found, given, Console())


if __name__ == "__main__":
    sys.exit(main())
