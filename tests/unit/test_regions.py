"""The table of regions of today, and the command that writes it."""

import re
from typing import Any

import pytest

from chalicelib.core.messages import LANGUAGES
from chalicelib.rendering.coverage import missing
from chalicelib.venues import regions
from chalicelib.venues.regions import TABLE, below, has_below, name_of, region
from infra.regions import divisions, english, head, table


def every() -> list[regions.Region]:
    """Return all regions of today."""
    found, waiting = [], list(below(""))
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += below(one.code)
    return found


def test_the_table_says_its_source_and_date() -> None:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    noted = " ".join(line for line in lines if line.startswith("#"))
    assert "Ministry of Civil Affairs" in noted
    assert re.search(r"as of 20[0-9]{2}-[01][0-9]-[0-3][0-9]", noted)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("330113", "浙江省 杭州市 临平区"),  # by a provincial notice of 2021
        ("330114", "浙江省 杭州市 钱塘区"),
        ("653132", "新疆维吾尔自治区 喀什地区 岑岭县"),  # of 2026
        ("659013", "新疆维吾尔自治区 草湖市"),
        ("500157", "重庆市 两江新区"),
        ("441900", "广东省 东莞市"),
        ("460400", "海南省 儋州市"),
        ("620200", "甘肃省 嘉峪关市"),
    ],
)
def test_divisions_of_today_can_be_chosen(code: str, name: str) -> None:
    found = region(code)
    assert found is not None
    assert (found.name, found.is_county_level, found.obsolete) == (name, True, False)
    assert found in every()


@pytest.mark.parametrize("code", ["232761", "232762", "232763", "232764"])
def test_what_is_not_on_the_ministrys_list_is_not_of_today(code: str) -> None:
    found = region(code)
    assert found is not None
    assert found.obsolete
    assert not set("達齊區嶺鬆") & set(found.name), "in simplified characters"


def test_a_division_that_was_abolished_in_2025_keeps_its_names() -> None:
    found = region("500105")
    assert found is not None
    assert found.obsolete
    assert found.names == {
        "zh-Hans": "重庆市 江北区",
        "zh-Hant": "重慶市 江北區",
        "en": "Jiangbei District, Chongqing",
    }
    assert found not in every()


def test_every_region_has_a_name_in_every_language() -> None:
    found = every()
    assert len(found) > 3200
    for one in found:
        assert set(one.own_names) == set(one.names) == set(LANGUAGES)
        assert all(one.own_names.values()), one.code
        assert one.own_names["en"].isascii() or set(one.own_names["en"]) & set("’üÜ"), one.code


def test_posters_can_print_every_name() -> None:
    assert not {one.code: missing(one.name) for one in every() if missing(one.name)}


def test_traditional_names_are_not_the_simplified_ones() -> None:
    assert region("330114").own_names["zh-Hant"] == "錢塘區"  # type: ignore[union-attr] # it is there
    simplified = set("区县乡东辽宁广龙")
    assert not [one.code for one in every() if simplified & set(one.own_names["zh-Hant"])]


def test_regions_are_found_from_the_province_down() -> None:
    assert [one.code for one in below("")][:3] == ["110000", "120000", "130000"]
    assert "330100" in [one.code for one in below("330000")]
    assert "330114" in [one.code for one in below("330100")]
    assert "110105" in [one.code for one in below("110000")], "without a prefecture between"
    assert "659013" in [one.code for one in below("650000")]
    assert not has_below("330114")
    assert not has_below("441900")


def test_a_name_is_in_the_callers_language_or_as_it_was_stored() -> None:
    assert name_of("440983", "zh-Hant", "") == "廣東省 茂名市 信宜市"
    assert name_of("440983", "en", "") == "Xinyi City, Maoming, Guangdong"
    assert name_of("440983", "zh-Hans", "广东省茂名市信宜市") == "广东省茂名市信宜市"
    assert name_of("990101", "en", "新区") == "新区", "an officer accepted it"


LISTED: dict[str, Any] = {
    "meta": {"source": "the ministry", "fetched_at": "2026-09-11 23:22:44"},
    "provinces": {
        "北京市": {
            "code": "110000000000",
            "cities": {"": {"code": None, "counties": {"东城区": "110101000000"}}},
        },
        "青海省": {
            "code": "630000000000",
            "cities": {
                "西宁市": {
                    "code": "630100000000",
                    "counties": {"大通回族土族自治县": "630121000000"},
                }
            },
        },
    },
}
SOUNDS = {"北京": "Beijing", "东城": "Dongcheng", "青海": "Qinghai", "西宁": "Xining"}


def test_the_command_keeps_what_the_new_list_lacks_as_former() -> None:
    lines = table(
        LISTED,
        {"110101": "东城区", "110103": "崇文区"},
        traditional=lambda name: name.replace("区", "區"),
        spell=lambda word: SOUNDS.get(word, word),
    )
    assert lines == [
        "110000\t\t北京市\t北京市\tBeijing",
        "110101\t\t东城区\t东城區\tDongcheng District",
        "110103\tformer\t崇文区\t崇文區\t崇文 District",
        "630000\t\t青海省\t青海省\tQinghai",
        "630100\t\t西宁市\t西宁市\tXining",
        "630121\t\t大通回族土族自治县\t大通回族土族自治县\t大通 Hui and Tu Autonomous County",
    ]
    assert "2026-09-11" in " ".join(head(LISTED, "a package"))
    assert dict(divisions(LISTED))["630121"] == "大通回族土族自治县"


def test_english_names_say_what_a_region_is() -> None:
    def spell(word: str) -> str:
        return word

    assert english("659013", "草湖市", spell) == "草湖 City"
    assert english("330100", "杭州市", spell) == "杭州"
    assert english("150721", "阿荣旗", spell) == "阿荣 Banner"
    assert english("230208", "梅里斯达斡尔族区", spell) == "梅里斯 Daur District"
    assert (
        english("520526", "威宁彝族回族苗族自治县", spell)
        == "威宁 Yi, Hui and Miao Autonomous County"
    )
