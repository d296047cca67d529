"""The signature of a partner's message: over its time, its path and its body."""

from datetime import timedelta

import pytest

from chalicelib.core.signatures import SignedMessage, fault, sign
from infra.local.sandbox import signature as theirs
from tests.fakes.parts import NOON

PATH, BODY, SENT = (
    "/v1/identity-checks/callback",
    b'{"status": "passed"}',
    str(int(NOON.timestamp())),
)


def message(key: str = "s", timestamp: str = SENT, path: str = PATH) -> SignedMessage:
    return SignedMessage(timestamp, sign(key, timestamp, "POST", path, BODY), BODY)


def test_both_sides_sign_alike() -> None:
    assert sign("s", SENT, "POST", PATH, BODY) == theirs.sign("s", SENT, "POST", PATH, BODY)


def test_a_signed_message_has_no_fault() -> None:
    assert fault("s", message(), PATH, NOON) is None


@pytest.mark.parametrize(
    "altered",
    [
        message("another"),
        message(path="/v1/messages"),
        message()._replace(body=BODY + b" "),
        message()._replace(timestamp=str(int(SENT) + 1)),
        message()._replace(signature=""),
        message()._replace(signature="v1=é"),
        message()._replace(signature=message().signature.upper()),
        message()._replace(signature=message().signature.replace("v1", "v2")),
    ],
)
def test_what_was_altered_or_signed_for_another_place_is_refused(altered: SignedMessage) -> None:
    assert fault("s", altered, PATH, NOON) == "bad_signature"


@pytest.mark.parametrize(
    ("seconds", "stale"), [(300, False), (301, True), (-300, False), (-301, True)]
)
def test_a_message_is_at_most_five_minutes_off(seconds: int, stale: bool) -> None:
    found = fault("s", message(), PATH, NOON + timedelta(seconds=seconds))
    assert (found == "stale_timestamp") is stale


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1.5", "٣", "9" * 13, "9" * 5000])
def test_a_time_that_is_none_is_stale(timestamp: str) -> None:
    assert fault("s", message(timestamp=timestamp), PATH, NOON) == "stale_timestamp"
