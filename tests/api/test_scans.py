"""A visitor scans a poster: one screen, and the visit is on record (YK-3, SD-1, JN-11)."""

import pytest

from chalicelib.core import keys
from chalicelib.identity.providers import Answer
from chalicelib.venues.codes import CodeState
from chalicelib.venues.store.venues import PrintedCodeItem
from tests.api.driver import HEALTH, HOST, TEST, World, codes


@pytest.mark.requirement("YK-2", "YK-3")
@pytest.mark.requirement("SD-1")
@pytest.mark.requirement("JN-11")
def test_one_scan_registers_the_visit_and_shows_one_screen(world: World) -> None:
    administrator, visitor = world.administrator(name="信宜市人民医院"), world.visitor()
    screen = visitor.scan(administrator.venue).expect(201)
    assert screen["venue"] == {
        "venue_id": administrator.venue["venue_id"],
        "name": "信宜市人民医院",
        "type_name": "Medical",
        "region_name": "Xinyi City, Maoming, Guangdong",
    }
    assert screen["scanned_at"] == "2026-11-22T04:00:00.000Z"
    assert screen["person"] == {
        "name": f"{visitor.name[0]}**",
        "phone": f"+86138****{visitor.phone[-4:]}",
    }
    assert (screen["outcome"], screen["poll_after_ms"]) == ("pending", 1000)
    assert codes(screen["reasons"]) == ["health_code_pending", "nucleic_acid_pending"]
    assert codes(screen["next_steps"]) == ["wait"]
    states = {name: screen[name]["state"] for name in
              ("health_code", "nucleic_acid", "vaccination", "travel_card")}  # fmt: skip
    assert states == {
        "health_code": "pending",
        "nucleic_acid": "pending",
        "vaccination": "pending",
        "travel_card": "code_needed",
    }

    # What was pending arrives without a new scan.
    world.work()
    arrived = visitor.screen(screen["scan_id"])
    assert (arrived["outcome"], arrived["poll_after_ms"]) == ("admit", None)
    assert codes(arrived["reasons"]) == ["health_code_green", "nucleic_acid_recent"]
    assert codes(arrived["next_steps"]) == ["enter"]
    assert arrived["health_code"] == {
        "state": "green",
        "text": "Green",
        "observed_at": "2026-11-22T03:00:00.000Z",
        "fetched_at": "2026-11-22T04:00:00.000Z",
        "stale": False,
    }
    assert arrived["nucleic_acid"]["observed_at"] == "2026-11-21T16:00:00.000Z"
    assert arrived["vaccination"] == {
        "state": "complete",
        "text": "Complete",
        "observed_at": "2026-10-23T04:00:00.000Z",
        "fetched_at": "2026-11-22T04:00:00.000Z",
        "stale": False,
        "doses": 3,
        "last_dose_on": "2026-10-23",
    }
    assert arrived["travel_card"]["state"] == "code_needed"
    assert {name: arrived[name] for name in ("scan_id", "scanned_at", "venue", "person")} == {
        name: screen[name] for name in ("scan_id", "scanned_at", "venue", "person")
    }
    assert administrator.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}


@pytest.mark.requirement("JN-11")
def test_a_fresh_answer_decides_the_next_scan_at_once(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    visitor.scan(administrator.venue).expect(201)
    world.work()
    world.clock.pass_(seconds=59)
    screen = visitor.scan(administrator.venue).expect(201)
    assert (screen["outcome"], screen["poll_after_ms"]) == ("admit", None)
    assert screen["health_code"]["fetched_at"] == "2026-11-22T04:00:00.000Z"
    world.work()
    assert len(world.providers[HEALTH].asked) == 1
    assert administrator.figures()["passed"] == 2


@pytest.mark.requirement("JN-11")
def test_a_stale_answer_is_shown_with_its_age_and_asked_for_again(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    visitor.scan(administrator.venue).expect(201)
    world.work()
    world.set_policy("4409", {"fresh_minutes": {"health_code": 10, "nucleic_acid": 60}})
    world.clock.pass_(minutes=9)
    world.say(visitor, health_code=Answer("yellow"))
    screen = visitor.scan(administrator.venue).expect(201)
    assert (screen["outcome"], codes(screen["reasons"])) == ("pending", ["health_code_pending"])
    assert (screen["health_code"]["state"], screen["health_code"]["stale"]) == ("unconfirmed", True)
    assert screen["health_code"]["fetched_at"] == "2026-11-22T04:00:00.000Z"
    assert screen["nucleic_acid"]["stale"] is False
    world.work()
    again = visitor.screen(screen["scan_id"])
    assert (again["outcome"], codes(again["reasons"])) == ("check", ["health_code_yellow"])
    assert again["health_code"]["fetched_at"] == "2026-11-22T04:10:00.000Z"
    assert (len(world.providers[HEALTH].asked), len(world.providers[TEST].asked)) == (2, 1)


@pytest.mark.requirement("JN-11")
def test_the_policy_of_the_longest_prefix_decides(world: World) -> None:
    world.set_policy("*", {"nucleic_acid_hours": 6})
    world.set_policy("44", {"nucleic_acid_hours": None})
    world.set_policy("4408", {"nucleic_acid_hours": 6})
    here, there = world.administrator(), world.administrator(region="370811")
    visitor = world.visitor()
    outcomes = {}
    for administrator in (here, there):
        scan = visitor.scan(administrator.venue).expect(201)
        world.work()
        screen = visitor.screen(scan["scan_id"])
        outcomes[administrator.venue["region"]] = (screen["outcome"], codes(screen["reasons"]))
    assert outcomes == {
        "440983": ("admit", ["health_code_green"]),
        "370811": ("check", ["nucleic_acid_too_old"]),
    }


@pytest.mark.requirement("YK-2", "YK-3")
def test_a_retry_answers_the_present_state_and_writes_once(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    nonce = world.nonce()
    first = visitor.scan(administrator.venue, nonce).expect(201)
    assert visitor.scan(administrator.venue, nonce).expect(200) == first
    world.work()
    # Minutes later, in another wrapping, in capitals: it is the same scan.
    world.clock.pass_(minutes=8)
    wrapped = "scene=" + administrator.venue["code"]
    again = visitor.scan_code(wrapped, nonce.upper()).expect(200)
    assert again == visitor.screen(first["scan_id"])
    assert again["outcome"] == "admit"
    world.work()
    assert administrator.figures()["checked"] == 1


@pytest.mark.requirement("SD-1")
def test_a_nonce_is_scoped_to_who_scans(world: World) -> None:
    administrator, nonce = world.administrator(), world.nonce()
    scans = [
        visitor.scan(administrator.venue, nonce).expect(201)
        for visitor in (world.visitor(), world.visitor())
    ]
    assert len({scan["scan_id"] for scan in scans}) == 2
    world.work()
    assert administrator.figures()["checked"] == 2


def test_a_nonce_with_another_code_of_the_same_venue_is_a_conflict(world: World) -> None:
    """No route gives a venue a second code yet; reissue will."""
    administrator, visitor = world.administrator(), world.visitor()
    reissued = "7" * 16
    world.table.put(
        PrintedCodeItem.at(
            keys.code(reissued),
            venue=administrator.venue["venue_id"],
            state=CodeState.ACTIVE,
        )
    )
    nonce = world.nonce()
    visitor.scan(administrator.venue, nonce).expect(201)
    visitor.scan_code(reissued, nonce).expect(409, "nonce_reused")
    visitor.scan_code(reissued).expect(201)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_may_be_ten_minutes_wrong_either_way(world: World, minutes: int) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    there = world.nonce(minutes=minutes)
    world.clock.pass_(milliseconds=minutes / 10)
    visitor.scan(administrator.venue, there).expect(422, "clock_skewed")
    world.clock.pass_(milliseconds=-minutes / 10)
    screen = visitor.scan(administrator.venue, there).expect(201)
    assert screen["scanned_at"] == f"2026-11-22T0{'3:50' if minutes > 0 else '4:00'}:00.000Z"
    world.work()
    assert administrator.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}


def test_a_code_that_is_not_ours_is_unknown(world: World) -> None:
    visitor = world.visitor()
    visitor.scan_code("0" * 16).expect(404, "code_unknown")
    visitor.scan_code(f"HTTPS://{HOST}/V/{'0' * 16}").expect(404, "code_unknown")


def test_a_withdrawn_code_says_so_within_a_minute(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    nonce = world.nonce()
    visitor.scan(administrator.venue, nonce).expect(201)
    world.revoke(administrator.venue["code"])
    visitor.scan(administrator.venue).expect(410, "code_revoked")
    visitor.scan(administrator.venue, nonce).expect(410, "code_revoked")
    world.work()
    assert administrator.figures()["checked"] == 1


def test_a_scan_is_its_visitors_and_the_venues(world: World) -> None:
    """And nobody else learns that it is there."""
    administrator, visitor, other = world.administrator(), world.visitor(), world.administrator()
    scan = visitor.scan(administrator.venue).expect(201)
    refused = other.get(f"/v1/scans/{scan['scan_id']}")
    refused.expect(404, "not_found")
    absent = other.get(f"/v1/scans/{scan['scan_id'][:-1]}0")
    assert (absent.status, absent.body) == (refused.status, refused.body)
    assert visitor.screen(scan["scan_id"]) == administrator.screen(scan["scan_id"])


def test_a_scan_takes_one_query_and_one_put(world: World) -> None:
    """What stands between a visitor and the door: 1 read unit, 2 write units, and no queue."""
    administrator, visitor = world.administrator(), world.visitor()
    visitor.scan(administrator.venue).expect(201)
    world.wire.fail("", 0)
    visitor.scan(administrator.venue).expect(201)
    assert world.wire.calls == ["Query", "PutItem"]
    assert world.lookups.receive() == []


def test_a_scan_stays_below_one_write_unit(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    visitor.scan(administrator.venue).expect(201)
    world.work()
    (item,) = (item for item in world.items() if "oc" in item)
    size = sum(
        len(name.encode()) + len(str(next(iter(value.values()))).encode())
        for name, value in item.items()
    )
    assert size < 1000
