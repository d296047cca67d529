"""The sandbox's health code follows a declaration, once for each request."""

from typing import Any

import pytest

from chalicelib.adapters.providers.declarations import HttpHealthDeclarations
from chalicelib.identity.providers import Answer, ProviderFault, Subject
from tests.unit.test_sandbox import Running, people, sandbox, subject

__all__ = ["sandbox"]  # the fixture
WELL = {"fever": False, "symptoms": [], "contact": False, "risk_area": False}


def somebody(running: Running, colour: str) -> Subject:
    """A person of the cast whose health code has this colour from now on."""
    name = next(iter(people()))
    who = subject(name)
    assert (
        running.tell("/sandbox/people", document_number=who.document_number, health_code=colour)
        == 200
    )
    return who


def colour(running: Running, who: Subject) -> str:
    answer = running.provider("health_code").lookup(who, request_id="r")
    assert isinstance(answer, Answer)
    return answer.state


def declare(running: Running, who: Subject, request_id: str = "d1", **answers: Any) -> bool:
    declaration = {
        "declared_at": "2022-05-02T04:00:00.000Z",
        "form_version": 1,
        "answers": WELL | answers,
        "arrival": None,
    }
    intake = HttpHealthDeclarations(running.partner())
    return intake.declare(who, declaration, request_id=request_id)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, "green"),
        ({"symptoms": ["cough"]}, "green"),
        ({"fever": True}, "yellow"),
        ({"contact": True}, "yellow"),
    ],
)
def test_light_green_turns(sandbox: Running, answers: dict[str, Any], expected: str) -> None:
    who = somebody(sandbox, "light_green")
    assert declare(sandbox, who, **answers)
    assert colour(sandbox, who) == expected


@pytest.mark.parametrize("before", ["green", "yellow", "red"])
def test_any_other_colour_stays(sandbox: Running, before: str) -> None:
    who = somebody(sandbox, before)
    assert declare(sandbox, who, fever=True)
    assert colour(sandbox, who) == before


def test_the_same_request_is_acted_on_once(sandbox: Running) -> None:
    who = somebody(sandbox, "light_green")
    assert declare(sandbox, who)
    somebody(sandbox, "light_green")  # a new day
    assert declare(sandbox, who)
    assert colour(sandbox, who) == "light_green"
    assert declare(sandbox, who, "d2")
    assert colour(sandbox, who) == "green"


def test_nobody_else_is_declared_for(sandbox: Running) -> None:
    who = somebody(sandbox, "light_green")
    assert not declare(sandbox, Subject("李不在册", "resident_id", who.document_number))
    assert not declare(sandbox, Subject(who.name, "resident_id", "44098319900101999X"), "d2")
    assert colour(sandbox, who) == "light_green"


@pytest.mark.parametrize("mode", ["refuse", "garbage", "error", "busy"])
def test_a_faulty_provider_is_a_fault(sandbox: Running, mode: str) -> None:
    who = somebody(sandbox, "light_green")
    assert sandbox.tell("/sandbox/faults", provider="health_code", mode=mode) == 200
    with pytest.raises(ProviderFault):
        declare(sandbox, who)
    assert sandbox.tell("/sandbox/faults", provider="health_code", mode="none") == 200
    assert declare(sandbox, who)


@pytest.mark.parametrize("missing", ["name", "document_number", "answers", "form_version"])
def test_an_incomplete_declaration_is_refused(sandbox: Running, missing: str) -> None:
    who = somebody(sandbox, "light_green")
    body = {
        "request_id": "d1", "name": who.name, "document_type": "resident_id",
        "document_number": who.document_number, "form_version": 1, "answers": WELL,
    }  # fmt: skip
    del body[missing]
    status, _, answer = sandbox.signed("/v1/health_code/declarations", body)
    assert (status, answer["code"]) == (400, "invalid_request")
    assert colour(sandbox, who) == "light_green"
