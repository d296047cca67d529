"""What an action requires: the table, row by row."""

import json
from typing import Any

import pytest

from chalicelib.api.endpoint import problem
from chalicelib.core import messages
from chalicelib.core.errors import Forbidden, StrongerLogin
from chalicelib.identity.people import Actor, Strength
from chalicelib.identity.strength import RULES, Action, Proof, require
from tests.contract import makers

WITH_PHONE = makers.profile()
WITHOUT_PHONE = makers.profile(phone=b"")


def actor(strength: Strength = Strength.PHONE, *, phone: bool = True) -> Actor:
    who = WITH_PHONE if phone else WITHOUT_PHONE
    made = makers.actor(who)
    return Actor(who, makers.session(strength=strength), made.record)


def allowed(who: Actor, action: Action, proof: Proof | None = None) -> bool:
    try:
        require(who, action, proof)
    except Forbidden:
        return False
    return True


def test_every_action_has_its_rule() -> None:
    assert RULES.keys() == set(Action)


@pytest.mark.parametrize(
    ("action", "accepted"),
    [
        (Action.REGISTER, {None, *Proof}),
        (Action.ADD_CHILD, {Proof.SUBJECT_FACE, Proof.HOUSEHOLD}),
        (Action.ADD_ELDER, {Proof.SUBJECT_FACE, Proof.CONSENT}),
        (Action.TAKE_OVER, {Proof.SUBJECT_FACE, Proof.SAME_PHONE}),
        (Action.EXPORT, {None, *Proof}),
        (Action.ERASE, {None, *Proof}),
        (Action.REPLACE_PHONE, {Proof.FORMER_PHONE, Proof.DOCUMENT}),
    ],
)
def test_the_proofs_of_an_action(action: Action, accepted: set[Proof | None]) -> None:
    found = {proof for proof in (None, *Proof) if allowed(actor(), action, proof)}
    assert found == accepted


@pytest.mark.parametrize("action", [Action.EXPORT, Action.ERASE])
def test_own_data_takes_a_phone_or_more(action: Action) -> None:
    found = {strength for strength in Strength if allowed(actor(strength), action)}
    assert found == set(Strength) - {Strength.PLATFORM}


@pytest.mark.parametrize("strength", Strength)
def test_a_confirmed_phone_registers_whatever_the_session(strength: Strength) -> None:
    assert allowed(actor(strength), Action.REGISTER)
    with pytest.raises(Forbidden) as refused:
        require(actor(strength, phone=False), Action.REGISTER)
    assert refused.value.code == "phone_required"


def test_the_own_face_of_a_session_does_not_take_over_a_record() -> None:
    """It was compared with another name and number than those of the record."""
    assert not allowed(actor(Strength.FACE), Action.TAKE_OVER)


@pytest.mark.parametrize(
    ("before", "weaker"),
    [
        (Strength.PLATFORM, []),
        (Strength.PHONE, ["platform"]),
        (Strength.PAYMENT_PASSWORD, ["platform", "phone"]),
        (Strength.FACE, ["platform", "phone", "payment_password"]),
    ],
)
def test_which_strengths_one_replaces(before: Strength, weaker: list[str]) -> None:
    assert [one.value for one in before.weaker] == weaker


def refusal(action: Action, language: str = "en") -> dict[str, Any]:
    with pytest.raises(StrongerLogin) as refused:
        require(actor(Strength.PLATFORM), action)
    answer = problem(refused.value, language)
    assert answer.status_code == 403
    body: dict[str, Any] = json.loads(answer.body)
    assert body["code"] == "stronger_login_needed"
    return body


ASKING = [action for action, rule in RULES.items() if rule.strengths or rule.proofs]


@pytest.mark.parametrize("action", ASKING)
@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_refusal_says_what_to_do(action: Action, language: str) -> None:
    rule, body = RULES[action], refusal(action, language)
    assert body["accepted"] == sorted(rule.strengths or rule.proofs)
    assert body["detail"] == messages.text(f"stronger_login.{action}", language)
    assert body["detail"] != messages.text("error.stronger_login_needed", language)
    if action is Action.REPLACE_PHONE:
        return  # a face does not do: the document and the former phone are at hand
    face = {"en": "face check", "zh-Hans": "人脸", "zh-Hant": "人臉"}[language]
    assert face in body["detail"]
