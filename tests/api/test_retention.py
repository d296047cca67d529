"""How long scans are kept: by the policy of the venue's region, with figures that stay (GO-6)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from chalicelib.admission.policy import Policy
from chalicelib.identity.providers import Answer
from infra.ops import recount
from tests.api.driver import Person, World


def stored(world: World, beginning: str) -> list[dict[str, Any]]:
    """Return the items of the venues' days whose sort key begins so."""
    return [
        item
        for item in world.items()
        if item["pk"]["S"].count("#") == 3 and item["sk"]["S"].startswith(beginning)
    ]


def expiry(item: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(item["ttl"]["N"]), UTC)


def stopped(world: World, chief: Person) -> tuple[Person, str]:
    """Return a visitor whose scan was refused, and the scan."""
    visitor = world.visitor(health_code=Answer("red"))
    scan = visitor.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    return visitor, scan


@pytest.mark.requirement("GO-6")
def test_a_scan_and_its_pointer_end_when_the_regions_policy_says(world: World) -> None:
    world.set_policy("4409", {"retention_days": 14})
    chief = world.administrator()
    visitor, _ = stopped(world, chief)
    (scan,), (pointer,) = stored(world, "1"), stored(world, "ABN#")
    assert int(scan["ve"]["N"]) > 0  # changed since it was recorded: the time is kept
    assert expiry(scan) == expiry(pointer) == world.clock.at + timedelta(days=14)
    chief.post(f"/v1/venues/{chief.venue['venue_id']}/scans", {})
    assert visitor.get("/v1/me/visits").expect(200)["items"]


def test_without_a_policy_of_its_own_a_scan_is_kept_28_days(world: World) -> None:
    chief = world.administrator()
    stopped(world, chief)
    (scan,) = stored(world, "1")
    assert expiry(scan) == world.clock.at + timedelta(days=28)
    assert {item["sk"]["S"] for item in stored(world, "COUNT") if "ttl" in item} == set()


@pytest.mark.requirement("GO-6")
def test_an_expired_scan_is_gone_before_it_is_deleted_and_the_figures_stay(world: World) -> None:
    """DynamoDB deletes it up to days later."""
    chief = world.administrator()
    visitor, scan = stopped(world, chief)
    figures = chief.figures()
    path = f"/v1/venues/{chief.venue['venue_id']}/scans?outcome=abnormal&day=2026-11-22"
    world.clock.pass_(days=28, seconds=-1)
    for person in (visitor, chief):
        person.log_in()
    visitor.get(f"/v1/scans/{scan}").expect(200)
    assert len(chief.get(path).expect(200)["items"]) == 1
    assert len(visitor.get("/v1/me/visits").expect(200)["items"]) == 1
    world.clock.pass_(seconds=1)
    visitor.get(f"/v1/scans/{scan}").expect(404, "not_found")
    chief.get(f"/v1/scans/{scan}").expect(404, "not_found")
    assert chief.get(path).expect(200)["items"] == []
    assert visitor.get("/v1/me/visits").expect(200)["items"] == []
    assert chief.figures("2026-11-22") == figures


def test_a_day_whose_scans_may_have_expired_is_not_recounted(world: World) -> None:
    """Its records are incomplete: a repair would set the figures to nothing."""
    chief = world.administrator()
    stopped(world, chief)
    venue_id, day = chief.venue["venue_id"], date(2026, 11, 22)

    def command() -> int:
        return recount.run(
            world.deployment(),
            venue=venue_id, day=day, mend=True, console=Console(quiet=True),
        )  # fmt: skip

    world.clock.pass_(days=12)
    assert command() == 0
    world.clock.pass_(days=1)
    with pytest.raises(SystemExit, match="may have expired"):
        command()


@pytest.mark.parametrize("days", [13, 29, 0, "14", 20.5])
def test_retention_is_14_to_28_days(days: object) -> None:
    with pytest.raises(ValueError, match="retention_days"):
        Policy.from_rules("44.1", {"retention_days": days})
    assert Policy.from_rules("44.1", {"retention_days": 14}).retention == timedelta(days=14)
