"""CPU of a paper pass after the first, in one PDF of many."""

import time
from collections.abc import Callable
from datetime import date
from statistics import median

from bench.figures import Figure
from bench.stub import ROOT
from chalicelib.rendering.cards import Card, render_cards

_FONTS = ROOT / "infra/layers/render/fonts"
_ROUNDS = 12
_MANY = 200


def figure(step: Callable[[str], None]) -> Figure:
    """Measure cards. Each has its own name and code, because the engine caches what it lays out."""
    step("Cards, ten on a page")
    times = []
    for number in range(_ROUNDS + 1):
        one = _cpu([_numbered(number, 0)])
        many = _cpu([_numbered(number, card) for card in range(1, _MANY + 1)])
        times.append((many - one) / (_MANY - 1))
    del times[0]  # it reads the fonts
    return Figure(
        "card_ms",
        1000 * median(times),
        "ms",
        1.5,
        note=f"{1000 * min(times):.2f}–{1000 * max(times):.2f} ms, {_MANY} cards in a PDF",
    )


def _numbered(number: int, card: int) -> Card:
    return Card(
        pass_text=f"VP1.P.7.0123456789ABCDEF{number:06d}{card:06d}0123456789ABC",
        name=f"{chr(0x4E00 + number)}{chr(0x4E00 + card)}",
        serial=f"{number:04d}-{card:04d}-X8NE",
        issued=date(2022, 4, 24),
        expires=date(2023, 4, 23),
        region_name="示例市",
        by_family=True,
    )


def _cpu(cards: list[Card]) -> float:
    started = time.process_time()
    render_cards(cards, fonts=_FONTS, timestamp=0, progress=lambda _done: None)
    return time.process_time() - started
