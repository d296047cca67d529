"""Tokens of a kind, sealed fields in their place, blind indexes."""

import base64
import json
import unicodedata
from datetime import timedelta
from itertools import permutations
from typing import Any

import jwt
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chalicelib.core.crypto import BlindIndex, KeyRing, Tokens, Vault, fingerprint
from chalicelib.core.errors import Unauthenticated
from tests.fakes.parts import NOON, FixedSecret, LocalDataKeys

SECRET = FixedSecret(active="2", index="1", **{"1": "a" * 64, "2": "b" * 64})
RING = KeyRing(SECRET)
TOKENS = Tokens(RING)
INDEX = BlindIndex(RING)
KINDS = ("session", "refresh", "pass", "receipt", "cursor")
PAIRS = [*permutations(KINDS, 2)]
HOUR = timedelta(hours=1)
CLAIMS: dict[str, Any] = {"sub": "per_x", "sid": "ses_x", "ser": 3}
TOKEN = TOKENS.issue("session", CLAIMS, now=NOON, life=HOUR)


def refusal(token: str, kind: str = "session", *, tokens: Tokens = TOKENS) -> str | None:
    """The code that a token is refused with, or None."""
    try:
        tokens.verify(kind, token, now=NOON)
    except Unauthenticated as error:
        return error.code
    return None


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


class TestTokens:
    """A token is of one kind, whole, in time, and under a key that is there."""

    def test_it_carries_its_claims(self) -> None:
        claims = TOKENS.verify("session", TOKEN, now=NOON)
        assert {name: claims[name] for name in CLAIMS} == CLAIMS
        assert jwt.get_unverified_header(TOKEN)["kid"] == "2"

    def test_another_implementation_reads_it(self) -> None:
        key = RING.key("token:session", "2")
        assert key is not None
        options: Any = {"verify_exp": False, "verify_iat": False}
        claims = jwt.decode(
            TOKEN, key, algorithms=["HS256"], audience="session", issuer="venuecode",
            options=options,
        )  # fmt: skip
        assert claims == TOKENS.verify("session", TOKEN, now=NOON)

    @pytest.mark.parametrize(("issued", "taken_for"), PAIRS)
    def test_one_kind_never_passes_as_another(self, issued: str, taken_for: str) -> None:
        token = TOKENS.issue(issued, CLAIMS, now=NOON, life=HOUR)
        assert refusal(token, issued) is None
        assert refusal(token, taken_for) == "token_invalid"

    @pytest.mark.parametrize(("issued", "taken_for"), PAIRS)
    def test_not_even_with_the_others_audience(self, issued: str, taken_for: str) -> None:
        """Signed with a kind's own key, a token for another audience is refused by its key."""
        key = RING.key(f"token:{issued}", "2")
        assert key is not None
        body = {**CLAIMS, "iss": "venuecode", "aud": taken_for, "iat": NOON, "exp": NOON + HOUR}
        token = jwt.encode(body, key, algorithm="HS256", headers={"kid": "2"})
        assert refusal(token, taken_for) == "token_invalid"
        assert refusal(token, issued) == "token_invalid"

    def test_every_changed_character_is_noticed(self) -> None:
        """The last one too, which holds two bits that mean nothing in base64."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~"
        for place, character in enumerate(TOKEN):
            others = alphabet if place == len(TOKEN) - 1 else "AZaz09-_.=~"
            for other in set(others) - {character}:
                changed = TOKEN[:place] + other + TOKEN[place + 1 :]
                assert refusal(changed) == "token_invalid", place

    @given(st.integers(0), st.integers(0, 7))
    def test_every_changed_bit_is_noticed(self, place: int, bit: int) -> None:
        head, body, signature = map(decoded, TOKEN.split("."))
        data = bytearray(head + body + signature)
        data[place % len(data)] ^= 1 << bit
        parts = (
            bytes(data[: len(head)]),
            bytes(data[len(head) : -len(signature)]),
            bytes(data[-len(signature) :]),
        )
        assert refusal(".".join(map(encoded, parts))) == "token_invalid"

    @pytest.mark.parametrize(
        ("after", "code"),
        [(timedelta(0), None), (HOUR - timedelta(seconds=1), None),
         (HOUR, "token_expired"), (timedelta(days=999), "token_expired")],
    )  # fmt: skip
    def test_it_expires_by_the_requests_own_clock(self, after: timedelta, code: str | None) -> None:
        if code is None:
            TOKENS.verify("session", TOKEN, now=NOON + after)
            return
        with pytest.raises(Unauthenticated, match=code):
            TOKENS.verify("session", TOKEN, now=NOON + after)

    def test_an_expired_forgery_is_invalid_not_expired(self) -> None:
        forged = TOKEN[:-10] + "A" * 10
        with pytest.raises(Unauthenticated, match="token_invalid"):
            TOKENS.verify("session", forged, now=NOON + 2 * HOUR)

    def test_roots_rotate_with_overlap(self) -> None:
        pairs = {"active": "1", "index": "1", "1": "a" * 64}
        secret = FixedSecret(**pairs)
        tokens = Tokens(KeyRing(secret))
        old = tokens.issue("session", CLAIMS, now=NOON, life=HOUR)
        secret.pairs = {**pairs, "active": "2", "2": "b" * 64}
        new = tokens.issue("session", CLAIMS, now=NOON, life=HOUR)
        assert refusal(old, tokens=tokens) is None
        assert refusal(new, tokens=tokens) is None
        del secret.pairs["1"]
        assert refusal(old, tokens=tokens) == "token_invalid"
        assert refusal(new, tokens=tokens) is None

    def test_without_its_root_nothing_is_issued(self) -> None:
        with pytest.raises(LookupError):
            Tokens(KeyRing(FixedSecret(active="7"))).issue("session", {}, now=NOON, life=HOUR)

    @pytest.mark.parametrize(
        "kid", ["3", "", "active", "index", "²", "١", "-1", "2 ", None, 2, [2]]
    )
    def test_an_unknown_key_is_refused(self, kid: object) -> None:
        head = encoded({"alg": "HS256", "typ": "JWT", "kid": kid})
        assert refusal(f"{head}.{TOKEN.split('.', 1)[1]}") == "token_invalid"

    @pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", "", None])
    def test_another_algorithm_is_refused(self, algorithm: object) -> None:
        body = TOKEN.split(".")[1]
        head = encoded({"alg": algorithm, "typ": "JWT", "kid": "2"})
        for signature in ("", TOKEN.split(".")[2]):
            assert refusal(f"{head}.{body}.{signature}") == "token_invalid"

    @pytest.mark.parametrize("missing", ["exp", "iat", "iss", "aud"])
    def test_a_claim_that_is_missing_is_noticed(self, missing: str) -> None:
        body = {**CLAIMS, "iss": "venuecode", "aud": "session", "iat": NOON, "exp": NOON + HOUR}
        key = RING.key("token:session", "2")
        assert key is not None
        whole = jwt.encode(body, key, algorithm="HS256", headers={"kid": "2"})
        assert refusal(whole) is None
        del body[missing]
        without = jwt.encode(body, key, algorithm="HS256", headers={"kid": "2"})
        assert refusal(without) == "token_invalid"

    @given(st.text() | st.lists(st.text("abcAB01-_="), max_size=5).map(".".join))
    @example(encoded({"a": 1}) + "..")
    @example(encoded(b"[" * 6000) + ".e30.AAAA")
    @example(encoded(b'{"kid":' + b"1" * 6000 + b"}") + ".e30.AAAA")
    @example("\ud800.e30.AAAA")
    @example(encoded(1) + ".e30.AAAA")
    def test_anything_else_is_refused(self, text: str) -> None:
        assert refusal(text) == "token_invalid"


class TestKeys:
    """A key is for one purpose."""

    def test_purposes_and_roots_have_keys_of_their_own(self) -> None:
        keys = [
            RING.key(purpose, key_id)
            for purpose in ("index", *(f"token:{kind}" for kind in KINDS))
            for key_id in ("1", "2")
        ]
        assert len({key for key in keys if key}) == len(keys)

    def test_a_setting_of_the_secret_is_no_root(self) -> None:
        assert RING.key("index", "active") is None
        assert RING.key("index", "3") is None


numbers = st.text("0123456789X", min_size=1, max_size=18)


class TestBlindIndex:
    """One number has one index, however it is written, and only among its kind."""

    @given(numbers)
    def test_full_width_and_small_letters_are_the_same(self, number: str) -> None:
        wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
        assert unicodedata.normalize("NFKC", wide) == number
        same = {INDEX.of("resident_id", text) for text in (number, number.lower(), wide)}
        assert len(same) == 1

    @given(numbers, numbers)
    def test_other_numbers_are_others(self, one: str, other: str) -> None:
        assume(one != other)
        assert INDEX.of("resident_id", one) != INDEX.of("resident_id", other)

    @given(numbers)
    def test_another_kind_is_another(self, number: str) -> None:
        assert INDEX.of("resident_id", number) != INDEX.of("phone", number)

    def test_it_has_128_bits_and_its_version(self) -> None:
        index = INDEX.of("phone", "+8613800000001")
        version, _, digest = index.partition(":")
        assert version == "1"  # not the active root: an index outlives rotations
        assert len(decoded(digest)) == 16
        assert "138" not in index

    def test_another_root_makes_another(self) -> None:
        moved = KeyRing(FixedSecret(**{**SECRET.pairs, "index": "2"}))
        assert BlindIndex(moved).of("phone", "1")[2:] != INDEX.of("phone", "1")[2:]

    def test_without_its_root_nothing_is_indexed(self) -> None:
        with pytest.raises(LookupError):
            BlindIndex(KeyRing(FixedSecret(index="9"))).of("phone", "1")


VAULT = Vault(LocalDataKeys())
PLACE = "per_0123456789ABCDEF/name"


class TestVault:
    """What was sealed for one place opens there, and nowhere else."""

    @given(st.text(), st.text())
    def test_it_opens_in_its_place(self, text: str, place: str) -> None:
        assume("\ud800" not in text)
        sealed = VAULT.seal(text, place, now=NOON)
        assert VAULT.open(sealed, place) == text

    @given(st.text(max_size=20), st.text(max_size=20))
    @example("per_x/name", "per_x/document")
    @example("per_x/name", "per_y/name")
    @example("a|1", "a")
    def test_it_does_not_open_in_another(self, place: str, other: str) -> None:
        assume(place != other)
        sealed = VAULT.seal("梁思齐", place, now=NOON)
        with pytest.raises(ValueError, match="another place"):
            VAULT.open(sealed, other)

    def test_every_changed_bit_is_noticed(self) -> None:
        sealed = VAULT.seal("梁思齐", PLACE, now=NOON)
        for place in range(len(sealed)):
            for bit in range(8):
                changed = bytearray(sealed)
                changed[place] ^= 1 << bit
                with pytest.raises(ValueError):  # noqa: PT011 (one of several)
                    VAULT.open(bytes(changed), PLACE)

    def test_a_cut_field_is_noticed(self) -> None:
        sealed = VAULT.seal("梁思齐", PLACE, now=NOON)
        for length in range(len(sealed)):
            with pytest.raises(ValueError):  # noqa: PT011 (one of several)
                VAULT.open(sealed[:length], PLACE)

    @given(st.binary(max_size=80))
    def test_garbage_is_noticed(self, garbage: bytes) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 (one of several)
            VAULT.open(garbage, PLACE)

    def test_the_same_text_is_never_sealed_alike(self) -> None:
        assert len({VAULT.seal("x", PLACE, now=NOON) for _ in range(100)}) == 100

    def test_nothing_of_the_text_shows(self) -> None:
        assert "梁".encode() not in VAULT.seal("梁思齐", PLACE, now=NOON)


@given(st.text(), st.text())
def test_a_body_has_one_short_digest(one: str, other: str) -> None:
    assume(one != other)
    assert len(fingerprint(one)) == 16
    assert fingerprint(one) == fingerprint(one)
    assert fingerprint(one) != fingerprint(other)
