"""Hooks of schemathesis: values that no pattern can describe."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

from chalicelib.core.short_codes import ALPHABET, check_character
from chalicelib.identity import documents
from chalicelib.rendering.coverage import missing
from infra.local.client import now_ms, uuid7
from tests.support import resident_id, social_credit_code

schemathesis.openapi.format(
    "document-number",
    st.one_of(
        st.integers(1, 999).map(resident_id),
        st.sampled_from([one.example for one in documents.TYPES]),
    ),
)
schemathesis.openapi.format("venue-number", st.integers(1, 999).map(social_credit_code))
schemathesis.openapi.format("gb-2260-county", st.sampled_from(["440983", "370102"]))
schemathesis.openapi.format(
    "join-code",
    st.text(ALPHABET, min_size=8, max_size=8).map(lambda text: text + check_character(text)),
)
schemathesis.openapi.format(
    "consent-code",
    st.text(ALPHABET, min_size=9, max_size=9).map(lambda text: text + check_character(text)),
)
schemathesis.openapi.format(
    "pairing-code",
    st.text(ALPHABET, min_size=10, max_size=10).map(lambda text: text + check_character(text)),
)
schemathesis.openapi.format(
    "printable",
    st.text(
        st.characters(codec="gb2312", exclude_categories=["C", "Z"]).filter(
            lambda character: not missing(character)
        ),
        min_size=2,
        max_size=60,
    ),
)


@schemathesis.hook
def map_body(_: Any, body: Any) -> Any:
    """Set a nonce to the present time, because it dates the visit."""
    if isinstance(body, dict) and isinstance(body.get("nonce"), str) and len(body["nonce"]) == 36:
        return body | {"nonce": uuid7(now_ms())}
    return body
