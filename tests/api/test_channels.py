"""What a region's posters and landing pages say to scan with (SD-3, SD-4, JN-10, XC-17)."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from chalicelib.admission.policy import Policy
from chalicelib.core.messages import LANGUAGES
from tests.api.driver import CODE_FILES, HttpReply, Person, World
from tests.api.test_landing import AGENTS, Page
from tests.pictures import decoded, pdf_image, pdf_text

WECHAT = "weixin://dl/business/?appid=wx4e1ba651bbe36d01&path=pages/scan&query=code%3D{code}"
ALIPAY = "alipays://platformapi/startapp?appId=2021001122334455&query=qrCode%3D{code}"
BROWSER = "https://app.example.com/visit?code={code}"
CHANNELS: list[dict[str, str]] = [
    {"kind": "wechat", "name": "粤康码", "link": WECHAT},
    {"kind": "wechat", "name": "信宜通"},
    {"kind": "alipay", "name": "粤康码", "link": ALIPAY},
    {"kind": "app", "name": "粤省事", "link": "https://app.example.com/get"},
    {"kind": "browser", "link": BROWSER},
]


class Links(HTMLParser):
    """The addresses that a page leads to."""

    def __init__(self, reply: HttpReply) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(reply.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [str(value) for name, value in attrs if name == "href"]


def page(world: World, code: str, agent: str = "none", language: str = "en") -> HttpReply:
    headers = {"User-Agent": AGENTS[agent]}
    return world.call("GET", f"/V/{code}", headers=headers, language=language)


def drawn(administrator: Person, **wanted: str) -> bytes:
    """Return the file of a poster that has been asked for and drawn."""
    path = f"/v1/venues/{administrator.venue['venue_id']}/posters"
    asked = administrator.post(path, wanted).json
    administrator.world.work()
    ready: Any = administrator.get(f"{path}/{asked['poster_id']}").expect(200)
    assert ready["code"] == wanted.get("code", "venue")
    return requests.get(ready["url"], timeout=5).content


@pytest.fixture
def administrator(world: World) -> Person:
    world.set_policy("4409", {"channels": CHANNELS, "paper_pass": "live_only"})
    return world.administrator()


# The landing page


@pytest.mark.requirement("SD-3", "SD-4")
def test_the_landing_page_names_the_regions_channels_and_links_to_them(
    administrator: Person,
) -> None:
    code = administrator.venue["code"]
    answer = page(administrator.world, code, "Android camera")
    words = Page(answer).words
    for said in ("粤康码", "信宜通", "粤省事", "WeChat", "Alipay", "Browser of your phone"):
        assert said in words
    assert Links(answer).found == [
        WECHAT.replace("{code}", code),
        ALIPAY.replace("{code}", code),
        "https://app.example.com/get",
        BROWSER.replace("{code}", code),
    ]
    # Whatever a link hands to the client is a code that a scan takes.
    for link in Links(answer).found:
        if code in link:
            launched = unquote(link).rpartition("=")[2]
            assert administrator.scan_code(launched).expect(201)


@pytest.mark.requirement("XC-17")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("agent", "here", "elsewhere"), [("WeChat", "wechat", "alipay"), ("Alipay", "alipay", "wechat")]
)
def test_inside_wechat_or_alipay_the_page_says_what_to_tap(
    administrator: Person, agent: str, here: str, elsewhere: str, language: str
) -> None:
    answer = page(administrator.world, administrator.venue["code"], agent, language)
    words = Page(answer).words
    said = {
        "wechat": {
            "zh-Hans": "您正在使用微信",
            "zh-Hant": "您正在使用微信",
            "en": "You are in WeChat",
        },
        "alipay": {
            "zh-Hans": "您正在使用支付宝",
            "zh-Hant": "您正在使用支付寶",
            "en": "You are in Alipay",
        },
    }
    assert said[here][language] in words
    assert said[elsewhere][language] not in words
    # The channel of the open app comes first, with the mini-program's name.
    first = answer.body.decode().partition("<li")[2].partition("</li>")[0]
    assert said[here][language] in first
    assert "粤康码" in first


@pytest.mark.requirement("XC-17")
def test_a_link_is_shown_where_it_opens_something(administrator: Person) -> None:
    code = administrator.venue["code"]
    schemes = {
        agent: [
            link.partition(":")[0] for link in Links(page(administrator.world, code, agent)).found
        ]
        for agent in ("WeChat", "Alipay", "iPhone camera")
    }
    assert schemes == {
        "WeChat": ["https"],
        "Alipay": ["alipays", "https"],
        "iPhone camera": ["weixin", "alipays", "https", "https"],
    }


@pytest.mark.requirement("XC-17")
def test_inside_an_app_without_a_mini_program_the_page_says_to_leave(world: World) -> None:
    world.set_policy("4409", {"channels": [{"kind": "alipay", "name": "粤康码"}]})
    code = world.administrator().venue["code"]
    assert "Please leave WeChat and use:" in Page(page(world, code, "WeChat")).words
    assert "leave" not in Page(page(world, code, "Alipay")).words
    assert "WeChat" not in Page(page(world, code)).words


@pytest.mark.requirement("XC-17")
def test_without_any_channel_the_page_leads_to_the_staff(world: World) -> None:
    world.set_policy("*", {"channels": []})
    words = Page(page(world, world.administrator().venue["code"])).words
    assert "Please show this page to the staff" in words
    assert "WeChat" not in words
    assert "Alipay" not in words


def test_until_a_region_says_otherwise_its_channels_are_the_connected_platforms(
    world: World,
) -> None:
    words = Page(page(world, world.administrator().venue["code"])).words
    assert "In WeChat, open the health code mini-program" in words
    assert "In Alipay, open the health code mini-program" in words
    assert "Browser" not in words


def test_a_channels_name_and_link_stay_texts(world: World) -> None:
    link = "https://app.example.com/?a='x'&b={code}"
    world.set_policy("*", {"channels": [{"kind": "browser", "link": link}]})
    code = world.administrator().venue["code"]
    answer = page(world, code)
    assert Links(answer).found == [link.replace("{code}", code)]
    assert b"'x'" not in answer.body


# The verification files


@pytest.mark.requirement("SD-4")
@pytest.mark.parametrize("folder", ["/V", "/v", ""])
def test_verification_files_of_wechat_and_alipay_are_served(lasting: World, folder: str) -> None:
    for entry in CODE_FILES.split():
        name, _, contents = entry.partition("=")
        answer = lasting.call("GET", f"{folder}/{name}")
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/plain"
        assert answer.body.decode() == contents
    assert lasting.call("GET", "/V/other.txt").status == 404
    lasting.call("GET", "/other.txt").expect(404, "not_found")


# Posters


@pytest.mark.requirement("JN-10", "SD-3")
def test_a_poster_names_what_exists_in_its_region(administrator: Person) -> None:
    text = pdf_text(drawn(administrator, form="a4_pdf"))
    for said in ("微信“粤康码”", "微信“信宜通”", "支付宝“粤康码”", "“粤省事”App", "手机浏览器"):
        assert said in text
    assert "纸质通行码" not in text
    # A region that changes its channels gets other posters.
    administrator.world.set_policy("4409", {"channels": [{"kind": "alipay"}]}, version=2)
    text = pdf_text(drawn(administrator, form="a4_pdf"))
    assert "支付宝" in text
    assert "纸质通行码" in text
    for absent in ("微信", "粤康码", "浏览器", "App"):
        assert absent not in text


@pytest.mark.requirement("YK-23")
@pytest.mark.parametrize("form", ["a4_pdf", "a5_pdf", "sticker_pdf"])
def test_the_fast_code_has_a_poster(administrator: Person, form: str) -> None:
    file = drawn(administrator, code="fast", form=form)
    fast = administrator.post(f"/v1/venues/{administrator.venue['venue_id']}/fast-code").expect(200)
    assert decoded(pdf_image(file)) == fast["code_url"]
    assert "体温正常" in pdf_text(file)
    visitor = administrator.world.visitor()
    screen = visitor.scan_code(decoded(pdf_image(file))).expect(201)
    assert screen["temperature"] == "normal"


@pytest.mark.requirement("YK-15", "YK-18")
@pytest.mark.parametrize("form", ["a4_pdf", "a5_pdf", "sticker_pdf"])
def test_the_join_code_has_a_poster_that_says_it_is_for_staff(
    administrator: Person, form: str
) -> None:
    world = administrator.world
    file = drawn(administrator, code="join", form=form)
    path = f"/v1/venues/{administrator.venue['venue_id']}/join-code"
    code = administrator.get(path).expect(200)["join_code"]
    assert "工作人员" in pdf_text(file)
    assert "-".join((code[:3], code[3:6], code[6:])) in pdf_text(file)
    scanned = decoded(pdf_image(file))
    guard = world.visitor()
    bound = guard.post("/v1/bindings", {"join_code": scanned}).expect(201)
    assert bound["venue_id"] == administrator.venue["venue_id"]
    # A visitor who scans it is at no venue, and a camera reads for whom it is.
    world.visitor().scan_code(scanned).expect(400, "invalid_input")


@pytest.mark.requirement("YK-18")
@pytest.mark.parametrize(
    "scanned",
    [
        "https://v.test/V/J-{code}",
        "HTTPS://V.TEST/V/J-{code}",
        "https://v.test/v/j-{code}",
        "https%3A%2F%2Fv.test%2FV%2FJ-{code}",
        "q=https%253A%252F%252Fv.test%252FV%252FJ-{code}",
        "pages/join?q=https%3A%2F%2Fv.test%2FV%2FJ-{code}",
        "{code}",
    ],
)
def test_a_join_code_is_taken_as_scanners_hand_it_over(world: World, scanned: str) -> None:
    administrator = world.administrator()
    path = f"/v1/venues/{administrator.venue['venue_id']}/join-code"
    code = administrator.get(path).expect(200)["join_code"]
    guard = world.visitor()
    given = scanned.format(code=code)
    guard.post("/v1/bindings", {"join_code": given}).expect(201)


@pytest.mark.requirement("XC-17")
def test_a_camera_that_reads_a_join_code_is_told_that_it_is_for_staff(lasting: World) -> None:
    for code in ("J-23456789N", "j-23456789n", "J-ZZZZZZZZZ"):
        answer = lasting.call("GET", f"/V/{code}")
        assert answer.status == 200
        words = Page(answer).words
        assert "for the venue's staff" in words
        assert "Visitors: please scan the poster at the entrance" in words
    assert lasting.call("GET", "/v/j-23456789n").headers["location"] == "../V/J-23456789N"


@pytest.mark.parametrize(
    "channels",
    [
        {},
        "wechat",
        [{"kind": "qq"}],
        [{"name": "粤康码"}],
        [{"kind": "app"}],
        [{"kind": "wechat", "name": "<b>"}],
        [{"kind": "wechat", "name": 7}],
        [{"kind": "wechat", "link": "javascript:alert(1)"}],
        [{"kind": "alipay", "link": WECHAT}],
        [{"kind": "browser", "link": 'https://x.example/"onclick'}],
        [{"kind": "browser", "links": "https://x.example/"}],
        [{"kind": "browser", "link": "https://"}],
        [{"kind": "browser", "link": "https:///visit?code={code}"}],
        [{"kind": "app", "name": "粤康码", "link": "https://?code={code}"}],
        [{"kind": "wechat", "link": "https://{code}"}],
        [{"kind": "wechat", "link": "https://{code}.example/"}],
        [{"kind": "alipay", "link": "https://app.example.com@other.example/"}],
        [{"kind": "alipay", "link": "https://.example/"}],
        [{"kind": "wechat"}] * 7,
    ],
)
def test_channels_that_cannot_be_shown_are_refused(channels: object) -> None:
    with pytest.raises(ValueError, match="channels"):
        Policy.from_rules("*.1", {"channels": channels})


def test_channels_are_written_as_they_were_read() -> None:
    assert Policy.from_rules("*.1", {"channels": CHANNELS}).as_rules()["channels"] == CHANNELS
    assert Policy().as_rules()["channels"] is None
