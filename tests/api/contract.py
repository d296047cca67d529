"""Check every response of the suite against the OpenAPI document: status, type, schema, headers."""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from chalicelib.api import openapi
from chalicelib.api.endpoint import OPERATIONS, Operation

# Required in every response.
HEADERS = ("x-correlation-id", "strict-transport-security", "x-content-type-options",
           "content-language", "cache-control", "access-control-allow-origin")  # fmt: skip


_DOCUMENT = "urn:venuecode:openapi"


@functools.cache
def document() -> dict[str, Any]:
    """Return the document as clients get it."""
    loaded: dict[str, Any] = json.loads(openapi.render())
    return loaded


@functools.cache
def _routes() -> list[tuple[re.Pattern[str], Operation]]:
    return [
        (re.compile(f"{operation.method} " + re.sub(r"{\w+}", "[^/]+", operation.path)), operation)
        for operation in OPERATIONS
    ]


def operation_of(method: str, path: str) -> Operation:
    """Return the operation that serves a request."""
    request = f"{method} {path.partition('?')[0]}"
    return next(operation for pattern, operation in _routes() if pattern.fullmatch(request))


@functools.cache
def registry() -> "Registry[Any]":
    """Return the document, searched once for what its references lead to."""
    resource = DRAFT202012.create_resource(document())
    found: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)
    return found.crawl()


@functools.cache
def validator_at(*steps: str) -> Draft202012Validator:
    """Return the validator of the schema at a place of the document.

    A schema with a copy of the components would be searched anew each time.
    """
    pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
    reference = f"{_DOCUMENT}#/{quote(pointer, safe='/~')}"
    return Draft202012Validator({"$ref": reference}, registry=registry())


def check(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Fail unless the document allows the response for this route."""
    operation = operation_of(method, path)
    where = f"{method} {operation.path} {status}"
    responses = document()["paths"][operation.path][method.lower()]["responses"]
    assert str(status) in responses, f"{where} is not in the document: {body[:300]!r}"
    missing = [name for name in HEADERS if not headers.get(name)]
    assert not missing, f"{where} lacks {missing}"
    if status == 304:  # has no content
        assert not body
        return
    media_type = headers["content-type"]
    allowed = responses[str(status)]["content"]
    assert media_type in allowed or "*/*" in allowed, f"{where} as {media_type}"
    if media_type.endswith("json") and (status >= 400 or operation.response):
        response = ("paths", operation.path, method.lower(), "responses", str(status))
        validator = validator_at(*response, "content", media_type, "schema")
        faults = [error.message for error in validator.iter_errors(json.loads(body))]
        assert not faults, f"{where}: {faults}"
    if media_type == "application/problem+json":
        _check_problem(status, headers, json.loads(body))


def _check_problem(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
    assert body["status"] == status
    assert body["type"] == f"urn:venuecode:error:{body['code']}"
    assert headers["cache-control"] == "no-store"
    if status in (429, 503):
        assert int(headers["retry-after"]) > 0
    if status == 401:
        assert headers["www-authenticate"] == "Bearer"
    assert (status == 400) == bool(body.get("errors"))
