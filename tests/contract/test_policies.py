"""`policy.Policies`: the longest prefix counts, and a policy is replaced by the next version."""

from datetime import timedelta
from itertools import count

from chalicelib.admission.policy import Policy
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

_provinces = count(10)


def region() -> str:
    """A county of a province that no other test has used."""
    return f"{next(_provinces)}1234"


def test_without_any_the_default_holds(stores: Stores) -> None:
    assert stores.policies().of(region(), NOON) == Policy()


def test_the_longest_prefix_counts(stores: Stores) -> None:
    code = region()
    for prefix, hours in ((code[:2], 72), (code[:4], 24), (code, 12)):
        stores.policies().replace(prefix, {"nucleic_acid_hours": hours}, version=1)
    found = {
        place: stores.policies().of(place, NOON)
        for place in (code, f"{code[:4]}99", f"{code[:2]}9999")
    }
    assert found == {
        code: Policy(f"{code}.1", 12),
        f"{code[:4]}99": Policy(f"{code[:4]}.1", 24),
        f"{code[:2]}9999": Policy(f"{code[:2]}.1", 72),
    }


def test_every_rule_is_read(stores: Stores) -> None:
    code = region()
    rules: dict[str, object] = {
        "nucleic_acid_hours": None,
        "fresh_minutes": {"health_code": 5, "nucleic_acid": 1440},
        "answer_within_seconds": 900,
        "on_unknown": "admit_recorded",
        "grace_hours": 12,
        "vaccination_required": True,
        "travel_card_required": True,
        "pass_while_pending": True,
    }
    stores.policies().replace(code, rules, version=1)
    assert stores.policies().of(code, NOON) == Policy.from_rules(f"{code}.1", rules)


def test_versions_follow_each_other(stores: Stores) -> None:
    code, policies = region(), stores.policies()
    assert not policies.replace(code, {"nucleic_acid_hours": 1}, version=2)
    assert policies.replace(code, {"nucleic_acid_hours": 2}, version=1)
    assert not policies.replace(code, {"nucleic_acid_hours": 3}, version=1)
    assert not policies.replace(code, {"nucleic_acid_hours": 4}, version=3)
    assert stores.policies().of(code, NOON) == Policy(f"{code}.1", 2)
    assert policies.replace(code, {"nucleic_acid_hours": 5}, version=2)
    assert stores.policies().of(code, NOON) == Policy(f"{code}.2", 5)


def test_a_change_is_seen_within_a_minute(stores: Stores) -> None:
    code, policies = region(), stores.policies()
    policies.replace(code, {"nucleic_acid_hours": 24}, version=1)
    assert policies.of(code, NOON).nucleic_acid_hours == 24
    policies.replace(code, {"nucleic_acid_hours": 72}, version=2)
    assert policies.of(code, NOON + timedelta(seconds=60)).nucleic_acid_hours == 72


def test_a_prefix_is_a_region_too(stores: Stores) -> None:
    code, policies = region(), stores.policies()
    policies.replace(code[:2], {"nucleic_acid_hours": 72}, version=1)
    assert policies.of(code[:2], NOON) == Policy(f"{code[:2]}.1", 72)
    assert policies.of(code[:4], NOON) == Policy(f"{code[:2]}.1", 72)
    assert policies.of("*", NOON) == Policy()


def test_after_a_deletion_the_shorter_prefix_counts(stores: Stores) -> None:
    code, policies = region(), stores.policies()
    policies.replace(code[:2], {"nucleic_acid_hours": 72}, version=1)
    policies.replace(code, {"nucleic_acid_hours": 24}, version=1)
    assert not policies.remove(code, version=3)
    assert policies.remove(code, version=2)
    assert stores.policies().of(code, NOON) == Policy(f"{code[:2]}.1", 72)
    found = policies.latest(code)
    assert found is not None
    assert (found.version, found.removed) == (2, True)
    assert policies.latest(code[:4]) is None


def test_a_deleted_policys_versions_are_not_given_again(stores: Stores) -> None:
    code, policies = region(), stores.policies()
    policies.replace(code, {}, version=1)
    policies.remove(code, version=2)
    assert not policies.replace(code, {"nucleic_acid_hours": 24}, version=1)
    assert policies.replace(code, {"nucleic_acid_hours": 24}, version=3)
    assert stores.policies().of(code, NOON) == Policy(f"{code}.3", 24)
