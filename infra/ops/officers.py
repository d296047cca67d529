"""What the commands of officers share: document numbers, records of accesses, what errors say."""

from collections.abc import Callable

from chalicelib.admission.accesses import AccessKind, device_access
from chalicelib.bootstrap import Container
from chalicelib.core import waiting
from chalicelib.core.clock import SystemClock, epoch_ms
from chalicelib.core.errors import AppError, TooMany
from chalicelib.core.messages import text
from chalicelib.core.submission import Submission
from chalicelib.identity import documents
from infra.local.client import uuid7


def typed_number(document_type: str, read: Callable[[str], str]) -> str:
    """Return the canonical document number that `read` returns.

    The number is no argument of a command, so that no history keeps it. Raises ValueError.
    """
    return documents.of(document_type).canonical(read("document number"))


def said(error: AppError) -> str:
    """Return what an error says, in English."""
    params = dict(error.params)
    if isinstance(error, TooMany):
        now = SystemClock().now()
        params["when"] = waiting.until(error.retry_after, now=now, language="en")
    return text(error.text, "en", **params)


def record_access(
    container: Container, blind: str, *, by: str, office: str, correlation: str
) -> None:
    """Record an access to the number with this blind index (GO-7).

    `by` names the command. `office` is shown to the person. Cost: one PutItem.
    """
    now = container.clock.now()
    submission = Submission(uuid7(epoch_ms(now)), "", correlation, now)
    container.accesses.record(blind, device_access(AccessKind.OFFICER, by, office, submission))
