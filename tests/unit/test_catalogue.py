"""The venue types, the regions, and the demo venues that use both."""

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.messages import LANGUAGES
from chalicelib.rendering.coverage import missing
from chalicelib.venues.catalogue import CATEGORIES, category
from chalicelib.venues.numbers import NUMBER_TYPES, normalise
from chalicelib.venues.regions import below, has_below, prefixes, region
from chalicelib.venues.rights import MAX_VENUES

VENUES = Path(__file__).parents[2] / "infra" / "local" / "data" / "venues.csv"


def venues() -> list[dict[str, str]]:
    with VENUES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def people() -> list[dict[str, str]]:
    with VENUES.with_name("people.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_the_eight_categories_of_the_seed() -> None:
    assert [entry.code for entry in CATEGORIES] == [
        "lodging_dining_leisure",
        "markets_logistics",
        "medical",
        "transport",
        "government_enterprise",
        "residential",
        "education",
        "other",
    ]
    assert sum(len(entry.members) for entry in CATEGORIES) == 23


def test_a_category_is_found_by_its_code_and_by_nothing_else() -> None:
    for entry in CATEGORIES:
        assert category(entry.code) is entry
    assert category("MEDICAL") is None
    assert category("") is None


def test_every_type_has_a_name_in_every_language() -> None:
    for entry in CATEGORIES:
        for names in (entry.names, *entry.members):
            assert set(names) == set(LANGUAGES)
            assert all(names.values())


@pytest.mark.parametrize(
    ("code", "name", "county", "obsolete"),
    [
        ("440983", "广东省 茂名市 信宜市", True, False),
        ("440900", "广东省 茂名市", False, False),
        ("440000", "广东省", False, False),
        ("370883", "山东省 济宁市 邹城市", True, False),
        ("370811", "山东省 济宁市 任城区", True, False),  # once 郊区
        ("370802", "山东省 济宁市 市中区", True, True),
        ("440921", "广东省 茂名市 信宜县", True, True),
        ("110105", "北京市 朝阳区", True, False),
        ("469001", "海南省 五指山市", True, False),
        ("659001", "新疆维吾尔自治区 石河子市", True, False),
        ("441900", "广东省 东莞市", True, False),
        ("810000", "香港特别行政区", False, False),
    ],
)
def test_regions(code: str, name: str, county: bool, obsolete: bool) -> None:
    found = region(code)
    assert found is not None
    assert (found.name, found.is_county_level, found.obsolete) == (name, county, obsolete)


@given(st.text(max_size=8) | st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_any_text_is_a_region_or_none(text: str) -> None:
    found = region(text)
    if found:
        assert found.code == text
        assert len(text) == 6
        assert found.name


@pytest.mark.parametrize(
    "code",
    ["", "37", "3708", "440999", "990000", "370871", " 440983", "４４０９８３", "440901", "500200"],
)
def test_what_is_not_a_region(code: str) -> None:
    assert region(code) is None


def test_an_address_can_end_somewhere_in_every_prefecture_of_today() -> None:
    provinces = [each for each in below("") if has_below(each.code)]
    assert len(provinces) == 31, "all but Hong Kong, Macao and Taiwan"
    for province in provinces:
        for each in below(province.code):
            assert each.is_county_level or any(one.is_county_level for one in below(each.code))


def test_prefixes_run_from_the_county_up() -> None:
    assert prefixes("440983") == ("440983", "4409", "44")


def test_neither_the_table_nor_its_library_is_loaded_before_a_question() -> None:
    program = (
        "import sys, chalicelib.venues.regions as r, chalicelib.venues.numbers, "
        "chalicelib.venues.catalogue; r.prefixes('440983'); "
        "sys.exit(any(m.startswith(('stdnum', 'pydantic', 'pynamodb')) for m in sys.modules))"
    )
    root = VENUES.parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)  # noqa: S603
    assert done.returncode == 0


def test_the_demo_venues_are_of_all_categories_in_every_district_of_the_seeds() -> None:
    rows = venues()
    assert len(rows) == 200
    parts = {"4409": 60, "3306": 60, "3708": 52, "4401": 14, "3701": 14}
    assert Counter(row["region"][:4] for row in rows) == parts
    for district in ("440983", "330624", *parts):
        here = {row["type"] for row in rows if row["region"].startswith(district)}
        assert here == {entry.code for entry in CATEGORIES}, district


def test_the_demo_venues_are_spread_over_their_administrators() -> None:
    cast = {row["phone"]: row for row in people()}
    held = Counter(row["administrator"] for row in venues())
    assert max(held.values()) < MAX_VENUES, "one more is applied for in the demo"
    for phone in held:
        assert cast[phone]["identity"] == "known"
        assert cast[phone]["name"] == cast[phone]["entered_name"], "verified at once"


def test_the_demo_venues_could_be_applied_for() -> None:
    for row in venues():
        found = region(row["region"])
        assert found is not None
        assert found.is_county_level
        assert not found.obsolete
        assert row["number_type"] in NUMBER_TYPES
        number = normalise(row["number_type"], row["number"])
        assert number == row["number"]
        assert phonenumbers.is_valid_number(phonenumbers.parse(row["contact_phone"]))
        assert 2 <= len(row["name"]) <= 60
        assert "演示" in row["address"]
        assert missing(row["name"] + row["street"] + row["address"]) == []
        assert row["contact_phone"].startswith("+861390000"), "the demo's own numbers"
        assert row["name_source"] in {"public", "invented"}


def test_the_demo_venues_hold_what_posters_and_issuance_are_tried_with() -> None:
    rows = venues()
    assert {row["number_type"] for row in rows} == set(NUMBER_TYPES)
    assert len({(row["number"], row["name"], row["address"]) for row in rows}) == len(rows)
    branches = [n for _, n in Counter(row["number"] for row in rows).most_common()]
    assert branches[0] == 4
    assert sum(n > 1 for n in branches) >= 6, "firms whose branches share a number"
    assert sum(row["number_type"] == "plate" for row in rows) >= 20
    assert max(len(row["name"]) for row in rows) > 40
    assert any(ord(character) > 0xFFFF for row in rows for character in row["name"])
