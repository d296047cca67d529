"""The page behind the printed code, for a plain camera or the wrong app (XC-17, SD-4)."""

from html.parser import HTMLParser

import pytest

from chalicelib.core.messages import LANGUAGES
from tests.api.driver import HttpReply, World

AGENTS = {
    "iPhone camera": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
    "Android camera": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    "WeChat": "Mozilla/5.0 (Linux; Android 13; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.44 NetType/WIFI "
    "Language/zh_CN",
    "Alipay": "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/20A362 AlipayClient/10.5.20 Language/zh-Hans",
    "QQ": "Mozilla/5.0 (Linux; U; Android 10; zh-cn) AppleWebKit/537.36 QQBrowser/13.0 QQ/8.9.3",
    "an old one": "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)",
    "none": "",
}


class Page(HTMLParser):
    """What a person reads on a page, and what the page would load or run."""

    def __init__(self, reply: HttpReply) -> None:
        super().__init__()
        self.words = ""
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self._hidden = False
        self.feed(reply.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= attrs
        self._hidden = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden = self._hidden and tag != "style"

    def handle_data(self, data: str) -> None:
        self.words += "" if self._hidden else f"{data}\n"


@pytest.fixture(scope="module")
def code(lasting: World) -> str:
    return str(lasting.administrator(name="信宜市人民医院").venue["code"])


@pytest.mark.requirement("XC-17")
@pytest.mark.requirement("SD-4")
@pytest.mark.parametrize("agent", AGENTS)
def test_whatever_opens_the_code_is_told_what_to_do(lasting: World, code: str, agent: str) -> None:
    answer = lasting.call("GET", f"/V/{code}", headers={"User-Agent": AGENTS[agent]})
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    words = Page(answer).words
    for said in (
        "信宜市人民医院",
        "Xinyi City, Maoming, Guangdong",
        "WeChat",
        "Alipay",
        "No phone?",
        "free",
    ):
        assert said in words


@pytest.mark.requirement("XC-17")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_visitors_language(lasting: World, code: str, language: str) -> None:
    page = Page(lasting.call("GET", f"/V/{code}", language=language))
    assert page.attributes["lang"] == language
    said = {
        "zh-Hans": ("医疗场所", "微信", "支付宝", "没有手机", "不收取任何费用"),
        "zh-Hant": ("醫療場所", "微信", "支付寶", "沒有手機", "不收取任何費用"),
        "en": ("Medical", "WeChat", "Alipay", "No phone", "free of charge"),
    }[language]
    assert not [words for words in said if words not in page.words]


@pytest.mark.requirement("XC-17")
@pytest.mark.parametrize(
    "path",
    [
        "0" * 16,
        "X",
        "-",
        "UUUUUUUUUUUUUUUU",
        "%F0%9F%98%80",
        "%00",
        "%2E%2E%2F",
        "x" * 3000,
        "%3Cb%3E",
    ],
)
def test_a_code_that_is_none_is_told_whom_to_ask(lasting: World, path: str) -> None:
    answer = lasting.call("GET", f"/V/{path}")
    assert answer.status == 404
    page = Page(answer)
    assert "This venue code is not known" in page.words
    assert "ask the venue's staff" in page.words


@pytest.mark.requirement("XC-17")
def test_a_withdrawn_code_explains_itself(lasting: World) -> None:
    world = lasting
    administrator = world.administrator()
    code = administrator.venue["code"]
    assert world.call("GET", f"/V/{code}").status == 200
    world.revoke(code)
    answer = world.call("GET", f"/V/{code}")
    assert answer.status == 410
    words = Page(answer).words
    assert "has been withdrawn" in words
    assert "ask the venue's staff" in words
    assert administrator.venue["name"] not in words


@pytest.mark.requirement("XC-17")
def test_small_letters_lead_to_the_same_page(lasting: World, code: str) -> None:
    answer = lasting.call("GET", f"/v/{code.lower()}")
    assert answer.status == 301
    assert answer.headers["location"] == f"../V/{code}"
    # Capitals in the path and small letters in the code need no detour.
    assert lasting.call("GET", f"/V/{code.lower()}").status == 200


@pytest.mark.requirement("XC-17")
@pytest.mark.parametrize(
    "path", ["x", "%0d%0aSet-Cookie:a=b", "%E4%BF%A1%E5%AE%9C", "%2F%2Fevil", "."]
)
def test_small_letters_that_are_no_code_lead_to_a_page_too(lasting: World, path: str) -> None:
    answer = lasting.call("GET", f"/v/{path}")
    assert (answer.status, answer.headers["location"]) == (301, "../V/-")
    assert "set-cookie" not in answer.headers


@pytest.mark.requirement("XC-17")
def test_a_hostile_name_stays_a_name(lasting: World) -> None:
    name = "</h1><script>alert('&amp;')</script>\"<img src=x>"
    code = lasting.administrator(name=name).venue["code"]
    answer = lasting.call("GET", f"/V/{code}")
    page = Page(answer)
    assert name in page.words
    assert b"<script" not in answer.body
    assert b"<img" not in answer.body
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )


def test_the_page_loads_and_runs_nothing(lasting: World, code: str) -> None:
    page = Page(lasting.call("GET", f"/V/{code}"))
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(page.tags)
    assert not {"src", "action", "onclick"} & page.attributes.keys()
    assert page.attributes["charset"] == "utf-8"
    assert page.attributes["name"] == "viewport"
