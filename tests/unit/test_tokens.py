"""Tokens are JWTs as others read and write them, and nothing but our own is accepted."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.crypto import KeyRing, Tokens
from chalicelib.core.errors import Unauthenticated
from tests.fakes.parts import NOON, FixedSecret

ROOTS = FixedSecret(active="2", index="1", **{"1": "a" * 64, "2": "b" * 64})
LIFE = timedelta(hours=2)
CLAIMS = {"sub": "per_0000000000000001", "sid": "ses_0000000000000001"}
RING = KeyRing(ROOTS)
TOKENS = Tokens(RING)
TOKEN = TOKENS.issue("session", CLAIMS, now=NOON, life=LIFE)


def key(kind: str = "session", key_id: str = "2") -> bytes:
    found = RING.key(f"token:{kind}", key_id)
    assert found is not None
    return found


def made(claims: Any = None, *, secret: bytes | None = None, **header: Any) -> str:
    """A token that PyJWT makes; by default one that is accepted."""
    exp = NOON + LIFE
    body = {**CLAIMS, "iss": "venuecode", "aud": "session", "iat": NOON, "exp": exp}
    return jwt.encode(
        body | (claims or {}), secret or key(), algorithm="HS256", headers={"kid": "2"} | header
    )


def refusal(token: str, kind: str = "session") -> str:
    with pytest.raises(Unauthenticated) as refused:
        TOKENS.verify(kind, token, now=NOON)
    return refused.value.code


def test_another_implementation_reads_ours() -> None:
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        TOKEN, key(), algorithms=["HS256"], audience="session", issuer="venuecode", options=options
    )
    assert claims.items() >= CLAIMS.items()
    assert claims["exp"] - claims["iat"] == LIFE.total_seconds()
    assert jwt.get_unverified_header(TOKEN) == {"alg": "HS256", "kid": "2", "typ": "JWT"}


def test_we_read_what_another_implementation_wrote() -> None:
    assert TOKENS.verify("session", made(), now=NOON).items() >= CLAIMS.items()


def test_an_older_root_still_counts_and_an_unknown_one_does_not() -> None:
    assert TOKENS.verify("session", made(secret=key(key_id="1"), kid="1"), now=NOON)
    assert refusal(made(secret=key(key_id="1"), kid="2")) == "token_invalid"
    assert refusal(made(kid="3")) == "token_invalid"
    assert refusal(made(kid="active")) == "token_invalid"


def test_it_lives_until_it_expires() -> None:
    assert TOKENS.verify("session", TOKEN, now=NOON + LIFE - timedelta(seconds=1))
    with pytest.raises(Unauthenticated) as refused:
        TOKENS.verify("session", TOKEN, now=NOON + LIFE)
    assert refused.value.code == "token_expired"


def test_a_kind_is_not_another() -> None:
    assert refusal(TOKEN, "refresh") == "token_invalid"
    assert refusal(made({"aud": "refresh"})) == "token_invalid"
    assert refusal(made({"aud": ["session", "refresh"]})) == "token_invalid"
    assert refusal(made({"iss": "someone"})) == "token_invalid"


def test_the_header_does_not_choose_the_algorithm() -> None:
    unsigned = jwt.encode(
        {**CLAIMS, "iss": "venuecode", "aud": "session", "exp": NOON + LIFE}, "", algorithm="none",
        headers={"kid": "2"},
    )  # fmt: skip
    assert refusal(unsigned) == "token_invalid"
    assert refusal(f"{TOKEN.rpartition('.')[0]}.") == "token_invalid"
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "2"}).encode()).decode()
    assert refusal(f"{head.rstrip('=')}.{TOKEN.split('.')[1]}.") == "token_invalid"


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", f"{TOKEN}.x", f" {TOKEN}", f"{TOKEN}=", "é.é.é", "\ud800.a.b"],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refusal(token) == "token_invalid"


@pytest.mark.parametrize("exp", ["soon", None, [], {}])
def test_a_token_that_does_not_say_when_it_ends_is_refused(exp: Any) -> None:
    body = {**CLAIMS, "iss": "venuecode", "aud": "session", "exp": exp}
    signed = jwt.api_jws.encode(json.dumps(body).encode(), key(), headers={"kid": "2"})
    assert refusal(signed) == "token_invalid"


@given(place=st.integers(0, len(TOKEN) - 1), bit=st.integers(0, 6))
def test_no_flipped_bit_verifies(place: int, bit: int) -> None:
    altered = TOKEN[:place] + chr(ord(TOKEN[place]) ^ 1 << bit) + TOKEN[place + 1 :]
    assert refusal(altered) == "token_invalid"


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert refusal(text) == "token_invalid"
