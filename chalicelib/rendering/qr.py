"""QR codes: error level H, four modules of quiet zone, no logo.

segno encodes. The best of the eight masks is chosen here, much faster than segno does (0114). For
that, a symbol of `size` × `size` modules is one number: a bit for each module, a row's first module
and the first row lowest, with four light modules, the quiet zone, after each row.
"""

import functools
import re
from typing import Any, Final, NamedTuple

_QUIET: Final = 4
_BITS = bytes.maketrans(b"\0\1", b"01")


class Code(NamedTuple):
    """A code as an SVG document, and its width in modules with the quiet zone."""

    svg: bytes
    modules: int


def draw(text: str, least_version: int) -> Code:
    """Return the code of `text`: a white background, all dark modules in one path.

    The version is `least_version` or, if `text` needs it, higher. Capitals and digits take less
    room than other characters. The scheme of a URL may be in lower case. Raises ValueError if
    `text` is too long for a code.
    """
    import segno

    try:
        symbol = _encode(text, 0, least_version)
    except segno.DataOverflowError:
        symbol = _encode(text, 0)
    size = len(symbol.matrix)
    first = _modules(symbol)
    masked = (first ^ change for change in _mask_changes(int(symbol.version)))
    best = min(masked, key=lambda modules: penalty(modules, size))
    return Code(_svg(best, size).encode(), size + 2 * _QUIET)


def penalty(modules: int, size: int) -> int:
    """Return how badly a symbol reads: ISO/IEC 18004:2015, 7.8.3.1. The lowest is the best."""
    row = size + _QUIET
    has_right, has_lower = _neighbours(size)
    total = 0
    same = []
    for step, inside in ((1, has_right), (row, has_lower)):
        alike = ~(modules ^ modules >> step) & inside
        same.append(alike)
        # Runs of five or more of one colour: 3 for five, 1 for each further module.
        fives = alike & alike >> step & alike >> 2 * step & alike >> 3 * step
        total += fives.bit_count() + 2 * (fives & ~(fives << step)).bit_count()
        # What looks like a finder pattern beside four light modules: dark light dark×3 light dark.
        dark = modules & modules >> 2 * step & modules >> 3 * step & modules >> 4 * step
        finders = dark & modules >> 6 * step & ~(modules >> step) & ~(modules >> 5 * step)
        before, after = modules << step, modules >> 7 * step
        before, after = before | before << step, after | after >> step
        crowded = (before | before << 2 * step) & (after | after >> 2 * step)
        total += 40 * (finders & ~crowded).bit_count()
    across, down = same
    total += 3 * (across & across >> row & down).bit_count()
    return total + abs(20 * modules.bit_count() - 10 * size**2) // size**2 * 10


def _encode(text: str, mask: int, version: int | None = None) -> Any:
    import segno

    scheme, mark, rest = text.rpartition("://")
    # segno accepts segments, each in its own mode; its stub knows of texts only.
    segments: Any = [(part, None) for part in (scheme + mark, rest) if part]
    return segno.make_qr(segments, error="h", boost_error=False, version=version, mask=mask)


def _modules(symbol: Any) -> int:
    rows = b"".join(bytes(_QUIET) + row[::-1] for row in reversed(symbol.matrix))
    return int(rows.translate(_BITS), 2)


@functools.cache
def _mask_changes(version: int) -> tuple[int, ...]:
    """Return the modules in which symbols of each mask differ from those of mask 0.

    They are the same for every text, and include the format bits.
    """
    symbols = [_modules(_encode("0", mask, version)) for mask in range(8)]
    return tuple(symbol ^ symbols[0] for symbol in symbols)


@functools.cache
def _neighbours(size: int) -> tuple[int, int]:
    """Return the modules with a module to their right, and those with one below them."""
    row = size + _QUIET
    firsts = sum(1 << row * y for y in range(size))
    right = firsts * ((1 << size - 1) - 1)
    lower = (firsts & ~(1 << row * (size - 1))) * ((1 << size) - 1)
    return right, lower


def _svg(modules: int, size: int) -> str:
    """Return the symbol as SVG: each run of dark modules is a line of its width."""
    width, row = size + 2 * _QUIET, size + _QUIET
    bits = f"{modules:0{row * size}b}"[::-1]
    rows = "/".join(bits[start : start + size] for start in range(0, row * size, row))
    lines = "".join(map(_steps(size).__getitem__, re.findall("1+|0+|/", rows)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{10 * width}" height="{10 * width}">'
        f'<g transform="scale(10)"><path fill="#fff" d="M0 0h{width}v{width}h-{width}z"/>'
        f'<path stroke="#000" d="M{_QUIET} {_QUIET}.5{lines}"/></g></svg>'
    )


@functools.cache
def _steps(size: int) -> dict[str, str]:
    """Return the step of an SVG path for each run of modules, and for the end of a row."""
    runs = range(1, size + 1)
    dark = {"1" * run: f"h{run}" for run in runs}
    light = {"0" * run: f"m{run} 0" for run in runs}
    return {**dark, **light, "/": f"m-{size} 1"}
