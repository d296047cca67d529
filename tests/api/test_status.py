"""The status of the service: plain for anyone, deep for operators."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.core.errors import Unavailable
from chalicelib.insight.deep_status import DeepStatus, Probe
from tests import support
from tests.api.driver import HttpReply, World

PARTS = {"table", "keys_secret", "index_secret", "partners_secret", "data_key", "bucket"}

KEPT = {"partners_secret": "partners", "wechat_url": "", "alipay_url": ""}


@pytest.fixture
def world() -> Iterator[World]:
    """A deployment with the secrets and the key of AWS, not stand-ins; partners have no host."""
    with mock_aws():
        made = World(kms=True)
        secret = json.dumps({"default": "d" * 32})
        support.client("secretsmanager").create_secret(Name="partners", SecretString=secret)
        configure(made, **KEPT)
        yield made
        made.close()


def configure(world: World, **settings: Any) -> None:
    """Change the deployment's settings."""
    world.restart()
    world.container.settings = replace(world.container.settings, **settings)


def token(world: World) -> str:
    return world.container.deep_status.token(world.clock.now())


def deep(world: World, shown: str | None) -> HttpReply:
    return world.call("GET", "/v1/status?deep=1", token=shown)


def with_probe(world: World, probe: Probe) -> None:
    """Replace the probes by one."""
    parts = world.container
    parts.deep_status = DeepStatus(
        tokens=parts.tokens, limits=parts.limits, probes={"partner": probe}
    )


def checks(reply: HttpReply) -> dict[str, str | None]:
    """Return the fault of each part."""
    return {check["name"]: check["fault"] for check in reply.json["checks"]}


def test_anyone_sees_that_the_api_is_up_and_no_more(world: World) -> None:
    shown = world.call("GET", "/v1/status").expect(200)
    assert shown == {"status": "ok", "stage": "test", "demo": False, "checks": None}


@pytest.mark.requirement("GO-17")
def test_an_operator_sees_every_part(world: World) -> None:
    shown = deep(world, token(world)).expect(200)
    assert shown["status"] == "ok"
    assert {check["name"] for check in shown["checks"]} == PARTS
    for check in shown["checks"]:
        assert check["ok"]
        assert check["fault"] is None
        assert 0 <= check["ms"] < 60_000


def test_nobody_else_may_look_deep(world: World) -> None:
    visitor = world.visitor()
    before = len(world.items())
    deep(world, None).expect(401, "token_missing")
    deep(world, visitor.token).expect(401, "token_invalid")
    deep(world, token(world)[:-1]).expect(401, "token_invalid")
    late = token(world)
    world.clock.at += timedelta(minutes=5)
    deep(world, late).expect(401, "token_expired")
    assert len(world.items()) == before


def test_an_operators_token_is_no_session(world: World) -> None:
    world.call("GET", "/v1/me", token=token(world)).expect(401, "token_invalid")


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("bucket", "bucket"),
        ("partners_secret", "partners_secret"),
        ("kms_key", "data_key"),
    ],
)
def test_a_part_that_is_gone_is_named(world: World, setting: str, part: str) -> None:
    shown = token(world)
    configure(world, **(KEPT | {setting: "gone-00000000"}))
    reply = deep(world, shown)
    reply.expect(503, "unhealthy")
    found = checks(reply)
    assert found.keys() == PARTS
    assert [name for name, fault in found.items() if fault] == [part]
    assert "gone-00000000" not in reply.body.decode()


def test_a_partner_without_a_listener_is_named(world: World) -> None:
    configure(world, partners_secret="partners", sms_url="http://127.0.0.1:9")
    reply = deep(world, token(world))
    reply.expect(503, "unhealthy")
    assert checks(reply)["sms"] == "PartnerFault"


def test_a_table_that_refuses_is_named_with_the_others(world: World) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable

    class Refusing:
        charge = refund = staticmethod(refuse)

    parts = world.container
    parts.deep_status = DeepStatus(
        tokens=parts.tokens, limits=Refusing(), probes={"partner": lambda: None}
    )
    reply = deep(world, token(world))
    reply.expect(503, "unhealthy")
    assert checks(reply) == {"table": "Unavailable", "partner": None}


def test_a_fault_does_not_say_what_it_was_about(world: World) -> None:
    def fail() -> None:
        raise ValueError("a secret")

    with_probe(world, fail)
    reply = deep(world, token(world))
    assert checks(reply) == {"table": None, "partner": "ValueError"}
    assert "a secret" not in reply.body.decode() + world.log.getvalue()


def test_operators_ask_at_most_120_times_an_hour(world: World) -> None:
    with_probe(world, lambda: None)
    shown = token(world)
    for _ in range(120):
        deep(world, shown).expect(200)
    deep(world, shown).expect(429, "too_many_requests")


def test_another_value_is_refused(world: World) -> None:
    reply = world.call("GET", "/v1/status?deep=yes")
    reply.expect(400, "invalid_input")
    assert list(reply.faults) == ["deep"]
