"""The command ``rotate``: replace the root that signs all tokens, and retire old roots."""

import json
import secrets
from argparse import ArgumentParser, Namespace
from typing import Any

from rich.console import Console

from infra.ops.deployment import Deployment


def rotate(pairs: dict[str, str], new_root: str) -> dict[str, str]:
    """Return the secret with a new active root; tokens of the other roots stay valid."""
    number = str(1 + max(int(key) for key in pairs if key.isdecimal()))
    return {**pairs, number: new_root, "active": number}


def retire(pairs: dict[str, str], number: str) -> dict[str, str]:
    """Return the secret without a root; the tokens that it signed are then refused.

    Raises ValueError for the active root and for the root of the blind indexes.
    """
    if number not in pairs or not number.isdecimal():
        raise ValueError(f"there is no root {number}")
    if number in (pairs["active"], pairs["index"]):
        raise ValueError(f"root {number} is in use: rotate first, and re-index for the index root")
    return {key: value for key, value in pairs.items() if key != number}


def run(deployment: Deployment, *, number: str | None, console: Console) -> int:
    """Activate a new root, or retire the root `number`."""
    manager: Any = deployment.client("secretsmanager")
    secret_id = deployment.outputs["KeysSecretId"]
    pairs = json.loads(manager.get_secret_value(SecretId=secret_id)["SecretString"])
    try:
        changed = retire(pairs, number) if number else rotate(pairs, secrets.token_urlsafe(48))
    except ValueError as error:
        raise SystemExit(f"Nothing was changed: {error}.") from None
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(changed))
    done = f"Root {number} is retired" if number else f"Root {changed['active']} is active"
    console.print(f"{done}; it takes effect within five minutes.")
    return 0


HELP = "create a new token root, or retire one"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--retire", metavar="NUMBER", help="refuse the tokens that this root signed"
    )


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, number=given.retire, console=console)
