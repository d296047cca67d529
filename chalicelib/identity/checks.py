"""Identity checks by an external service: a face, or the password of a payment account (YK-29).

A check is started here, done in the service's page or SDK, and its result comes by the service's
signed callback, or when the client asks and the service is polled.

A check of oneself strengthens the session that started it. A check of another person's face, for
whom the actor wants to act, can be used once (`IdentityChecks.spend`) and changes no session.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex, SecretSource, Vault
from chalicelib.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)
from chalicelib.core.logs import logger
from chalicelib.core.signatures import SignedMessage, fault
from chalicelib.identity.people import Actor, Limits, Strength, Verification
from chalicelib.identity.providers import Subject
from chalicelib.identity.registration import subject_of

CALLBACK_PATH = "/v1/identity-checks/callback"
USABLE = timedelta(minutes=10)
"""How long after it was passed a check of another person can be used."""
POLL_EVERY = timedelta(seconds=1)
KEPT = timedelta(days=1)
PARTNER = "identity_checks"
"""The service's key in the partners' secret."""
_STARTS_A_DAY = 10


class Method(StrEnum):
    """What is checked."""

    FACE = "face"
    PAYMENT_PASSWORD = "payment_password"  # noqa: S105

    @property
    def strength(self) -> Strength:
        """The strength of a session after this check."""
        return Strength(self.value)


class State(StrEnum):
    """The state of a check. Only ``pending`` changes."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"


class Started(NamedTuple):
    """The service's answer to a start.

    `reference` is the service's id of the check. The client opens `redirect_url`, or passes
    `sdk` to the service's SDK; the other one is empty.
    """

    reference: str
    redirect_url: str
    sdk: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class IdentityCheck:
    """A check. `subject` is a blind index of the other person; empty for a check of oneself.

    No name and no number is kept. `session_id` is the session that started it.
    """

    check_id: str
    person_id: str
    session_id: str
    method: Method
    subject: str
    started: Started
    ttl: datetime
    state: State = State.PENDING
    settled_at: datetime | None = None

    @property
    def binding(self) -> str:
        """A digest of check, actor and subject, which the service returns with its result."""
        return binding(self.check_id, self.person_id, self.subject)

    def state_at(self, now: datetime) -> State:
        """Return the state at `now`: a pending check expires by time."""
        over = self.state is State.PENDING and self.started.expires_at <= now
        return State.EXPIRED if over else self.state


class Order(NamedTuple):
    """A check to start, as the service needs it. `client` is how the session was opened."""

    check_id: str
    binding: str
    method: Method
    subject: Subject
    client: str


class Result(NamedTuple):
    """A result from the service, as it names the check."""

    check_id: str
    reference: str
    binding: str
    state: State

    def concerns(self, check: IdentityCheck) -> bool:
        """Return whether this is a result of exactly `check`."""
        named = (self.check_id, self.reference, self.binding)
        return named == (check.check_id, check.started.reference, check.binding)


class CheckService(Protocol):
    """The service that checks faces and payment passwords."""

    def start(self, order: Order) -> Started:
        """Start a check. The same `check_id` gets the same answer, known subject or not.

        Cost: one request. Raises TooMany, Unavailable.
        """

    def result(self, check: IdentityCheck) -> Result:
        """Return the check's present result. Cost: one request. Raises TooMany, Unavailable."""


class Checks(Protocol):
    """The store of identity checks, implemented in `identity/store`."""

    def get(self, check_id: str) -> IdentityCheck | None:
        """Return a check. Cost: one strongly consistent GetItem."""

    def create(self, check: IdentityCheck) -> IdentityCheck:
        """Record a check and return it, or return the one on record.

        Cost: one TransactWriteItems, and one GetItem if there is one.
        """

    def may_poll(self, check_id: str, now: datetime) -> bool:
        """Record a poll of the service; False if one was made within `POLL_EVERY`.

        Cost: one UpdateItem.
        """

    def settle(self, check: IdentityCheck, state: State, now: datetime) -> bool:
        """Record the result of a pending check that has not expired; False if it was none.

        A passed check of oneself strengthens its session in the same transaction, if the session
        is open and weaker. Cost: one TransactWriteItems, and one UpdateItem if the session is not;
        one UpdateItem for other results.
        """

    def spend(self, check: IdentityCheck, by: str, now: datetime) -> bool:
        """Use up a check that was passed at most `USABLE` ago.

        Returns False if it was not, or if it was used by another than `by`; `by` may use it again,
        so that a request can be retried. Cost: one UpdateItem.
        """


def binding(check_id: str, person_id: str, subject: str) -> str:
    """Return the digest of check, actor and subject that the service returns with its result."""
    return ids.derive("identity-check-binding", check_id, person_id, subject)


class IdentityChecks:
    """Starts identity checks, shows and receives their results, and uses them up."""

    __slots__ = ("_checks", "_index", "_limits", "_secrets", "_service", "_vault")

    def __init__(
        self,
        *,
        checks: Checks,
        service: CheckService,
        secrets: SecretSource,
        index: BlindIndex,
        limits: Limits,
        vault: Vault,
    ) -> None:
        self._checks = checks
        self._service = service
        self._secrets = secrets
        self._index = index
        self._limits = limits
        self._vault = vault

    def start(
        self, actor: Actor, method: Method, subject: Subject | None, *, nonce: str, now: datetime
    ) -> IdentityCheck:
        """Start a check of the actor, or of `subject`'s face; a retry returns the same check.

        The response does not depend on whether anyone knows the subject's number. Raises BadInput
        at ``/method`` for another check of `subject` than of the face. Raises Forbidden
        ``registration_required``, ``registration_rejected``, ``registration_not_verified`` for a
        check of oneself, which needs a verified name and number. Raises Conflict ``nonce_reused``,
        TooMany above ten a day, Unavailable; nothing is written then.
        """
        if subject is not None and method is not Method.FACE:
            raise BadInput.at("/method", "not_allowed")
        person_id = actor.person_id
        check_id = f"idc_{ids.derive('identity-check', person_id, nonce)}"
        blind = "" if subject is None else self._blind(subject)
        known = self._checks.get(check_id)
        if known is None:
            asked = subject or self._own(actor)
            self._limits.charge(
                "identity-check", person_id, limit=_STARTS_A_DAY, seconds=86_400, now=now
            )
            bound = binding(check_id, person_id, blind)
            order = Order(check_id, bound, method, asked, actor.session.client)
            known = self._checks.create(
                IdentityCheck(
                    check_id=check_id,
                    person_id=person_id,
                    session_id=actor.session.session_id,
                    method=method,
                    subject=blind,
                    started=self._service.start(order),
                    ttl=now + KEPT,
                )
            )
        if known.method != method or not self._index.same(known.subject, blind):
            raise Conflict("nonce_reused")
        return known

    def current(self, actor: Actor, check_id: str, *, now: datetime) -> IdentityCheck:
        """Return the actor's check, after asking the service if it is pending.

        The service is asked at most once a second. If it does not answer, the check is returned as
        it is, and the client asks again. Raises NotFound for another person's check, and after
        `KEPT`.
        """
        # An invalid id may be too long for a key, which DynamoDB reports as a ValidationException.
        check = self._checks.get(check_id) if ids.is_id(check_id, "idc") else None
        if check is None or check.person_id != actor.person_id or check.ttl <= now:
            raise NotFound
        if check.state_at(now) is State.PENDING and self._checks.may_poll(check_id, now):
            try:
                result = self._service.result(check)
            except (Unavailable, TooMany):
                return check
            self._settle(check, result, now)
            check = self._checks.get(check_id) or check
        return check

    def receive(self, message: SignedMessage, result: Result, *, now: datetime) -> None:
        """Record a result from the service's callback. A repeated one changes nothing.

        Raises Unauthenticated ``signature_invalid`` for a message that the service has not signed
        within five minutes; NotFound for a result of no check here, of another person or subject.
        """
        # Without its own secret there is no callback: `default` is known to other partners.
        secret = self._secrets.read().get(PARTNER, "")
        wrong = fault(secret, message, CALLBACK_PATH, now) if secret else "no_secret"
        if wrong:
            logger().warning("callback_refused", extra={"partner": PARTNER, "fault": wrong})
            raise Unauthenticated("signature_invalid")
        check = self._checks.get(result.check_id)
        if check is None or not result.concerns(check):
            raise NotFound
        self._settle(check, result, now)

    def spend(
        self, actor: Actor, check_id: str, subject: Subject, *, by: str, now: datetime
    ) -> None:
        """Use up the actor's passed check of `subject`'s face, for exactly that name and number.

        `by` names the request that uses it, such as its nonce. Its retry may use it again. Raises
        Unprocessable ``identity_check_unusable``: not passed, too old, used, of another person or
        by another person. They look alike. Cost: one GetItem, and one UpdateItem.
        """
        check = self._checks.get(check_id)
        if (
            check is None
            or check.person_id != actor.person_id
            or not self._index.same(check.subject, self._blind(subject))
            or not self._checks.spend(check, by, now)
        ):
            raise Unprocessable("identity_check_unusable")

    def _settle(self, check: IdentityCheck, result: Result, now: datetime) -> None:
        if result.state is not State.PENDING and result.concerns(check):
            self._checks.settle(check, result.state, now)

    def _own(self, actor: Actor) -> Subject:
        profile = actor.profile
        if profile.verification is Verification.NONE:
            raise Forbidden("registration_required")
        if profile.blocked:
            raise Forbidden("registration_rejected")
        if profile.verification is not Verification.VERIFIED:
            raise Forbidden("registration_not_verified")
        return subject_of(profile, self._vault)

    def _blind(self, subject: Subject) -> str:
        # No part can contain the separator: names and numbers have no control characters.
        text = "\x1f".join((subject.document_type, subject.document_number, subject.name))
        return self._index.of("identity-check", text)
