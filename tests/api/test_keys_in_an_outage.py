"""KMS or Secrets Manager away for six minutes, or longer."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from moto import mock_aws

from tests.api.driver import Person, World

BOTH = {"kms", "secrets-manager"}


@pytest.fixture
def keyed() -> Iterator[World]:
    """A world whose keys come from KMS and Secrets Manager."""
    with mock_aws():
        world = World(kms=True)
        yield world
        world.wire.away.clear()
        world.close()


def at_the_door(world: World) -> Person:
    """Somebody who has scanned where another has logged in: this process knows its keys."""
    world.person()
    person = world.visitor()
    person.venue = world.administrator().venue
    person.scan(person.venue).expect(201)
    person.get("/v1/me").expect(200)
    return person


def test_six_minutes_away_stop_nobody(keyed: World) -> None:
    person = at_the_door(keyed)
    keyed.wire.away |= BOTH
    keyed.clock.pass_(minutes=6)
    person.scan(person.venue).expect(201)
    assert person.get("/v1/me").expect(200)["registration"]["name"] == person.name
    keyed.person()
    assert "keys_stale" in keyed.log.getvalue()
    assert '"StaleKeys":1' in keyed.log.getvalue()


def test_a_service_that_is_away_is_asked_twice_a_minute(keyed: World) -> None:
    person = at_the_door(keyed)
    keyed.wire.away |= BOTH
    keyed.clock.pass_(minutes=6)
    person.get("/v1/me").expect(200)
    keyed.wire.calls.clear()
    for _ in range(3):
        person.get("/v1/me").expect(200)
    assert "GetSecretValue" not in keyed.wire.calls
    keyed.clock.pass_(seconds=30)
    person.get("/v1/me").expect(200)
    assert keyed.wire.calls.count("GetSecretValue") == 1


def test_a_service_that_is_back_is_read_again(keyed: World) -> None:
    person = at_the_door(keyed)
    keyed.wire.away |= BOTH
    keyed.clock.pass_(minutes=6)
    person.get("/v1/me").expect(200)
    keyed.wire.away.clear()
    keyed.clock.pass_(seconds=30)
    keyed.wire.calls.clear()
    for _ in range(2):
        person.get("/v1/me").expect(200)
    assert keyed.wire.calls.count("GetSecretValue") == 1


def test_after_twelve_hours_it_is_not_known_whether_the_keys_hold(keyed: World) -> None:
    person = at_the_door(keyed)
    keyed.wire.away |= BOTH
    for _ in range(12):
        keyed.clock.pass_(hours=1)
        person.get("/v1/me")
    person.refresh().expect(503, "unavailable")


def test_a_new_process_cannot_begin(keyed: World) -> None:
    person = at_the_door(keyed)
    keyed.wire.away |= BOTH
    keyed.restart()
    person.get("/v1/me").expect(503, "unavailable")


def test_at_the_turn_of_the_month_the_key_of_the_month_before_seals(keyed: World) -> None:
    at_the_door(keyed)
    keyed.clock.at = datetime(2026, 11, 30, 23, 58, tzinfo=UTC)
    keyed.person()
    keyed.wire.away |= BOTH
    keyed.clock.pass_(minutes=3)
    person = keyed.person()
    assert person.get("/v1/me").expect(200)["phone"]
    keyed.wire.away.clear()
    keyed.clock.pass_(minutes=1)
    assert person.get("/v1/me").expect(200)["phone"]
