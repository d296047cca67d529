"""Messages of the queues: they arrive as they were sent, and garbage fails alone."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.admission.evidence import looked_up
from chalicelib.admission.lookup_requests import Declared, Lookup, Message, Settle, encode
from chalicelib.admission.schemas import decode
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.ids import ALPHABET
from chalicelib.core.logs import correlation
from chalicelib.identity.providers import ProviderName
from chalicelib.workers.batches import each_message
from tests.fakes.parts import NOON

codes = st.text(ALPHABET, min_size=16, max_size=16)
correlations = st.from_regex(r"[A-Za-z0-9-]{8,64}", fullmatch=True)
moments = st.integers(0, epoch_ms(datetime(6000, 1, 1, tzinfo=UTC))).map(from_epoch_ms)
scans = st.builds("scn_{}_{:012x}_{}".format, codes, st.integers(0, 2**47), codes)
lookups = st.builds(
    Lookup,
    st.lists(st.sampled_from(looked_up()), min_size=1, max_size=8).map(tuple),
    codes.map("per_{}".format),
    moments,
    correlations,
    st.integers(0, 1_000_000),
    scan_id=st.just("") | scans,
    attempt=st.integers(0, 100),
    afresh=st.booleans(),
    since=st.none() | moments,
)
settles = st.builds(Settle, scans, correlations)
declarations = st.builds(
    Declared,
    codes.map("per_{}".format),
    st.builds("dec_{:012x}_{}".format, st.integers(0, 2**43), codes),
    st.just("") | scans,
    correlations,
)
messages = lookups | settles | declarations
LOOKUP = Lookup((ProviderName.HEALTH_CODE,), "per_0123456789ABCDEF", NOON, "c0ffee00", 3)


@given(messages)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    assert decode(encode(message)) == message


@given(messages)
def test_a_message_has_its_version_and_ids_only(message: Message) -> None:
    body = json.loads(encode(message))
    assert body["v"] == (2 if isinstance(message, Lookup) else 1)
    allowed = {
        "v", "kind", "providers", "person", "asked_at", "registration", "record", "scan",
        "correlation", "attempt", "afresh", "since",
    }  # fmt: skip
    assert body.keys() <= allowed


def refused(body: str) -> bool:
    try:
        decode(body)
    except ValueError:
        return True
    return False


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text() | json_values.map(json.dumps))
@example("")
@example("{}")
@example("null}")
@example("[" * 100_000)
@example('"\ud800"')
def test_garbage_is_a_value_error(body: str) -> None:
    assert refused(body)


@pytest.mark.parametrize("change", [
    {"v": 3}, {"v": 1}, {"v": "2"}, {"v": 1.5}, {"kind": "other"}, {"kind": None},
    {"providers": ["other"]}, {"providers": []}, {"providers": "health_code"},
    {"attempt": -1}, {"afresh": 1},
    {"person": "per_x"}, {"person": "per_0123456789ABCDEF\n"}, {"person": "ven_0123456789ABCDEF"},
    {"asked_at": -1}, {"asked_at": "1"}, {"asked_at": 10**15}, {"asked_at": 10**30},
    {"registration": -1}, {"registration": True}, {"correlation": "c" * 65}, {"name": "梁思齐"},
    {"scan": "scn_x"},
])  # fmt: skip
def test_one_wrong_field_is_enough(change: dict[str, Any]) -> None:
    body = json.loads(encode(LOOKUP))
    assert not refused(json.dumps(body))
    assert refused(json.dumps({**body, **change}))


def test_a_lookup_of_the_release_before_asks_its_one_provider() -> None:
    body = json.loads(encode(LOOKUP))
    for added in ("providers", "attempt", "afresh"):
        del body[added]
    assert decode(json.dumps(body | {"v": 1, "provider": "health_code"})) == LOOKUP


@pytest.mark.parametrize(
    "field", ["providers", "person", "asked_at", "registration", "correlation", "attempt"]
)
def test_one_missing_field_is_enough(field: str) -> None:
    body = json.loads(encode(LOOKUP))
    del body[field]
    assert refused(json.dumps(body))


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "attributes": {}}
            for number, body in enumerate(bodies)
        ]
    }


def read(body: str) -> Settle:
    return Settle(body, "c0ffee00")


class TestBatches:
    """A message that fails, fails alone."""

    def test_only_what_failed_is_reported(self) -> None:
        handled: list[str] = []

        def handle(message: Settle) -> str:
            if message.scan_id == "bad":
                raise RuntimeError("no")
            handled.append(message.scan_id)
            return "done"

        answer = each_message(batch("a", "bad", "b", "bad"), handle, read=read)
        assert handled == ["a", "b"]
        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        assert failed == ["m1", "m3"]

    def test_a_message_that_cannot_be_read_fails_alone(self) -> None:
        seen: list[str] = []

        def handle(_: Settle) -> str:
            seen.append(correlation.get())
            return "done"

        def read(body: str) -> Settle:
            return Settle("scan", json.loads(body)["correlation"])

        bodies = batch("garbage", '{"correlation": "c1"}', "[]", '{"correlation": "c2"}')
        answer = each_message(bodies, handle, read=read)
        assert seen == ["c1", "c2"]
        assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == ["m0", "m2"]
        assert correlation.get() == "-"

    def test_an_empty_batch_has_no_failures(self) -> None:
        assert each_message(batch(), str, read=read) == {"batchItemFailures": []}
