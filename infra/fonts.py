"""Make the posters' fonts and the list of the characters that they can draw.

Run as ``python -m infra.fonts`` on a machine with Debian's `fonts-noto-cjk` and `fonts-noto-core`;
commit the result:

    infra/layers/render/fonts/    subsets of the fonts and their licence: the layer's /opt/fonts
    chalicelib/rendering/coverage.txt    their characters, for functions without the layer

Han and Latin come in two weights. What else a name may be written in comes in the weight in which
names are drawn, with the rules that join and stack its characters. The same sources give the same
bytes. See docs/decisions/0021 and 0202.
"""

import re
import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

_SOURCES = Path("/usr/share/fonts")
_COPYRIGHT = Path("/usr/share/doc/fonts-noto-cjk/copyright")
_ROOT = Path(__file__).resolve().parents[1]
_FONTS = _ROOT / "infra/layers/render/fonts"
_COVERAGE = _ROOT / "chalicelib/rendering/coverage.txt"
_LIMIT = 7_500_000


@dataclass(frozen=True)
class _Script:
    """A further script: its font, the face in a collection, its characters (a class of `re`).

    `joined` are marks and selectors that are drawn only with a letter; `coverage` knows where they
    may stand.
    """

    file: str
    source: str
    face: str
    characters: str
    joined: str = ""


_SCRIPTS = (
    _Script(
        "NotoSansCJKkr-Bold.otf",
        "opentype/noto/NotoSansCJK-Bold.ttc",
        "Noto Sans CJK KR",
        "\u3131-\u3163\uac00-\ud7a3",
    ),
    # Uyghur, Kazakh, Kyrgyz.
    _Script(
        "NotoSansArabic-Bold.ttf",
        "truetype/noto/NotoSansArabic-Bold.ttf",
        "",
        "\u060c\u061b\u061f-\u064a\u0660-\u066d\u0674-\u06d5\u06ee-\u06ff",
    ),
    _Script(
        "NotoSerifTibetan-Bold.ttf",
        "truetype/noto/NotoSerifTibetan-Bold.ttf",
        "",
        "\u0f00-\u0fff",
        "\u0f18\u0f19\u0f35\u0f37\u0f39\u0f71-\u0f84\u0f86\u0f87\u0f8d-\u0fbc",
    ),
    # It has one weight.
    _Script(
        "NotoSansMongolian-Regular.ttf",
        "truetype/noto/NotoSansMongolian-Regular.ttf",
        "",
        "\u1800-\u180a\u1810-\u18aa\u202f",
        "\u180b-\u180e",
    ),
)


def main() -> None:
    """Write the fonts, the licence and the coverage; print sizes.

    Raises SystemExit when the sources are missing or a subset is too large for the layer.
    """
    for script in _SCRIPTS:
        if not (_SOURCES / script.source).exists():
            raise SystemExit(
                f"No {script.source} in {_SOURCES}: apt-get install fonts-noto-cjk fonts-noto-core"
            )
    faces = {
        weight: _face(f"opentype/noto/NotoSansCJK-{weight}.ttc", "Noto Sans CJK SC")
        for weight in ("Regular", "Bold")
    }
    notices = []
    points = set.intersection(*(_wanted(font) for font in faces.values()))
    _FONTS.mkdir(parents=True, exist_ok=True)
    for weight, font in faces.items():
        notices.append(_notice(font))
        _cut(font, points, shaped=False)
        _save(font, f"NotoSansCJKsc-{weight}.otf", points)
    covered = set(points)
    for script in _SCRIPTS:
        font = _face(script.source, script.face)
        notices.append(_notice(font))
        alone, joined = (_within(font, one) for one in (script.characters, script.joined))
        alone = _separate(alone) - joined - points
        _cut(font, alone | joined, shaped=True)
        _save(font, script.file, alone | joined)
        covered |= alone
    (_FONTS / "OFL.txt").write_text(_licence(notices), encoding="utf-8")
    _COVERAGE.write_text(ranges(covered), encoding="ascii")
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


def _face(source: str, name: str) -> TTFont:
    """Return the font in a file, or the face `name` of a collection."""
    path = _SOURCES / source
    number = -1
    if name:
        faces = TTCollection(path, lazy=True).fonts
        number = next(
            index for index, face in enumerate(faces) if face["name"].getDebugName(1) == name
        )
    # The time stamp of the source stays, or no two runs would write the same bytes.
    return TTFont(path, fontNumber=number, recalcTimestamp=False)


def _wanted(font: TTFont) -> set[int]:
    """Return every character that the face of Han and Latin draws by itself, less Hangul.

    Combining marks and format characters are left out: the subsets have no rules to place them, and
    a name that needs one should be refused, not drawn wrong.
    """
    points = _separate(font.getBestCmap())
    return {point for point in points if "HANGUL" not in unicodedata.name(chr(point), "")}


def _separate(points: Iterable[int]) -> set[int]:
    """Return the code points that are neither marks nor controls."""
    return {point for point in points if unicodedata.category(chr(point))[0] not in "MC"}


def _within(font: TTFont, characters: str) -> set[int]:
    """Return the code points of a class of `re` that the font draws."""
    if not characters:
        return set()
    pattern = re.compile(f"[{characters}]")
    return {point for point in font.getBestCmap() if pattern.match(chr(point))}


def _cut(font: TTFont, points: set[int], *, shaped: bool) -> None:
    options = subset.Options(
        hinting=False,
        layout_features=["*"] if shaped else ["kern"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 7, 13, 14],
        drop_tables=["DSIG", "VORG", "vhea", "vmtx", *([] if shaped else _RULES)],
        notdef_outline=True,
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)


_RULES = ("BASE", "GDEF", "GSUB")


def _save(font: TTFont, file: str, points: set[int]) -> None:
    path = _FONTS / file
    font.save(path)
    size = path.stat().st_size
    print(f"{path.relative_to(_ROOT)}: {len(points)} characters, {size / 1e6:.2f} MB")
    if size > _LIMIT:
        raise SystemExit(f"{path.name} is larger than {_LIMIT / 1e6} MB")


def _notice(font: TTFont) -> str:
    """Return a font's copyright, and what was taken of it."""
    names = font["name"]
    lines = [names.getDebugName(number) for number in (0, 7)]
    lines.append(f"Subset of {names.getDebugName(1)}, {names.getDebugName(5)}")
    return "\n".join(filter(None, lines)) + "\n"


def _licence(notices: Iterable[str]) -> str:
    """Return the OFL as Debian ships it, below the fonts' own copyright lines."""
    text = _COPYRIGHT.read_text(encoding="utf-8")
    found = re.search(r"^License: SIL-1\.1\n( -+\n.+?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise SystemExit(f"No licence text in {_COPYRIGHT}")
    body = re.sub(r"^\.$", "", textwrap.dedent(found[1]), flags=re.MULTILINE)
    return "\n".join(dict.fromkeys(notices)) + f"\n{body.strip()}\n"


if __name__ == "__main__":
    main()
