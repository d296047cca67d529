"""No bit of a pass can be changed, and nothing of one kind is read as another."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import ids
from chalicelib.core.crypto import KeyRing, Tokens
from chalicelib.core.errors import AppError
from chalicelib.identity import passes
from chalicelib.venues import codes, staffing
from tests.contract import makers
from tests.fakes.parts import NOON, FixedSecret

RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
TOKENS = Tokens(RING)
KINDS = ("session", "refresh", "cursor")
HOST = "V.TEST"
people = st.binary(min_size=10, max_size=10).map(lambda data: f"per_{ids.encode(data)}")
moments = st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda since: NOON + since)


@given(people, moments, st.integers(0), st.integers(0, 7))
def test_a_changed_bit_is_noticed(person_id: str, now: datetime, place: int, bit: int) -> None:
    """But that of a letter's case, which scanners change: it is the same pass."""
    text = passes.mint(person_id, now=now, ring=RING)
    assert passes.read(text, ring=RING).person_id == person_id
    data = bytearray(text.encode())
    data[place % len(data)] ^= 1 << bit
    changed = data.decode("latin-1")
    if changed.upper() == text:
        assert passes.read(changed, ring=RING) == passes.read(text, ring=RING)
        return
    with pytest.raises(AppError):
        passes.read(changed, ring=RING)


def token(kind: str) -> Callable[[str, datetime], str]:
    claims = {"sid": "ses_x", "ser": 1, "ven": "ven_x", "day": "2026-11-22", "at": ""}
    return lambda person_id, now: TOKENS.issue(
        kind, {"sub": person_id, **claims}, now=now, life=timedelta(hours=1)
    )


def verified(kind: str) -> Callable[[str, datetime], Any]:
    return lambda text, now: TOKENS.verify(kind, text, now=now)


def joined(text: str, _: datetime) -> str:
    if not staffing.is_join_code(text):
        raise AppError
    return text


MAKERS: dict[str, Callable[[str, datetime], str]] = {
    **{kind: token(kind) for kind in KINDS},
    "pass": lambda person_id, now: passes.mint(person_id, now=now, ring=RING),
    "join code": lambda *_: staffing.new_join_code(),
    "venue's code": lambda *_: codes.url(makers.random(), HOST),
    "person": lambda person_id, _: person_id,
}
READERS: dict[str, Callable[[str, datetime], Any]] = {
    **{kind: verified(kind) for kind in KINDS},
    "pass": lambda text, _: passes.read(text, ring=RING),
    "join code": joined,
    "venue's code": lambda text, _: codes.parse(text, HOST),
}


@given(people, moments, st.sampled_from(sorted(MAKERS)), st.sampled_from(sorted(READERS)))
def test_nothing_is_read_as_what_it_is_not(
    person_id: str, now: datetime, made: str, taken_for: str
) -> None:
    text = MAKERS[made](person_id, now)
    if made == taken_for:
        READERS[made](text, now)
        return
    with pytest.raises(AppError):
        READERS[taken_for](text, now)
