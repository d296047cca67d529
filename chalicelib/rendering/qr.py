"""QR codes: error level Q or better, four modules of quiet zone, no logo."""

import io
from typing import NamedTuple


class Code(NamedTuple):
    """A code as an SVG document, and its width in modules with the quiet zone."""

    svg: bytes
    modules: int


def draw(url: str) -> Code:
    """Return the code of `url`: a white background, all dark modules in one path.

    Capitals keep `url` in alphanumeric mode, which makes the modules larger. Raises ValueError if
    `url` is too long for a code.
    """
    import segno

    symbol = segno.make_qr(url, error="q", boost_error=True)
    out = io.BytesIO()
    symbol.save(out, kind="svg", border=4, scale=10, light="#fff", nl=False)
    return Code(svg=out.getvalue(), modules=int(symbol.symbol_size(border=4)[0]))
