"""Odd characters in every field of passes, kiosks and pairing: a clear 4xx, never a fault."""

import json
from typing import Any

import pytest

from tests import support
from tests.api.driver import Person, World
from tests.api.test_paper_passes import OWN, scan

ODD = [
    "\ud800", "\x00", "\ue863", "\u2028", "\x1b", "\U000f0000", "\ufffe", "ſ", "ı", "ß", "ﬃ", "٣",
    "Ⅷ", "😀", "A" * 5000, "\u0301", "..", "../x", "%00", "'", '"', "{0}", "{code}", "＃",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:12])
def test_odd_texts_are_refused(world: World, visitor: Person, guard: Person, odd: str) -> None:
    kiosk, serial = world.kiosk(), "7RHY-G5G0-75CM"
    entry = kiosk.entry("李秀英", support.resident_id(700))
    tries: list[tuple[Any, str, dict[str, Any]]] = [
        (visitor, f"{OWN}/pass/paper", {"replaces": odd}),
        (visitor, f"{OWN}/pass/paper", {"replaces": serial + odd}),
        (visitor, f"{OWN}/pass/paper/revoke", {"serial": odd + serial}),
        (visitor, f"{OWN}/pass/paper/files", {"form": odd}),
        (kiosk, "/v1/kiosks/cards", entry | {"document_number": odd}),
        (kiosk, "/v1/kiosks/cards", entry | {"document_type": odd}),
        (kiosk, "/v1/kiosks/pair", {"pairing_code": odd}),
        (kiosk, "/v1/kiosks/pair", {"pairing_code": "23456789AB" + odd}),
    ]
    before = world.items()
    for who, path, body in tries:
        reply = who.post(path, json.loads(json.dumps(body)))
        assert reply.status == 400, (path, body, reply.status)
        assert len(reply.faults) == 1
    for code in (odd, f"VP1.P.1.{odd}", f"VP1.L.{odd}.a.b.c", f"VP1.{odd}.1.a.b", "VP1.C.1.a.b.c"):
        assert scan(guard, code).status in (400, 422)
    assert len(world.items()) == len(before)
