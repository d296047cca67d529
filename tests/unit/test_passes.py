"""No bit of a pass can be changed, and nothing of one kind is read as another."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import ids, short_codes
from chalicelib.core.crypto import KeyRing, Tokens
from chalicelib.core.errors import AppError, Unprocessable
from chalicelib.identity import consents, devices, passes
from chalicelib.venues import codes, staffing
from tests.contract import makers
from tests.fakes.parts import NOON, FixedSecret

RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
TOKENS = Tokens(RING)
KINDS = ("session", "refresh", "cursor")
HOST = "V.TEST"
people = st.binary(min_size=10, max_size=10).map(lambda data: f"per_{ids.encode(data)}")
moments = st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda since: NOON + since)


GUARDIAN = f"per_{makers.random()}"
SERIAL = "0123456789AB"
MINTS: dict[str, Callable[[str, datetime], str]] = {
    "pass": lambda person_id, now: passes.mint(person_id, now=now, ring=RING),
    "companion": lambda person_id, now: passes.mint(
        person_id, now=now, ring=RING, guardian_id=GUARDIAN
    ),
    "paper": lambda person_id, _: passes.mint_paper(person_id, SERIAL, ring=RING),
}


@given(st.sampled_from(sorted(MINTS)), people, moments, st.integers(0), st.integers(0, 7))
def test_a_changed_bit_is_noticed(
    kind: str, person_id: str, now: datetime, place: int, bit: int
) -> None:
    """But that of a letter's case, which scanners change: it is the same pass."""
    text = MINTS[kind](person_id, now)
    assert passes.read(text, ring=RING).person_id == person_id
    data = bytearray(text.encode())
    data[place % len(data)] ^= 1 << bit
    changed = data.decode("latin-1")
    if changed.upper() == text:
        assert passes.read(changed, ring=RING) == passes.read(text, ring=RING)
        return
    with pytest.raises(AppError):
        passes.read(changed, ring=RING)


@given(people, moments)
def test_each_kind_is_read_as_it_was_made(person_id: str, now: datetime) -> None:
    read = {kind: passes.read(make(person_id, now), ring=RING) for kind, make in MINTS.items()}
    assert read["pass"] == passes.Pass(person_id, now.replace(microsecond=read_ms(now)))
    assert read["companion"] == passes.Pass(
        person_id, now.replace(microsecond=read_ms(now)), GUARDIAN
    )
    assert read["paper"] == passes.PaperPass(person_id, SERIAL)


def read_ms(now: datetime) -> int:
    return now.microsecond // 1000 * 1000


def test_a_paper_pass_fits_the_smallest_code_of_the_card() -> None:
    """QR version 4 at level H holds 50 alphanumeric characters; a key id may have two digits."""
    ring = KeyRing(FixedSecret(active="99", index="99", **{"99": "r" * 64}))
    assert len(passes.mint_paper(GUARDIAN, SERIAL, ring=ring)) <= 50


@given(st.sampled_from(sorted(MINTS)), people, moments)
def test_a_pass_of_another_deployment_is_invalid(kind: str, person_id: str, now: datetime) -> None:
    foreign = KeyRing(FixedSecret(active="1", index="1", **{"1": "s" * 64}))
    revoked = KeyRing(FixedSecret(active="2", index="2", **{"2": "r" * 64}))
    for ring in (foreign, revoked):
        with pytest.raises(Unprocessable, match="pass_invalid"):
            passes.read(MINTS[kind](person_id, now), ring=ring)


def test_each_kind_has_a_key_of_its_own() -> None:
    class Asked(KeyRing):
        purposes: ClassVar[list[str]] = []

        def key(self, purpose: str, key_id: str) -> bytes | None:
            self.purposes.append(purpose)
            return super().key(purpose, key_id)

    ring = Asked(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
    passes.mint(GUARDIAN, now=NOON, ring=ring)
    passes.mint(GUARDIAN, now=NOON, ring=ring, guardian_id=GUARDIAN)
    passes.mint_paper(GUARDIAN, SERIAL, ring=ring)
    assert len(set(Asked.purposes)) == 3


@given(st.permutations("LCP"), people, moments)
def test_the_letter_of_another_kind_does_not_make_one(
    letters: list[str], person_id: str, now: datetime
) -> None:
    for kind, letter in zip(MINTS, letters, strict=True):
        text = MINTS[kind](person_id, now)
        changed = f"VP1.{letter}{text[5:]}"
        if changed != text:
            with pytest.raises(AppError):
                passes.read(changed, ring=RING)


def token(kind: str) -> Callable[[str, datetime], str]:
    claims = {"sid": "ses_x", "ser": 1, "ven": "ven_x", "day": "2026-11-22", "at": ""}
    return lambda person_id, now: TOKENS.issue(
        kind, {"sub": person_id, **claims}, now=now, life=timedelta(hours=1)
    )


def verified(kind: str) -> Callable[[str, datetime], Any]:
    return lambda text, now: TOKENS.verify(kind, text, now=now)


def consented(text: str, _: datetime) -> str:
    if not short_codes.is_valid(text, consents.LENGTH):
        raise AppError
    return text


def joined(text: str, _: datetime) -> str:
    if not short_codes.is_valid(text, staffing.JOIN_LENGTH):
        raise AppError
    return text


def paired(text: str) -> str:
    if not short_codes.is_valid(text, devices.PAIRING_LENGTH):
        raise AppError
    return text


MAKERS: dict[str, Callable[[str, datetime], str]] = {
    **{kind: token(kind) for kind in KINDS},
    **MINTS,
    "join code": lambda *_: staffing.new_join_code(),
    "consent code": lambda *_: short_codes.new(consents.LENGTH),
    "venue's code": lambda *_: codes.url(makers.random(), HOST),
    "person": lambda person_id, _: person_id,
    "pairing code": lambda *_: short_codes.new(devices.PAIRING_LENGTH),
    "kiosk credential": lambda person_id, _: devices.credential(
        f"kio_{person_id.removeprefix('per_')}", makers.random() * 2
    ),
}


def read_as(kind: str) -> Callable[[str, datetime], Any]:
    def read(text: str, _: datetime) -> Any:
        found = passes.read(text, ring=RING)
        if isinstance(found, passes.PaperPass):
            is_it = kind == "paper"
        else:
            is_it = kind == ("companion" if found.guardian_id else "pass")
        if not is_it:
            raise AppError
        return found

    return read


READERS: dict[str, Callable[[str, datetime], Any]] = {
    **{kind: verified(kind) for kind in KINDS},
    **{kind: read_as(kind) for kind in MINTS},
    "join code": joined,
    "consent code": consented,
    "venue's code": lambda text, _: codes.parse(text, HOST),
    "pairing code": lambda text, _: paired(text),
    "kiosk credential": lambda text, _: devices.read_credential(text),
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
