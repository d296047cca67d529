"""Health declarations and arrivals: the form, its answers, and the colour that follows."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.admission.declaration_form import VERSIONS, AnswerKind, DeclarationForms, Question
from chalicelib.core.errors import Unavailable
from chalicelib.identity.providers import Answer, ProviderFault
from tests.api.driver import HEALTH, HttpReply, Person, World, codes
from tests.api.scenes_records import BY_TRAIN, WELL, arrival, base, declaration
from tests.fakes.parts import NOON

LIGHT_GREEN = Answer("light_green", NOON - timedelta(hours=1))


@pytest.fixture
def visitor(world: World) -> Person:
    """A person who has not declared their health."""
    return world.visitor(health_code=LIGHT_GREEN)


def declare(person: Person, **changes: Any) -> HttpReply:
    return person.post("/v1/me/declarations", declaration(person.world, **changes))


def colour_of(person: Person) -> str:
    return str(person.get("/v1/me/health").expect(200)["health_code"]["state"])


def undeclared_scan(person: Person) -> str:
    """The id of a decided scan of an undeclared visitor."""
    scan = person.scan(person.world.administrator().venue).expect(201)["scan_id"]
    person.world.work()
    screen = person.screen(scan)
    assert (screen["outcome"], codes(screen["reasons"])) == ("check", ["health_code_light_green"])
    assert codes(screen["next_steps"]) == ["declare_health"]
    person.world.clock.pass_(seconds=30)
    return str(scan)


# --- The form


@pytest.mark.requirement("YK-36")
@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_the_form_comes_in_the_language_of_the_reader(world: World, language: str) -> None:
    headers = {"Accept-Language": language}
    form = world.call("GET", "/v1/declaration-form", headers=headers).expect(200)
    assert (form["version"], form["effective_on"]) == (1, "2022-04-01")
    assert form["former_accepted_until"] is None
    health, arrives = form["sections"]
    assert (health["code"], arrives["code"]) == ("health", "arrival")
    questions = {one["code"]: one for one in health["questions"] + arrives["questions"]}
    assert questions["risk_region"]["shown_if"] == "risk_area"
    assert [one["code"] for one in questions["symptoms"]["options"]][:2] == ["cough", "sore_throat"]
    fever = {"zh-Hans": "发热", "zh-Hant": "發熱", "en": "fever"}[language]
    assert fever in questions["fever"]["text"]
    assert {one["type"] for one in questions.values()} == {kind.value for kind in AnswerKind}


@pytest.fixture
def two_versions(world: World) -> World:
    """A deployment whose form changes at the end of the tests' day."""
    (first,) = VERSIONS
    health = (*first.sections["health"], Question("stay_address", AnswerKind.TEXT))
    second = first._replace(
        version=2, effective_on=date(2026, 11, 23), sections={**first.sections, "health": health}
    )
    world.replace(declaration_forms=DeclarationForms(forms=(first, second)))
    return world


def test_a_version_is_accepted_for_a_day_after_its_successor(two_versions: World) -> None:
    world = two_versions
    person = world.visitor()

    def answers_to(version: int) -> tuple[int, str]:
        given = WELL if version == 1 else WELL | {"stay_address": "东镇"}
        reply = declare(person, form_version=version, answers=given)
        return reply.status, reply.code

    changed = (409, "form_changed")
    assert (answers_to(1), answers_to(2)) == ((201, ""), changed)
    midnight = datetime(2026, 11, 22, 16, tzinfo=UTC)
    world.clock.at = midnight
    person.keep(person.refresh().expect(200))
    assert (answers_to(1), answers_to(2), answers_to(3)) == ((201, ""), (201, ""), changed)
    world.clock.at = midnight + timedelta(days=1) - timedelta(milliseconds=1)
    person.keep(person.refresh().expect(200))
    assert answers_to(1) == (201, "")
    world.clock.pass_(milliseconds=1)
    assert (answers_to(1), answers_to(2)) == (changed, (201, ""))


BAD_ANSWERS: list[tuple[dict[str, Any], str, str]] = [
    ({"fever": None}, "/answers/fever", "missing"),
    ({"fever": "no"}, "/answers/fever", "type"),
    ({"fever": 1}, "/answers/fever", "type"),
    ({"fever": {"yes": True}}, "/answers/fever", "type"),
    ({"symptoms": "cough"}, "/answers/symptoms", "type"),
    ({"symptoms": [1]}, "/answers/symptoms", "type"),
    ({"symptoms": ["cough", "cough"]}, "/answers/symptoms", "not_allowed"),
    ({"symptoms": ["plague"]}, "/answers/symptoms", "not_allowed"),
    ({"risk_area": True}, "/answers/risk_region", "missing"),
    ({"risk_region": "440983"}, "/answers/risk_region", "not_asked"),
    ({"risk_area": True, "risk_region": "440000"}, "/answers/risk_region", "region"),
    ({"risk_area": True, "risk_region": "440921"}, "/answers/risk_region", "region"),
    ({"destination": "信宜"}, "/answers/destination", "region"),
    ({"destination": ""}, "/answers/destination", "region"),
    ({"destination": True}, "/answers/destination", "type"),
    ({"contact_on": "2026-11-20"}, "/answers/contact_on", "not_asked"),
    ({"contact": True, "contact_on": "20 November"}, "/answers/contact_on", "day"),
    ({"contact": True, "contact_on": "20261120"}, "/answers/contact_on", "day"),
    ({"contact": True, "contact_on": "2026-02-30"}, "/answers/contact_on", "day"),
    ({"contact": True, "contact_on": "2026-11-23"}, "/answers/contact_on", "day_range"),
    ({"contact": True, "contact_on": "2026-11-07"}, "/answers/contact_on", "day_range"),
    ({"age": "50"}, "/answers/age", "unknown"),
    ({"a/b~c": True}, "/answers/a~1b~0c", "unknown"),
    ({"destination": "44098\x1b3"}, "/answers/destination", "control_character"),
]
BAD_ARRIVALS: list[tuple[dict[str, Any], str, str]] = [
    ({"from_province": "450100"}, "from_province", "province"),
    ({"from_province": "990000"}, "from_province", "province"),
    ({"transport": "carpet"}, "transport", "not_allowed"),
    ({"transport": ["train"]}, "transport", "type"),
    ({"transport_number": ""}, "transport_number", "too_short"),
    ({"transport_number": "D" * 101}, "transport_number", "too_long"),
    ({"stay_address": "新里\n二路"}, "stay_address", "control_character"),
    ({"stay_address": " \u3000"}, "stay_address", "too_short"),
    ({"stay_address": None}, "stay_address", "missing"),
    ({"arrived_on": "2026-11-23"}, "arrived_on", "day_range"),
    ({"arrived_on": "2026-11-07"}, "arrived_on", "day_range"),
    ({"arrived_on": True}, "arrived_on", "type"),
]


@pytest.mark.parametrize(("changes", "pointer", "code"), BAD_ANSWERS, ids=str)
def test_a_bad_answer_is_named_and_nothing_is_written(
    lasting: World, changes: dict[str, Any], pointer: str, code: str
) -> None:
    person = lasting.visitor()
    before = lasting.writes()
    refused = declare(person, answers=WELL | changes)
    refused.expect(400, "invalid_input")
    assert refused.faults == {pointer: code}
    assert lasting.writes() == before


@pytest.mark.parametrize(("changes", "question", "code"), BAD_ARRIVALS, ids=str)
def test_a_bad_arrival_is_named_wherever_it_is_filled_in(
    lasting: World, changes: dict[str, Any], question: str, code: str
) -> None:
    person = lasting.visitor()
    before = lasting.writes()
    answers = BY_TRAIN | changes
    alone = person.post("/v1/me/arrivals", arrival(lasting, answers=answers))
    alone.expect(400, "invalid_input")
    assert alone.faults == {f"/answers/{question}": code}
    declared = declare(person, arrival=answers)
    declared.expect(400, "invalid_input")
    assert declared.faults == {f"/arrival/{question}": code}
    assert lasting.writes() == before


def test_all_bad_answers_are_named_at_once(lasting: World) -> None:
    refused = declare(
        lasting.visitor(), answers={"fever": "x"}, arrival=BY_TRAIN | {"transport": "x"}
    )
    refused.expect(400, "invalid_input")
    assert set(refused.faults) == {
        "/answers/fever", "/answers/symptoms", "/answers/contact", "/answers/risk_area",
        "/answers/destination", "/arrival/transport",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"form_version": "1"}, "/form_version"),
        ({"form_version": 0}, "/form_version"),
        ({"answers": []}, "/answers"),
        ({"arrival": "train"}, "/arrival"),
        ({"nonce": "x"}, "/nonce"),
        ({"scan_id": "s" * 61}, "/scan_id"),
        ({"person_id": "per_0000000000000000"}, "/person_id"),
    ],
)
def test_a_bad_body_is_named(lasting: World, body: dict[str, Any], pointer: str) -> None:
    refused = declare(lasting.visitor(), **body)
    refused.expect(400, "invalid_input")
    assert list(refused.faults) == [pointer]


# --- What is on file


@pytest.mark.requirement("YK-36", "YK-37")
def test_a_declaration_is_on_file_in_words(world: World, visitor: Person) -> None:
    answers = WELL | {"symptoms": ["cough", "fatigue"], "risk_area": True, "risk_region": "450902"}
    made = declare(visitor, answers=answers).expect(201)
    assert [(one["code"], one["text"]) for one in made["answers"]] == [
        ("fever", "No"),
        ("symptoms", "Cough, Fatigue"),
        ("contact", "No"),
        ("risk_area", "Yes"),
        ("risk_region", "Yuzhou District, Yulin, Guangxi"),
        ("destination", "Xinyi City, Maoming, Guangdong"),
    ]
    assert (made["arrival"], made["guardian"], made["form_version"]) == (None, None, 1)
    listed = visitor.get("/v1/me/declarations").expect(200)
    assert listed == {"items": [made], "next_cursor": None}
    theirs = world.visitor().get("/v1/me/declarations").expect(200)["items"]
    assert theirs == []


@pytest.mark.requirement("YK-37", "XC-8")
def test_an_arrival_is_registered(world: World, visitor: Person) -> None:
    made = visitor.post("/v1/me/arrivals", arrival(world)).expect(201)
    assert [one["text"] for one in made["answers"]] == [
        "Guangxi", "By train", "D1867", "2026-11-21", "东镇街道新里二路 1 号",
    ]  # fmt: skip
    assert visitor.get("/v1/me/arrivals").expect(200)["items"] == [made]
    assert visitor.get("/v1/me/declarations").expect(200)["items"] == []
    world.work()
    assert world.declarations.sent == [], "an arrival is no declaration"


@pytest.mark.requirement("XC-8", "YK-37")
def test_a_new_arrivals_declaration_is_an_arrival_too(world: World, visitor: Person) -> None:
    made = declare(visitor, arrival=BY_TRAIN).expect(201)
    assert [one["code"] for one in made["arrival"]] == list(BY_TRAIN)
    (arrived,) = visitor.get("/v1/me/arrivals").expect(200)["items"]
    assert arrived["answers"] == made["arrival"]
    world.work()
    ((_, delivered),) = world.declarations.taken.values()
    assert delivered["arrival"] == BY_TRAIN


@pytest.mark.requirement("YK-37")
def test_lists_are_newest_first_in_pages(world: World, visitor: Person) -> None:
    made = []
    for _ in range(5):
        made.append(declare(visitor).expect(201)["declaration_id"])
        world.clock.pass_(seconds=1)
    found, cursor = [], ""
    for _ in range(3):
        page = visitor.get(f"/v1/me/declarations?limit=2{cursor}").expect(200)
        found += [one["declaration_id"] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert found == made[::-1]
    page = visitor.get("/v1/me/declarations?limit=2").expect(200)
    for path in ("/v1/me/arrivals", "/v1/me/visits"):
        foreign = visitor.get(f"{path}?cursor={page['next_cursor']}")
        foreign.expect(400, "invalid_input")


@pytest.mark.parametrize("what", ["declarations", "arrivals"])
def test_a_retry_returns_the_same(world: World, visitor: Person, what: str) -> None:
    body = declaration(world) if what == "declarations" else arrival(world)
    made = visitor.post(f"/v1/me/{what}", body).expect(201)
    world.work()
    before, sent = world.writes(), list(world.declarations.sent)
    world.clock.pass_(seconds=9)
    assert visitor.post(f"/v1/me/{what}", body).expect(200) == made
    world.work()
    assert (world.writes(), world.declarations.sent) == (before, sent)
    changed = body["answers"] | ({"fever": True} if "fever" in body["answers"] else {})
    other = body | {
        "answers": changed | ({} if changed != body["answers"] else {"stay_address": "x"})
    }
    visitor.post(f"/v1/me/{what}", other).expect(409, "nonce_reused")
    assert world.writes() == before
    # Somebody else's nonce is another one.
    assert world.visitor().post(f"/v1/me/{what}", body).expect(201) != made


def test_a_nonce_of_another_time_is_refused(world: World, visitor: Person) -> None:
    for ago in (11, -11):
        late = declare(visitor, nonce=world.nonce(minutes=ago))
        late.expect(422, "clock_skewed")


def test_declarations_are_limited_to_twenty_a_day(world: World, visitor: Person) -> None:
    for _ in range(20):
        declare(visitor).expect(201)
    declare(visitor).expect(429, "too_many_requests")
    world.clock.pass_(days=1)
    visitor.keep(visitor.refresh().expect(200))
    declare(visitor).expect(201)


def test_whoever_is_not_registered_is_sent_to_register(world: World) -> None:
    person = world.person()
    declare(person).expect(403, "registration_required")
    person.post("/v1/me/arrivals", arrival(world)).expect(403, "registration_required")
    assert person.get("/v1/me/declarations").expect(200)["items"] == []


def test_answers_are_sealed_and_in_no_message_and_no_log(world: World, visitor: Person) -> None:
    address = "东镇街道隐秘巷九号"
    world.secrets.add(address)
    answers = WELL | {"risk_area": True, "risk_region": "450902"}
    declare(visitor, answers=answers, arrival=BY_TRAIN | {"stay_address": address}).expect(201)
    world.work()
    stored = json.dumps(world.items(), default=str, ensure_ascii=False)
    for secret in (address, "450902", "D1867", "stay_address", "fever"):
        assert secret not in stored
    (message,) = [body for body in world.lookups.bodies if '"declaration"' in body]
    assert json.loads(message).keys() == {"v", "kind", "correlation", "person", "record"}


# --- The colour that follows


@pytest.mark.requirement("YK-36")
@pytest.mark.parametrize(
    ("answers", "expected"),
    [({}, "green"), ({"fever": True}, "yellow"), ({"contact": True}, "yellow")],
)
def test_the_colour_follows_the_declaration(
    world: World, visitor: Person, answers: dict[str, bool], expected: str
) -> None:
    colour_of(visitor)
    world.work()
    assert colour_of(visitor) == "light_green"
    world.clock.pass_(seconds=5)
    declare(visitor, answers=WELL | answers).expect(201)
    world.work()
    assert colour_of(visitor) == expected
    ((subject, delivered),) = world.declarations.taken.values()
    assert (subject.name, subject.document_number) == (visitor.name, visitor.number)
    assert delivered == {
        "declared_at": "2026-11-22T04:00:05.000Z",
        "form_version": 1,
        "answers": {**WELL, **answers, "symptoms": ()},
        "arrival": None,
    }


@pytest.mark.requirement("YK-36", "XC-8")
def test_the_scan_on_whose_screen_it_was_made_takes_the_colour(
    world: World, visitor: Person
) -> None:
    scan = undeclared_scan(visitor)
    other = visitor.scan(world.administrator().venue).expect(201)["scan_id"]
    world.work()
    world.clock.pass_(milliseconds=1)
    assert declare(visitor, arrival=BY_TRAIN, scan_id=scan).expect(201)["scan_id"] == scan
    world.work()
    screen = visitor.screen(scan)
    assert (screen["outcome"], screen["health_code"]["state"]) == ("admit", "green")
    assert visitor.screen(other)["outcome"] == "check", "only that scan"


@pytest.mark.requirement("XC-8")
def test_a_scan_that_still_waits_takes_the_colour_too(world: World, visitor: Person) -> None:
    scan = visitor.scan(world.administrator().venue).expect(201)["scan_id"]
    world.run_stream()
    late = world.lookups.receive()
    world.clock.pass_(seconds=5)
    declare(visitor, scan_id=scan).expect(201)
    world.work()
    assert visitor.screen(scan)["health_code"]["state"] == "green"
    assert visitor.screen(scan)["outcome"] == "pending"
    assert world.lookups.handle(late) == 0
    assert visitor.screen(scan)["outcome"] == "admit"


def test_the_figures_follow(world: World, visitor: Person) -> None:
    chief = world.administrator()
    scan = visitor.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    assert chief.figures() == {"checked": 1, "passed": 0, "abnormal": 1, "pending": 0}
    world.clock.pass_(minutes=5)
    declare(visitor, scan_id=scan).expect(201)
    world.work()
    assert chief.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}


@pytest.mark.parametrize("late", ["declared", "answered"])
def test_after_fifteen_minutes_the_scan_stays_as_it_was(
    world: World, visitor: Person, late: str
) -> None:
    scan = undeclared_scan(visitor)
    if late == "declared":
        world.clock.pass_(minutes=15)
    named = declare(visitor, scan_id=scan).expect(201)["scan_id"]
    assert named == (None if late == "declared" else scan)
    if late == "answered":
        world.run_stream()
        world.clock.pass_(minutes=15)
    world.work()
    assert colour_of(visitor) == "green"
    assert visitor.screen(scan)["outcome"] == "check"


def test_only_a_scan_of_ones_own_takes_it(world: World, visitor: Person) -> None:
    other = world.visitor(health_code=LIGHT_GREEN)
    theirs = undeclared_scan(other)
    before = world.writes()
    for scan in (theirs, "scn_none", theirs[:-1] + "0"):
        declare(visitor, scan_id=scan).expect(404, "not_found")
    assert world.writes() == before


def test_a_red_code_stays_red(world: World) -> None:
    person = world.visitor(health_code=Answer("red", NOON))
    scan = person.scan(world.administrator().venue).expect(201)["scan_id"]
    world.work()
    world.clock.pass_(seconds=5)
    declare(person, scan_id=scan).expect(201)
    world.work()
    assert (colour_of(person), person.screen(scan)["outcome"]) == ("red", "refuse")


# --- Faults


@pytest.mark.parametrize("fault", [ProviderFault("down"), ProviderFault("timed out")])
def test_a_dead_provider_gets_it_when_it_is_back(
    world: World, visitor: Person, fault: Exception
) -> None:
    scan = undeclared_scan(visitor)
    world.declarations.fault = fault
    made = declare(visitor, scan_id=scan).expect(201)
    world.run_stream()
    assert world.lookups.run() == 0
    assert visitor.get("/v1/me/declarations").expect(200)["items"] == [made]
    world.declarations.fault = None
    world.clock.pass_(minutes=2)
    world.work()
    assert len(set(world.declarations.sent)) == 1, "one request id for every delivery"
    assert colour_of(visitor) == "green"
    assert visitor.screen(scan)["outcome"] == "admit"


def test_a_provider_that_took_it_and_then_died_is_asked_again(
    world: World, visitor: Person
) -> None:
    scan = undeclared_scan(visitor)
    declare(visitor, scan_id=scan).expect(201)
    world.run_stream()
    world.say(visitor, health_code=ProviderFault("down"))
    assert world.lookups.run() == 1
    assert len(world.declarations.taken) == 1
    world.say(visitor, health_code=Answer("green", NOON))
    world.clock.pass_(seconds=2)
    world.work()
    assert len(world.declarations.taken) == 1
    assert visitor.screen(scan)["outcome"] == "admit"


def test_a_queue_that_is_down_loses_nothing(world: World, visitor: Person) -> None:
    scan = undeclared_scan(visitor)
    world.lookup_queue.fault = Unavailable()
    declare(visitor, scan_id=scan).expect(201)
    world.run_stream()
    assert world.declarations.sent == []
    world.lookup_queue.fault = None
    world.work()
    assert visitor.screen(scan)["outcome"] == "admit"


def test_a_message_that_comes_twice_and_late_does_no_harm(world: World, visitor: Person) -> None:
    scan = undeclared_scan(visitor)
    declare(visitor, scan_id=scan).expect(201)
    world.run_stream()
    records = world.lookups.receive()
    for _ in range(2):
        assert world.lookups.handle(records) == 0
        world.clock.pass_(seconds=1)
    assert visitor.screen(scan)["outcome"] == "admit"
    # A week later the person is light green again, and an old message changes nothing of that.
    world.say(visitor, health_code=LIGHT_GREEN)
    world.clock.pass_(days=7)
    assert world.lookups.handle(records) == 0
    assert len(world.declarations.taken) == 1
    assert visitor.world.providers[HEALTH].answers[visitor.number] == LIGHT_GREEN


def test_a_provider_that_does_not_know_the_person(world: World, visitor: Person) -> None:
    world.declarations.unknown = True
    declare(visitor).expect(201)
    world.work()
    assert world.lookups.dead() == []


def test_a_declaration_that_is_gone_is_not_delivered(world: World, visitor: Person) -> None:
    declare(visitor).expect(201)
    world.run_stream()
    for item in world.items():
        if item["sk"]["S"].startswith("REC#"):
            world.container.table.delete(_key(item))
    world.work()
    assert world.declarations.sent == []


def _key(item: dict[str, Any]) -> Any:
    from chalicelib.core.keys import Key

    return Key(item["pk"]["S"], item["sk"]["S"])


# --- On behalf


@pytest.mark.requirement("YK-36", "JN-30")
def test_a_guardian_declares_for_a_dependant(world: World, visitor: Person) -> None:
    guardian = world.guardian(visitor)
    scan = undeclared_scan(visitor)
    path = base(visitor)
    body = declaration(world, arrival=BY_TRAIN, scan_id=scan)
    made = guardian.post(f"{path}/declarations", body).expect(201)
    assert made["guardian"] == {"name": f"{guardian.name[0]}**"}
    assert guardian.post(f"{path}/declarations", body).expect(200) == made
    for person, where in ((guardian, path), (visitor, "/v1/me")):
        assert person.get(f"{where}/declarations").expect(200)["items"] == [made]
        (arrived,) = person.get(f"{where}/arrivals").expect(200)["items"]
        assert arrived["guardian"] == made["guardian"]
    assert guardian.get("/v1/me/declarations").expect(200)["items"] == []
    world.work()
    ((subject, _),) = world.declarations.taken.values()
    assert subject.document_number == visitor.number
    assert visitor.screen(scan)["outcome"] == "admit"


def test_a_guardians_own_scan_is_none_of_the_dependants(world: World, visitor: Person) -> None:
    guardian = world.guardian(visitor)
    own = guardian.scan(world.administrator().venue).expect(201)["scan_id"]
    body = declaration(world, scan_id=own)
    refused = guardian.post(f"{base(visitor)}/declarations", body)
    refused.expect(404, "not_found")


def test_nobody_else_reads_or_writes_a_dependants_records(world: World, visitor: Person) -> None:
    stranger = world.visitor()
    path = base(visitor)
    for what in ("declarations", "arrivals", "notices", "visits", "temperatures"):
        stranger.get(f"{path}/{what}").expect(403, "not_your_dependant")
    for what, body in (("declarations", declaration(world)), ("arrivals", arrival(world))):
        stranger.post(f"{path}/{what}", body).expect(403, "not_your_dependant")
