"""Whatever a scanner hands over: the code in it, or a refusal; never anything else."""

import contextlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core.errors import BadInput
from chalicelib.core.ids import ALPHABET
from chalicelib.venues.codes import MAX_PAYLOAD, parse, url

HOST = "V.LOCALHOST"
codes = st.text(ALPHABET, min_size=16, max_size=16)


def full(text: str) -> str:
    return quote(text, safe="")


def query(inner: str) -> str:
    return f"qrCode={full(inner)}"


DIRECT: dict[str, Callable[[str], str]] = {
    "as printed": lambda code: url(code, HOST),
    "typed": lambda code: url(code, HOST).lower(),
    "http": lambda code: f"http://{HOST}/v/{code}",
    "bare": lambda code: code,
    "with what an app has hung on it": lambda code: f"{url(code, HOST)}?from=timeline#wechat",
    "with a slash": lambda code: f"https://{HOST}:443/V/{code}/",
    "without the host": lambda code: f"/V/{code}",
    "as a scene may be": lambda code: f"v/{code}",
    "in small letters": str.lower,
}
WRAPPED: dict[str, Callable[[str], str]] = {
    "as it is": lambda inner: inner,
    "percent-encoded": full,
    "q": lambda inner: f"q={full(inner)}",
    "WeChat's plain link": lambda inner: f"pages/scan?q={full(inner)}&scancode_time=1650000000",
    "Alipay's launch": lambda inner: (
        f"alipays://platformapi/startapp?appId=20&qrCode={full(inner)}"
    ),
    "q, encoded twice": lambda inner: f"q={full(full(inner))}",
    "qrCode": lambda inner: f"qrCode={full(inner)}",
    "in other letters": lambda inner: f"?QRCODE={full(inner)}",
    "behind another parameter of that name": lambda inner: f"q=&q=x&q={full(inner)}",
    "Alipay's launch with a query": lambda inner: (
        f"alipays://platformapi/startapp?appId=20&page=pages%2Fscan&query={full(query(inner))}"
    ),
    "Alipay's launch with a page": lambda inner: (
        f"alipays://platformapi/startapp?appId=20&page={full('pages/scan?' + query(inner))}"
    ),
    "Alipay's own address": lambda inner: (
        "https://ds.alipay.com/?scheme="
        + full(f"alipays://platformapi/startapp?appId=20&query={full(query(inner))}")
    ),
    "WeChat's scheme": lambda inner: f"weixin://dl/business/?appid=wx&query={full(query(inner))}",
    "a launch path": lambda inner: f"path={full('pages/scan?scene=' + full(inner))}",
    "the whole query encoded": lambda inner: full(query(inner)),
    "a scene": lambda inner: f"scene={full(inner)}",
    "a path with a scene": lambda inner: f"/pages/index/index?scene={full(inner)}#top",
}


@pytest.mark.parametrize("direct", DIRECT.values(), ids=DIRECT)
@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
@given(code=codes)
def test_the_code_is_found(
    wrap: Callable[[str], str], direct: Callable[[str], str], code: str
) -> None:
    assert parse(wrap(direct(code)), HOST) == code


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapping_in_a_wrapping_is_opened(wrap: Callable[[str], str]) -> None:
    inner = f"q={full(url('0123456789ABCDEF', HOST))}"
    assert parse(wrap(inner), HOST) == "0123456789ABCDEF"


@pytest.mark.parametrize("payload", ["  0123456789ABCDEF\n", "q=0123456789ABCDEF\r\n"])
def test_what_a_scanner_adds_at_the_ends_is_forgiven(payload: str) -> None:
    assert parse(payload, HOST) == "0123456789ABCDEF"


def test_misread_letters_are_forgiven() -> None:
    assert parse("oiLo456789ABCDEF", HOST) == "0110456789ABCDEF"


def test_the_printed_text_stays_alphanumeric_after_its_scheme() -> None:
    alphanumeric = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    scheme, mark, rest = url(ALPHABET[:16], HOST).partition("://")
    assert (scheme, mark) == ("https", "://")
    assert set(rest) <= alphanumeric


def refused(payload: str) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        parse(payload, HOST)
    return [(fault.pointer, fault.code) for fault in caught.value.fields]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        " ",
        "0123456789ABCDE",
        "0123456789ABCDEF0",
        "0123456789ABCDEU",
        f"HTTPS://{HOST}/V/",
        f"HTTPS://{HOST}/W/0123456789ABCDEF",
        f"HTTPS://{HOST}.EVIL/V/0123456789ABCDEF",
        f"HTTPS://{HOST}@EVIL/V/0123456789ABCDEF",
        f"HTTPS://EVIL/HTTPS://{HOST}/V/0123456789ABCDEF",
        "HTTPS://VXLOCALHOST/V/0123456789ABCDEF",
        f"ftp://{HOST}/V/0123456789ABCDEF",
        "https://other.example/V/0123456789ABCDEF",
        "https://other.example/?x=1&qrCode=0123456789ABCDEF",
        f"https://other.example/?q=HTTPS://{HOST}/V/0123456789ABCDEF",
        full(f"https://other.example/?q=HTTPS://{HOST}/V/0123456789ABCDEF"),
        "q=" + full(f"//other.example/?q=HTTPS://{HOST}/V/0123456789ABCDEF"),
        "https://alipay.com.other.example/?q=0123456789ABCDEF",
        "https://other.example/alipay.com/?q=0123456789ABCDEF",
        "https://notalipay.com/?q=0123456789ABCDEF",
        "https://alipay.com@other.example/?q=0123456789ABCDEF",
        "https:other.example?q=0123456789ABCDEF",
        f"HTTPS://{HOST}V/0123456789ABCDEF",
        f"HTTPS://{HOST}:8443/V/0123456789ABCDEF",
        f"HTTPS://{HOST}/V/0123456789ABCDEF/x",
        f"{HOST}/V/0123456789ABCDEF",
        "x=0123456789ABCDEF",
        "appid=20&0123456789ABCDEF",
        "q=" * 7 + "x",
        "q=",
        "scene=" * 300,
        "%" * 2000,
        "http://[?q=x",
        "//[::?q=x",
        "http://\u2100/?q=x",
        "\x00",
        "\ud800",
        "?" * 2048,
    ],
)
def test_what_is_none_of_ours_is_refused(payload: str) -> None:
    assert refused(payload) == [("/code", "payload")]


def test_what_is_too_long_is_refused_as_such() -> None:
    assert refused("x" * (MAX_PAYLOAD + 1)) == [("/code", "too_long")]


pieces = st.sampled_from(
    ["http://", "[", "]", "//", "?", "&", "=", "#", "%", "%2", "%EF%BC%8F", "q", "scene", "qrCode",
     "\u2100", "\x00", ";", "@", ":", HOST, "/V/", "0123456789ABCDEF", " ", "\r\n", "é", "\ud800"]
)  # fmt: skip


@given(
    st.text() | st.lists(pieces, max_size=12).map("".join), st.sampled_from(["", HOST, "[", "("])
)
@example("q=%FF%FE", HOST)
def test_nothing_else_ever_comes_of_it(payload: str, host: str) -> None:
    with contextlib.suppress(BadInput):
        found = parse(payload, host)
        assert len(found) == 16
        assert set(found) <= set(ALPHABET)
