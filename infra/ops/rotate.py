"""The command ``rotate``: replace the root that signs all tokens, and retire old roots."""

import secrets
from argparse import ArgumentParser, Namespace
from datetime import datetime, timedelta

from rich.console import Console

from chalicelib.adapters.keys import LIFE
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.ops.secret import Secret

CACHES_TURN_OVER = LIFE + timedelta(minutes=1)
"""Every process has read the secret again by then, clocks that differ included."""


def publish(pairs: dict[str, str], new_root: str, now: datetime) -> dict[str, str]:
    """Return the secret with one more root, which signs nothing yet.

    Raises ValueError if one waits already.
    """
    if "next" in pairs:
        raise ValueError(f"root {pairs['next']} is published already: activate it, or retire it")
    number = str(1 + max(int(key) for key in pairs if key.isdecimal()))
    return {**pairs, number: new_root, "next": number, "published": now.isoformat()}


def activate(pairs: dict[str, str], now: datetime) -> dict[str, str]:
    """Return the secret with the published root active; tokens of the other roots stay valid.

    Raises ValueError while some process may not know it, and would refuse its tokens.
    """
    if "next" not in pairs:
        raise ValueError("no root is published: rotate first")
    due = datetime.fromisoformat(pairs["published"]) + CACHES_TURN_OVER
    if now < due:
        seconds = -(-(due - now) // timedelta(seconds=1))
        raise ValueError(f"not every process knows root {pairs['next']} yet: wait {seconds} s")
    return without(pairs, "next", "published") | {"active": pairs["next"]}


def retire(pairs: dict[str, str], number: str) -> dict[str, str]:
    """Return the secret without a root; the tokens that it signed are then refused.

    Raises ValueError for the active root.
    """
    if number not in pairs or not number.isdecimal():
        raise ValueError(f"there is no root {number}")
    if number == pairs["active"]:
        raise ValueError(f"root {number} is in use: rotate first")
    waiting = ("next", "published") if number == pairs.get("next") else ()
    return without(pairs, number, *waiting)


def without(pairs: dict[str, str], *names: str) -> dict[str, str]:
    """Return the secret without the pairs with these names."""
    return {key: value for key, value in pairs.items() if key not in names}


def run(
    deployment: Deployment, *, number: str | None, activated: bool, now: datetime, console: Console
) -> int:
    """Publish a new root, activate the one that is published, or retire the root `number`."""
    secret = Secret(deployment, "KeysSecretId")
    pairs = secret.pairs
    try:
        if number:
            changed = retire(pairs, number)
            done = f"Root {number} is retired; its tokens are refused within five minutes."
        elif activated:
            changed = activate(pairs, now)
            done = f"Root {changed['active']} is active: it signs all tokens within five minutes."
        else:
            changed = publish(pairs, secrets.token_urlsafe(48), now)
            done = (
                f"Root {changed['next']} is published. In "
                f"{CACHES_TURN_OVER // timedelta(minutes=1)} minutes: rotate --activate."
            )
    except ValueError as error:
        raise SystemExit(f"Nothing was changed: {error}.") from None
    secret.write(changed)
    console.print(done)
    return 0


HELP = "publish a new token root, activate it, or retire one"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--activate", action="store_true", help="sign with the published root")
    either.add_argument(
        "--retire",
        type=inputs.root,
        metavar="NUMBER",
        help="refuse the tokens that this root signed",
    )


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return f"refuses every token that root {given.retire} signed" if given.retire else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    now = found.container().clock.now()
    return run(found, number=given.retire, activated=given.activate, now=now, console=console)
