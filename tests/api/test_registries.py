"""Adding to a registry touches one module or row: it is added here, and the whole path runs."""

import io
import json
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from rich.console import Console

from chalicelib.adapters.partners import Partner
from chalicelib.adapters.providers.http import HttpProvider
from chalicelib.admission import evidence, judge, policy
from chalicelib.api import openapi
from chalicelib.core.messages import TEXTS
from chalicelib.core.registry import members
from chalicelib.identity import documents
from chalicelib.identity.providers import Provider, ProviderName
from infra import policy_table
from infra.local.sandbox.people import Cast
from infra.local.sandbox.server import Request, Sandbox
from infra.ops import policies
from infra.ops.deployment import Deployment
from tests.api import contract
from tests.api.driver import Person, World, codes
from tests.fakes.parts import FixedSecret
from tests.registries import antigen_rule
from tests.registries.documents import seafarer
from tests.registries.evidence import antigen
from tests.support import ROOT

SECRET = "shared with the sandbox"
NUMBER = "E12345678"


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A kind of provider, a type of document and a rule of policies more than there are.

    The first two are files beside those that are there.
    """
    for registry, attribute, constant, beside in (
        (evidence, "KIND", "KINDS", "kind"),
        (documents, "TYPE", "TYPES", "base"),
    ):
        folder = ROOT / "tests" / "registries" / registry.__name__.rpartition(".")[2]
        path = [*registry.__path__, str(folder)]
        monkeypatch.setattr(registry, "__path__", path)
        found = members(registry.__name__, path, attribute, beside=beside)
        monkeypatch.setattr(registry, constant, tuple(found))
    monkeypatch.setattr(policy, "Policy", antigen_rule.PolicyWithAntigen)
    monkeypatch.setattr(judge, "RULES", (antigen_rule.ROW, *judge.RULES))
    for key, text in {**antigen.TEXTS, **seafarer.TEXTS}.items():
        monkeypatch.setitem(TEXTS, key, text)
    _forget()
    yield
    _forget()
    for added_module in (f"{evidence.__name__}.antigen", f"{documents.__name__}.seafarer"):
        sys.modules.pop(added_module)


def _forget() -> None:
    """Have the OpenAPI document made anew."""
    openapi.render.cache_clear()
    contract.document.cache_clear()
    contract.registry.cache_clear()
    contract.validator_at.cache_clear()


@pytest.fixture
def sandbox(added: None) -> Iterator[Sandbox]:  # noqa: ARG001 (it plays what was added)
    """The sandbox with nobody in its cast."""
    server = Sandbox(0, secret=SECRET, cast=Cast([]), log=io.StringIO())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    """A deployment whose antigen provider is the sandbox's, behind the application's adapter."""
    with mock_aws():
        made = World()
        sandbox.now = lambda: made.clock.now().timestamp()
        url = f"http://127.0.0.1:{sandbox.server_port}"
        partner = Partner(url, "antigen", FixedSecret(default=SECRET), made.clock.now)
        asked = HttpProvider(antigen.KIND.name, partner)

        def provider(name: ProviderName) -> Provider:
            return asked if name == "antigen" else made.provider(name)

        made.container.provider = provider
        yield made
        made.close()


def entry(person: Person, number: str) -> dict[str, Any]:
    person.world.secrets.add(number)
    return {
        "version": 0,
        "name": person.name,
        "document_type": "seafarer",
        "document_number": number,
    }


def knows(sandbox: Sandbox, person: Person, **said: object) -> None:
    """Have the sandbox know the person by their seafarer's passport."""
    document = {"document_type": "seafarer", "document_number": NUMBER}
    body = {"name": person.name, **document, **said}
    tell(sandbox, "/sandbox/people", body)


def tell(sandbox: Sandbox, path: str, body: dict[str, object]) -> None:
    _, reply = sandbox.answer("POST", path, Request("", json.dumps(body).encode()))
    assert reply.status == 200, reply.body


@pytest.fixture
def traveller(world: World) -> Person:
    """Somebody who has registered with a seafarer's passport, and is verified."""
    person = world.person()
    person.post("/v1/me/registration", entry(person, "ｅ1234 5678")).expect(202)
    world.secrets.add(NUMBER)
    world.work()
    return person


def set_rules(world: World, rules: str) -> str:
    """Replace the rules as an operator does; what the command prints."""
    outputs = {
        "TableName": world.name,
        "BucketName": world.bucket,
        "KeysSecretId": world.name,
        "IndexSecretId": world.index_secret,
        "DataKeyArn": "",
    }
    console = Console(file=io.StringIO(), width=200)
    policies.run(Deployment("test", outputs, None), region="44", rules=rules, console=console)
    world.clock.pass_(seconds=60)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class TestDocumentType:
    """A seafarer's passport beside the resident identity card."""

    def test_it_is_verified_in_its_canonical_form_and_masked_in_its_own_way(
        self, world: World, traveller: Person
    ) -> None:
        (subject, _), *_ = world.providers[ProviderName.IDENTITY].asked[-1:]
        assert (subject.document_type, subject.document_number) == ("seafarer", NUMBER)
        shown = traveller.registration()
        assert shown["verification"] == "verified"
        assert (shown["document_type"], shown["document_number"]) == ("seafarer", "E*****678")
        other = world.person()
        refused = other.post("/v1/me/registration", entry(other, NUMBER.lower()))
        refused.expect(409, "identity_taken")

    def test_a_bad_number_is_refused_at_its_field_everywhere(self, world: World) -> None:
        administrator = world.administrator()
        venue = f"/v1/venues/{administrator.venue['venue_id']}"
        person = {"name": "王小明", "document_type": "seafarer", "document_number": "12345678"}
        for path, more in (
            ("/v1/me/registration", {"version": 0}),
            (f"{venue}/manual-checks", {"nonce": world.nonce()}),
            (f"{venue}/staff", {"by": "identity", "phone": "+8613800000009"}),
        ):
            refused = administrator.post(path, {**person, **more})
            assert refused.faults == {"/document_number": "seafarer"}, path

    def test_staff_check_and_add_people_by_it(self, world: World, traveller: Person) -> None:
        administrator = world.administrator()
        venue = f"/v1/venues/{administrator.venue['venue_id']}"
        document = {"document_type": "seafarer", "document_number": f" {NUMBER.lower()}"}
        who = {"name": traveller.name, **document}
        check = administrator.post(f"{venue}/manual-checks", {"nonce": world.nonce(), **who})
        check.expect(202)
        accesses = traveller.get("/v1/me/accesses").expect(200)["items"]
        assert len(accesses) == 1
        staff = {"by": "identity", "phone": traveller.phone, **who}
        administrator.post(f"{venue}/staff", staff).expect(201)

    @pytest.mark.usefixtures("added")
    def test_the_document_lists_it(self) -> None:
        schemas = contract.document()["components"]["schemas"]
        for model in ("RegistrationRequest", "ManualCheckRequest", "AddByIdentity"):
            listed = schemas[model]["properties"]["document_type"]["enum"]
            assert {"seafarer", "resident_id"} < set(listed)


class TestProviderKind:
    """Antigen tests, asked from the queue, shown on every screen, judged by one row."""

    def test_it_is_asked_waited_for_shown_and_judged(
        self, world: World, sandbox: Sandbox, traveller: Person
    ) -> None:
        knows(sandbox, traveller, antigen="positive", antigen_hours=3)
        set_rules(world, '{"antigen_required": true}')
        venue = world.administrator().venue
        screen = traveller.scan(venue).expect(201)
        assert screen["outcome"] == "pending"
        assert "antigen_pending" in codes(screen["reasons"])
        assert screen["antigen"]["state"] == "pending"
        world.work()
        screen = traveller.screen(screen["scan_id"])
        assert (screen["outcome"], codes(screen["reasons"])) == ("refuse", ["antigen_positive"])
        assert screen["antigen"]["hours_ago"] == 3
        assert screen["antigen"]["text"]
        (item,) = (item for item in world.items() if "ev" in item)
        assert item["ev"]["S"].startswith("a=positive,")
        assert sum(len(name) + len(str(value)) for name, value in item.items()) < 1000

    def test_what_policy_does_not_require_is_shown_and_not_waited_for(
        self, world: World, traveller: Person
    ) -> None:
        screen = traveller.scan(world.administrator().venue).expect(201)
        world.work()
        screen = traveller.screen(screen["scan_id"])
        assert (screen["outcome"], screen["antigen"]["state"]) == ("admit", "absent")

    def test_it_is_fetched_for_the_health_page_and_again_when_it_is_stale(
        self, world: World, sandbox: Sandbox, traveller: Person
    ) -> None:
        knows(sandbox, traveller, antigen="negative")
        assert traveller.get("/v1/me/health").expect(200)["antigen"]["state"] == "pending"
        world.work()
        shown = traveller.get("/v1/me/health").expect(200)["antigen"]
        assert (shown["state"], shown["stale"]) == ("negative", False)
        world.clock.pass_(minutes=30)
        assert traveller.get("/v1/me/health").expect(200)["antigen"]["stale"]
        world.work()
        assert not traveller.get("/v1/me/health").expect(200)["antigen"]["stale"]

    def test_its_garbage_is_a_fault_and_the_scan_is_decided_without_it(
        self, world: World, sandbox: Sandbox, traveller: Person
    ) -> None:
        tell(sandbox, "/sandbox/faults", {"provider": "antigen", "mode": "garbage"})
        set_rules(world, '{"antigen_required": true}')
        screen = traveller.scan(world.administrator().venue).expect(201)
        world.run_stream()
        world.lookups.run()
        world.clock.pass_(seconds=15)
        world.work()
        assert traveller.screen(screen["scan_id"])["antigen"]["state"] == "unknown"

    @pytest.mark.usefixtures("added")
    def test_the_document_describes_its_component(self) -> None:
        schemas = contract.document()["components"]["schemas"]
        for model in ("Screen", "Health"):
            assert schemas[model]["properties"]["antigen"]["$ref"].endswith("/AntigenShown")
            assert "antigen" in schemas[model]["required"]
        component = schemas["AntigenShown"]["properties"]
        assert component["hours_ago"]["description"] == "The age of the result, in hours."
        states = {"negative", "positive", "absent", "unknown", "pending", "identity_pending"}
        assert set(component["state"]["enum"]) == states


class TestPolicyRule:
    """A switch that the operator sets."""

    def test_it_is_listed_checked_and_in_force(self, world: World) -> None:
        assert "  antigen_required: true, false; whether" in policies.help_text()
        assert "| `antigen_required` | `true`, `false` | whether" in policy_table.render()
        with pytest.raises(SystemExit, match="antigen_required must be true or false"):
            set_rules(world, '{"antigen_required": 1}')
        assert "antigen_required" in set_rules(
            world, '{"antigen_required": true, "fresh_minutes": {"antigen": 5}}'
        )
        found = world.container.policies.of("440983", world.clock.now())
        assert isinstance(found, antigen_rule.PolicyWithAntigen)
        assert found.antigen_required
        assert found.as_rules()["fresh_minutes"]["antigen"] == 5


def test_the_registries_are_as_before() -> None:
    assert evidence.find("antigen") is None
    assert documents.find("seafarer") is None
    assert "antigen_required" not in policy.Policy.rules()
    assert "antigen" not in contract.document()["components"]["schemas"]["Screen"]["properties"]
