"""CPU of a poster, relative to typst compiling the same page with its code ready."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from statistics import median

import typst

from bench.figures import Figure
from bench.stub import ROOT
from chalicelib.rendering import posters, qr

_FONTS = ROOT / "infra/layers/render/fonts"
_TEMPLATES = ROOT / "chalicelib/rendering/templates"
_ROUNDS = 60
_POSTER = posters.Poster(
    code_url="https://V.EXAMPLE.COM/V/0000000000000000",
    venue_name="信宜市第一人民医院",
    venue_type="医院",
    region_name="广东省茂名市信宜市",
    checkpoint="",
    serial="0000000000000000",
    demo=False,
    band="#1e6fd9",
    channels=("微信", "支付宝"),
    channels_english="WeChat or Alipay",
    paper_passes=True,
)


def figure(step: Callable[[str], None]) -> Figure:
    """Measure posters.

    Each has its own name and code, because the engine caches pages.
    """
    step("Posters and bare pages, in turn")
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FONTS]
    )
    compiler = typst.Compiler(_TEMPLATES / "poster.typ", root=_TEMPLATES, font_paths=fonts)

    def bare(data: str) -> bytes:
        page = compiler.compile(
            format="pdf", sys_inputs={"data": data}, pdf_standards=["a-2u"], timestamp=0
        )
        if not isinstance(page, bytes):
            raise TypeError("a poster is one page")
        return page

    pairs = []
    for number in range(_ROUNDS + 2):
        ours, theirs = _numbered(2 * number), _numbered(2 * number + 1)
        code = qr.draw(theirs.code_url, 5)
        extra = {"code_svg": code.svg.decode(), "code_dots": 45 * 29, "dpi": 300, "scale": 1}
        data = json.dumps(asdict(theirs) | extra)
        poster = _cpu(partial(posters.render, ours, "a4_pdf", fonts=_FONTS, timestamp=0))
        page = _cpu(partial(bare, data))
        pairs.append((poster, page))
    pairs = pairs[2:]  # the first ones read the fonts
    middle = [f"{1000 * median(times):.1f}" for times in zip(*pairs, strict=True)]
    return Figure(
        "poster_pdf_ms_ratio",
        median(poster / page for poster, page in pairs),
        "",
        1.5,
        note=f"{' / '.join(middle)} ms",
    )


def _numbered(number: int) -> posters.Poster:
    code = f"{number:016d}"
    return replace(
        _POSTER,
        venue_name=f"{_POSTER.venue_name} {number}",
        code_url=f"https://V.EXAMPLE.COM/V/{code}",
        serial=code,
    )


def _cpu(work: Callable[[], bytes]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
