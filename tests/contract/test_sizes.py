"""How large items become: a scan is one write unit, and what an actor's request reads is one query.

Sizes follow "DynamoDB item sizes and formats" of the developer guide.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import islice, product
from typing import Any

import pytest

from chalicelib.adapters.providers.http import LONGEST
from chalicelib.admission.evidence import shown, states
from chalicelib.admission.judge import Evidence, Outcome, judge, needed
from chalicelib.admission.policy import OnUnknown, Policy
from chalicelib.admission.scan import Direction, EvidenceLevel, Method, Scan
from chalicelib.core import keys
from chalicelib.core.crypto import Vault
from chalicelib.core.table import Raw, Table
from chalicelib.identity.family import (
    MAX_DEPENDANTS,
    MAX_GUARDIANS,
    FamilyLink,
    Proof,
    Relation,
)
from chalicelib.identity.people import Profile, Role, Verification
from chalicelib.identity.providers import ProviderName
from chalicelib.identity.sessions import REFRESH_LIFE
from chalicelib.identity.store.family_items import link_writes
from chalicelib.identity.store.rights import right_write
from chalicelib.venues.rights import MAX_VENUES
from chalicelib.venues.venue import Venue, day_of, shard_of
from tests.contract import makers
from tests.contract.backends import TABLES, Backend
from tests.fakes.parts import NOON, LocalDataKeys

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")

CORRELATION = "c" * 64  # what the gateway lets through
SESSIONS = 5
LONGEST_TEXTS = {
    {"lifting": "how_to_clear"}.get(key, key): "由" * most for key, most in LONGEST.items()
}
"""What the provider's adapter lets through, of the health code."""


def size(value: Any) -> int:
    """The bytes of an attribute's value."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "B":
            return len(bytes(content))
        case "N":  # a byte for two significant digits, one more, and one for the sign
            digits = str(content).lstrip("-").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + 1 + str(content).startswith("-")
        case "BOOL" | "NULL":
            return 1
    raise AssertionError(kind)


def item_size(raw: Raw) -> int:
    return sum(len(name.encode()) + size(value) for name, value in raw.items())


@pytest.fixture
def table(backend: Backend) -> Table:
    assert backend.table is not None
    return backend.table


def test_the_rule_of_sizes(table: Table) -> None:
    del table
    assert item_size({"名": {"S": "信宜"}}) == 9
    sizes = {"0": 1, "1": 2, "12": 2, "123": 3, "-123": 4, "1000": 2, "1650000000123": 8}
    assert {number: size({"N": number}) for number in sizes} == sizes


def longest_scans(venue: Venue) -> Iterator[Scan]:
    """Scans with every verdict that can be, and the longest values beside it."""
    policy = Policy("440983.999999", 336, on_unknown=OnUnknown.ADMIT_RECORDED)
    moment = NOON.replace(microsecond=123_000)
    healths = (*states(ProviderName.HEALTH_CODE), "absent")
    tests = (*states(ProviderName.NUCLEIC_ACID), "absent")
    vaccinated, carded = Evidence("complete", moment, moment, True, 20), ("normal", "abnormal")
    policies = (policy, replace(policy, vaccination_required=True, travel_card_required=True))
    everything = product(healths, tests, carded, (False, True), (False, True), policies)
    for health, test, card, stale, final, rules in everything:
        evidence = {
            ProviderName.HEALTH_CODE: Evidence(health, moment, moment, stale),
            ProviderName.NUCLEIC_ACID: Evidence(test, moment, moment, stale),
            ProviderName.VACCINATION: vaccinated,
            ProviderName.TRAVEL_CARD: Evidence(card, moment, moment),
        }
        yield makers.scan(
            venue,
            moment,
            verdict=makers.verdict(
                decision=judge(evidence, rules, at=moment, final=final),
                evidence=evidence,
                needs=needed(evidence),
                policy=rules.version,
                hours=336,
            ),
            first_outcome=Outcome.PENDING,
            correlation=CORRELATION,
            version=99,
            **everything_beside(moment),
        )


def everything_beside(moment: datetime) -> dict[str, Any]:
    """The longest value of each field that a scan need not have."""
    return {
        "method": Method.STAFF,
        "staff_id": f"per_{makers.random()}",
        "temperature": "normal",
        "checkpoint_id": f"chk_{makers.random()}",
        "direction": Direction.EXIT,
        "guardian_id": f"per_{makers.random()}",
        "evidence_level": EvidenceLevel.GATE,
        "device_id": f"dev_{makers.random()}",
        "annulled_at": moment,
        "expires_at": moment + timedelta(days=28),
        "location_cell": "ZZZZZ",
        "subject_id": f"per_{makers.random()}",
        "measured_at": moment,
    }


def test_the_largest_scan_has_every_field(table: Table) -> None:
    del table
    (beside,) = islice(longest_scans(makers.venue()), 1)
    defaults = {field.name: field.default for field in fields(Scan)}
    unset = [name for name, default in defaults.items() if getattr(beside, name) == default]
    assert unset == []


def test_what_is_optional_is_no_attribute_until_it_is_known(backend: Backend, table: Table) -> None:
    venue = makers.venue()
    backend.stores.scans.put(makers.scan(venue), venue)
    partition = keys.scan_partition(venue.venue_id, day_of(venue, NOON), 0)
    (raw,) = table.query(partition, ("0", "9~"))
    assert " ".join(sorted(raw)) == (
        "bh ci g1pk g1sk h hr n nd no ns o1 oc pk po ra rs sk t v ve x"
    )


def test_a_scan_is_one_write_unit(backend: Backend, table: Table) -> None:
    venue = makers.venue(shards=64)
    partitions = set()
    for scan in longest_scans(venue):
        backend.stores.scans.put(scan, venue)
        shard = shard_of(scan.digest, venue.shards)
        partitions.add(keys.scan_partition(venue.venue_id, day_of(venue, scan.at), shard))
    largest = max(item_size(raw) for one in partitions for raw in table.query(one, ("0", "9~")))
    assert 300 < largest <= 1000


def fill(backend: Backend, table: Table, texts: dict[str, Any]) -> int:
    """The bytes that a request of the busiest person reads."""
    vault = Vault(LocalDataKeys())

    def seal(text: str) -> bytes:
        return vault.seal(text, "place", now=NOON)

    people = backend.stores.people
    person = Profile(
        f"per_{makers.random()}",
        seal("+8613800000001"),
        seen_at=NOON,
        successor=f"per_{makers.random()}",
    )
    people.create(person, makers.blind())
    edit = makers.registered(
        person, name=seal("名" * 50), document=seal("44098319880412902X"), blocked=True
    )
    people.register(edit, person, CORRELATION)
    people.settle(edit, Verification.REJECTED, "mismatch")
    for number in range(SESSIONS):
        expires = NOON + REFRESH_LIFE + timedelta(seconds=number)
        people.open_session(person.person_id, makers.session(expires_at=expires, serial=999))
    answers = []
    for provider in shown():
        moment = NOON.replace(microsecond=123_000)
        answer = makers.snapshot(
            provider=provider, state="light_green", observed_at=moment, fetched_at=moment,
            reason="", doses=20 if provider == "vaccination" else None,
        )  # fmt: skip
        if provider == "health_code":
            answer = replace(answer, **texts)
        answers.append(answer)
    people.save_answers(person.person_id, answers)
    for _ in range(MAX_VENUES):
        venue_id = f"ven_{makers.random()}"
        write = right_write(person.person_id, venue_id, Role.ADMINISTRATOR, edit.document_blind)
        table.transact(*write)
    link = FamilyLink(Relation.CHILD, Proof.HOUSEHOLD, NOON, NOON)
    for _ in range(MAX_DEPENDANTS):
        table.transact(*link_writes(edit, makers.registered(makers.profile()), link))
    for _ in range(MAX_GUARDIANS):
        table.transact(*link_writes(makers.registered(makers.profile()), edit, link))
    backend.stores.issued_passes.issue(
        person.person_id, makers.issued_pass(), None, (), CORRELATION
    )
    found = list(table.query(keys.person(person.person_id), (keys.HOT, keys.SUBJECT_TO)))
    kinds = Counter(raw["sk"]["S"].split("#")[1] for raw in found)
    assert kinds == {
        "PROFILE": 1, "SESSION": SESSIONS, "ANSWERS": 1, "RIGHTS": 1, "DEPENDANTS": 1,
        "GUARDIANS": 1, "PASS": 1,
    }  # fmt: skip
    return sum(map(item_size, found))


def test_a_paper_pass_is_small(backend: Backend, table: Table) -> None:
    """Every request of its owner reads it."""
    person_id, former = f"per_{makers.random()}", makers.issued_pass()
    longest = makers.issued_pass(
        full_name=True, issued_by=f"dev_{makers.random()}", replaces=former.serial,
        issued_at=NOON.replace(microsecond=123_000),
    )  # fmt: skip
    passes = backend.stores.issued_passes
    passes.issue(person_id, former, None, [], CORRELATION)
    passes.issue(person_id, longest, former, [], CORRELATION)
    passes.revoke(person_id, longest, at=NOON, correlation=CORRELATION)
    (raw,) = table.query(keys.person(person_id), (keys.HOT, keys.SUBJECT_TO))
    assert item_size(raw) <= 120


def test_the_busiest_person_is_one_read_unit(backend: Backend, table: Table) -> None:
    assert 1500 < fill(backend, table, {}) <= 4096


def test_even_with_the_longest_reasons(backend: Backend, table: Table) -> None:
    assert fill(backend, table, LONGEST_TEXTS) <= 4096
