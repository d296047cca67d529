"""The door: live passes, staff scans, temperatures, figures by staff, the abnormal list."""

from typing import Any

import pytest

from chalicelib.core import ids
from chalicelib.identity.providers import Answer
from tests.api.driver import HttpReply, Person, World, codes


def live_pass(person: Person) -> str:
    return str(person.get("/v1/me/pass").expect(200)["code"])


def scan(guard: Person, code: str, nonce: str = "", **body: Any) -> HttpReply:
    path = f"/v1/venues/{guard.venue['venue_id']}/scans"
    nonce = nonce or guard.world.nonce()
    return guard.post(path, {"nonce": nonce, "pass_code": code, **body})


@pytest.mark.requirement("JN-8", "JN-9", "JN-29", "YK-20", "YK-22")
def test_staff_scan_a_pass_and_see_one_screen(world: World, guard: Person) -> None:
    visitor = world.visitor()
    first = scan(guard, live_pass(visitor), temperature="normal").expect(201)
    assert first["outcome"] == "pending"
    assert first["means"] == "staff"
    assert first["temperature"] == "normal"
    assert first["person"]["name"] == visitor.name[0] + "*" * (len(visitor.name) - 1)
    assert first["person"]["phone"].endswith(visitor.phone[-4:])
    assert visitor.phone not in str(first)
    world.work()
    seen = guard.screen(first["scan_id"])
    assert seen["outcome"] == "admit"
    assert visitor.screen(first["scan_id"])["outcome"] == "admit"


def test_the_same_screen_tells_the_visitor_and_the_staff_what_each_is_to_do(
    world: World, guard: Person
) -> None:
    visitor = world.visitor(health_code=Answer("yellow", world.hours_ago(1)))
    scan_id = scan(guard, live_pass(visitor)).expect(201)["scan_id"]
    world.work()

    def told(person: Person) -> tuple[str, str]:
        screen = person.get(f"/v1/scans/{scan_id}", language="zh-Hans").expect(200)
        return screen["outcome_text"], screen["next_steps"][0]["text"]

    assert told(visitor) == ("请找工作人员核验", "请由工作人员核验您的健康码和身份证件。")
    assert told(guard) == ("请核验", "请核验访客的健康码和身份证件。")


@pytest.mark.requirement("YK-22")
def test_fever_is_abnormal_whatever_the_colour(world: World, guard: Person) -> None:
    visitor = world.visitor()
    shown = scan(guard, live_pass(visitor), temperature="fever").expect(201)
    assert (shown["outcome"], codes(shown["reasons"])) == ("check", ["temperature_fever"])
    world.work()
    assert guard.screen(shown["scan_id"])["outcome"] == "check"


@pytest.mark.requirement("YK-22")
def test_yellow_with_a_fever_says_both(world: World, guard: Person) -> None:
    visitor = world.visitor(health_code=Answer("yellow", world.hours_ago(1)))
    shown = scan(guard, live_pass(visitor), temperature="fever").expect(201)
    world.work()
    seen = guard.screen(shown["scan_id"])
    assert codes(seen["reasons"]) == ["health_code_yellow", "temperature_fever"]
    assert codes(seen["next_steps"])[0] == "see_doctor"


def test_an_odd_temperature_names_its_field(world: World, guard: Person) -> None:
    answer = scan(guard, live_pass(world.visitor()), temperature="41")
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {"/temperature"}


@pytest.mark.requirement("JN-21", "JN-22", "SD-5", "YK-34", "YK-35")
def test_a_pass_changes_and_shows_the_providers_colour(world: World, guard: Person) -> None:
    said = Answer("red", world.hours_ago(1), "同乘", group="密切接触者", how_to_clear="期满解除")
    visitor = world.visitor(health_code=said)
    before = visitor.get("/v1/me/pass").expect(200)
    assert (before["health_code"]["state"], before["poll_after_ms"]) == ("pending", 1000)
    world.work()
    scan(guard, before["code"]).expect(201)
    world.clock.pass_(seconds=60)
    after = visitor.get("/v1/me/pass").expect(200)
    assert after["code"] != before["code"]
    colour = after["health_code"]
    assert (colour["state"], after["poll_after_ms"]) == ("red", 1000), "it may be better by now"
    world.work()
    assert visitor.get("/v1/me/pass").expect(200)["poll_after_ms"] is None
    assert (colour["reason"], colour["group"]) == ("同乘", "密切接触者")
    assert colour["lifting"] == "期满解除"
    assert colour["observed_at"]
    assert 60 <= after["refresh_after_s"] <= 80


@pytest.mark.requirement("JN-23", "JN-24", "JN-25", "JN-26")
@pytest.mark.parametrize(
    ("colour", "outcome", "says"),
    [
        ("green", "admit", "Please come in"),
        ("yellow", "check", "verified"),
        ("red", "refuse", "report to your community"),
        ("light_green", "check", "declare"),
    ],
)
def test_every_colour_says_what_to_do(
    world: World, guard: Person, colour: str, outcome: str, says: str
) -> None:
    visitor = world.visitor(health_code=Answer(colour, world.hours_ago(1)))
    shown = scan(guard, live_pass(visitor)).expect(201)
    world.work()
    assert guard.screen(shown["scan_id"])["outcome"] == outcome
    assert says in visitor.get("/v1/me/pass").expect(200)["advice"]


@pytest.mark.requirement("GO-4")
def test_a_pass_is_accepted_for_ninety_seconds(world: World, guard: Person) -> None:
    visitor = world.visitor()
    code = live_pass(visitor)
    world.clock.pass_(seconds=90)
    scan(guard, code).expect(201)
    world.clock.pass_(seconds=30)
    late = live_pass(visitor)
    world.clock.pass_(seconds=91)
    scan(guard, late).expect(422, "pass_expired")


@pytest.mark.parametrize("minutes", [-9, 0, 9])
def test_a_retry_meets_its_scan_after_the_pass_has_expired(
    world: World, guard: Person, minutes: int
) -> None:
    """The answer got lost; whether the guard's clock is right is no matter."""
    code, nonce = live_pass(world.visitor()), world.nonce(minutes=minutes)
    first = scan(guard, code, nonce, temperature="normal").expect(201)
    world.clock.pass_(seconds=91)
    again = scan(guard, code, nonce, temperature="normal").expect(200)
    assert again["scan_id"] == first["scan_id"]
    scan(guard, code, nonce).expect(409, "nonce_reused")
    if minutes:
        scan(guard, code, world.nonce(minutes=minutes)).expect(422, "pass_expired")


def test_a_pass_is_good_once_for_a_venue(world: World, chief: Person, guard: Person) -> None:
    visitor = world.visitor()
    code, nonce = live_pass(visitor), world.nonce()
    first = scan(guard, code, nonce).expect(201)
    assert scan(guard, code, nonce).expect(200)["scan_id"] == first["scan_id"]
    scan(guard, code).expect(409, "pass_used")
    scan(chief, code, nonce).expect(409, "pass_used")
    scan(guard, code, nonce, temperature="fever").expect(409, "nonce_reused")
    elsewhere = world.inspector(world.administrator())
    scan(elsewhere, code).expect(201)


@pytest.mark.requirement("GO-4")
def test_a_pass_that_is_altered_or_of_a_revoked_key_is_refused(world: World, guard: Person) -> None:
    visitor, other = world.visitor(), world.visitor()
    code = live_pass(visitor)
    parts = code.split(".")
    stolen = ".".join([*parts[:3], other.person_id.removeprefix("per_"), *parts[4:]])
    scan(guard, stolen).expect(422, "pass_invalid")
    for place, character in enumerate(code):
        if character in ids.ALPHABET and place > len("VP1.L.1."):
            changed = ids.ALPHABET[(ids.ALPHABET.index(character) + 1) % 32]
            answer = scan(guard, code[:place] + changed + code[place + 1 :])
            assert answer.code in ("pass_invalid", "pass_expired"), place
    world.container.key_source.pairs |= {"2": "s" * 64, "active": "2"}  # type: ignore[attr-defined]
    scan(guard, code).expect(201)
    world.clock.pass_(minutes=1)
    again = live_pass(visitor)
    del world.container.key_source.pairs["2"]  # type: ignore[attr-defined]
    scan(guard, again).expect(422, "pass_invalid")


@pytest.mark.parametrize(
    "code",
    ["", "VP1", "https://evil.example/V/0123456789ABCDEF", "😀" * 20, "VP1.L.1.a.b.c", "x" * 300],
)
def test_what_is_no_pass_names_its_field(guard: Person, code: str) -> None:
    answer = scan(guard, code)
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {"/pass_code"}


def test_a_venue_code_or_a_session_is_no_pass(guard: Person) -> None:
    for code in (guard.venue["code_url"], guard.venue["code"], guard.token[:200]):
        assert scan(guard, code).code == "invalid_input"


def test_only_staff_of_the_venue_scan(world: World, guard: Person) -> None:
    stranger = world.visitor()
    stranger.venue = guard.venue
    scan(stranger, live_pass(world.visitor())).expect(403, "not_your_venue")


def test_who_was_rejected_is_not_let_in_by_a_pass(world: World, guard: Person) -> None:
    visitor = world.visitor()
    code = live_pass(visitor)
    world.say(visitor, identity=Answer("mismatch"))
    visitor.register(1, name="钱不对").expect(202)
    world.work()
    scan(guard, code).expect(422, "visitor_not_verified")
    visitor.get("/v1/me/pass").expect(403, "registration_rejected")


@pytest.mark.requirement("JN-21")
def test_the_pass_comes_with_the_approval_or_by_policy_before(world: World, guard: Person) -> None:
    newcomer = world.person()
    newcomer.get("/v1/me/pass").expect(403, "registration_required")
    newcomer.register().expect(202)
    newcomer.get("/v1/me/pass").expect(403, "registration_not_verified")
    world.set_policy("*", {"pass_while_pending": True})
    world.clock.pass_(minutes=1)
    scan(guard, live_pass(newcomer)).expect(201)
    world.work()
    world.set_policy("*", {"pass_while_pending": False}, version=2)
    world.clock.pass_(minutes=1)
    scan(guard, live_pass(newcomer)).expect(201)


@pytest.mark.requirement("YK-23")
def test_the_fast_code_notes_a_normal_temperature(world: World, chief: Person) -> None:
    path = f"/v1/venues/{chief.venue['venue_id']}/fast-code"
    fast = chief.post(path).expect(200)
    assert chief.post(path).expect(200) == fast
    shown = world.visitor().scan_code(fast["code_url"]).expect(201)
    assert (shown["means"], shown["temperature"]) == ("fast", "normal")
    world.work()
    unit = chief.get(f"/v1/venues/{chief.venue['venue_id']}/statistics").expect(200)
    assert (unit["checked"], unit["own_scans"]) == (1, 1)


@pytest.mark.requirement("XC-11", "JN-9")
def test_the_unit_is_all_staff_and_the_visitors_own_scans(
    world: World, chief: Person, guard: Person
) -> None:
    red = Answer("red", world.hours_ago(1))
    for colour in (None, red, None):
        visitor = world.visitor(**({"health_code": colour} if colour else {}))
        scan(guard, live_pass(visitor)).expect(201)
    scan(chief, live_pass(world.visitor())).expect(201)
    for _ in range(2):
        world.visitor().scan(chief.venue).expect(201)
    world.work()
    path = f"/v1/venues/{chief.venue['venue_id']}/statistics?by="
    unit = chief.get(f"{path}unit").expect(200)
    mine = guard.get(f"{path}me").expect(200)
    theirs = chief.get(f"{path}me").expect(200)
    assert (mine["checked"], mine["passed"], mine["abnormal"]) == (3, 2, 1)
    assert (theirs["checked"], theirs["passed"]) == (1, 1)
    assert unit["own_scans"] == 2
    assert unit["checked"] == mine["checked"] + theirs["checked"] + unit["own_scans"] == 6
    chief.get(f"{path}nobody").expect(400, "invalid_input")


@pytest.mark.requirement("XC-12")
def test_from_the_abnormal_count_to_its_records(world: World, guard: Person) -> None:
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal"
    expected = []
    for colour in ("red", "green", "yellow", "green", "light_green"):
        world.clock.pass_(minutes=1)
        visitor = world.visitor(health_code=Answer(colour, world.hours_ago(1)))
        shown = scan(guard, live_pass(visitor)).expect(201)
        world.work()
        if colour != "green":
            expected.append(shown["scan_id"])
    first = guard.get(f"{path}&limit=2").expect(200)
    rest = guard.get(f"{path}&limit=2&cursor={first['next_cursor']}").expect(200)
    listed = [item["scan_id"] for item in first["items"] + rest["items"]]
    assert listed == expected
    assert rest["next_cursor"] is None
    assert guard.figures()["abnormal"] == len(listed)
    assert all("*" in item["person"]["name"] for item in first["items"])


def test_a_page_of_the_abnormal_list_costs_five_requests(world: World, guard: Person) -> None:
    for _ in range(3):
        visitor = world.visitor(health_code=Answer("red", world.hours_ago(1)))
        scan(guard, live_pass(visitor)).expect(201)
    world.work()
    table = world.counted()
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal"
    guard.get(path).expect(200)  # the process now knows the venue
    before = table.requests
    assert len(guard.get(path).expect(200)["items"]) == 3
    # The actor, a shard's pointers, scans, people, their access records.
    assert table.requests - before == 5


def test_a_scan_that_was_abnormal_for_a_while_is_not_listed(world: World, guard: Person) -> None:
    visitor = world.visitor(health_code=Answer("red", world.hours_ago(1)))
    scan(guard, live_pass(visitor)).expect(201)
    world.work()
    world.clock.pass_(minutes=11)
    world.say(visitor, health_code=Answer("green", world.clock.at))
    shown = scan(guard, live_pass(visitor)).expect(201)
    assert shown["outcome"] == "refuse"  # by what is known, though it is stale
    world.work()
    assert guard.screen(shown["scan_id"])["outcome"] == "admit"
    world.clock.pass_(seconds=1)
    other = world.visitor(health_code=Answer("red", world.clock.at))
    latest = scan(guard, live_pass(other)).expect(201)["scan_id"]
    world.work()
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal&limit=1"
    first = guard.get(path).expect(200)
    rest = guard.get(f"{path}&cursor={first['next_cursor']}").expect(200)
    assert first["items"][0]["scan_id"] != shown["scan_id"]
    assert [item["scan_id"] for item in rest["items"]] == [latest]  # no page is short of it


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "outcome"),
        ("outcome=admit", "outcome"),
        ("outcome=abnormal&limit=0", "limit"),
        ("outcome=abnormal&limit=51", "limit"),
        ("outcome=abnormal&limit=x", "limit"),
        ("outcome=abnormal&limit=" + "9" * 5000, "limit"),
        ("outcome=abnormal&limit=%D9%A3", "limit"),
        ("outcome=abnormal&cursor=made-up", "cursor"),
        ("outcome=abnormal&day=2022-13-01", "day"),
    ],
)
def test_an_odd_query_names_its_parameter(guard: Person, query: str, field: str) -> None:
    answer = guard.get(f"/v1/venues/{guard.venue['venue_id']}/scans?{query}")
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {field}


def test_a_cursor_is_good_for_its_own_list_only(world: World, guard: Person) -> None:
    other = world.inspector(world.administrator())
    for inspector in (guard, other):
        for _ in range(2):
            visitor = world.visitor(health_code=Answer("red", world.hours_ago(1)))
            scan(inspector, live_pass(visitor)).expect(201)
    world.work()
    path = "/v1/venues/{}/scans?outcome=abnormal&limit=1"
    cursor = guard.get(path.format(guard.venue["venue_id"])).expect(200)["next_cursor"]
    answer = other.get(path.format(other.venue["venue_id"]) + f"&cursor={cursor}")
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {"cursor"}


@pytest.mark.parametrize("minutes", [-10, 10])
def test_the_guards_clock_may_be_ten_minutes_off(world: World, guard: Person, minutes: int) -> None:
    visitor = world.visitor()
    scan(guard, live_pass(visitor), world.nonce(minutes=minutes)).expect(201)
    world.clock.pass_(minutes=1)
    ahead = world.nonce(minutes=-11)
    scan(guard, live_pass(visitor), ahead).expect(422, "clock_skewed")
