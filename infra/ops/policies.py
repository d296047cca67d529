"""The command ``policies``: show or replace a region's policy, from the fields of `Policy`."""

import json
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from typing import Any

from rich.console import Console
from rich.table import Table

from chalicelib.admission import policy
from chalicelib.admission.store.policies import PolicyStore
from infra.ops.deployment import Deployment


def run(deployment: Deployment, *, region: str, rules: str | None, console: Console) -> int:
    """Show the policy of `region`, after replacing its rules if `rules` is given.

    `rules` is a JSON object; see `Policy.from_rules`. Raises SystemExit if it is invalid, or after
    a concurrent change.
    """
    container = deployment.container()
    store = PolicyStore(container.table)
    now = container.clock.now()
    if rules is not None:
        current = store.of(region, now)
        prefix, _, version = current.version.partition(".")
        following = int(version) + 1 if prefix == region else 1
        try:
            wanted: dict[str, Any] = json.loads(rules)
            policy.Policy.from_rules(f"{region}.{following}", wanted)
        except ValueError as error:
            raise SystemExit(f"Nothing was changed: {error}.") from None
        if not store.replace(region, wanted, version=following):
            raise SystemExit(
                "Nothing was changed: another change came first; look at the policy again."
            )
        store = PolicyStore(container.table)
    found = store.of(region, now)
    table = Table("Rule", f"Policy {found.version}", "Values", "Decides")
    written = found.as_rules()
    for key, rule in found.rules().items():
        table.add_row(key, json.dumps(written[key]), rule.values, rule.text)
    console.print(table)
    return 0


def help_text() -> str:
    """Return the rules for ``--help``, one a line."""
    lines = [f"  {key}: {rule.values}; {rule.text}" for key, rule in policy.Policy.rules().items()]
    return "\n".join(["rules, as a JSON object:", *lines]).replace("`", "")


HELP = "show or replace a region's policy"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = help_text()
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument("region", help="a GB/T 2260 code, a prefix of one, or *")
    parser.add_argument("--set", metavar="JSON", help="the rules that differ from the default")


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, region=given.region, rules=given.set, console=console)
