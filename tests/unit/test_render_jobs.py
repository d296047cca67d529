"""Messages of the renders queue: they arrive as they were sent, and garbage is refused."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core.ids import ALPHABET
from chalicelib.core.render_jobs import (
    CardJob,
    CardRemoval,
    PosterJob,
    RenderJob,
    decode,
    encode,
)
from tests.unit.test_queue_messages import json_values

codes = st.text(ALPHABET, min_size=16, max_size=16)
serials = st.text(ALPHABET, min_size=12, max_size=12)
people = codes.map("per_{}".format)
correlations = st.from_regex(r"[A-Za-z0-9-]{8,64}", fullmatch=True)
jobs: st.SearchStrategy[RenderJob] = st.one_of(
    st.builds(PosterJob, codes.map("ven_{}".format), codes, correlations),
    st.builds(CardJob, people, serials, st.sampled_from(["card_pdf", "card_png"]), correlations),
    st.builds(CardRemoval, people, serials, correlations),
)


@given(jobs)
def test_a_message_arrives_as_it_was_sent_and_has_ids_only(job: RenderJob) -> None:
    assert decode(encode(job)) == job
    body = json.loads(encode(job))
    assert body.pop("v") == 1
    allowed = {"kind", "venue", "poster", "person", "serial", "form", "correlation"}
    assert body.keys() <= allowed


def refused(body: str) -> bool:
    try:
        decode(body)
    except ValueError:
        return True
    return False


@given(st.text() | json_values.map(json.dumps))
@example("")
@example("{}")
@example("null")
@example("[" * 100_000)
def test_garbage_is_a_value_error(body: str) -> None:
    assert refused(body)


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"v": "1"}, {"kind": "other"}, {"kind": None}, {"serial": 1}, {"name": "梁思齐"},
     {"kind": "card_removal"}],
)  # fmt: skip
def test_one_wrong_field_is_enough(change: dict[str, Any]) -> None:
    body = json.loads(encode(CardJob("per_0123456789ABCDEF", "0" * 12, "card_pdf", "c0ffee00")))
    assert not refused(json.dumps(body))
    assert refused(json.dumps({**body, **change}))
    for field in body:
        assert refused(json.dumps({name: body[name] for name in body if name != field}))
