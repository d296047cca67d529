"""Show and replace the policy of a region; the fields of `Policy` say which rules there are."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from chalicelib.admission import policy
from chalicelib.admission.store.policies import PolicyStore
from infra.ops.deployment import Deployment


def run(deployment: Deployment, *, region: str, rules: str | None, console: Console) -> int:
    """Show the policy of `region`, after replacing its rules if `rules` is given.

    `rules` is a JSON object; see `Policy.from_rules`. Reports a concurrent change.
    """
    parts = deployment.container()
    store = PolicyStore(parts.table)
    now = parts.clock.now()
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
            raise SystemExit("Nothing was changed: the policy has moved on; look at it again.")
        store = PolicyStore(parts.table)
    found = store.of(region, now)
    table = Table("Rule", f"Policy {found.version}", "Values", "Decides")
    written = found.as_rules()
    for key, rule in found.rules().items():
        table.add_row(key, json.dumps(written[key]), rule.values, rule.text)
    console.print(table)
    return 0


def help_text() -> str:
    """Return the rules that ``--set`` understands, a line each, for ``--help``."""
    lines = [f"  {key}: {rule.values}; {rule.text}" for key, rule in policy.Policy.rules().items()]
    return "\n".join(["rules, as a JSON object:", *lines]).replace("`", "")
