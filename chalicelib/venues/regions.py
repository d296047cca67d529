"""Administrative regions of China by their six-digit code (GB/T 2260).

``regions.tsv`` is the list of today, with source and date, and names in every language;
``python -m infra.regions`` writes it. A process reads it with the first question (2 ms).
`prefixes` needs no table.

**Former codes** are returned with `obsolete` set and their last name, because old records contain
them. Those that the table lacks come from python-stdnum's, which has every code ever assigned, with
names in simplified characters only, and takes 50 ms to read. The caller decides whether to accept
one; a venue needs a region of today. Statistical codes that look similar (370871, a development
zone) are in neither table.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from chalicelib.venues.catalogue import Names

TABLE = Path(__file__).with_name("regions.tsv")


@dataclass(frozen=True)
class Region:
    """A region.

    `own_names` is its name alone, `names` with the regions that it is part of: ``广东省 茂名市
    信宜市``, ``Xinyi City, Maoming, Guangdong``. `is_county_level` is true for a county, district
    or county-level city (the lowest level of the standard), and for the four cities without
    districts. The region of an address is one of these.
    """

    code: str
    own_names: Names
    names: Names
    is_county_level: bool
    obsolete: bool

    @property
    def name(self) -> str:
        """The full name in simplified characters."""
        return self.names["zh-Hans"]


def region(code: str) -> Region | None:
    """Return the region with a six-digit code, or None if it was never assigned."""
    own = _entry(code)
    if own is None:
        return None
    above = [found for part in (code[:2] + "0000", code[:4] + "00") if (found := _entry(part))]
    entries = [*above, own]
    return Region(
        code=code,
        own_names=own.names,
        names={
            language: _full([entry.names[language] for entry in entries], language)
            for language in own.names
        },
        is_county_level=not code.endswith("00") or code in _WITHOUT_DISTRICTS,
        obsolete=own.obsolete,
    )


def name_of(code: str, language: str, stored: str) -> str:
    """Return the full name of a region; `stored`, its name in zh-Hans, if the table lacks it."""
    if language == "zh-Hans" or code not in _rows():
        return stored
    found = region(code)
    return found.names[language] if found else stored


def below(code: str) -> tuple[Region, ...]:
    """Return the regions of today directly below `code`; the provinces for an empty one.

    Counties of a province without a prefecture between, as those of Beijing, are directly below it.
    """
    return tuple(found for each in _children().get(code, ()) if (found := region(each)))


def parents() -> tuple[str, ...]:
    """Return the codes of the regions that have regions of today below them."""
    return tuple(code for code in _children() if code)


def has_below(code: str) -> bool:
    """Return whether there is a region of today below `code`."""
    return code in _children()


def as_of() -> date:
    """Return the date of the ministry's list that the table comes from."""
    found = re.search(r"^# as of ([0-9-]+)", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError("the table says no date")
    return date.fromisoformat(found[1])


def prefixes(code: str) -> tuple[str, str, str]:
    """Return the prefixes for a policy lookup: county, prefecture, province.

    ``440983`` → ``("440983", "4409", "44")``. `code` has six digits, whether assigned or not.
    """
    return code, code[:4], code[:2]


@dataclass(frozen=True)
class _Entry:
    """A row of a table: names without parents."""

    names: Names
    obsolete: bool


def _full(names: list[str], language: str) -> str:
    different = list(dict.fromkeys(names))
    return ", ".join(reversed(different)) if language == "en" else " ".join(different)


@functools.cache
def _rows() -> Mapping[str, str]:
    """Return the lines of the table by code. Few of them are ever read further."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {line[:6]: line for line in lines if not line.startswith("#")}


def _row(code: str) -> _Entry | None:
    if code not in _rows():
        return None
    _, state, hans, hant, english = _rows()[code].split("\t")
    return _Entry({"zh-Hans": hans, "zh-Hant": hant, "en": english}, state == "former")


@functools.cache
def _children() -> Mapping[str, list[str]]:
    """Return the codes of today by the nearest region above them; provinces by the empty text."""
    found: dict[str, list[str]] = {}
    for code, line in _rows().items():
        if not line.startswith("former", 7):
            found.setdefault(_parent(code), []).append(code)
    return found


def _parent(code: str) -> str:
    """Return the nearest region of today above `code`; empty for a province."""
    return next((above for above in _above(code) if above in _rows()), "")


def _above(code: str) -> Iterator[str]:
    for above in (code[:4] + "00", code[:2] + "0000"):
        if above != code:
            yield above


def _entry(code: str) -> _Entry | None:
    """Return the row of a code: of the table of today, or of the former codes."""
    if not _CODE.fullmatch(code):
        return None
    return _row(code) or _former(code)


def _former(code: str) -> _Entry | None:
    from stdnum import numdb

    found = numdb.get("cn/loc").info(code)
    spans = found[-1][1].get("county") if len(found) == 2 else None
    if not spans:
        return None
    # "[1983-1992]郊区,[1993-]任城区", oldest first; a name without years was always valid.
    name = spans.rsplit(",", 1)[-1].rpartition("]")[2]
    if _PLACEHOLDER.fullmatch(name):
        return None
    name = _SIMPLIFIED.get(code, name)
    return _Entry({"zh-Hans": name, "zh-Hant": name, "en": name}, obsolete=True)


_CODE = re.compile("[0-9]{6}")

# Rows that only group the rows below, and are not places.
_PLACEHOLDER = re.compile("市辖区|市区|县|.*直辖.*单位")

# Administrative areas of a prefecture, which are no divisions: the only names of that table in
# traditional characters.
_SIMPLIFIED = {
    "232761": "加格达奇区",
    "232762": "松岭区",
    "232763": "新林区",
    "232764": "呼中区",
}

# Prefecture-level cities without districts: Dongguan, Zhongshan, Danzhou, Jiayuguan.
_WITHOUT_DISTRICTS = frozenset({"441900", "442000", "460400", "620200"})
