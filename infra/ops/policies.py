"""The command ``policies``: show, list, replace or delete the policies of regions."""

import json
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from chalicelib.admission import policy
from chalicelib.admission.store.policies import PolicyStore, read_revision
from chalicelib.core import keys
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.tables import FittingTable

_ANOTHER = "Nothing was changed: another change came first; look at the policy again."


def run(deployment: Deployment, *, region: str, rules: str | None, console: Console) -> int:
    """Show the policy of `region`, after replacing its rules if `rules` is given.

    `rules` is a JSON object; see `Policy.from_rules`. Raises SystemExit if it is invalid, or after
    a concurrent change.
    """
    container = deployment.container()
    store = PolicyStore(container.table)
    if rules is not None:
        wanted, version = _parsed(rules), _following(store.latest(region))
        try:
            policy.Policy.from_rules(f"{region}.{version}", wanted)
        except ValueError as error:
            raise SystemExit(f"Nothing was changed: {error}.") from None
        if not store.replace(region, wanted, version=version):
            raise SystemExit(_ANOTHER)
    show(store.of(region, container.clock.now()), console)
    return 0


def delete(deployment: Deployment, *, region: str, console: Console) -> int:
    """Delete the policy of exactly `region`, and show the one that applies there from now on.

    Raises SystemExit if `region` has none, or after a concurrent change.
    """
    container = deployment.container()
    store = PolicyStore(container.table)
    known = store.latest(region)
    if known is None or known.removed:
        raise SystemExit(f"Nothing was changed: {region} has no policy of its own.")
    if not store.remove(region, version=_following(known)):
        raise SystemExit(_ANOTHER)
    console.print(f"The policy of {region} is deleted; within a minute this one applies:")
    show(store.of(region, container.clock.now()), console)
    return 0


def every(deployment: Deployment) -> Iterator[policy.Revision]:
    """Yield every policy, in no order. Cost: a Scan of the whole table."""
    dynamodb = deployment.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(
        TableName=deployment.outputs["TableName"],
        FilterExpression="begins_with(pk, :policies)",
        ExpressionAttributeValues={":policies": {"S": keys.policy("").pk}},
    ):
        yield from (one for one in map(read_revision, page["Items"]) if not one.removed)


def list_all(deployment: Deployment, console: Console) -> int:
    """Print every policy with the rules that differ from the default."""
    table = FittingTable("Region", "Version", "Rules that differ from the default")
    for one in sorted(every(deployment), key=lambda found: found.prefix):
        rules = "\n".join(f"{key}: {json.dumps(value)}" for key, value in one.rules.items())
        table.add_row(one.prefix, str(one.version), rules or "none")
    console.print(table)
    console.print("Elsewhere the default rules apply, unless * is listed.")
    return 0


def show(found: policy.Policy, console: Console) -> None:
    """Print a policy, a row for each rule."""
    table = FittingTable("Rule", f"Policy {found.version}", "Values", "Decides")
    written = found.as_rules()
    for key, rule in found.rules().items():
        table.add_row(key, json.dumps(written[key]), rule.values, rule.text)
    console.print(table)


def _parsed(rules: str) -> dict[str, Any]:
    try:
        wanted = json.loads(rules)
    except (ValueError, RecursionError) as error:
        raise SystemExit(f"Nothing was changed: the rules are not in JSON ({error}).") from None
    if not isinstance(wanted, dict):
        raise SystemExit(f"Nothing was changed: the rules are no JSON object, such as {_EXAMPLE}.")
    return wanted


_EXAMPLE = '{"nucleic_acid_hours": 72}'


def _following(known: policy.Revision | None) -> int:
    return 1 if known is None else known.version + 1


def help_text() -> str:
    """Return the rules for ``--help``, one a line."""
    lines = [f"  {key}: {rule.values}; {rule.text}" for key, rule in policy.Policy.rules().items()]
    return "\n".join(["rules, as a JSON object:", *lines]).replace("`", "")


HELP = "show, list, replace or delete the policies of regions"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = help_text()
    parser.formatter_class = RawDescriptionHelpFormatter
    region = "2, 4 or 6 digits of a GB/T 2260 code, or *"
    parser.add_argument("region", nargs="?", type=inputs.prefix, help=region)
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--set", metavar="JSON", help="the rules that differ from the default")
    either.add_argument("--delete", action="store_true", help="let a shorter prefix, or *, apply")
    either.add_argument("--list", action="store_true", help="list the regions that have a policy")


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    if not given.region:
        return ""
    if given.delete:
        return f"deletes the policy of {given.region}"
    return f"replaces all rules of {given.region}" if given.set is not None else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    if given.list == bool(given.region):
        raise SystemExit("Give a region, or --list.")
    if given.list:
        return list_all(found, console)
    if given.delete:
        return delete(found, region=given.region, console=console)
    return run(found, region=given.region, rules=given.set, console=console)
