"""The command ``partners``: set, list and remove the secrets shared with partners."""

import getpass
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from rich.console import Console

from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.ops.secret import Secret


def typed(name: str) -> str:
    """Return a secret from standard input, without echo, so that no history keeps it."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{name}: ").strip()
    return sys.stdin.read().strip()


def changed(pairs: dict[str, str], name: str, value: str) -> dict[str, str]:
    """Return the secrets with `name` set to `value`, or removed if `value` is empty.

    Raises ValueError for an empty ``default``, which signs requests to partners without a secret of
    their own.
    """
    if value:
        return {**pairs, name: value}
    if name == "default":
        raise ValueError("default signs requests to partners that have no secret of their own")
    return {key: kept for key, kept in pairs.items() if key != name}


def run(
    deployment: Deployment,
    *,
    name: str | None,
    console: Console,
    read: Callable[[str], str] = typed,
) -> int:
    """Set the secret `name` from standard input, or list the names that are set."""
    secret = Secret(deployment, "PartnersSecretId")
    if name is None:
        console.print("\n".join(sorted(secret.pairs)), markup=False)
        return 0
    try:
        after = changed(secret.pairs, name, read(name))
    except ValueError as error:
        raise SystemExit(f"Nothing was changed: {error}.") from None
    secret.write(after)
    done = "set" if name in after else "removed"
    console.print(f"{name} is {done}; it takes effect within five minutes.")
    return 0


HELP = "list or set the secrets shared with partners"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "name",
        nargs="?",
        type=inputs.secret_name,
        help="a secret's name; its value from standard input",
    )


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return f"replaces or removes the secret {given.name}" if given.name else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, name=given.name, console=console)
