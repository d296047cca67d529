"""Every code that a client must know is served with texts in three languages (GO-14)."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest

from chalicelib.admission import evidence
from chalicelib.admission.accesses import AccessKind
from chalicelib.admission.schemas_scan import TemperatureBand
from chalicelib.core.errors import CODES
from chalicelib.core.messages import LANGUAGES
from chalicelib.identity import documents
from chalicelib.venues.catalogue import CATEGORIES
from chalicelib.venues.numbers import NUMBER_TYPES
from tests.api import contract
from tests.api.driver import World, codes
from tests.api.tour_lists import PATHS

CHINESE = [language for language in LANGUAGES if language != "en"]


def listed(world: World, name: str, language: str = "en") -> dict[str, str]:
    """Return the texts of a list of ``GET /v1/codes`` by code."""
    lists = world.call("GET", "/v1/codes", language=language).expect(200)["lists"]
    (found,) = [one["items"] for one in lists if one["name"] == name]
    return {item["code"]: item["text"] for item in found}


@pytest.mark.requirement("GO-14", "SD-2", "YK-1", "YK-10", "XC-3")
@pytest.mark.parametrize("language", LANGUAGES)
def test_venue_types_are_served(lasting: World, language: str) -> None:
    items = lasting.call("GET", "/v1/venue-types", language=language).expect(200)["items"]
    assert [(one["code"], one["name"]) for one in items] == [
        (one.code, one.names[language]) for one in CATEGORIES
    ]
    assert all(one["members"] for one in items)


@pytest.mark.requirement("GO-14")
@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("zh-Hans", ["浙江省", "杭州市", "钱塘区", "浙江省 杭州市 钱塘区"]),
        ("zh-Hant", ["浙江省", "杭州市", "錢塘區", "浙江省 杭州市 錢塘區"]),
        (
            "en",
            ["Zhejiang", "Hangzhou", "Qiantang District", "Qiantang District, Hangzhou, Zhejiang"],
        ),
    ],
)
def test_regions_are_served_by_parent(lasting: World, language: str, names: list[str]) -> None:
    found, parent = [], ""
    for code in ("330000", "330100", "330114"):
        query = f"?parent={parent}" if parent else ""
        items = lasting.call("GET", f"/v1/regions{query}", language=language).expect(200)["items"]
        (region,) = [one for one in items if one["code"] == code]
        assert region["selectable"] == (code == "330114")
        assert region["has_children"] == (code != "330114")
        found.append(region["name"])
        parent = code
    assert [*found, region["full_name"]] == names


@pytest.mark.requirement("GO-14")
def test_a_venue_can_be_in_every_region_that_can_be_chosen(world: World) -> None:
    administrator = world.administrator()
    for parent, code in (("650000", "659013"), ("653100", "653132"), ("440000", "441900")):
        items = world.call("GET", f"/v1/regions?parent={parent}").expect(200)["items"]
        assert [one["selectable"] for one in items if one["code"] == code] == [True]
        issued = administrator.issue(region=code, name=f"Shop {code}").expect(201)
        (full,) = [one["full_name"] for one in items if one["code"] == code]
        assert issued["region_name"] == full


@pytest.mark.parametrize("code", ["653199", "232761", "440900", "500105", "370802"])
def test_the_public_applies_in_regions_of_today_only(world: World, code: str) -> None:
    refused = world.administrator().issue(region=code)
    refused.expect(400, "invalid_input")
    assert refused.faults == {"/region": "region"}


@pytest.mark.parametrize("parent", ["330114", "990000", "x", "33"])
def test_what_has_no_regions_below_is_refused(lasting: World, parent: str) -> None:
    refused = lasting.call("GET", f"/v1/regions?parent={parent}")
    refused.expect(400, "invalid_input")
    assert refused.faults == {"parent": "region"}


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("zh-Hans", "广东省 茂名市 信宜市"),
        ("zh-Hant", "廣東省 茂名市 信宜市"),
        ("en", "Xinyi City, Maoming, Guangdong"),
    ],
)
def test_the_regions_name_is_in_the_callers_language(
    world: World, language: str, name: str
) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    (venue,) = administrator.get("/v1/venues", language=language).expect(200)["items"]
    (binding,) = administrator.get("/v1/bindings", language=language).expect(200)["items"]
    screen = visitor.scan(administrator.venue).expect(201)["scan_id"]
    shown = visitor.get(f"/v1/scans/{screen}", language=language).expect(200)["venue"]
    page = world.call("GET", f"/V/{administrator.venue['code']}", language=language)
    assert [one["region_name"] for one in (venue, binding, shown)] == [name] * 3
    assert name in page.body.decode()


@pytest.mark.requirement("GO-14")
@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_are_served_as_screens_give_them(world: World, language: str) -> None:
    items = world.call("GET", "/v1/reasons", language=language).expect(200)["items"]
    reasons = {one["code"]: one["text"] for one in items}
    visitor = world.visitor()
    scan_id = visitor.scan(world.administrator().venue).expect(201)["scan_id"]
    world.work()
    screen = visitor.get(f"/v1/scans/{scan_id}", language=language).expect(200)
    assert codes(screen["reasons"]) == ["health_code_green", "nucleic_acid_recent"]
    green, recent = [one["text"] for one in screen["reasons"]]
    assert reasons["health_code_green"] == green
    assert reasons["nucleic_acid_recent"] == recent.replace("48", "…")


@pytest.mark.requirement("GO-14")
def test_every_code_of_the_other_lists_is_served(lasting: World) -> None:
    states = {state for name in evidence.shown() for state in evidence.states(name)}
    expected: dict[str, set[str]] = {
        "states": states
        | {"absent", "unknown", "pending", "code_needed", "unconfirmed"}
        | {"identity_pending"},
        "document_types": {one.name for one in documents.TYPES},
        "number_types": set(NUMBER_TYPES),
        "temperatures": set(get_args(TemperatureBand)),
        "accesses": set(AccessKind),
        "errors": set(CODES),
    }
    for name, wanted in expected.items():
        assert set(listed(lasting, name)) == wanted, name


OF_PROPERTY = {
    "document_type": "document_types",
    "number_type": "number_types",
    "role": "roles",
    "standing": "standings",
    "means": "means",
    "pass_kind": "pass_kinds",
    "direction": "directions",
    "temperature": "temperatures",
    "verification": "verifications",
    "relation": "relations",
    "strength": "strengths",
    "outcome": "outcomes",
    "state": "states",
}
"""The lists of the codes of properties, by the properties' names."""
OTHER_STATES = {"PaperPass", "PaperPassEntry"}


@pytest.mark.requirement("GO-14")
def test_every_code_of_the_document_is_in_its_list(lasting: World) -> None:
    lists = {name: set(listed(lasting, name)) for name in OF_PROPERTY.values()}
    found = set()
    for model, schema in contract.document()["components"]["schemas"].items():
        for name, field in schema.get("properties", {}).items():
            if name in OF_PROPERTY and model not in OTHER_STATES:
                found.add(name)
                assert set(enumerated(field)) <= lists[OF_PROPERTY[name]], (model, name)
    assert found == set(OF_PROPERTY)


def enumerated(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values that a property may have."""
    yield from schema.get("enum", ())
    if "const" in schema:
        yield schema["const"]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from enumerated(contract.document()["components"]["schemas"][name])
    for one in schema.get("anyOf", ()):
        yield from enumerated(one)


@pytest.mark.requirement("GO-9")
@pytest.mark.parametrize("language", CHINESE)
def test_no_list_mixes_languages(lasting: World, language: str) -> None:
    lists = lasting.call("GET", "/v1/codes", language=language).expect(200)["lists"]
    english = lasting.call("GET", "/v1/codes", language="en").expect(200)["lists"]
    for mine, other in zip(lists, english, strict=True):
        for item, foreign in zip(mine["items"], other["items"], strict=True):
            assert item["code"] == foreign["code"]
            assert item["text"] != foreign["text"]
            assert (item["staff_text"] is None) == (foreign["staff_text"] is None)


@pytest.mark.parametrize("path", PATHS)
def test_lists_may_be_kept_by_language(lasting: World, path: str) -> None:
    answers = {one: lasting.call("GET", path, language=one) for one in LANGUAGES}
    for language, answer in answers.items():
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=3600"
        assert answer.headers["vary"] == "Accept-Language"
        assert answer.headers["content-language"] == language
        tag = answer.headers["etag"]
        known = {"If-None-Match": f'"other", W/{tag}'}
        again = lasting.call("GET", path, language=language, headers=known)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["vary"] == "Accept-Language"
    assert len({answer.headers["etag"] for answer in answers.values()}) == 3
