"""Make the posters' fonts and the list of the characters that they can draw.

Run as ``python -m infra.fonts`` on a machine with Debian's `fonts-noto-cjk`; commit the result:

    infra/layers/render/fonts/    two OTF subsets and their licence: the render layer's /opt/fonts
    chalicelib/rendering/coverage.txt    their common characters, for functions without the layer

The same sources give the same bytes. See docs/decisions/0021.
"""

import re
import textwrap
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

_SOURCES = Path("/usr/share/fonts/opentype/noto")
_COPYRIGHT = Path("/usr/share/doc/fonts-noto-cjk/copyright")
_ROOT = Path(__file__).resolve().parents[1]
_FONTS = _ROOT / "infra/layers/render/fonts"
_COVERAGE = _ROOT / "chalicelib/rendering/coverage.txt"
_FACE = "Noto Sans CJK SC"
_LIMIT = 7_500_000


def main() -> None:
    """Write both weights, the licence and the coverage; print sizes.

    Raises SystemExit when the sources are missing or a subset is too large for the layer.
    """
    if not _SOURCES.joinpath("NotoSansCJK-Bold.ttc").exists():
        raise SystemExit(f"No Noto CJK fonts in {_SOURCES}: apt-get install fonts-noto-cjk")
    faces = {weight: _face(weight) for weight in ("Regular", "Bold")}
    points = set.intersection(*(_wanted(font) for font in faces.values()))
    _FONTS.mkdir(parents=True, exist_ok=True)
    for weight, font in faces.items():
        path = _FONTS / f"NotoSansCJKsc-{weight}.otf"
        _cut(font, points)
        font.save(path)
        size = path.stat().st_size
        print(f"{path.relative_to(_ROOT)}: {len(points)} characters, {size / 1e6:.2f} MB")
        if size > _LIMIT:
            raise SystemExit(f"{path.name} is larger than {_LIMIT / 1e6} MB")
    (_FONTS / "OFL.txt").write_text(_licence(faces["Regular"]), encoding="utf-8")
    _COVERAGE.write_text(ranges(points), encoding="ascii")
    print(f"{_COVERAGE.relative_to(_ROOT)}: {_COVERAGE.stat().st_size / 1e3:.1f} kB")


def ranges(points: Iterable[int]) -> str:
    """Return code points as lines of ``first-last`` in hexadecimal (``first`` for a single one)."""
    runs: list[list[int]] = []
    for point in sorted(points):
        if runs and runs[-1][1] == point - 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return "".join(f"{a:x}-{b:x}\n" if a != b else f"{a:x}\n" for a, b in runs)


def _face(weight: str) -> TTFont:
    source = TTCollection(_SOURCES / f"NotoSansCJK-{weight}.ttc", lazy=True)
    number = next(
        index for index, font in enumerate(source.fonts) if font["name"].getDebugName(1) == _FACE
    )
    # The time stamp of the source stays, or no two runs would write the same bytes.
    return TTFont(_SOURCES / f"NotoSansCJK-{weight}.ttc", fontNumber=number, recalcTimestamp=False)


def _wanted(font: TTFont) -> set[int]:
    """Return every character that the face draws by itself, less Hangul, a third of it.

    Combining marks and format characters are left out: the subsets have no rules to place them, and
    a name that needs one should be refused, not drawn wrong.
    """
    return {
        point
        for point in font.getBestCmap()
        if unicodedata.category(chr(point))[0] not in "MC"
        and "HANGUL" not in unicodedata.name(chr(point), "")
    }


def _cut(font: TTFont, points: set[int]) -> None:
    options = subset.Options(
        hinting=False,
        layout_features=["kern"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 7, 13, 14],
        drop_tables=["BASE", "DSIG", "GDEF", "GSUB", "VORG", "vhea", "vmtx"],
        notdef_outline=True,
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)


def _licence(font: TTFont) -> str:
    """Return the OFL as Debian ships it, below the font's own copyright line."""
    text = _COPYRIGHT.read_text(encoding="utf-8")
    found = re.search(r"^License: SIL-1\.1\n( -+\n.+?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise SystemExit(f"No licence text in {_COPYRIGHT}")
    body = re.sub(r"^\.$", "", textwrap.dedent(found[1]), flags=re.MULTILINE)
    notice = f"{font['name'].getDebugName(0)}\n{font['name'].getDebugName(7)}\n"
    return f"{notice}Subset of {_FACE}, {font['name'].getDebugName(5)}\n\n{body.strip()}\n"


if __name__ == "__main__":
    main()
