"""Bodies that are made from nothing but the OpenAPI document are mostly read."""

import functools
import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

import tests.generated  # noqa: F401 (registers the formats)
from chalicelib.api.endpoint import OPERATIONS, Operation
from chalicelib.core.errors import BadInput
from chalicelib.core.fields import parse
from tests.api import contract

TRIED = 30


@functools.cache
def schema() -> Any:
    """The document, from which texts are made of what is typed in China.

    Of all that Unicode has, nine in ten code points are not assigned, and no pattern can say which.
    """
    loaded = schemathesis.openapi.from_dict(contract.document())
    loaded.config.generation.update(codec="gb2312")
    return loaded


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.request], ids=lambda one: one.name
)
def test_most_bodies_that_a_schema_allows_are_read(operation: Operation) -> None:
    refused: list[str] = []

    @settings(
        max_examples=TRIED,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema()[operation.path][operation.method].as_strategy())
    def read(case: schemathesis.Case[Any]) -> None:
        assert operation.request
        try:
            parse(operation.request, json.dumps(case.body).replace(".0", ""))  # as clients write it
        except BadInput as error:
            refused.append(f"{error.fields} in {case.body!r}")

    read()
    assert len(refused) < TRIED / 2, refused[:5]
