"""Applying for a venue's code, and looking at it again (JN-2, JN-3, YK-12)."""

import pytest

from chalicelib.core.messages import LANGUAGES
from chalicelib.identity.providers import Answer
from chalicelib.venues.catalogue import CATEGORIES
from tests import support
from tests.api.driver import HOST, World


@pytest.mark.requirement("JN-2")
@pytest.mark.requirement("YK-12")
def test_a_venue_gets_its_code(world: World) -> None:
    person = world.visitor()
    applied = world.venue_request(
        name="信宜市人民医院", street="东镇街道", address="新里二路1号", type="medical"
    )
    venue = person.post("/v1/venues", applied).expect(201)
    for field in ("name", "type", "region", "street", "address"):
        assert venue[field] == applied[field]
    assert venue["type_name"] == "Medical"
    assert venue["region_name"] == "Xinyi City, Maoming, Guangdong"
    assert (venue["number_type"], venue["number"]) == ("uscc", applied["number"]["value"])
    assert (venue["contact_name"], venue["contact_phone"]) == ("梁主任", "+8613900000099")
    assert venue["code_url"] == f"https://{HOST}/V/{venue['code']}"
    assert (venue["role"], venue["time_zone"]) == ("administrator", "Asia/Shanghai")
    assert venue["created_at"] == "2026-11-22T04:00:00.000Z"
    assert venue["warnings"] == []

    assert person.get(f"/v1/venues/{venue['venue_id']}").expect(200) == venue
    assert person.get("/v1/venues").expect(200) == {"items": [venue]}
    assert person.get("/v1/me").expect(200)["rights"] == [
        {"venue_id": venue["venue_id"], "role": "administrator"}
    ]


@pytest.mark.requirement("JN-3")
@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("uscc", "91440983ma0000001t", "91440983MA0000001T"),
        ("uscc", " 91440983 MA0000001T ", "91440983MA0000001T"),
        ("uscc", "９１４４０９８３MA0000001T", "91440983MA0000001T"),
        ("organisation_code", "55553008-0", "555530080"),
        ("organisation_code", "D2143569X", "D2143569X"),
        ("resident_id", "44098319900101001x", "4409************1X"),
        ("plate", "粤K·12345", "粤K12345"),
        ("plate", "鲁h d12345", "鲁HD12345"),
        ("plate", "京A12345D", "京A12345D"),
        ("plate", "粤Z1234港", "粤Z1234港"),
    ],
)
def test_every_kind_of_number_is_a_venue(world: World, kind: str, value: str, shown: str) -> None:
    person = world.visitor()
    venue = person.issue(number={"type": kind, "value": value}).expect(201)
    assert (venue["number_type"], venue["number"]) == (kind, shown)
    assert person.get(f"/v1/venues/{venue['venue_id']}").expect(200)["number"] == shown


@pytest.mark.requirement("YK-12")
def test_each_category_of_the_catalogue_can_apply_in_three_languages(world: World) -> None:
    person = world.visitor()
    for category in CATEGORIES:
        person.issue(type=category.code).expect(201)
    for language in LANGUAGES:
        listed = person.get("/v1/venues", language=language).expect(200)["items"]
        shown = {venue["type"]: venue["type_name"] for venue in listed}
        assert shown == {category.code: category.names[language] for category in CATEGORIES}
    assert len(CATEGORIES) == 8


@pytest.mark.requirement("JN-3")
def test_branches_of_one_firm_share_a_number_and_are_warned(world: World) -> None:
    number = {"type": "uscc", "value": support.social_credit_code(77)}
    first, second = world.visitor(), world.visitor()
    assert first.issue(number=number).expect(201)["warnings"] == []
    branch = world.venue_request(number=number)
    issued = second.post("/v1/venues", branch).expect(201)
    (warning,) = issued["warnings"]
    assert (warning["code"], bool(warning["text"])) == ("number_shared", True)
    # A retry is warned alike.
    assert second.post("/v1/venues", branch).expect(200) == issued


@pytest.mark.requirement("JN-3")
def test_one_number_name_and_address_is_one_venue(world: World) -> None:
    first, second = world.visitor(), world.visitor()
    body = world.venue_request()
    first.post("/v1/venues", body).expect(201)
    before = world.items()
    for again in (first, second):
        again.post("/v1/venues", body | {"nonce": world.nonce()}).expect(409, "venue_exists")
    assert world.items() == before
    assert second.get("/v1/venues").expect(200)["items"] == []
    elsewhere = body | {"nonce": world.nonce(), "address": "人民路99号"}
    second.post("/v1/venues", elsewhere).expect(201)


def test_a_nonce_makes_one_venue(world: World) -> None:
    person = world.visitor()
    body = world.venue_request()
    first = person.post("/v1/venues", body).expect(201)
    assert person.post("/v1/venues", body).expect(200) == first
    spaced = body | {"name": f" {body['name']} ", "nonce": body["nonce"].upper()}
    assert person.post("/v1/venues", spaced).expect(200) == first
    person.post("/v1/venues", body | {"name": "另一家医院"}).expect(409, "nonce_reused")
    assert person.get("/v1/venues").expect(200)["items"] == [first]


def test_a_nonce_is_its_makers_own(world: World) -> None:
    first, second = world.visitor(), world.visitor()
    nonce = world.nonce()
    one = first.issue(nonce=nonce).expect(201)
    other = second.issue(nonce=nonce).expect(201)
    assert one["venue_id"] != other["venue_id"]


def test_only_a_verified_person_may_apply(world: World) -> None:
    person = world.person()
    before = world.writes()
    person.issue().expect(403, "registration_required")
    assert world.writes() == before
    person.register().expect(202)
    person.issue().expect(403, "registration_not_verified")
    world.say(person, identity=Answer("mismatch"))
    world.work()
    before = world.writes()
    person.issue().expect(403, "registration_rejected")
    assert world.writes() == before
    assert person.get("/v1/venues").expect(200)["items"] == []


def test_one_person_has_at_most_twenty_venues(world: World) -> None:
    person = world.visitor()
    world.give_rights(person, 18)
    first, second, third = (world.venue_request() for _ in range(3))
    person.post("/v1/venues", first).expect(201)
    person.post("/v1/venues", second).expect(201)
    person.post("/v1/venues", third).expect(422, "too_many_venues")
    person.post("/v1/venues", second).expect(200)
    listed = person.get("/v1/venues").expect(200)["items"]
    assert {venue["name"] for venue in listed} == {first["name"], second["name"]}


def test_a_venue_is_its_administrators_alone(world: World) -> None:
    administrator, other = world.administrator(), world.administrator()
    path = f"/v1/venues/{administrator.venue['venue_id']}"
    refused = other.get(path)
    refused.expect(403, "not_your_venue")
    # A venue that is not there looks the same.
    absent = other.get("/v1/venues/ven_0000000000000000")
    assert (absent.status, absent.body) == (refused.status, refused.body)


def test_numbers_and_contacts_are_sealed_in_the_table(world: World) -> None:
    administrator = world.administrator(
        number={"type": "resident_id", "value": support.resident_id(321)}
    )
    told = {support.resident_id(321), "梁主任", "13900000099", administrator.number,
            administrator.name, administrator.phone[3:]}  # fmt: skip
    written = str(world.items())
    assert not [secret for secret in told if secret in written]
