"""Registration and manual checks with each type of identity document (YK-28, YK-30)."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.partners import Partner
from chalicelib.adapters.providers.http import HttpProvider
from chalicelib.core.messages import LANGUAGES
from chalicelib.identity import documents
from chalicelib.identity.documents.base import DocumentType
from chalicelib.identity.people import mask_name
from chalicelib.identity.providers import Provider, ProviderName
from infra.local.sandbox.people import Cast
from infra.local.sandbox.server import Sandbox
from tests.api.driver import HttpReply, Person, World, codes
from tests.fakes.parts import NOON, FixedSecret
from tests.support import ROOT, resident_id

SECRET = "shared with the sandbox"
DATA = ROOT / "infra" / "local" / "data"
CAST = list(csv.DictReader((DATA / "documents.csv").read_text("utf-8").splitlines()))
KNOWN = [row for row in CAST if row["identity"] == "known"]
CASES = json.loads((ROOT / "tests" / "cases" / "documents.json").read_text("utf-8"))
"""Cases from the field about numbers on documents."""
OLDER = {"M09831276": "m0983127602", "03958812": "0395881205（b）"}
"""What older cards of people of the cast print."""


@pytest.fixture
def world() -> Iterator[World]:
    """A deployment whose providers are the sandbox's, behind the application's adapter."""
    cast = Cast.load(DATA / "people.csv", DATA / "documents.csv")
    server = Sandbox(0, secret=SECRET, cast=cast, log=io.StringIO())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with mock_aws():
        made = World()
        server.now = lambda: made.clock.now().timestamp()
        url, secret = f"http://127.0.0.1:{server.server_port}", FixedSecret(default=SECRET)

        def provider(name: ProviderName) -> Provider:
            return HttpProvider(name, Partner(url, name, secret, made.clock.now))

        made.container.provider = provider
        yield made
        made.close()
    server.stop()
    thread.join()


def entry(row: dict[str, str], **changes: object) -> dict[str, Any]:
    """Return what a person of the cast enters."""
    body = {key: row[key] for key in ("name", "document_type", "document_number")}
    return body | changes


def register(person: Person, body: dict[str, Any], **options: Any) -> HttpReply:
    person.world.secrets |= {body["name"], body["document_number"]}
    return person.post("/v1/me/registration", {"version": 0, **body}, **options)


def check(guard: Person, body: dict[str, Any]) -> Any:
    """Check somebody by hand, and return the answer after two seconds."""
    guard.world.secrets |= {body["name"], body["document_number"]}
    path = f"/v1/venues/{guard.venue['venue_id']}/manual-checks"
    begun = guard.post(path, {"nonce": guard.world.nonce(), **body}).expect(202)
    guard.world.work()
    guard.world.clock.pass_(seconds=2)
    return guard.get(f"/v1/manual-checks/{begun['check_id']}").expect(200)


@pytest.mark.requirement("YK-28", "YK-30")
@pytest.mark.parametrize("row", KNOWN, ids=lambda row: row["document_number"])
def test_each_document_is_verified_and_is_one_persons(world: World, row: dict[str, str]) -> None:
    person, other = world.person(), world.person()
    number = row["document_number"]
    typed = OLDER.get(number, " ".join(number.lower()))
    register(person, entry(row, document_number=typed)).expect(202)
    world.work()
    shown = person.registration()
    assert (shown["verification"], shown["document_type"]) == ("verified", row["document_type"])
    assert shown["document_number"] == documents.of(row["document_type"]).mask(number)
    register(other, entry(row)).expect(409, "identity_taken")
    health = person.get("/v1/me/health").expect(200)
    world.work()
    health = person.get("/v1/me/health").expect(200)
    assert health["health_code"]["state"] == row["health_code"]


@pytest.mark.parametrize("kind", documents.TYPES, ids=lambda kind: kind.name)
def test_a_wrong_name_and_an_unknown_number_are_rejected(world: World, kind: DocumentType) -> None:
    people = csv.DictReader((DATA / "people.csv").read_text("utf-8").splitlines())
    known = [row | {"document_type": "resident_id"} for row in people] + KNOWN
    row = next(row for row in known if row["document_type"] == kind.name)
    person = world.person()
    register(person, entry(row, name="王认错")).expect(202)
    world.work()
    shown = person.registration()
    assert (shown["verification"], shown["reason"]) == ("rejected", "mismatch")
    unknown = resident_id(555) if kind.name == "resident_id" else kind.example
    register(person, entry(row, document_number=unknown, version=1)).expect(202)
    world.work()
    shown = person.registration()
    assert (shown["verification"], shown["reason"]) == ("rejected", "absent")


def test_who_the_exit_entry_administration_does_not_know_is_rejected(world: World) -> None:
    (row,) = [row for row in CAST if row["identity"] == "absent"]
    person = world.person()
    register(person, entry(row)).expect(202)
    world.work()
    assert person.registration()["reason"] == "absent"


@pytest.mark.parametrize("kind", documents.TYPES, ids=lambda kind: kind.name)
def test_a_number_of_another_form_is_refused_with_the_types_text(
    world: World, kind: DocumentType
) -> None:
    person = world.person()
    body = {"name": "王小明", "document_type": kind.name, "document_number": "12-34"}
    texts = set()
    for language in LANGUAGES:
        refused = register(person, body, language=language)
        refused.expect(400, "invalid_input")
        assert refused.faults == {"/document_number": kind.name}
        texts.add(refused.json["errors"][0]["detail"])
    assert len(texts) == len(LANGUAGES)
    assert person.registration()["verification"] == "none"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_cases_from_the_field(world: World, case: dict[str, Any]) -> None:
    said, expected = case["input"], case["expected"]
    assert said["call"] == "POST /v1/me/registration"
    if "today" in said:
        world.clock.at = datetime.fromisoformat(said["today"]).replace(hour=4, tzinfo=UTC)
    person = world.person()
    body = {"name": "王小明", "document_type": "resident_id"} | said["change"]
    reply = register(person, body)
    assert reply.status == expected["status"]
    if "pointer" in expected:
        assert reply.faults == {expected["pointer"]: expected["code"]}
        assert person.registration()["verification"] == "none"


def test_a_birth_date_in_the_future_is_refused_until_it_has_come(world: World) -> None:
    """By the day in China, wherever a number is entered."""
    administrator, newborn = world.administrator(), world.person()
    venue = f"/v1/venues/{administrator.venue['venue_id']}"
    number = "440983202611230073"
    who = {"name": "王小明", "document_type": "resident_id", "document_number": number}
    world.secrets.add(number)
    world.clock.at = NOON.replace(hour=15, minute=59)  # a minute before midnight in China
    for person in (administrator, newborn):
        person.log_in()
    routes = (
        ("/v1/me/registration", {"version": 0, **who}),
        (f"{venue}/manual-checks", {"nonce": world.nonce(), **who}),
        (f"{venue}/staff", {"by": "identity", "phone": "+8613900000009", **who}),
    )
    for path, body in routes:
        refused = administrator.post(path, body)
        assert refused.faults == {"/document_number": "resident_id"}, path
    changes = {"number": {"type": "resident_id", "value": number}}
    refused = administrator.issue(**changes)
    assert refused.faults == {"/number/value": "resident_id"}
    world.clock.pass_(minutes=1)
    register(newborn, who).expect(202)
    administrator.issue(**changes).expect(201)


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: row["document_number"])
def test_a_visitor_is_checked_by_hand_with_each_document(
    guard: Person, row: dict[str, str]
) -> None:
    answer = check(guard, entry(row))
    assert answer["health_code"]["state"] == row["health_code"]
    assert answer["person"] == {"name": mask_name(row["name"])}
    wrong = check(guard, entry(row, name="王认错"))
    assert codes(wrong["reasons"]) == ["identity_unmatched"]
    assert wrong["person"] is None


def test_a_residence_permits_number_is_one_persons_under_both_names(
    world: World, guard: Person
) -> None:
    """It is a citizen's number, and some enter it as that of a resident ID."""
    row = next(row for row in KNOWN if row["document_type"] == "residence_permit")
    person, other = world.person(), world.person()
    register(person, entry(row)).expect(202)
    world.work()
    as_resident = entry(row, document_type="resident_id")
    register(other, as_resident).expect(409, "identity_taken")
    check(guard, as_resident)
    assert len(person.get("/v1/me/accesses").expect(200)["items"]) == 1


def test_a_registered_permit_is_found_by_hand_and_for_staff(world: World, guard: Person) -> None:
    row = next(row for row in KNOWN if row["document_number"] in OLDER)
    person, administrator = world.person(), world.administrator()
    register(person, entry(row)).expect(202)
    world.work()
    typed = entry(row, document_number=OLDER[row["document_number"]])
    check(guard, typed)
    assert len(person.get("/v1/me/accesses").expect(200)["items"]) == 1
    path = f"/v1/venues/{administrator.venue['venue_id']}/staff"
    administrator.post(path, {"by": "identity", "phone": person.phone, **typed}).expect(201)
