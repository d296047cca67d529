"""The code itself: QR, error level Q or better, four modules of quiet zone, nothing inside it."""

import io
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A code as an SVG document, and how many modules it measures, quiet zone included."""

    svg: bytes
    modules: int


def draw(url: str) -> Code:
    """The code of `url`: white ground, all dark modules in one path.

    A `url` in capitals keeps it in alphanumeric mode, hence its modules large.
    Raises ValueError when `url` is longer than any code holds.
    """
    import segno

    symbol = segno.make_qr(url, error="q", boost_error=True)
    out = io.BytesIO()
    symbol.save(out, kind="svg", border=4, scale=10, light="#fff", nl=False)
    return Code(svg=out.getvalue(), modules=int(symbol.symbol_size(border=4)[0]))
