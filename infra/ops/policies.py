"""Show and replace the policy of a region."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from chalicelib.admission.policy import Policy
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
            Policy.from_rules(f"{region}.{following}", wanted)
        except ValueError as error:
            raise SystemExit(f"Nothing was changed: {error}.") from None
        if not store.replace(region, wanted, version=following):
            raise SystemExit("Nothing was changed: the policy has moved on; look at it again.")
        store = PolicyStore(parts.table)
    policy = store.of(region, now)
    table = Table("Rule", f"Policy {policy.version}")
    table.add_row("nucleic acid result at most", f"{policy.nucleic_acid_hours or '—'} h")
    for provider, life in policy.fresh.items():
        table.add_row(f"{provider} fresh for", f"{life.total_seconds() / 60:.0f} min")
    table.add_row("answer within", f"{policy.answer_within.total_seconds():.0f} s")
    table.add_row("no answer in time", policy.on_unknown)
    table.add_row("grace of the last green", f"{policy.grace.total_seconds() / 3600:.0f} h")
    table.add_row("vaccination required", "yes" if policy.vaccination_required else "no")
    table.add_row("travel card required", "yes" if policy.travel_card_required else "no")
    table.add_row("pass while pending", "yes" if policy.pass_while_pending else "no")
    table.add_row("phone at a check by hand", policy.manual_phone)
    quota = policy.manual_quota
    table.add_row("checks by hand: a member and day", f"{quota.staff_day}")
    table.add_row("checks by hand: the venue and hour", f"{quota.venue_hour}")
    table.add_row("checks by hand: a person, venue and day", f"{quota.subject_day}")
    console.print(table)
    return 0
