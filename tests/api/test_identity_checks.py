"""Checks of a face or a payment password: who may start them, what a result does, and what not."""

import json
from typing import Any

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.identity.checks import CALLBACK_PATH, State
from chalicelib.identity.platforms import PlatformName
from tests import support
from tests.api.driver import CHECKS_SECRET, Person, World
from tests.api.test_clients import proof

CHILD = {
    "name": "关小满",
    "document_type": "resident_id",
    "document_number": support.resident_id(701),
}


def strength(person: Person) -> str:
    return str(person.get("/v1/me").expect(200)["strength"])


@pytest.mark.requirement("YK-29")
@pytest.mark.parametrize("method", ["face", "payment_password"])
def test_a_passed_check_strengthens_the_session_that_started_it(world: World, method: str) -> None:
    visitor = world.visitor()
    started = visitor.start_check(method).expect(202)
    assert started["redirect_url"].startswith("https://checks.example.com/")
    assert (started["status"], started["sdk"], started["poll_after_ms"]) == ("pending", None, 1000)
    assert strength(visitor) == "phone"
    world.call_back(started["check_id"], State.PASSED).expect(200)
    shown = visitor.see_check(started["check_id"])
    assert (shown["status"], shown["poll_after_ms"]) == ("passed", None)
    assert strength(visitor) == method
    assert visitor.refresh().expect(200)["strength"] == method


def test_a_mini_program_gets_parameters_for_the_sdk(world: World) -> None:
    visitor = world.visitor()
    entered = proof(world, PlatformName.WECHAT, visitor.phone)
    visitor.keep(world.call("POST", "/v1/sessions", entered).expect(201))
    started = visitor.start_check().expect(202)
    assert (started["redirect_url"], list(started["sdk"])) == (None, ["certify_id"])


def test_the_service_is_told_who_is_checked_and_keeps_no_other(world: World) -> None:
    visitor = world.visitor()
    visitor.start_check().expect(202)
    visitor.start_check("face", None, **CHILD).expect(202)
    own, other = (order.subject for order in world.checks.orders)
    assert (own.name, own.document_number) == (visitor.name, visitor.number)
    assert (other.name, other.document_number) == (CHILD["name"], CHILD["document_number"])
    stored = json.dumps(world.items(), default=str, ensure_ascii=False)
    assert CHILD["name"] not in stored
    assert CHILD["document_number"] not in stored


def test_a_lost_callback_is_made_up_for_by_asking(world: World) -> None:
    visitor = world.visitor()
    check = visitor.start_check().expect(202)["check_id"]
    assert visitor.see_check(check)["status"] == "pending"
    world.checks.results[check] = State.PASSED
    assert visitor.see_check(check)["status"] == "pending", "asked less than a second ago"
    world.clock.pass_(seconds=1)
    assert visitor.see_check(check)["status"] == "passed"
    assert strength(visitor) == "face"
    world.clock.pass_(seconds=5)
    visitor.see_check(check)
    assert len(world.checks.polled) == 2, "a result is not asked for again"


def test_a_service_that_does_not_answer_a_poll_leaves_the_check_pending(world: World) -> None:
    visitor = world.visitor()
    check = visitor.start_check().expect(202)["check_id"]
    world.checks.fault = Unavailable()
    assert visitor.see_check(check)["status"] == "pending"
    world.checks.fault = None
    world.call_back(check, State.PASSED).expect(200)
    assert visitor.see_check(check)["status"] == "passed"


def test_a_service_that_does_not_start_writes_nothing(world: World) -> None:
    visitor, nonce = world.visitor(), world.nonce()
    world.checks.fault = Unavailable()
    visitor.start_check("face", nonce).expect(503, "unavailable")
    assert not [item for item in world.items() if item["pk"]["S"].startswith("CHECK#")]
    world.checks.fault = None
    visitor.start_check("face", nonce).expect(202)


def test_a_retry_is_the_same_check(world: World) -> None:
    visitor, nonce = world.visitor(), world.nonce()
    first = visitor.start_check("face", nonce).expect(202)
    assert visitor.start_check("face", nonce).expect(202) == first
    assert len(world.checks.orders) == 1
    visitor.start_check("face", nonce, **CHILD).expect(409, "nonce_reused")


def test_a_check_is_its_actors_alone(world: World) -> None:
    check = world.visitor().start_check().expect(202)["check_id"]
    for one in (check, "idc_0000000000000000", "x"):
        world.visitor().get(f"/v1/me/identity-checks/{one}").expect(404, "not_found")


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED])
def test_a_check_that_was_not_passed_changes_nothing(world: World, state: State) -> None:
    visitor = world.visitor()
    check = visitor.start_check().expect(202)["check_id"]
    world.call_back(check, state).expect(200)
    assert visitor.see_check(check)["status"] == state.value
    assert strength(visitor) == "phone"


def test_a_result_is_final_whatever_is_called_back_later(world: World) -> None:
    visitor = world.visitor()
    check = visitor.start_check().expect(202)["check_id"]
    for state in (State.FAILED, State.FAILED, State.PASSED, State.PENDING):
        world.call_back(check, state).expect(200)
    assert visitor.see_check(check)["status"] == "failed"
    assert strength(visitor) == "phone"


def test_a_check_expires_by_itself_and_for_good(world: World) -> None:
    visitor = world.visitor()
    check = visitor.start_check().expect(202)["check_id"]
    world.clock.pass_(minutes=10)
    assert visitor.see_check(check)["status"] == "expired"
    assert world.checks.polled == []
    world.call_back(check, State.PASSED).expect(200)
    assert visitor.see_check(check)["status"] == "expired"
    assert strength(visitor) == "phone"


def test_a_session_that_has_ended_is_not_strengthened(world: World) -> None:
    visitor = world.visitor()
    check = visitor.start_check().expect(202)["check_id"]
    visitor.post("/v1/sessions/logout").expect(200)
    world.clock.pass_(minutes=1)
    visitor.log_in()
    world.call_back(check, State.PASSED).expect(200)
    assert visitor.see_check(check)["status"] == "passed"
    assert strength(visitor) == "phone"


def test_a_weaker_check_or_a_code_does_not_weaken_the_session(world: World) -> None:
    visitor = world.visitor()
    for method in ("face", "payment_password"):
        check = visitor.start_check(method).expect(202)["check_id"]
        world.call_back(check, State.PASSED).expect(200)
    world.clock.pass_(minutes=1)
    visitor.ask_for_code().expect(202)
    body = {"client": "sms", "phone": visitor.phone, "code": visitor.code}
    assert visitor.post("/v1/me/phone", body).expect(200)["strength"] == "face"


class TestCallback:
    """Only what the service signed, just now, about exactly this check, counts."""

    def started(self, world: World, **who: str) -> tuple[Person, str]:
        visitor = world.visitor()
        return visitor, str(visitor.start_check("face", None, **who).expect(202)["check_id"])

    @pytest.mark.parametrize("secret", ["x" * 32, "d" * 32, ""])
    def test_another_secret_is_refused(self, world: World, secret: str) -> None:
        """Not even `default`, which other partners know."""
        visitor, check = self.started(world)
        answer = world.call_back(check, State.PASSED, secret=secret)
        answer.expect(401, "signature_invalid")
        assert strength(visitor) == "phone"

    def test_without_a_secret_of_its_own_the_service_has_no_callback(self, world: World) -> None:
        _, check = self.started(world)
        pairs: Any = world.container.partner_secrets
        del pairs.pairs["identity_checks"]
        for secret in (CHECKS_SECRET, "d" * 32, ""):
            answer = world.call_back(check, State.PASSED, secret=secret)
            answer.expect(401, "signature_invalid")

    @pytest.mark.parametrize(
        ("late", "taken"), [(300, True), (301, False), (-300, True), (-301, False)]
    )
    def test_a_message_is_at_most_five_minutes_old(
        self, world: World, late: float, taken: bool
    ) -> None:
        _, check = self.started(world)
        answer = world.call_back(check, State.PASSED, late=late)
        assert (answer.status, answer.code) == ((200, "") if taken else (401, "signature_invalid"))

    def test_a_changed_body_is_refused(self, world: World) -> None:
        visitor, check = self.started(world)
        seen: list[tuple[bytes, dict[str, str]]] = []
        request = world.transport.request

        def spy(method: str, path: str, body: bytes | None, headers: Any) -> Any:
            seen.append((body or b"", dict(headers)))
            return request(method, path, body, headers)

        world.transport.request = spy  # type: ignore[method-assign]  # listens on the wire
        world.call_back(check, State.FAILED).expect(200)
        body, headers = seen[0]
        _, other = self.started(world)
        for forged in (
            body.replace(b"failed", b"passed"),
            body.replace(check.encode(), other.encode()),
        ):
            answer = world.call("POST", CALLBACK_PATH, None, raw=forged, headers=headers)
            answer.expect(401, "signature_invalid")
        assert visitor.see_check(check)["status"] == "failed"

    def test_a_result_of_another_check_person_or_subject_is_of_none(self, world: World) -> None:
        visitor, check = self.started(world)
        _, other = self.started(world)
        _, third = self.started(world, **CHILD)
        theirs = [world.checks.of(one) for one in (other, third)]
        named: tuple[dict[str, Any], ...] = (
            *({"reference": one.reference} for one in theirs),
            *({"binding": one.binding} for one in theirs),
            {"check_id": other},
            {"check_id": "idc_0000000000000000"},
        )
        for changes in named:
            answer = world.call_back(check, State.PASSED, **changes)
            answer.expect(404, "not_found")
        world.checks.results.clear()  # the service itself says nothing of it
        assert visitor.see_check(check)["status"] == "pending"
        assert strength(visitor) == "phone"


class TestSubject:
    """A check of another person's face."""

    def test_it_passes_without_strengthening_the_guardian(self, world: World) -> None:
        guardian = world.visitor()
        check = guardian.start_check("face", None, **CHILD).expect(202)["check_id"]
        world.call_back(check, State.PASSED).expect(200)
        assert guardian.see_check(check)["status"] == "passed"
        assert strength(guardian) == "phone"

    def test_an_unregistered_person_may_have_a_face_checked(self, world: World) -> None:
        """Who takes over a record has no registration yet."""
        world.person().start_check("face", None, **CHILD).expect(202)

    def test_known_and_unknown_numbers_start_alike(self, world: World) -> None:
        known, guardian = world.visitor(), world.visitor()
        named = {"name": known.name, "document_type": "resident_id"}
        numbers = (known.number, CHILD["document_number"])
        answers = [
            guardian.start_check("face", None, **named, document_number=number)
            for number in numbers
        ]
        assert len({answer.status for answer in answers}) == 1
        shapes = [{key: type(value) for key, value in a.json.items()} for a in answers]
        assert shapes[0] == shapes[1]

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"method": "payment_password"}, "/method"),
            ({"method": "palm"}, "/method"),
            ({"subject": {**CHILD, "document_number": "110101199003070012"}},
             "/subject/document_number"),
            ({"subject": {**CHILD, "name": "1"}}, "/subject/name"),
            ({"subject": {"name": "关小满"}}, "/subject/document_type"),
            ({"nonce": "1"}, "/nonce"),
        ],
    )  # fmt: skip
    def test_bad_input_names_its_field(
        self, world: World, changes: dict[str, Any], pointer: str
    ) -> None:
        body = {"nonce": world.nonce(), "method": "face", "subject": CHILD} | changes
        refused = world.visitor().post("/v1/me/identity-checks", body)
        named = refused.expect(400, "invalid_input")["errors"]
        assert pointer in [one["pointer"] for one in named]
        assert world.checks.orders == []
