"""``python -m infra.ops --stage prod recount|redrive|…``; see docs/operations.md.

A command is a module with `HELP`, `arguments`, `destroys` and `command`, and a row of `COMMANDS`.
Whatever is typed, and whatever AWS answers, a command ends with a sentence, never with a traceback.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.prompt import Confirm
from urllib3.exceptions import HTTPError

from chalicelib.core.errors import AppError
from chalicelib.core.table import StoreError
from infra.ops import (
    cards,
    deployment,
    erasures,
    families,
    index_keys,
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

    def destroys(self, given: argparse.Namespace) -> str:
        """Return what the command destroys with the `given` arguments; empty if nothing.

        It is asked before, unless ``--yes`` is given.
        """

    def command(
        self, found: deployment.Deployment, given: argparse.Namespace, console: Console
    ) -> int:
        """Run the command with the `given` arguments; return its exit code."""


COMMANDS: Mapping[str, Command] = {
    "status": status,
    "recount": recount,
    "redrive": redrive,
    "rotate": rotate,
    "index-keys": index_keys,
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


_FAILURES = (AppError, StoreError, BotoCoreError, ClientError, HTTPError, OSError, EOFError)
"""What AWS, the network, files and a closed standard input do. A command may be run again."""
_NOT_UTF_8 = "What was typed is not in UTF-8."


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
    typed = sys.argv[1:] if arguments is None else arguments
    if not all(map(_is_utf_8, typed)):
        parser.error(_NOT_UTF_8)
    given = parser.parse_args(typed)
    try:
        return _run(COMMANDS[given.command], given, find)
    except UnicodeError:
        raise SystemExit(_NOT_UTF_8) from None
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"{error.name} is not installed: `make verify` installs all tools first."
        ) from None
    except KeyboardInterrupt:
        raise SystemExit("Interrupted. Run it again to finish what had begun.") from None
    except _FAILURES as error:
        raise SystemExit(f"Not finished ({type(error).__name__}): {error}") from None


def _run(
    module: Command,
    given: argparse.Namespace,
    find: Callable[[str], deployment.Deployment],
) -> int:
    found, console = find(given.stage), Console()
    if given.stage != "local":
        Console(stderr=True).print(deployment.place(found), highlight=False)
        destroys = module.destroys(given)
        if destroys and not given.yes and not _agreed(destroys, console):
            raise SystemExit("Nothing was changed.")
    return module.command(found, given, console)


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _agreed(destroys: str, console: Console) -> bool:
    if not sys.stdin.isatty():
        raise SystemExit(f"Nothing was changed: this {destroys}. In a script, give --yes.")
    console.print(f"This {destroys}.", markup=False)
    return Confirm.ask("Go on?", console=console, default=False)


if __name__ == "__main__":
    sys.exit(main())
