"""Administrative regions of mainland China by their six-digit code (GB/T 2260).

The table is python-stdnum's: every code ever assigned, with the years in which it held, names in
simplified characters. It is read on the first question (about 50 ms; later ones take 0.15 ms),
so a module that is on the path of a scan stores names and asks for none: `prefixes` needs no table.

**Obsolete codes** are answered, marked `obsolete`, under the last name that they had: they stand in
old records and in resident ID numbers. Whether one is still accepted is for the caller to say; a
venue lies in a region of today. Statistical codes that only look alike (370871, a development
zone) are not in the standard and are unknown here.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A region.

    `name` runs from the province down, with spaces: ``广东省 茂名市 信宜市``.
    `is_county_level` tells a county, district or county-level city, below which the standard does
    not go (and the four cities that have no districts), from a province or prefecture: an address
    names one of these.
    """

    code: str
    name: str
    is_county_level: bool
    obsolete: bool


def region(code: str) -> Region | None:
    """The region with this six-digit code, or None when it was never assigned."""
    own = _entry(code)
    if own is None:
        return None
    name, obsolete = own
    place = not _PLACEHOLDER.fullmatch(name)
    parts = [_entry(code[:2] + "0000"), _entry(code[:4] + "00")]
    above = [part[0] for part in parts if part and not _PLACEHOLDER.fullmatch(part[0])]
    return Region(
        code=code,
        name=" ".join(dict.fromkeys([*above, name])),
        is_county_level=place and (not code.endswith("00") or code in _WITHOUT_DISTRICTS),
        obsolete=obsolete,
    )


def prefixes(code: str) -> tuple[str, str, str]:
    """What a region's policy is looked up by, most specific first: county, prefecture, province.

    ``440983`` → ``("440983", "4409", "44")``. `code` has six digits, whether assigned or not.
    """
    return code, code[:4], code[:2]


def _entry(code: str) -> tuple[str, bool] | None:
    """A code's own name, the last one that it had, and whether the code is obsolete."""
    if not re.fullmatch("[0-9]{6}", code):
        return None
    from stdnum import numdb

    found = numdb.get("cn/loc").info(code)
    spans = found[-1][1].get("county") if len(found) == 2 else None
    if not spans:
        return None
    # "[1983-1992]郊区,[1993-]任城区", oldest first; a name without years has always held.
    years, _, name = spans.rsplit(",", 1)[-1].rpartition("]")
    return name, bool(years) and not years.endswith("-")


# Rows that only group the ones below them and name no place.
_PLACEHOLDER = re.compile("市辖区|市区|县|.*直辖.*单位")

# Prefecture-level cities with towns directly below: Dongguan, Zhongshan, Danzhou, Jiayuguan.
_WITHOUT_DISTRICTS = frozenset({"441900", "442000", "460400", "620200"})
