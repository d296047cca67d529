"""`providers.Provider` and `sessions.SmsGateway`: stand-ins, and HTTP against the sandbox."""

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, ClassVar

import pytest
import urllib3

from chalicelib.adapters.partners import Partner, PartnerFault
from chalicelib.adapters.platforms.sms import HttpSmsGateway
from chalicelib.adapters.providers.http import HttpProvider, read_answer
from chalicelib.adapters.providers.travel_card import HttpTravelCards
from chalicelib.admission.evidence import looked_up, states
from chalicelib.admission.travel_card import TravelCards
from chalicelib.core.errors import BadInput, TooMany, Unavailable, Unprocessable
from chalicelib.core.logs import correlation
from chalicelib.identity.one_time_codes import SmsGateway
from chalicelib.identity.providers import (
    Absent,
    Answer,
    Pending,
    Provider,
    ProviderFault,
    ProviderName,
    Subject,
)
from infra.local.sandbox.faults import GARBAGE
from infra.local.sandbox.people import Cast, Person
from infra.local.sandbox.server import Sandbox
from tests.fakes.parts import (
    NOON,
    FixedSecret,
    RecordingSms,
    ScriptedProvider,
    ScriptedTravelCards,
    StandingClock,
)

SECRET = "the partners' secret"
HEALTH, IDENTITY = ProviderName.HEALTH_CODE, ProviderName.IDENTITY
TEST, VACCINATION = ProviderName.NUCLEIC_ACID, ProviderName.VACCINATION
PHONE = "+8613800000001"
TRAVELLER = "+8613800000002"
_requests = count()


VERIFIED = {ProviderName.EXIT_ENTRY: "passport", ProviderName.BIRTH_REGISTRY: "birth_certificate"}
"""A type of document for each provider that does not know resident IDs."""


def subject(number: str = "known", name: str = "梁思齐", at: str = IDENTITY) -> Subject:
    """Return the subject of a lookup, with a document that the provider `at` knows."""
    return Subject(name, VERIFIED.get(ProviderName(at), "resident_id"), number)


def request_id() -> str:
    return f"request-{next(_requests)}"


class Local:
    """The sandbox in a thread, on a port of its own, and partners that talk to it."""

    def __init__(self) -> None:
        self.log = io.StringIO()
        people = [
            Person(
                "known",
                "梁思齐",
                nucleic_acid="negative",
                nucleic_acid_hours=12,
                vaccination="complete",
                vaccination_doses=3,
                vaccination_days=30,
            ),
            Person("traveller", "孔令泽", phone=TRAVELLER, travel_card="abnormal"),
            Person("stranger", "梁思齐", "absent", "absent", "absent"),
            Person("slow", "梁思齐", quirks=";".join(f"{p}:pending_first" for p in looked_up())),
        ]
        people += [
            replace(person, document_type=document_type)
            for person in people
            for document_type in VERIFIED.values()
        ]
        people += [
            Person(f"{health}-{test}", "梁思齐", health_code=health, nucleic_acid=test)
            for health in states(HEALTH)
            for test in states(TEST)
        ]
        self.server = Sandbox(0, secret=SECRET, cast=Cast(people), now=NOON.timestamp, log=self.log)
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.stop()
        self._thread.join()

    def partner(self, name: str, **secrets: str) -> Partner:
        secret = FixedSecret(**(secrets or {"default": SECRET}))
        return Partner(self.url, name, secret, StandingClock().now)

    def tell(self, path: str, **body: object) -> dict[str, Any]:
        method = "POST" if body else "GET"
        answer = urllib3.request(method, self.url + path, json=body or None)
        assert answer.status == 200
        told: dict[str, Any] = answer.json()
        return told

    def fault(self, partner: str, mode: str) -> None:
        self.tell("/sandbox/faults", provider=partner, mode=mode)

    def calls(self, partner: str) -> int:
        return int(self.tell("/sandbox/calls")[partner])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Local]:
    started = Local()
    yield started
    started.close()


@pytest.fixture
def whole(sandbox: Local) -> Iterator[Local]:
    """The sandbox, with all faults lifted afterwards."""
    yield sandbox
    for partner in ("*", "sms"):
        sandbox.fault(partner, "none")


@dataclass
class Asked:
    """Providers by name, and how to make one fail."""

    provider: Callable[[ProviderName], Provider]
    break_: Callable[[ProviderName, str], None]


@pytest.fixture(params=["fake", "sandbox"])
def asked(request: pytest.FixtureRequest, whole: Local) -> Asked:
    """Scripted providers, and those behind HTTP."""
    if request.param == "sandbox":
        return Asked(
            lambda name: HttpProvider(name, whole.partner(name)),
            whole.fault,
        )
    midnight = datetime(2026, 11, 21, 16, tzinfo=UTC)
    scripts: dict[ProviderName, ScriptedProvider] = {
        **{
            name: ScriptedProvider({"known": Answer("match", NOON)})
            for name in (IDENTITY, *VERIFIED)
        },
        HEALTH: ScriptedProvider({"known": Answer("green", midnight)}),
        TEST: ScriptedProvider({"known": Answer("negative", NOON - timedelta(hours=12))}),
        VACCINATION: ScriptedProvider(
            {"known": Answer("complete", midnight - timedelta(days=30), doses=3)}
        ),
    }
    for script in scripts.values():
        script.answers["slow"] = Pending(500)

    def break_(name: ProviderName, mode: str) -> None:
        scripts[name].answers["known"] = ProviderFault(mode)

    return Asked(lambda name: scripts[name], break_)


class TestProviders:
    """An answer, absent, pending, or a fault; never anything else."""

    def test_each_answers_in_its_own_states(self, asked: Asked) -> None:
        for name in looked_up():
            answer = asked.provider(name).lookup(subject(at=name), request_id=request_id())
            assert isinstance(answer, Answer)
            assert answer.state in states(name)
            assert answer.observed_at is not None
            assert answer.observed_at.utcoffset() == timedelta(0)
            assert answer.observed_at <= NOON

    @pytest.mark.parametrize("name", looked_up())
    def test_whom_nobody_knows_is_absent(self, asked: Asked, name: ProviderName) -> None:
        answer = asked.provider(name).lookup(subject("nobody", at=name), request_id=request_id())
        assert answer == Absent()

    @pytest.mark.parametrize("name", looked_up())
    def test_one_that_still_works_says_when_to_ask_again(
        self, asked: Asked, name: ProviderName
    ) -> None:
        answer = asked.provider(name).lookup(subject("slow", at=name), request_id=request_id())
        assert answer == Pending(500)

    @pytest.mark.parametrize("mode", ["refuse", "garbage", "error", "hang"])
    def test_a_fault_is_a_fault(self, asked: Asked, mode: str) -> None:
        asked.break_(TEST, mode)
        with pytest.raises(ProviderFault):
            asked.provider(TEST).lookup(subject(), request_id=request_id())


class TestOverHttp:
    """What only the adapter can get wrong."""

    @pytest.mark.parametrize("state", sorted(states(HEALTH)))
    def test_every_colour_arrives(self, whole: Local, state: str) -> None:
        provider = HttpProvider(HEALTH, whole.partner(HEALTH))
        answer = provider.lookup(subject(f"{state}-negative"), request_id=request_id())
        assert isinstance(answer, Answer)
        assert answer.state == state

    @pytest.mark.parametrize("state", sorted(states(TEST)))
    def test_every_result_arrives_with_its_time(self, whole: Local, state: str) -> None:
        provider = HttpProvider(TEST, whole.partner(TEST))
        answer = provider.lookup(subject(f"green-{state}"), request_id=request_id())
        assert answer == Answer(state, NOON)

    def test_a_name_that_does_not_belong_is_a_mismatch_with_its_reason(self, whole: Local) -> None:
        provider = HttpProvider(IDENTITY, whole.partner(IDENTITY))
        answer = provider.lookup(subject(name="孔令泽"), request_id=request_id())
        assert answer == Answer("mismatch", NOON, "name_mismatch")

    @pytest.mark.parametrize("name", VERIFIED)
    def test_a_registry_knows_only_its_own_documents(
        self, whole: Local, name: ProviderName
    ) -> None:
        provider = HttpProvider(name, whole.partner(name))
        wrong = provider.lookup(subject(name="孔令泽", at=name), request_id=request_id())
        assert wrong == Answer("mismatch", NOON, "name_mismatch")
        assert provider.lookup(subject(at=IDENTITY), request_id=request_id()) == Absent()

    def test_pending_ends_when_the_same_lookup_is_asked_again(self, whole: Local) -> None:
        provider, same = HttpProvider(HEALTH, whole.partner(HEALTH)), request_id()
        assert provider.lookup(subject("slow"), request_id=same) == Pending(500)
        assert isinstance(provider.lookup(subject("slow"), request_id=same), Answer)

    def test_all_of_the_sandboxs_garbage_is_a_fault(self, whole: Local) -> None:
        provider = HttpProvider(HEALTH, whole.partner(HEALTH))
        whole.fault(HEALTH, "garbage")
        for _ in GARBAGE:
            with pytest.raises(ProviderFault) as caught:
                provider.lookup(subject(), request_id=request_id())
            assert "梁" not in str(caught.value)
        whole.fault(HEALTH, "none")
        assert isinstance(provider.lookup(subject(), request_id=request_id()), Answer)

    @pytest.mark.parametrize(("mode", "calls"), [("refuse", 2), ("error", 2), ("hang", 1)])
    def test_what_comes_back_at_once_is_tried_once_more(
        self, whole: Local, mode: str, calls: int
    ) -> None:
        """A partner that was silent for two seconds is left to the queue."""
        provider = HttpProvider(HEALTH, whole.partner(HEALTH))
        whole.fault(HEALTH, mode)
        before = whole.calls(HEALTH)
        with pytest.raises(ProviderFault):
            provider.lookup(subject(), request_id=request_id())
        assert whole.calls(HEALTH) - before == calls

    def test_nobody_at_the_other_end(self) -> None:
        nowhere = Local()
        provider = HttpProvider(HEALTH, nowhere.partner(HEALTH))
        nowhere.close()
        with pytest.raises(ProviderFault):
            provider.lookup(subject(), request_id=request_id())

    def test_the_partners_own_secret_comes_before_the_default(self, whole: Local) -> None:
        own = whole.partner("health_code", health_code=SECRET, default="other")
        assert isinstance(
            HttpProvider(HEALTH, own).lookup(subject(), request_id=request_id()), Answer
        )
        wrong = whole.partner("health_code", health_code="wrong", default=SECRET)
        with pytest.raises(ProviderFault, match="401"):
            HttpProvider(HEALTH, wrong).lookup(subject(), request_id=request_id())

    def test_the_correlation_id_goes_along_and_nothing_personal_is_logged(
        self, whole: Local
    ) -> None:
        token = correlation.set("c0ffee00-correlation")
        try:
            provider = HttpProvider(HEALTH, whole.partner(HEALTH))
            provider.lookup(subject(), request_id=request_id())
        finally:
            correlation.reset(token)
        assert '"correlation": "c0ffee00-correlation"' in whole.log.getvalue()
        assert "梁思齐" not in whole.log.getvalue()


class TestTexts:
    """What a provider writes for the person is bounded and cleaned; nothing else is read."""

    RED: ClassVar[dict[str, Any]] = {"status": "answer", "state": "red"}

    def test_the_health_code_says_group_reason_lifting_and_whom_to_report_to(self) -> None:
        texts = {
            "group": "密切接触者",
            "reason": "同乘一车",
            "lifting": "隔离期满后解除",
            "report_to": "东门社区居委会",
        }
        answer = read_answer(HEALTH, self.RED | texts)
        assert answer == Answer(
            "red",
            reason="同乘一车",
            group="密切接触者",
            how_to_clear="隔离期满后解除",
            report_to="东门社区居委会",
        )
        longest = read_answer(HEALTH, self.RED | {"report_to": "社" * 61})
        assert longest.report_to == "社" * 59 + "…"

    @pytest.mark.parametrize("name", [TEST, VACCINATION, ProviderName.TRAVEL_CARD])
    def test_others_say_nothing_in_words(self, name: ProviderName) -> None:
        said = {"state": sorted(states(name))[-1], "reason": "去过演示市", "group": "演示市"}
        doses = {"doses": 1} if said["state"] != "none" else {"doses": 0}
        answer = read_answer(name, {**said, **doses, "cities": ["演示市"]})
        assert "演示市" not in repr(answer)

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("  two   words\n\tand a line ", "two words and a line"),
            ("e\u0301", "é"),
            ("a\u202eb\u200bc\x00d\ue000e", "a b c d e"),
            ("由" * 100, "由" * 100),
            ("由" * 101, "由" * 99 + "…"),
            ("<b>&amp;</b>", "<b>&amp;</b>"),  # the client shows it as text
            ("", ""),
            (None, ""),
            (["a"], ""),
            (7, ""),
        ],
    )
    def test_a_text_is_one_clean_line(self, sent: object, kept: str) -> None:
        assert read_answer(HEALTH, self.RED | {"reason": sent}).reason == kept

    @pytest.mark.parametrize("key", ["reason", "group", "lifting", "report_to"])
    def test_half_a_character_is_a_fault(self, key: str) -> None:
        with pytest.raises(ProviderFault):
            read_answer(HEALTH, self.RED | {key: "\ud800"})

    @pytest.mark.parametrize(
        ("state", "doses"),
        [
            ("complete", 0), ("complete", None), ("complete", "3"), ("complete", True),
            ("complete", 2.0), ("complete", -1), ("complete", 21), ("partial", 0), ("none", 1),
        ],
    )  # fmt: skip
    def test_doses_that_cannot_be_are_a_fault(self, state: str, doses: object) -> None:
        with pytest.raises(ProviderFault):
            read_answer(VACCINATION, {"state": state, "doses": doses})

    def test_the_vaccination_comes_with_its_doses(self, whole: Local) -> None:
        provider = HttpProvider(VACCINATION, whole.partner(VACCINATION))
        answer = provider.lookup(subject(), request_id=request_id())
        last = datetime(2026, 10, 22, 16, tzinfo=UTC)
        assert answer == Answer("complete", last, doses=3)


@dataclass
class Cards:
    """A travel card, the last code that it sent to a phone, and how to break it."""

    cards: TravelCards
    code: Callable[[str], str]
    break_: Callable[[str], None]


@pytest.fixture(params=["fake", "sandbox"])
def cards(request: pytest.FixtureRequest, whole: Local) -> Cards:
    """A scripted card, and the carriers' behind HTTP."""
    if request.param == "sandbox":

        def code(phone: str) -> str:
            found = whole.tell(f"/sandbox/inbox?to={phone.replace('+', '%2B')}")
            assert found["template"] == "travel_card"
            return str(found["params"]["code"])

        http = HttpTravelCards(whole.partner("travel_card"))
        return Cards(http, code, lambda mode: whole.fault("travel_card", mode))
    fake = ScriptedTravelCards(answers={TRAVELLER: Answer("abnormal", NOON)})

    def break_(mode: str) -> None:
        fake.fault = Unavailable(mode)

    return Cards(fake, lambda phone: fake.codes[phone], break_)


class TestTravelCards:
    """A code, and for the code normal or abnormal; nothing else ever comes back."""

    @pytest.mark.parametrize(("phone", "state"), [(PHONE, "normal"), (TRAVELLER, "abnormal")])
    def test_a_code_is_worth_a_card(self, cards: Cards, phone: str, state: str) -> None:
        cards.cards.send_code(phone, request_id=request_id())
        answer = cards.cards.exchange(phone, cards.code(phone), request_id=request_id())
        assert answer == Answer(state, NOON)

    def test_a_code_works_once_but_for_the_same_request(self, cards: Cards) -> None:
        cards.cards.send_code(PHONE, request_id=request_id())
        code, same = cards.code(PHONE), request_id()
        first = cards.cards.exchange(PHONE, code, request_id=same)
        assert first == Answer("normal", NOON)
        assert cards.cards.exchange(PHONE, code, request_id=same) == first
        assert cards.cards.exchange(PHONE, code, request_id=request_id()) is None

    def test_a_wrong_code_is_worth_nothing(self, cards: Cards) -> None:
        cards.cards.send_code(PHONE, request_id=request_id())
        wrong = "000000" if cards.code(PHONE) != "000000" else "000001"
        assert cards.cards.exchange(PHONE, wrong, request_id=request_id()) is None
        assert cards.cards.exchange(TRAVELLER, wrong, request_id=request_id()) is None

    @pytest.mark.parametrize("phone", ["+861080000000", "+85261234567", "+4915112345678"])
    def test_a_number_of_no_carrier(self, cards: Cards, phone: str) -> None:
        with pytest.raises(Unprocessable) as refused:
            cards.cards.send_code(phone, request_id=request_id())
        assert refused.value.code == "travel_card_no_phone"

    @pytest.mark.parametrize("mode", ["refuse", "garbage", "error", "hang"])
    def test_a_broken_carrier_is_unavailable(self, cards: Cards, mode: str) -> None:
        cards.break_(mode)
        with pytest.raises(Unavailable):
            cards.cards.send_code(PHONE, request_id=request_id())
        with pytest.raises(Unavailable):
            cards.cards.exchange(PHONE, "123456", request_id=request_id())

    def test_all_of_the_sandboxs_garbage_is_a_fault(self, whole: Local) -> None:
        http = HttpTravelCards(whole.partner("travel_card"))
        whole.fault("travel_card", "garbage")
        for _ in GARBAGE:
            with pytest.raises(Unavailable):
                http.send_code(PHONE, request_id=request_id())
        for _ in GARBAGE:
            with pytest.raises(Unavailable):
                http.exchange(PHONE, "123456", request_id=request_id())

    def test_nothing_personal_is_logged(self, whole: Local) -> None:
        http = HttpTravelCards(whole.partner("travel_card"))
        http.send_code(PHONE, request_id=request_id())
        http.exchange(PHONE, "123456", request_id=request_id())
        assert PHONE[3:] not in whole.log.getvalue()
        assert "123456" not in whole.log.getvalue()


@dataclass
class Gateway:
    """An SMS gateway, the last code that it brought to a number, and how to break it."""

    sms: SmsGateway
    last: Callable[[str], tuple[str, str]]
    break_: Callable[[str], None]


@pytest.fixture(params=["fake", "sandbox"])
def gateway(request: pytest.FixtureRequest, whole: Local) -> Gateway:
    """A recording gateway, and one behind HTTP."""
    if request.param == "sandbox":

        def last(phone: str) -> tuple[str, str]:
            found = whole.tell(f"/sandbox/inbox?to={phone.replace('+', '%2B')}")
            return found["params"]["code"], found["language"]

        sms = HttpSmsGateway(whole.partner("sms"))
        return Gateway(sms, last, lambda mode: whole.fault("sms", mode))
    fake = RecordingSms()

    def break_(mode: str) -> None:
        fake.fault = Unavailable(mode)

    return Gateway(
        fake,
        lambda phone: next(
            (code, language) for to, code, language in reversed(fake.sent) if to == phone
        ),
        break_,
    )


class TestSms:
    """A code arrives, or the caller learns what to do."""

    @pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
    def test_a_code_arrives(self, gateway: Gateway, language: str) -> None:
        gateway.sms.send_code(PHONE, "000123", language)
        assert gateway.last(PHONE) == ("000123", language)

    @pytest.mark.parametrize("mode", ["refuse", "garbage", "error", "hang"])
    def test_a_broken_gateway_is_unavailable(self, gateway: Gateway, mode: str) -> None:
        gateway.break_(mode)
        with pytest.raises(Unavailable):
            gateway.sms.send_code(PHONE, "000123", "en")

    @pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
    def test_the_former_phone_is_told(self, whole: Local, language: str) -> None:
        HttpSmsGateway(whole.partner("sms")).send_replaced(PHONE, language)
        found = whole.tell(f"/sandbox/inbox?to={PHONE.replace('+', '%2B')}")
        assert (found["template"], found["language"]) == ("phone_replaced", language)

    def test_a_number_out_of_reach_is_named(self, whole: Local) -> None:
        with pytest.raises(BadInput) as refused:
            HttpSmsGateway(whole.partner("sms")).send_code("+861080000000", "000123", "en")
        assert [(f.pointer, f.code) for f in refused.value.fields] == [("/phone", "phone")]

    def test_too_many_messages_are_too_many(self, whole: Local) -> None:
        sms = HttpSmsGateway(whole.partner("sms"))
        for _ in range(60):
            sms.send_code("+8613800000061", "000123", "en")
        with pytest.raises(TooMany):
            sms.send_code("+8613800000061", "000123", "en")

    def test_a_wrong_signature_is_our_fault_not_the_callers(self, whole: Local) -> None:
        with pytest.raises(Unavailable):
            HttpSmsGateway(whole.partner("sms", default="wrong")).send_code(PHONE, "1234", "en")


class _Scripted(BaseHTTPRequestHandler):
    """Answers one body after the other on one connection."""

    protocol_version = "HTTP/1.1"
    bodies: Iterator[bytes]
    heads: list[dict[str, str]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.heads.append({**self.headers})
        body = next(self.bodies)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_what_was_too_large_does_not_meet_the_next_request() -> None:
    large = b"x" * ((1 << 16) + 500)  # the rest fits a buffer, where nobody sees it

    class Handler(_Scripted):
        bodies = iter([large, b'{"status": "ok"}', b'{"status": "still ok"}'])
        heads: list[dict[str, str]] = []  # noqa: RUF012 (one server, one list)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        partner = Partner(url, "sms", FixedSecret(default=SECRET), StandingClock().now)
        try:
            with pytest.raises(PartnerFault, match="too large"):
                partner.post("/v1/messages", {})
            assert partner.post("/v1/messages", {}) == (200, {"status": "ok"})
            assert partner.post("/v1/messages", {}) == (200, {"status": "still ok"})
        finally:
            server.shutdown()
            thread.join()
    assert {head["X-Correlation-Id"] for head in Handler.heads} == {"-"}
    assert {head["X-Venuecode-Timestamp"] for head in Handler.heads} == {str(int(NOON.timestamp()))}
