"""Checks by hand: somebody without a phone stands at the door (JN-12, JN-13, XC-9)."""

from functools import partial
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.identity.providers import (
    Absent,
    Answer,
    Pending,
    Provider,
    ProviderFault,
    ProviderName,
    Subject,
)
from tests import support
from tests.api.driver import (
    HEALTH,
    IDENTITY,
    TEST,
    VACCINATION,
    HttpReply,
    Person,
    World,
    codes,
)
from tests.api.test_races import Send, races, said

STRANGER = "李不在册"


def check(
    guard: Person, name: str, number: str, nonce: str = "", venue_id: str = "", **more: Any
) -> HttpReply:
    world = guard.world
    world.secrets |= {name, number}
    body = {"name": name, "document_type": "resident_id", "document_number": number, **more}
    path = f"/v1/venues/{venue_id or guard.venue['venue_id']}/manual-checks"
    return guard.post(path, {"nonce": nonce or world.nonce(), **body})


def begin(guard: Person, name: str, number: str, **more: Any) -> str:
    """Check somebody; the check's id."""
    return str(check(guard, name, number, **more).expect(202)["check_id"])


def look(guard: Person, check_id: str) -> HttpReply:
    return guard.get(f"/v1/manual-checks/{check_id}")


def result(guard: Person, check_id: str) -> Any:
    """What a check is answered after two seconds, the workers having run."""
    guard.world.work()
    guard.world.clock.pass_(seconds=2)
    answer = look(guard, check_id).expect(200)
    guard.world.work()  # the figures and the list follow
    return answer


def number(serial: int) -> str:
    """The number of somebody who has no account."""
    return support.resident_id(900 + serial)


@pytest.mark.requirement("JN-12", "JN-13", "XC-9")
def test_somebody_without_a_phone_is_checked_by_name_and_number(guard: Person) -> None:
    begun = check(guard, STRANGER, number(1), temperature="normal").expect(202)
    assert (begun["status"], begun["poll_after_ms"]) == ("pending", 2000)
    answer = result(guard, begun["check_id"])
    assert (answer["status"], answer["outcome"]) == ("answered", "admit")
    assert answer["person"] == {"name": "李***"}
    assert answer["health_code"]["state"] == "green"
    assert answer["temperature"] == "normal"
    assert codes(answer["reasons"]) == ["health_code_green"]
    assert answer["poll_after_ms"] is None
    assert guard.figures()["checked"] == 1


def test_a_registered_person_is_asked_about_as_everybody_else(world: World, guard: Person) -> None:
    """What is known of them already would tell that they are registered; the visit is theirs."""
    visitor = world.visitor()
    visitor.scan(guard.venue).expect(201)
    world.work()
    asked = {name: len(provider.asked) for name, provider in world.providers.items()}
    check_id = begin(guard, visitor.name, visitor.number)
    answer = result(guard, check_id)
    assert answer["outcome"] == "admit"
    assert answer["person"]["name"][0] == visitor.name[0]
    for name in (IDENTITY, HEALTH, TEST, VACCINATION):
        assert len(world.providers[name].asked) == asked[name] + 1
    assert visitor.screen(check_id)["means"] == "manual"  # it is their visit


@pytest.mark.parametrize(
    ("colour", "outcome"),
    [("green", "admit"), ("yellow", "check"), ("red", "refuse"), ("light_green", "check")],
)
def test_every_colour_is_told_as_by_a_scan(
    world: World, guard: Person, colour: str, outcome: str
) -> None:
    world.providers[HEALTH].answers[number(1)] = Answer(colour, world.hours_ago(1))
    answer = result(guard, begin(guard, STRANGER, number(1)))
    assert (answer["outcome"], answer["health_code"]["state"]) == (outcome, colour)
    assert codes(answer["reasons"]) == [f"health_code_{colour}"]
    assert answer["next_steps"]


@pytest.mark.requirement("XC-15", "XC-16")
def test_no_health_code_is_put_on_record_and_left_to_the_staff(world: World, guard: Person) -> None:
    """A visitor from another province."""
    world.providers[HEALTH].answers[number(1)] = Absent()
    answer = result(guard, begin(guard, STRANGER, number(1)))
    assert (answer["outcome"], codes(answer["reasons"])) == ("check", ["health_code_absent"])
    assert guard.figures()["abnormal"] == 1


def test_fever_counts_whatever_the_colour(guard: Person) -> None:
    answer = result(guard, begin(guard, STRANGER, number(1), temperature="fever"))
    assert (answer["outcome"], codes(answer["reasons"])) == ("check", ["temperature_fever"])


def test_no_test_result_is_told_but_policy_decides_by_it(world: World, guard: Person) -> None:
    """Colour and masked name only: the papers are to be shown where something else decides."""
    world.providers[TEST].answers[number(1)] = Answer("negative", world.hours_ago(90))
    check_id = begin(guard, STRANGER, number(1))
    answer = result(guard, check_id)
    assert (answer["outcome"], codes(answer["reasons"])) == ("check", ["other_proof_needed"])
    assert codes(answer["next_steps"]) == ["verify_with_staff"]
    listed = abnormal(guard)
    assert [codes(item["reasons"]) for item in listed] == [["other_proof_needed"]]
    assert "nucleic" not in str(answer) + str(listed)
    guard.get(f"/v1/scans/{check_id}").expect(404, "not_found")


def abnormal(guard: Person) -> Any:
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal"
    return guard.get(path).expect(200)["items"]


# --- No oracle


def cast(world: World) -> dict[str, tuple[str, str]]:
    """What staff may type: of a registered person, with a wrong name, of nobody."""
    visitor = world.visitor()
    world.providers[IDENTITY].answers[number(8)] = Absent()
    return {
        "known": (visitor.name, visitor.number),
        "mismatched": ("错姓名", visitor.number),
        "unknown": ("无此人", number(8)),
    }


@pytest.mark.requirement("JN-12", "XC-9")
def test_known_unknown_and_mismatched_cost_and_take_the_same(world: World, guard: Person) -> None:
    people = cast(world)
    world.providers[IDENTITY].otherwise = Answer("mismatch")
    begin(guard, STRANGER, number(1))  # the process knows the venue and its policy
    posted, polled, calls = set(), set(), set()
    for name, document in people.values():
        world.wire.calls.clear()
        begun = check(guard, name, document).expect(202)
        calls.add(tuple(world.wire.calls))
        world.work()  # everybody has answered
        world.clock.pass_(milliseconds=1999)
        world.wire.calls.clear()
        early = look(guard, begun["check_id"]).expect(200)
        calls.add(tuple(world.wire.calls))
        assert early["poll_after_ms"] == 1
        posted.add(told(begun))
        polled.add(told(early | {"poll_after_ms": 0}))
        world.clock.pass_(milliseconds=1)
        world.wire.calls.clear()
        assert look(guard, begun["check_id"]).expect(200)["status"] == "answered"
        calls.add(tuple(world.wire.calls))
    assert len(posted) == len(polled) == 1
    # One list for the question, one for an early look, one for the look that is answered.
    assert len(calls) == 3


def told(answer: dict[str, Any]) -> str:
    """An answer without what differs between any two."""
    return str({**answer, "check_id": "", "checked_at": ""})


@pytest.mark.requirement("JN-12", "XC-9")
def test_who_is_unknown_and_who_is_mismatched_read_the_same(world: World, guard: Person) -> None:
    people = cast(world)
    visitor_red = people["mismatched"][1]
    world.providers[HEALTH].answers[visitor_red] = Answer("red", world.hours_ago(1))
    world.providers[IDENTITY].answers[visitor_red] = Answer("mismatch")
    answers = [
        result(guard, begin(guard, *people[who], temperature="fever"))
        for who in ("mismatched", "unknown")
    ]
    assert told(answers[0]) == told(answers[1])
    assert answers[0]["outcome"] == "check"
    assert "identity_unmatched" in codes(answers[0]["reasons"])
    assert (answers[0]["person"], answers[0]["health_code"]["state"]) == (None, "unknown")
    lines = [
        {name: item[name] for name in ("outcome", "reasons", "means")} for item in abnormal(guard)
    ]
    assert lines[0] == lines[1]
    assert guard.figures()["checked"] == 2  # they stood at the door all the same


def test_the_days_list_tells_nothing_before_two_seconds_either(world: World, guard: Person) -> None:
    """Nor of somebody whose colour is known already."""
    visitor = world.visitor(health_code=Answer("red", world.hours_ago(1)))
    visitor.get("/v1/me/health").expect(200)
    world.work()
    check_id = begin(guard, visitor.name, visitor.number)
    world.work()
    assert abnormal(guard) == []
    world.clock.pass_(milliseconds=1999)
    assert abnormal(guard) == []
    world.clock.pass_(milliseconds=1)
    look(guard, check_id).expect(200)
    world.run_stream()
    assert [item["scan_id"] for item in abnormal(guard)] == [check_id]


def test_an_answer_does_not_tell_when_the_person_was_asked_about_before(
    world: World, guard: Person
) -> None:
    visitor = world.visitor()
    visitor.scan(world.administrator().venue).expect(201)
    world.work()
    world.clock.pass_(minutes=7)
    known = result(guard, begin(guard, visitor.name, visitor.number))
    unknown = result(guard, begin(guard, STRANGER, number(1)))
    assert known["health_code"] == unknown["health_code"]
    assert known["health_code"]["observed_at"]


def test_nothing_is_told_before_two_seconds(world: World, guard: Person) -> None:
    check_id = begin(guard, STRANGER, number(1))
    world.work()
    for passed, left in ((0, 2000), (500, 1500), (1499, 1)):
        world.clock.pass_(milliseconds=passed)
        answer = look(guard, check_id).expect(200)
        assert (answer["status"], answer["poll_after_ms"]) == ("pending", left)
        hidden = ("person", "outcome", "outcome_text", "health_code")
        assert [answer[name] for name in hidden] == [None] * 4
        assert answer["reasons"] == answer["next_steps"] == []
    world.clock.pass_(milliseconds=1)
    assert look(guard, check_id).expect(200)["status"] == "answered"


def test_who_is_not_answered_about_stays_pending_and_is_left_to_the_staff(
    world: World, guard: Person
) -> None:
    world.providers[IDENTITY].otherwise = ProviderFault("dead")
    check_id = begin(guard, STRANGER, number(1))
    world.run_stream()
    world.clock.pass_(seconds=2)
    waiting = look(guard, check_id).expect(200)
    assert (waiting["status"], waiting["poll_after_ms"]) == ("pending", 1500)
    world.clock.pass_(seconds=15)
    answer = look(guard, check_id).expect(200)
    assert (answer["outcome"], codes(answer["reasons"])) == ("check", ["identity_unknown"])
    assert answer["person"] is None


def test_a_wrong_name_is_asked_about_again_when_it_is_typed_again(
    world: World, guard: Person
) -> None:
    world.providers[IDENTITY].answers[number(1)] = Absent()
    first = result(guard, begin(guard, STRANGER, number(1)))
    assert codes(first["reasons"]) == ["identity_unmatched"]
    world.providers[IDENTITY].answers[number(1)] = Answer("match")
    second = result(guard, begin(guard, STRANGER, number(1)))
    assert second["outcome"] == "admit"


def test_a_name_that_matched_is_not_asked_about_again(world: World, guard: Person) -> None:
    for _ in range(3):
        assert result(guard, begin(guard, STRANGER, number(1)))["outcome"] == "admit"
    assert [len(world.providers[name].asked) for name in (IDENTITY, HEALTH)] == [1, 3]


def test_a_person_whose_registration_is_not_approved_counts_as_unknown(
    world: World, guard: Person
) -> None:
    """A person who registers under a number must not be taken for its holder."""
    impostor = world.person()
    world.providers[IDENTITY].answers[impostor.number] = ProviderFault("slow")
    impostor.register().expect(202)
    check_id = begin(guard, impostor.name, impostor.number)
    impostor.get(f"/v1/scans/{check_id}").expect(404, "not_found")


# --- Who may


@pytest.mark.requirement("XC-9")
def test_only_staff_of_the_venue_check(world: World, guard: Person) -> None:
    venue_id = guard.venue["venue_id"]
    for stranger in (world.visitor(), world.administrator()):
        check(stranger, STRANGER, number(1), venue_id=venue_id).expect(403, "not_your_venue")
    assert not [item for item in world.items() if item["pk"]["S"].startswith("ACCESS#")]


def test_only_who_asked_and_still_works_there_reads_the_answer(
    world: World, chief: Person, guard: Person
) -> None:
    visitor = world.visitor()
    check_id = begin(guard, visitor.name, visitor.number)
    for other in (chief, world.administrator(), visitor):
        look(other, check_id).expect(404, "not_found")
    look(guard, check_id).expect(200)
    look(guard, "made-up").expect(404, "not_found")
    scan_id = visitor.scan(guard.venue).expect(201)["scan_id"]
    look(guard, scan_id).expect(404, "not_found")
    path = f"/v1/venues/{chief.venue['venue_id']}/staff/{guard.person_id}/remove"
    chief.post(path).expect(200)
    look(guard, check_id).expect(404, "not_found")
    check(guard, STRANGER, number(1)).expect(403, "not_your_venue")


def test_a_login_that_is_over_checks_nobody(world: World, guard: Person) -> None:
    check_id = begin(guard, STRANGER, number(1))
    world.clock.pass_(hours=3)
    check(guard, STRANGER, number(1)).expect(401, "token_expired")
    look(guard, check_id).expect(401, "token_expired")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"document_number": number(1)[:-1] + "0"}, "/document_number"),
        ({"document_type": "driving_licence"}, "/document_type"),
        ({"name": ""}, "/name"),
        ({"name": "李\u2028四"}, "/name"),
        ({"phone": "110"}, "/phone"),
        ({"temperature": "41"}, "/temperature"),
        ({"nonce": "x"}, "/nonce"),
        ({"photo": True}, "/photo"),
    ],
)
def test_what_cannot_be_read_names_its_field_and_writes_nothing(
    world: World, guard: Person, changes: dict[str, Any], field: str
) -> None:
    before = world.writes()
    body = {"nonce": world.nonce(), "name": STRANGER, "document_type": "resident_id"}
    path = f"/v1/venues/{guard.venue['venue_id']}/manual-checks"
    answer = guard.post(path, body | {"document_number": number(1)} | changes)
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {field}
    assert world.writes() == before


@pytest.mark.parametrize("minutes", [11, -11])
def test_a_clock_that_is_off_is_told(world: World, guard: Person, minutes: int) -> None:
    before = world.writes()
    late = world.nonce(minutes=minutes)
    check(guard, STRANGER, number(1), nonce=late).expect(422, "clock_skewed")
    assert world.writes() == before


@pytest.mark.requirement("JN-12")
def test_a_regions_policy_says_whether_a_phone_is_asked_for(world: World, guard: Person) -> None:
    relative = "+8613900000077"
    world.secrets.add(relative)
    begin(guard, STRANGER, number(1), phone=relative)
    world.set_policy("4409", {"manual_phone": "required"})
    answer = check(guard, STRANGER, number(1))
    answer.expect(400, "invalid_input")
    assert answer.faults == {"/phone": "missing"}
    world.set_policy("4409", {"manual_phone": "no"}, version=2)
    answer = check(guard, STRANGER, number(1), phone=relative)
    answer.expect(400, "invalid_input")
    assert answer.faults == {"/phone": "not_allowed"}


# --- Once, and not too often


def test_a_retry_meets_its_own_check_and_is_charged_nothing(world: World, guard: Person) -> None:
    nonce = world.nonce()
    first = check(guard, STRANGER, number(1), nonce).expect(202)
    before = world.writes()
    again = check(guard, STRANGER, number(1), nonce).expect(202)
    assert again == first
    assert world.writes() == before
    check(guard, "李不同名", number(1), nonce).expect(409, "nonce_reused")
    check(guard, STRANGER, number(2), nonce).expect(409, "nonce_reused")
    check(guard, STRANGER, number(1), nonce, temperature="fever").expect(409, "nonce_reused")
    assert world.writes() == before
    world.work()
    assert guard.figures()["checked"] == 1


@pytest.mark.requirement("XC-9")
@pytest.mark.parametrize(
    ("rule", "seconds"),
    [("manual_staff_day", 86_400), ("manual_venue_hour", 3600), ("manual_subject_day", 86_400)],
)
def test_each_quota_ends_the_questions(
    world: World, guard: Person, rule: str, seconds: int
) -> None:
    world.set_policy("4409", {rule: 2})
    for _ in range(2):
        begin(guard, STRANGER, number(1))
    on_record = record(world)
    refused = check(guard, STRANGER, number(1))
    refused.expect(429, "too_many_requests")
    wait = int(refused.headers["retry-after"])
    assert 0 < wait <= seconds
    assert record(world) == on_record
    world.clock.pass_(seconds=wait)
    if seconds == 3600:
        begin(guard, STRANGER, number(1))


def record(world: World) -> list[tuple[str, str]]:
    """The keys of all but the counters."""
    found = [(item["pk"]["S"], item["sk"]["S"]) for item in world.items()]
    return sorted(key for key in found if not key[0].startswith("RATE#"))


def test_nobody_is_locked_out_everywhere(world: World, chief: Person, guard: Person) -> None:
    world.set_policy("4409", {"manual_subject_day": 1})
    begin(guard, STRANGER, number(1))
    check(chief, STRANGER, number(1)).expect(429, "too_many_requests")
    begin(chief, STRANGER, number(2))
    elsewhere = world.administrator()
    begin(elsewhere, STRANGER, number(1))


def test_the_figures_are_the_units_and_the_members(
    world: World, chief: Person, guard: Person
) -> None:
    begin(guard, STRANGER, number(1))
    begin(chief, STRANGER, number(2))
    world.visitor().scan(chief.venue).expect(201)
    world.work()
    path = f"/v1/venues/{chief.venue['venue_id']}/statistics?by="
    unit, mine = chief.get(f"{path}unit").expect(200), guard.get(f"{path}me").expect(200)
    assert (unit["checked"], unit["own_scans"], mine["checked"]) == (3, 1, 1)
    assert guard.figures() == world.recount(guard.venue)


# --- On record


@pytest.mark.requirement("XC-9")
def test_a_question_is_on_record_before_anybody_is_looked_up(world: World, guard: Person) -> None:
    """Whatever fails after it: who asked cannot learn anything that is not on record."""
    visitor = world.visitor()
    looked_up = ["UpdateItem", "UpdateItem", "UpdateItem", "PutItem", "GetItem"]
    world.wire.fail("", 0)
    begin(guard, visitor.name, visitor.number)
    calls = list(world.wire.calls)
    at = next(n for n in range(len(calls)) if calls[n : n + len(looked_up)] == looked_up)
    world.wire.fail("ThrottlingException", at + len(looked_up))
    check(guard, visitor.name, visitor.number).expect(503, "unavailable")
    world.wire.heal()
    assert len(visitor.get("/v1/me/accesses").expect(200)["items"]) == 2


@pytest.mark.requirement("XC-9", "GO-7")
def test_a_person_sees_who_asked_about_them(world: World, chief: Person, guard: Person) -> None:
    visitor = world.visitor()
    assert visitor.get("/v1/me/accesses").expect(200) == {"items": [], "next_cursor": None}
    moments = []
    for asker, name in ((guard, visitor.name), (chief, "错姓名"), (guard, visitor.name)):
        begin(asker, name, visitor.number)
        moments.append(world.clock.at)
        world.clock.pass_(seconds=5)
    begin(guard, STRANGER, number(1))
    first = visitor.get("/v1/me/accesses?limit=2").expect(200)
    rest = visitor.get(f"/v1/me/accesses?limit=2&cursor={first['next_cursor']}").expect(200)
    listed = first["items"] + rest["items"]
    assert rest["next_cursor"] is None
    assert [item["at"][:19] for item in listed] == [
        moment.isoformat()[:19] for moment in reversed(moments)
    ]
    assert {item["venue_name"] for item in listed} == {chief.venue["name"]}
    assert {item["kind"] for item in listed} == {"manual_check"}
    assert guard.person_id not in str(listed)
    assert guard.name not in str(listed)


def test_who_registers_sees_what_was_asked_before(world: World, guard: Person) -> None:
    newcomer = world.person()
    first = begin(guard, newcomer.name, newcomer.number)
    world.work()
    newcomer.get("/v1/me/accesses").expect(403, "registration_required")
    newcomer.register().expect(202)
    newcomer.get("/v1/me/accesses").expect(403, "registration_not_verified")
    world.work()
    assert len(newcomer.get("/v1/me/accesses").expect(200)["items"]) == 1
    second = begin(guard, newcomer.name, newcomer.number)
    answer = result(guard, second)
    assert answer["outcome"] == "admit"
    assert look(guard, first).expect(200)["outcome"] == "admit"
    newcomer.screen(second)  # the visit is theirs now
    newcomer.get(f"/v1/scans/{first}").expect(404, "not_found")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=51", "limit=x", "limit=" + "1" * 4500, "cursor=made-up"]
)
def test_an_odd_query_names_its_parameter(world: World, query: str) -> None:
    answer = world.visitor().get(f"/v1/me/accesses?{query}")
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {query.partition("=")[0]}


def test_a_cursor_is_its_owners_and_of_this_list(world: World, guard: Person) -> None:
    one, other = world.visitor(), world.visitor()
    for _ in range(2):
        begin(guard, one.name, one.number)
    cursor = one.get("/v1/me/accesses?limit=1").expect(200)["next_cursor"]
    other.get(f"/v1/me/accesses?cursor={cursor}").expect(400, "invalid_input")
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal&cursor={cursor}"
    guard.get(path).expect(400, "invalid_input")


def test_names_numbers_and_phones_lie_nowhere_in_the_clear(world: World, guard: Person) -> None:
    phone = "+8613900000077"
    world.secrets.add(phone)
    begin(guard, STRANGER, number(1), phone=phone)
    world.work()
    stored = str(world.items())
    for told in (STRANGER, number(1), phone, phone[3:]):
        assert told not in stored


def test_a_shadow_is_forgotten_by_itself(world: World, guard: Person) -> None:
    begin(guard, STRANGER, number(1))
    world.work()
    shadows = [item for item in world.items() if item["sk"]["S"] == keys.shadow("x").sk]
    mine = [item for item in world.items() if item["pk"] == shadows[0]["pk"]]
    partition = [item for item in mine if item["sk"]["S"] != keys.awaiting("").sk]
    assert len(shadows) == 1
    assert len(partition) == 2  # and the answers
    days = {(int(item["ttl"]["N"]) - world.clock.at.timestamp()) // 86_400 for item in partition}
    assert days == {14}


def test_a_check_of_somebody_forgotten_can_still_be_listed(world: World, guard: Person) -> None:
    world.providers[HEALTH].answers[number(1)] = Absent()
    check_id = begin(guard, STRANGER, number(1))
    result(guard, check_id)
    for item in world.items():
        if item["sk"]["S"] == keys.shadow("x").sk:
            world.table.delete(keys.Key(item["pk"]["S"], item["sk"]["S"]))
    assert [item["person"]["name"] for item in abnormal(guard)] == ["*"]
    assert look(guard, check_id).expect(200)["person"] is None


# --- At the same time, and when something fails


def test_a_check_and_its_retry_are_one_check(world: World, guard: Person) -> None:
    def fresh() -> tuple[Send, Send]:
        nonce = world.nonce()
        return (lambda: check(guard, STRANGER, number(1), nonce),) * 2

    world.set_policy("4409", {"manual_subject_day": 10_000})
    raced = 0
    for answers in races(world, fresh):
        raced += 1
        assert said(answers) == [(202, "")] * 2
        assert answers[0].json == answers[1].json
    world.work()
    # One more went without a race, to see that there was none.
    assert guard.figures()["checked"] == raced + 1


def test_two_staff_at_once_ask_about_one_new_number(
    world: World, chief: Person, guard: Person
) -> None:
    """Under one name or two: each gets the answer to what they typed."""
    world.set_policy("4409", {"manual_subject_day": 10_000})
    world.providers[IDENTITY].answers[number(1)] = Answer("match")
    for name, outcome in ((STRANGER, "admit"), ("李同号", "admit")):
        answers: list[HttpReply] = []

        def fresh(name: str = name) -> tuple[Send, Send]:
            return (
                lambda: check(guard, STRANGER, number(1)),
                lambda: check(chief, name, number(1)),
            )

        for answers in races(world, fresh):
            assert said(answers) == [(202, "")] * 2
            world.work()
            world.clock.pass_(seconds=2)
            ends = [
                look(asker, answer.json["check_id"]).expect(200)
                for asker, answer in zip((chief, guard), answers, strict=True)
            ]
            assert [end["outcome"] for end in ends] == [outcome] * 2
        assert answers


def test_two_names_of_one_number_do_not_answer_for_each_other(
    world: World, chief: Person, guard: Person
) -> None:
    right = begin(guard, STRANGER, number(1))
    wrong = begin(chief, "李同号", number(1))
    world.replace(
        provider=lambda name: (
            ByName(world.provider(name), STRANGER) if name == IDENTITY else world.provider(name)
        )
    )
    world.work()
    world.clock.pass_(seconds=2)
    assert look(guard, right).expect(200)["outcome"] == "admit"
    assert codes(look(chief, wrong).expect(200)["reasons"]) == ["identity_unmatched"]


@pytest.mark.parametrize("typed", ["AI", "Ái"])
def test_a_name_that_differs_in_case_or_accent_is_another_name(
    world: World, guard: Person, typed: str
) -> None:
    """What the provider says of one spelling is not said of the other."""
    world.replace(
        provider=lambda name: (
            ByName(world.provider(name), "Ai") if name == IDENTITY else world.provider(name)
        )
    )
    wrong = result(guard, begin(guard, typed, number(1)))
    assert codes(wrong["reasons"]) == ["identity_unmatched"]
    assert result(guard, begin(guard, "Ai", number(1)))["outcome"] == "admit"
    wrong = result(guard, begin(guard, typed, number(1)))
    assert codes(wrong["reasons"]) == ["identity_unmatched"]


def test_the_last_of_a_quota_is_for_one(world: World, chief: Person, guard: Person) -> None:
    allowed = 0
    serial = 0

    def fresh() -> tuple[Send, Send]:
        nonlocal serial
        serial += 1
        document = number(serial)
        return (
            lambda: check(guard, STRANGER, document),
            lambda: check(chief, STRANGER, document),
        )

    world.set_policy("4409", {"manual_subject_day": 1})
    for answers in races(world, fresh):
        allowed += 1
        assert said(answers) == [(202, ""), (429, "too_many_requests")]
    assert allowed


def test_a_registration_meanwhile_breaks_no_check(world: World, guard: Person) -> None:
    """The number's holder registers between any two calls of the check."""
    world.set_policy("4409", {"manual_subject_day": 10_000})
    people: list[Person] = []

    def fresh() -> tuple[Send, Send]:
        newcomer = world.person()
        people.append(newcomer)
        return (lambda: check(guard, newcomer.name, newcomer.number), newcomer.register)

    for answers in races(world, fresh):
        assert said(answers) == [(202, "")] * 2
        check_id = answers[1].json["check_id"]
        assert result(guard, check_id)["outcome"] == "admit"
        assert people[-1].registration()["verification"] == "verified"
        assert len(people[-1].get("/v1/me/accesses").expect(200)["items"]) == 1
        world.clock.pass_(minutes=1)


@pytest.mark.parametrize("first", [HEALTH, IDENTITY])
def test_a_worker_that_knows_less_does_not_have_the_last_word(
    world: World, guard: Person, first: ProviderName
) -> None:
    """Between any two calls of one worker the others judge; what is not asked for takes long."""
    world.set_policy("4409", {"nucleic_acid_hours": None})
    for slow in (TEST, VACCINATION):
        world.providers[slow].otherwise = Pending(60_000)
    at, raced = 0, True
    while raced:
        at += 1
        check_id = begin(guard, STRANGER, number(at))
        world.run_stream()
        records = world.lookups.receive()
        mine = [record for record in records if f'"{first}"' in record["body"]]
        others = [record for record in records if record not in mine]
        rest = partial(world.lookups.worker, support.event(others), None)
        world.wire.interrupt(at, rest)
        world.lookups.worker(support.event(mine), None)
        raced = world.wire.heal() >= at
        if not raced:
            rest()
        world.clock.pass_(seconds=2)
        assert look(guard, check_id).expect(200)["outcome"] == "admit", at
    assert at > 5


class ByName:
    """An identity provider that knows one name only."""

    def __init__(self, provider: Provider, name: str) -> None:
        self._provider = provider
        self._name = name

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        self._provider.lookup(subject, request_id=request_id)
        return Answer("match") if subject.name == self._name else Answer("mismatch")
