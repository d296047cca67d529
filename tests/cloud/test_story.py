"""From a venue's code to a counted scan, through the deployed application."""

import io
from urllib.parse import parse_qs, quote, urlsplit

import pypdfium2
import pytest
import typst
import zxingcpp
from PIL import Image

from infra.local.client import Reply, now_ms, uuid7, wait_for
from tests.cloud.conftest import PATIENT
from tests.cloud.driver import Deployed, Visitor, texts

pytestmark = pytest.mark.cloud
FORMS = {"a4_pdf": "application/pdf", "a4_png": "image/png", "qr_svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def administrator(deployed: Deployed) -> Visitor:
    """Somebody with a venue."""
    return deployed.verified().issue(**PATIENT)


@pytest.fixture(scope="module")
def posters(administrator: Visitor) -> dict[str, Reply]:
    """The venue's poster in each form, downloaded from S3 by its link."""
    links = {form: poster_link(administrator, form) for form in FORMS}
    return {form: administrator.world.fetch("GET", link) for form, link in links.items()}


def poster_link(administrator: Visitor, form: str) -> str:
    """The link to a poster; asks for it and waits until it is drawn."""
    path = f"/v1/venues/{administrator.venue['venue_id']}/posters"
    asked = administrator.post(path, {"form": form}).json
    ready = wait_for(
        lambda: administrator.get(f"{path}/{asked['poster_id']}").expect(200),
        lambda seen: seen["status"] != "pending",
    )
    assert ready["status"] == "ready"
    return str(ready["url"])


def read_code(form: str, file: bytes) -> str:
    """What a scanner reads off a poster."""
    match form:
        case "a4_pdf":
            image = pypdfium2.PdfDocument(file)[0].render(scale=200 / 72).to_pil()
        case "a4_png":
            image = Image.open(io.BytesIO(file))
        case _:
            page = "#set page(width: auto, height: auto)\n#image(bytes(sys.inputs.svg))"
            drawn = typst.compile(page.encode(), format="png", sys_inputs={"svg": file.decode()})
            image = Image.open(io.BytesIO(drawn))
    (found,) = zxingcpp.read_barcodes(image)
    return str(found.text)


class TestPeople:
    """Logging in and registering."""

    @pytest.mark.requirement("JN-16")
    def test_a_phone_number_is_proved_by_a_text_message(self, deployed: Deployed) -> None:
        visitor = deployed.visitor()
        assert visitor.get("/v1/me").expect(200)["person_id"] == visitor.person_id
        # A code works once. The retry of a lost answer gets the same session, for 30 seconds.
        session = visitor.enter_code(visitor.text_code()).expect(201)
        assert session["person_id"] == visitor.person_id
        visitor.enter_code("000000").expect(401, "otp_invalid")

    @pytest.mark.requirement("JN-17")
    @pytest.mark.requirement("JN-18")
    def test_one_may_scan_while_the_identity_provider_is_asked(
        self, deployed: Deployed, administrator: Visitor
    ) -> None:
        visitor = deployed.visitor(quirks="identity:pending_first", latency_ms=1500)
        visitor.scan_code(administrator.venue["code_url"]).expect(403, "registration_required")
        accepted = visitor.register().expect(202)
        assert accepted["registration"]["verification"] == "pending"
        visitor.scan_code(administrator.venue["code_url"]).expect(201)
        assert visitor.verification() == "verified"

    @pytest.mark.requirement("JN-19")
    @pytest.mark.requirement("JN-20")
    def test_whoever_is_rejected_may_not_scan_until_a_correction_is_approved(
        self, deployed: Deployed, administrator: Visitor
    ) -> None:
        visitor = deployed.visitor()
        visitor.register(name="令狐误写").expect(202)
        assert visitor.verification() == "rejected"
        rejected = visitor.registration()
        assert rejected["reason"] == "mismatch"
        visitor.scan_code(administrator.venue["code_url"]).expect(403, "registration_rejected")
        visitor.register(version=rejected["version"]).expect(202)
        assert visitor.verification() == "verified"
        visitor.scan_code(administrator.venue["code_url"]).expect(201)


class TestPosters:
    """What is printed."""

    @pytest.mark.requirement("JN-5", "SD-7")
    @pytest.mark.requirement("XC-4")
    @pytest.mark.requirement("SD-4")
    @pytest.mark.parametrize("form", FORMS)
    def test_the_code_on_the_downloaded_poster_is_the_venues(
        self, administrator: Visitor, posters: dict[str, Reply], form: str
    ) -> None:
        poster = posters[form]
        assert (poster.status, poster.headers["Content-Type"]) == (200, FORMS[form])
        code_url = administrator.venue["code_url"]
        assert read_code(form, poster.body) == code_url
        assert code_url == f"https://V.LOCALHOST/V/{administrator.venue['code']}"

    @pytest.mark.requirement("JN-10")
    def test_the_poster_says_what_to_do(
        self, administrator: Visitor, posters: dict[str, Reply]
    ) -> None:
        page = pypdfium2.PdfDocument(posters["a4_pdf"].body)[0].get_textpage().get_text_range()
        said = "".join(page.split())
        for words in (
            "进门请扫码登记",
            "微信",
            "支付宝",
            "没有手机？请出示身份证",
            "演示",
            "".join(administrator.venue["name"].split()),
        ):
            assert words in said

    @pytest.mark.requirement("JN-5", "SD-7")
    def test_nobody_downloads_without_the_links_signature(self, administrator: Visitor) -> None:
        link = poster_link(administrator, "qr_svg")
        fetch = administrator.world.fetch
        assert fetch("GET", link).status == 200
        bare = link.partition("?")[0]
        assert fetch("GET", bare).status == 403
        signature = parse_qs(urlsplit(link).query)["X-Amz-Signature"][0]
        forged = signature[:-1] + ("0" if signature[-1] != "0" else "1")
        assert fetch("GET", link.replace(signature, forged)).status == 403
        assert fetch("GET", link.replace("X-Amz-Expires=900", "X-Amz-Expires=9000")).status == 403
        assert fetch("PUT", link, body=b"another poster").status == 403

    @pytest.mark.requirement("JN-5", "SD-7")
    def test_a_link_expires(self, administrator: Visitor) -> None:
        world = administrator.world
        key = urlsplit(poster_link(administrator, "qr_svg")).path.partition("/posters/")[2]
        link = world.cloud.client("s3").generate_presigned_url(
            "get_object",
            Params={"Bucket": world.cloud.outputs["bucket"], "Key": f"posters/{key}"},
            ExpiresIn=1,
        )
        refused = wait_for(lambda: world.fetch("GET", link), lambda answer: answer.status != 200)
        assert refused.status == 403
        assert b"expired" in refused.body


class TestScans:
    """What a visitor sees, and what is counted."""

    @pytest.mark.requirement("SD-1")
    @pytest.mark.requirement("YK-2", "YK-3")
    @pytest.mark.requirement("JN-11")
    def test_one_scan_of_the_poster_registers_the_visit_and_becomes_one_screen(
        self, deployed: Deployed, administrator: Visitor, posters: dict[str, Reply]
    ) -> None:
        visitor = deployed.verified(vaccination="complete", vaccination_doses=3)
        payload = read_code("a4_pdf", posters["a4_pdf"].body)
        first = visitor.scan_code(payload).expect(201)
        assert (first["outcome"], first["health_code"]["state"]) == ("pending", "pending")
        assert first["venue"]["name"] == administrator.venue["name"]
        screen = visitor.final(first)
        assert screen["scan_id"] == first["scan_id"]
        assert (screen["outcome"], texts(screen["next_steps"])) == ("admit", ["enter"])
        components = ("health_code", "nucleic_acid", "vaccination", "travel_card")
        states = [screen[name]["state"] for name in components]
        assert states == ["green", "negative", "complete", "code_needed"]
        assert screen["vaccination"]["doses"] == 3
        assert screen["health_code"]["fetched_at"]
        assert screen["demo"]
        assert visitor.name not in str(screen)
        assert visitor.phone not in str(screen)
        # What is known by now answers the next scan at once.
        again = visitor.scan_code(payload).expect(201)
        assert (again["outcome"], again["poll_after_ms"]) == ("admit", None)

    @pytest.mark.requirement("JN-11")
    @pytest.mark.parametrize(
        ("said", "outcome", "reason"),
        [
            ({"health_code": "red"}, "refuse", "health_code_red"),
            ({"health_code": "yellow"}, "check", "health_code_yellow"),
            ({"health_code": "absent"}, "check", "health_code_absent"),
            ({"nucleic_acid_hours": 60}, "check", "nucleic_acid_too_old"),
        ],
    )
    def test_the_providers_word_decides(
        self,
        deployed: Deployed,
        administrator: Visitor,
        said: dict[str, object],
        outcome: str,
        reason: str,
    ) -> None:
        visitor = deployed.verified(**said)
        screen = visitor.final(visitor.scan_code(administrator.venue["code_url"]).expect(201))
        assert (screen["outcome"], texts(screen["reasons"])) == (outcome, [reason])

    @pytest.mark.requirement("XC-1")
    @pytest.mark.requirement("XC-18")
    def test_the_travel_card_joins_the_screen_for_a_code(
        self, deployed: Deployed, administrator: Visitor
    ) -> None:
        visitor = deployed.verified()
        visitor.say(phone=visitor.phone, travel_card="abnormal")
        scan = visitor.scan_code(administrator.venue["code_url"]).expect(201)
        assert visitor.final(scan)["travel_card"]["state"] == "code_needed"
        visitor.ask_for_card().expect(202)
        assert visitor.enter_card(scan["scan_id"]).expect(200)["state"] == "abnormal"
        screen = visitor.final(scan)
        assert (screen["outcome"], texts(screen["reasons"])) == ("check", ["travel_card_abnormal"])
        assert visitor.ask_for_card().expect(200)["status"] == "known"

    @pytest.mark.requirement("JN-25")
    @pytest.mark.requirement("JN-31")
    def test_opening_ones_health_fetches_it(self, deployed: Deployed) -> None:
        """The API may not write to the queue: the request goes through the table and its stream."""
        told = ("密切接触者", "同乘一车", "期满")
        words = dict(zip(("health_group", "health_reason", "health_lifting"), told, strict=True))
        visitor = deployed.verified(health_code="red", nucleic_acid_hours=47, **words)
        shown = wait_for(
            lambda: visitor.get("/v1/me/health").expect(200),
            lambda seen: seen["health_code"]["state"] == "red",
        )["health_code"]
        assert tuple(shown[key] for key in ("group", "reason", "lifting")) == told
        result = wait_for(
            lambda: visitor.get("/v1/me/nucleic-acid").expect(200),
            lambda seen: seen["state"] == "negative",
        )
        assert result["within_48h"] is True

    @pytest.mark.requirement("GO-1")
    @pytest.mark.requirement("YK-16")
    def test_the_days_figures_are_the_records(self, deployed: Deployed) -> None:
        administrator = deployed.verified().issue(**PATIENT)
        code = administrator.venue["code_url"]
        healthy, ill = deployed.verified(), deployed.verified(health_code="red")
        nonce = uuid7(now_ms())
        scans = [healthy.scan_code(code, nonce) for _ in range(3)]
        assert [scan.status for scan in scans] == [201, 200, 200]
        assert len({scan.json["scan_id"] for scan in scans}) == 1
        healthy.scan_code(f"q={quote(code, safe='')}", nonce).expect(200)  # as WeChat hands it over
        for visitor in (healthy, ill):
            visitor.final(visitor.scan_code(code).expect(201))
        counted = deployed.counted(administrator.venue["venue_id"])
        assert counted == administrator.figures()
        assert counted.parts() == (3, 2, 1, 0, 3)


class TestLanding:
    """What a plain camera leads to."""

    @pytest.mark.requirement("XC-17")
    def test_the_printed_address_leads_to_a_page_that_says_what_to_do(
        self, deployed: Deployed, administrator: Visitor
    ) -> None:
        path = urlsplit(administrator.venue["code_url"]).path
        page = deployed.call("GET", path, headers={"Accept-Language": "zh-Hans"})
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        text = page.body.decode()
        for words in (administrator.venue["name"], "微信", "支付宝", "没有手机"):
            assert words in text

    @pytest.mark.requirement("XC-17")
    def test_an_address_in_lower_case_leads_to_the_same_page(
        self, deployed: Deployed, administrator: Visitor
    ) -> None:
        path = urlsplit(administrator.venue["code_url"]).path
        moved = deployed.call("GET", path.lower())
        assert moved.status == 301
        assert moved.headers["Location"].endswith(path)
        code = path.rpartition("/")[2]
        assert deployed.call("GET", f"/V/{code.lower()}").status == 200

    @pytest.mark.requirement("XC-17")
    def test_an_unknown_code_leads_to_a_page_too(self, deployed: Deployed) -> None:
        page = deployed.call("GET", "/V/0000000000000000")
        assert page.status == 404
        assert "ask the venue" in page.body.decode()
