"""`checks.CheckService` and `households.Households`: stand-ins, and HTTP against the sandbox."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.households import HttpHouseholds
from chalicelib.adapters.identity_checks import HttpCheckService
from chalicelib.adapters.partners import Partner
from chalicelib.core.errors import TooMany, Unavailable
from chalicelib.identity.checks import (
    CheckService,
    IdentityCheck,
    Method,
    Order,
    Started,
    State,
    binding,
)
from chalicelib.identity.households import Households
from chalicelib.identity.providers import Subject
from infra.local.sandbox.faults import GARBAGE
from tests.contract import makers
from tests.contract.test_partners import Local
from tests.fakes.parts import (
    NOON,
    FixedSecret,
    ScriptedCheckService,
    ScriptedHouseholds,
    StandingClock,
)

KNOWN, STRANGER = (Subject("梁思齐", "resident_id", number) for number in ("known", "nobody"))
IN_TEN_MINUTES = NOON + timedelta(minutes=10)


@pytest.fixture(scope="module")
def running() -> Iterator[Local]:
    made = Local()
    yield made
    made.close()


@pytest.fixture
def whole(running: Local) -> Iterator[Local]:
    """The sandbox without faults."""
    yield running
    for partner in ("identity_checks", "household"):
        running.fault(partner, "none")


@dataclass
class Service:
    """A service, what a person does there, and how to break it."""

    service: CheckService
    end: Callable[[str, str], object]
    break_: Callable[[str], None]


@pytest.fixture(params=["fake", "sandbox"])
def service(request: pytest.FixtureRequest, whole: Local) -> Service:
    if request.param == "sandbox":
        http = HttpCheckService(whole.partner("identity_checks"))

        def end(check_id: str, result: str) -> object:
            return whole.tell("/sandbox/identity-checks", check_id=check_id, result=result)

        return Service(http, end, lambda mode: whole.fault("identity_checks", mode))
    fake = ScriptedCheckService()

    def break_(mode: str) -> None:
        fake.fault = None if mode == "none" else Unavailable(mode)

    return Service(fake, lambda check, result: fake.results.update({check: State(result)}), break_)


def order(subject: Subject = KNOWN, client: str = "sms", method: Method = Method.FACE) -> Order:
    check_id = f"idc_{makers.random()}"
    return Order(check_id, binding(check_id, "per_1", ""), method, subject, client)


def check(ordered: Order, started: Started) -> IdentityCheck:
    """Return the check that the application records of a start."""
    return IdentityCheck(
        ordered.check_id, "per_1", "ses_1", ordered.method, "", started, NOON + timedelta(days=1)
    )


class TestCheckService:
    """A start, a page or an SDK, and a result that names the check."""

    def test_a_browser_gets_a_page_and_a_mini_program_parameters(self, service: Service) -> None:
        page = service.service.start(order(client="sms"))
        sdk = service.service.start(order(client="wechat"))
        assert page.redirect_url.startswith("http")
        assert page.sdk == {}
        assert sdk.redirect_url == ""
        assert list(sdk.sdk) == ["certify_id"]
        assert page.expires_at == sdk.expires_at == IN_TEN_MINUTES

    def test_the_same_check_is_started_once(self, service: Service) -> None:
        ordered = order()
        first = service.service.start(ordered)
        assert service.service.start(ordered) == first
        assert service.service.start(order()).reference != first.reference

    @pytest.mark.parametrize("method", Method)
    @pytest.mark.parametrize("result", ["passed", "failed", "expired"])
    def test_the_result_names_check_reference_and_binding(
        self, service: Service, method: Method, result: str
    ) -> None:
        ordered = order(method=method)
        mine = check(ordered, service.service.start(ordered))
        pending = service.service.result(mine)
        assert (pending.state, pending.concerns(mine)) == (State.PENDING, True)
        service.end(ordered.check_id, result)
        ended = service.service.result(mine)
        assert (ended.state, ended.concerns(mine)) == (State(result), True)

    @pytest.mark.parametrize("mode", ["refuse", "garbage", "error", "hang", "busy"])
    def test_a_broken_service_is_unavailable(self, service: Service, mode: str) -> None:
        ordered = order()
        mine = check(ordered, service.service.start(ordered))
        service.break_(mode)
        with pytest.raises(Unavailable):
            service.service.start(order())
        with pytest.raises(Unavailable):
            service.service.result(mine)
        service.break_("none")
        assert service.service.result(mine).state is State.PENDING


class TestHttpCheckService:
    """What only the service behind HTTP does."""

    def test_a_stranger_is_started_alike_and_fails(self, whole: Local) -> None:
        service = HttpCheckService(whole.partner("identity_checks"))
        ordered = [order(KNOWN), order(STRANGER)]
        checks = [check(one, service.start(one)) for one in ordered]
        known, stranger = (one.started for one in checks)
        assert known.expires_at == stranger.expires_at
        for one in ordered:
            whole.tell("/sandbox/identity-checks", check_id=one.check_id, result="passed")
        states = [service.result(one).state for one in checks]
        assert states == [State.PASSED, State.FAILED]

    def test_all_of_the_sandboxs_garbage_is_a_fault(self, whole: Local) -> None:
        service = HttpCheckService(whole.partner("identity_checks"))
        ordered = order()
        mine = check(ordered, service.start(ordered))
        whole.fault("identity_checks", "garbage")
        for _ in GARBAGE:
            with pytest.raises(Unavailable):
                service.start(order())
        # As results, some say that the check is pending. They name no check, and change nothing.
        for _ in GARBAGE:
            try:
                result = service.result(mine)
            except Unavailable:
                continue
            assert not result.concerns(mine)

    def test_nothing_personal_is_logged(self, whole: Local) -> None:
        HttpCheckService(whole.partner("identity_checks")).start(order())
        assert KNOWN.name not in whole.log.getvalue()
        assert f'"{KNOWN.document_number}"' not in whole.log.getvalue()


GOOD: dict[str, Any] = {
    "reference": "r",
    "redirect_url": "https://checks.example.com/x",
    "expires_at": "2026-11-22T04:10:00+00:00",
}


class Answering(Partner):
    """A partner that gives one answer."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        super().__init__("https://x", "x", FixedSecret(default="x"), StandingClock().now)
        self.answer = status, answer

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        del path, body
        return self.answer


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": None}, {"reference": ""}, {"reference": "x" * 129}, {"reference": "a b"},
        {"redirect_url": "http://checks.example.com/x"}, {"redirect_url": "javascript:alert(1)"},
        {"redirect_url": "https://"}, {"redirect_url": "//x"}, {"redirect_url": 7},
        {"redirect_url": "https://x/" + "y" * 1000}, {"redirect_url": "https://x/\n"},
        {"redirect_url": None}, {"redirect_url": None, "sdk": {}},
        {"redirect_url": None, "sdk": {"a": 1}}, {"redirect_url": None, "sdk": {"a": "b" * 301}},
        {"redirect_url": None, "sdk": {"a": "\ud800"}},
        {"redirect_url": None, "sdk": {str(n): "" for n in range(11)}},
        {"expires_at": None}, {"expires_at": "soon"}, {"expires_at": "2026-11-22T04:10:00"},
        {"expires_at": 7}, {"expires_at": "0001-01-01T00:00:00+14:00"},
    ],
)  # fmt: skip
def test_a_start_that_no_client_could_use_is_a_fault(changes: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        HttpCheckService(Answering(201, GOOD | changes)).start(order())


def test_a_good_start_is_read() -> None:
    started = HttpCheckService(Answering(201, GOOD)).start(order())
    expires = datetime(2026, 11, 22, 4, 10, tzinfo=UTC)
    assert started == Started("r", GOOD["redirect_url"], {}, expires)


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422, 500])
def test_a_service_that_refuses_a_subject_is_unavailable_for_all(status: int) -> None:
    """The person learns nothing of whether the number is known."""
    with pytest.raises(Unavailable):
        HttpCheckService(Answering(status, GOOD)).start(order())


def test_too_many_are_too_many() -> None:
    with pytest.raises(TooMany):
        HttpCheckService(Answering(429, {})).start(order())
    with pytest.raises(TooMany):
        HttpHouseholds(Answering(429, {})).same_household(KNOWN, STRANGER, request_id="r")


# --- Households

MOTHER = Subject("梁思齐", "resident_id", "440983198804129028")
CHILD = Subject("邱子轩", "resident_id", "44098320140501915X")
FATHER = Subject("孔令泽", "resident_id", "370881198509239017")
BORN_ELSEWHERE = Subject("仲可心", "birth_certificate", "Q370012345")


@dataclass
class Register:
    """A register that knows two families, and how to break it."""

    households: Households
    break_: Callable[[str], None]


@pytest.fixture(params=["fake", "sandbox"])
def register(request: pytest.FixtureRequest, whole: Local) -> Register:
    if request.param == "sandbox":
        for household, members in (("1", (MOTHER, CHILD)), ("2", (FATHER, BORN_ELSEWHERE))):
            for one in members:
                born = {"birth_date": "2019-04-24"} if one is BORN_ELSEWHERE else {}
                whole.tell("/sandbox/households", household=household, **vars(one), **born)
        http = HttpHouseholds(whole.partner("household"))
        return Register(http, lambda mode: whole.fault("household", mode))
    fake = ScriptedHouseholds(
        [
            frozenset({MOTHER.document_number, CHILD.document_number}),
            frozenset({FATHER.document_number, BORN_ELSEWHERE.document_number}),
        ],
        births={BORN_ELSEWHERE.document_number: date(2019, 4, 24)},
    )

    def break_(mode: str) -> None:
        fake.fault = Unavailable(mode)

    return Register(fake, break_)


class TestHouseholds:
    """Guardian and child in one household, by ID number or birth certificate."""

    @pytest.mark.parametrize(
        ("guardian", "child", "same"),
        [
            (MOTHER, CHILD, True),
            (FATHER, BORN_ELSEWHERE, True),
            (MOTHER, BORN_ELSEWHERE, False),
            (FATHER, CHILD, False),
            (MOTHER, STRANGER, False),
            (STRANGER, CHILD, False),
            (STRANGER, STRANGER, False),
        ],
    )
    def test_who_lives_with_whom(
        self, register: Register, guardian: Subject, child: Subject, same: bool
    ) -> None:
        ask = register.households.same_household
        assert ask(guardian, child, request_id="request-1") is same

    def test_a_birth_date_is_compared(self, register: Register) -> None:
        ask = register.households.same_household
        for day, same in ((date(2019, 4, 24), True), (date(2026, 4, 24), False)):
            answer = ask(FATHER, BORN_ELSEWHERE, request_id=f"born-{day}", born=day)
            assert answer is same

    @pytest.mark.parametrize("mode", ["refuse", "garbage", "error", "hang", "busy"])
    def test_a_broken_register_is_unavailable(self, register: Register, mode: str) -> None:
        register.break_(mode)
        with pytest.raises(Unavailable):
            register.households.same_household(MOTHER, CHILD, request_id="request-1")


def test_another_name_is_another_household(whole: Local) -> None:
    for one in (MOTHER, CHILD):
        whole.tell("/sandbox/households", household="1", **vars(one))
    households = HttpHouseholds(whole.partner("household"))
    renamed = replace(CHILD, name="邱子车")
    assert not households.same_household(MOTHER, renamed, request_id="r")
    assert MOTHER.name not in whole.log.getvalue()


@pytest.mark.parametrize("same", [None, "yes", 1, 0, [True]])
def test_what_is_neither_true_nor_false_is_a_fault(same: object) -> None:
    answer = Answering(200, {"status": "answer", "same_household": same})
    with pytest.raises(Unavailable):
        HttpHouseholds(answer).same_household(MOTHER, CHILD, request_id="r")
