"""Hand-written stand-ins: a fixed clock, sequential ids, keys, an SMS gateway, partners."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.core import ids
from chalicelib.core.crypto import DataKey
from chalicelib.core.errors import Unauthenticated, Unprocessable
from chalicelib.identity.checks import IdentityCheck, Order, Result, Started, State
from chalicelib.identity.platforms import PhoneProof, PlatformAccount, PlatformName
from chalicelib.identity.providers import Absent, Answer, Pending, ProviderFault, Subject

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Noon in Shanghai on the day of the tests."""


class StandingClock:
    """A clock that shows the time it was set to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> datetime:
        self.at += timedelta(**time)
        return self.at


class InlineExecutor(Executor):
    """Runs each call at once, so that the order of a test's calls is the same in every run."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class CountingIds:
    """Sequential ids, which a test can predict."""

    def __init__(self) -> None:
        self.count = 0

    def random(self) -> str:
        self.count += 1
        return ids.encode(self.count.to_bytes(10, "big"))

    def digits(self, count: int) -> str:
        self.count += 1
        return f"{self.count:0{count}d}"


class FixedSecret:
    """A secret with values given by the test."""

    def __init__(self, **pairs: str) -> None:
        self.pairs: dict[str, str] = pairs

    def read(self) -> Mapping[str, str]:
        return self.pairs


class LocalDataKeys:
    """Data keys without KMS."""

    def __init__(self) -> None:
        self.keys = {"202611": bytes(range(32))}

    def current(self, now: datetime) -> DataKey:
        del now
        return self.by_id("202611")

    def by_id(self, key_id: str) -> DataKey:
        return DataKey(key_id, self.keys[key_id])


@dataclass
class RecordingSms:
    """Records each message; raises `fault` when set."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    """Phones that were told that another one replaces them, with the language."""
    fault: Exception | None = None

    def send_replaced(self, phone: str, language: str) -> None:
        if self.fault:
            raise self.fault
        self.replaced.append((phone, language))

    def send_code(self, phone: str, code: str, language: str) -> None:
        if self.fault:
            raise self.fault
        self.sent.append((phone, code, language))


class NoInvitations:
    """Invitations of which there are none."""

    def accept_invitations(self, person_id: str, *, now: datetime) -> int:
        del person_id, now
        return 0


@dataclass
class FakePlatform:
    """A platform whose codes work once and for five minutes; raises `fault` when set.

    Alipay's sealed phones name no time and no user, and work any number of times. `mint` plays the
    phone: it logs in and presses the phone-number button.
    """

    name: PlatformName
    clock: StandingClock
    fault: Exception | None = None
    app_id: str = "app"
    _minted: int = 0
    _codes: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _phones: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def mint(self, phone: str, user: str = "") -> tuple[str, PhoneProof]:
        self._minted += 1
        number = self._minted
        code, proof = f"{self.name}-code-{number}", f"{self.name}+phone+{number}"
        expires = self.clock.now() + timedelta(minutes=5)
        self._codes[code] = (user or phone, expires)
        self._phones[proof] = (phone, expires)
        return code, PhoneProof(proof, "c2lnbmVk" if self.name is PlatformName.ALIPAY else "")

    def account(self, code: str) -> PlatformAccount:
        user, expires = self._codes.pop(code, ("", self.clock.now()))
        if self.fault:
            raise self.fault
        if self.clock.now() >= expires:
            raise Unauthenticated("platform_code_invalid")
        return PlatformAccount(self.name, self.app_id, user)

    def phone(self, proof: PhoneProof) -> str:
        if self.fault:
            raise self.fault
        phone, expires = self._phones.get(proof.text, ("", self.clock.now()))
        if self.name is PlatformName.WECHAT:
            self._phones.pop(proof.text, None)
            phone = phone if self.clock.now() < expires else ""
        if not phone:
            raise Unprocessable("phone_proof_invalid")
        return phone


Reply = Answer | Absent | Pending | ProviderFault


@dataclass
class ScriptedProvider:
    """Answers by document number, or `otherwise`; records each lookup."""

    answers: dict[str, Reply] = field(default_factory=dict)
    otherwise: Reply = field(default_factory=Absent)
    asked: list[tuple[Subject, str]] = field(default_factory=list)

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        self.asked.append((subject, request_id))
        reply = self.answers.get(subject.document_number, self.otherwise)
        if isinstance(reply, ProviderFault):
            raise reply
        return reply


@dataclass
class ScriptedDeclarations:
    """Takes declarations about anybody; raises `fault` when set.

    As in the sandbox, a light green that `health` would answer turns green, or yellow after a yes
    to fever or contact. It acts once on a request id.
    """

    health: ScriptedProvider
    taken: dict[str, tuple[Subject, Mapping[str, Any]]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    unknown: bool = False
    fault: Exception | None = None

    def declare(self, subject: Subject, declaration: Mapping[str, Any], *, request_id: str) -> bool:
        self.sent.append(request_id)
        if self.fault:
            raise self.fault
        if self.unknown:
            return False
        if request_id not in self.taken:
            self.taken[request_id] = (subject, declaration)
            before = self.health.answers.get(subject.document_number)
            if isinstance(before, Answer) and before.state == "light_green":
                ill = declaration["answers"]["fever"] or declaration["answers"]["contact"]
                after = replace(before, state="yellow" if ill else "green")
                self.health.answers[subject.document_number] = after
        return True


@dataclass
class ScriptedTravelCards:
    """Returns cards by phone, or ``normal``; a code works once; raises `fault` when set."""

    answers: dict[str, Answer] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fault: Exception | None = None
    _exchanged: dict[str, Answer] = field(default_factory=dict)

    def send_code(self, phone: str, *, request_id: str) -> None:
        del request_id
        if self.fault:
            raise self.fault
        if not re.fullmatch(r"\+861[3-9]\d{9}", phone):
            raise Unprocessable("travel_card_no_phone")
        self.sent.append(phone)
        self.codes[phone] = f"{731_000 + len(self.sent)}"

    def exchange(self, phone: str, code: str, *, request_id: str) -> Answer | None:
        self.asked.append(request_id)
        if self.fault:
            raise self.fault
        if request_id not in self._exchanged:
            if self.codes.get(phone) != code:
                return None
            del self.codes[phone]
            self._exchanged[request_id] = self.answers.get(phone, Answer("normal", NOON))
        return self._exchanged[request_id]


@dataclass
class ScriptedCheckService:
    """Starts identity checks, which end as `results` says; raises `fault` when set.

    `results` holds states by check id. `orders` records each start, `polled` each poll.
    """

    orders: list[Order] = field(default_factory=list)
    results: dict[str, State] = field(default_factory=dict)
    polled: list[str] = field(default_factory=list)
    fault: Exception | None = None
    at: Callable[[], datetime] = lambda: NOON
    _started: dict[str, Started] = field(default_factory=dict)

    def start(self, order: Order) -> Started:
        if self.fault:
            raise self.fault
        self.orders.append(order)
        reference = f"ref_{ids.derive('reference', order.check_id)}"
        page = f"https://checks.example.com/start?reference={reference}"
        expires = self.at() + timedelta(minutes=10)
        by_page = order.client == "sms"
        started = (
            Started(reference, page, {}, expires)
            if by_page
            else Started(reference, "", {"certify_id": reference}, expires)
        )
        return self._started.setdefault(order.check_id, started)

    def result(self, check: IdentityCheck) -> Result:
        self.polled.append(check.check_id)
        if self.fault:
            raise self.fault
        return self.of(check.check_id)

    def of(self, check_id: str) -> Result:
        """Return the result as the service names it."""
        order = next(one for one in self.orders if one.check_id == check_id)
        state = self.results.get(check_id, State.PENDING)
        return Result(check_id, self._started[check_id].reference, order.binding, state)


@dataclass
class ScriptedHouseholds:
    """Knows households as sets of document numbers; raises `fault` when set.

    The same request id gets the same answer.
    """

    homes: list[frozenset[str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    told: dict[str, bool] = field(default_factory=dict)
    births: dict[str, date] = field(default_factory=dict)
    fault: Exception | None = None

    def same_household(
        self, guardian: Subject, child: Subject, *, request_id: str, born: date | None = None
    ) -> bool:
        self.asked.append(request_id)
        if self.fault:
            raise self.fault
        both = {guardian.document_number, child.document_number}
        known = self.births.get(child.document_number)
        same = any(both <= home for home in self.homes) and (None in (known, born) or known == born)
        return self.told.setdefault(request_id, same)
