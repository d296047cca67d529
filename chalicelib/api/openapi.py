"""The OpenAPI 3.1 document, generated from the contracts of the routes (GO-12)."""

import ast
import functools
import inspect
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints, TypeAdapter
from pydantic.json_schema import models_json_schema

from chalicelib.admission.schemas import CardId
from chalicelib.admission.schemas_phones import DeviceId
from chalicelib.api import loading
from chalicelib.api.endpoint import OPERATIONS, Operation, problem
from chalicelib.api.examples import example, examples
from chalicelib.core import code_lists
from chalicelib.core.errors import CODES, AppError, BadInput
from chalicelib.core.fields import (
    Code,
    InvitationId,
    PersonId,
    Query,
    ReceiptId,
    ScanId,
    VenueId,
)
from chalicelib.core.messages import TEXTS
from chalicelib.identity import documents
from chalicelib.identity.schemas import CheckId

loading.import_all()

_REFERENCE = "#/components/schemas/{model}"
_TAGS = {
    "Sessions": "Log in, refresh, log out; confirm a phone.",
    "Me": "The caller's registration, pass and health evidence, and who looked the caller up.",
    "Records": "Health declarations, arrivals, notices, visits and temperatures.",
    "Family": "A guardian acts for children and elderly people.",
    "Identity checks": "Check a face or a payment password.",
    "Venues": "Apply for a venue's code; administer the venue.",
    "Posters": "Printable posters of a venue's code.",
    "Staff": "A venue's staff, and the join code by which inspectors join.",
    "Bindings": "The venues at which the caller works.",
    "Scans": "Check in by a venue's code or by a pass.",
    "Manual checks": "Check a visitor without a phone.",
    "Kiosks": "Devices that print a person's paper pass when their document is read.",
    "Statistics": "The figures of a venue's day.",
    "Landing": "The page behind a printed code.",
    "Files": "Files under the deployment's own host.",
    "Lists": "Codes and their texts; public, and may be kept for an hour.",
    "Service": "Status of the service, and the description of its API.",
}
_TAGGED = (
    ("/v1/venues/{venue_id}/posters", "Posters"),
    ("/v1/venues/{venue_id}/staff", "Staff"),
    ("/v1/venues/{venue_id}/join-code", "Staff"),
    ("/v1/venues/{venue_id}/administrator", "Staff"),
    ("/v1/venues/{venue_id}/scans", "Scans"),
    ("/v1/venues/{venue_id}/manual-checks", "Manual checks"),
    ("/v1/venues/{venue_id}/late-scans", "Scans"),
    ("/v1/me/devices", "Scans"),
    ("/v1/venues/{venue_id}/statistics", "Statistics"),
    ("/v1/venues", "Venues"),
    ("/v1/bindings", "Bindings"),
    ("/v1/scans", "Scans"),
    ("/v1/manual-checks", "Manual checks"),
    ("/v1/kiosks", "Kiosks"),
    ("/v1/otp", "Sessions"),
    ("/v1/sessions", "Sessions"),
    ("/v1/me/phone", "Sessions"),
    ("/v1/declaration-form", "Records"),
    ("/v1/me/declarations", "Records"),
    ("/v1/me/arrivals", "Records"),
    ("/v1/me/notices", "Records"),
    ("/v1/me/visits", "Records"),
    ("/v1/me/temperatures", "Records"),
    ("/v1/me/dependants", "Family"),
    ("/v1/erasures", "Me"),
    ("/v1/me/guardians", "Family"),
    ("/v1/me/consent-code", "Family"),
    ("/v1/me/identity-checks", "Identity checks"),
    ("/v1/identity-checks", "Identity checks"),
    ("/v1/me", "Me"),
    ("/v1/files", "Files"),
    ("/V", "Landing"),
    ("/v/", "Landing"),
    ("/v1/venue-types", "Lists"),
    ("/v1/regions", "Lists"),
    ("/v1/reasons", "Lists"),
    ("/v1/codes", "Lists"),
    ("/v1/status", "Service"),
    ("/v1/openapi.json", "Service"),
    ("/{file}", "Landing"),
)
"""The tag of a path: that of the first matching prefix. Each resource has one."""
_PATH: dict[str, Any] = {
    "venue_id": VenueId,
    "person_id": PersonId,
    "invitation_id": InvitationId,
    "dependant_id": PersonId,
    "guardian_id": PersonId,
    "scan_id": ScanId,
    "check_id": ScanId,
    "identity_check_id": CheckId,
    "poster_id": Code,
    "device_id": DeviceId,
    "receipt_id": ReceiptId,
    "card_id": CardId,
    "code": Code,
    "file": Annotated[str, StringConstraints(min_length=1, max_length=128)],
    "token": Annotated[str, StringConstraints(min_length=1, max_length=2048)],
}
"""The types of path parameters."""
_NOT_MODIFIED = 304
_NOW = datetime(2022, 4, 24, 8, tzinfo=UTC)
"""The time of the examples."""
_DOCUMENTS: dict[str, dict[str, Any]] = {
    "application/json": {"type": "object", "examples": [{"openapi": "3.1.0"}]},
    "*/*": {"type": "string", "examples": ["%PDF-1.7…"]},
    "text/plain": {"type": "string", "examples": ["0e2b4c8f6a"]},
    "text/html; charset=utf-8": {"type": "string", "examples": ["<!doctype html>…"]},
}
"""The schemas of responses without a model, by media type."""
_BESIDE_FILES = ("/V/{code}", "/v/{code}")
"""Paths of pages, beside which a platform's verification files stand."""


@functools.cache
def render() -> str:
    """Return the document as JSON text; deterministic for the same code."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def document() -> dict[str, Any]:
    """Return the document as an object."""
    models: dict[type[BaseModel], Any] = {}
    for operation in OPERATIONS:
        if operation.request:
            models[operation.request] = "validation"
        if operation.response:
            models[operation.response] = "serialization"
    names, definitions = models_json_schema(list(models.items()), ref_template=_REFERENCE)
    schemas = definitions.get("$defs", {}) | {"Problem": _problem()}
    for model in _subclasses(BaseModel):
        for name, text in _described(model).items():
            if model.__name__ in schemas:
                schemas[model.__name__]["properties"][name]["description"] = text
    for schema in schemas.values():
        _pair_documents(schema)
    paths: dict[str, Any] = {}
    for operation in sorted(OPERATIONS, key=lambda o: (o.path, o.method)):
        described = _operation(operation, names, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Venuecode",
            "version": "1",
            "description": "Check-in by venue codes: posters, scans, records and daily figures. "
            "Errors are application/problem+json with a stable `code`.",
            "contact": {"name": "The operator of this deployment"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            # Relative to the document, which may be served below a stage of API Gateway.
            {"url": "..", "description": "The deployment that serves this document."}
        ],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "examples": {
                code: {"value": _problem_example(code)}
                for code in sorted({code for operation in OPERATIONS for code in operation.errors})
            },
            "schemas": schemas,
            "securitySchemes": {
                authenticator.scheme: dict(authenticator.definition)
                for authenticator in (operation.access.authenticator for operation in OPERATIONS)
                if authenticator
            },
        },
    }


def _pair_documents(schema: dict[str, Any]) -> None:
    """Say in the schema of a request which numbers go with which type of document."""
    number = schema.get("properties", {}).get("document_number", {})
    if number.get("format") == "document-number":
        schema["anyOf"] = [
            {
                "properties": {
                    "document_type": {"const": one.name},
                    "document_number": {"pattern": one.pattern},
                }
            }
            for one in documents.TYPES
        ]


def _subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for subclass in model.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


@functools.cache
def _described(model: type[BaseModel]) -> dict[str, str]:
    """Return the strings below a model's fields.

    Pydantic can read them too, but would do so at every cold start.
    """
    found: dict[str, str] = {}
    for base in model.__bases__:
        if issubclass(base, BaseModel):
            found |= _described(base)
    if not model.__module__.startswith("chalicelib.") or "[" in model.__name__:
        return found  # not ours, or a generic model with its parameters filled in
    body = ast.parse(inspect.getsource(model)).body[0]
    for field, text in itertools.pairwise(ast.iter_child_nodes(body)):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(description))
            ):
                found[name] = inspect.cleandoc(description)
    return found


def _operation(operation: Operation, names: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    authenticator = operation.access.authenticator
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [_tag(operation.path)],
        "summary": operation.summary,
        "description": operation.access.sentence,
        "security": [{authenticator.scheme: []}] if authenticator else [],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _path_parameter(name)}
            for name in re.findall(r"{(\w+)}", operation.path)
        ]
        + (_query(operation.query) if operation.query else []),
        "responses": _responses(operation, names, schemas),
    }
    if operation.request:
        schema = names[operation.request, "validation"]
        entry["requestBody"] = {
            "required": True,
            "content": {"application/json": _content(schema, schemas)},
        }
    return entry


def _tag(path: str) -> str:
    for beginning, tag in _TAGGED:
        if path.startswith(beginning):
            return tag
    raise LookupError(f"{path} has no tag: name its resource in _TAGGED")


def _path_parameter(name: str) -> dict[str, Any]:
    if name not in _PATH:
        raise LookupError(f"{{{name}}} has no type: name it in _PATH")
    return TypeAdapter(_PATH[name]).json_schema()


def _content(schema: dict[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with its example, or with one example per kind."""
    several = examples(schema, schemas)
    return {"schema": schema} | (
        {"examples": several} if several else {"example": example(schema, schemas)}
    )


def _query(model: type[Query]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    described = _described(model)
    return [
        {
            "name": name,
            "in": "query",
            "description": described[name],
            "required": name in schema.get("required", ()),
            "schema": _present(field),
        }
        for name, field in schema["properties"].items()
    ]


def _present(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that is present: an optional one is never null."""
    kind: dict[str, Any]
    (kind,) = [one for one in field.get("anyOf", [{}]) if one != {"type": "null"}]
    rest = {
        key: value
        for key, value in field.items()
        if key not in ("anyOf", "title") and (key, value) != ("default", None)
    }
    return kind | rest


def _responses(operation: Operation, names: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = (
        names[operation.response, "serialization"]
        if operation.response
        else _DOCUMENTS[operation.content_type]
    )
    responses: dict[str, Any] = {
        str(status): {
            "description": "Done."
            if status < 202
            else "Accepted."
            if status == 202
            else "See the page.",
            "content": {operation.content_type: _content(schema, schemas)},
        }
        for status in operation.statuses
        if status != _NOT_MODIFIED
    }
    if _NOT_MODIFIED in operation.statuses:
        responses[str(_NOT_MODIFIED)] = {"description": "The client has it: see `If-None-Match`."}
    if min(operation.statuses) >= 300:
        page = {"description": "The page, to a client that follows the redirect."}
        responses["200"] = responses[str(operation.statuses[0])] | page
    if operation.path in _BESIDE_FILES:
        file = _content(_DOCUMENTS["text/plain"], schemas)
        page = responses["200"]
        responses["200"] = page | {"content": page["content"] | {"text/plain": file}}
    by_status: dict[int, list[str]] = {}
    for code in operation.errors:
        by_status.setdefault(CODES[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        if str(status) in responses:
            continue
        responses[str(status)] = {
            "description": " ".join(f"`{code}`: {TEXTS[f'error.{code}']}" for code in codes),
            "content": {
                "application/problem+json": {
                    "schema": {
                        "allOf": [
                            {"$ref": _REFERENCE.format(model="Problem")},
                            {"properties": {"code": {"enum": sorted(codes)}}},
                        ]
                    },
                    "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
                }
            },
        }
    return responses


def _problem_example(code: str) -> dict[str, Any]:
    error = BadInput.at("/phone", "phone") if code == "invalid_input" else AppError(code)
    error.status = CODES[code].status
    # The only placeholders in these texts.
    error.params = {"when": "in about 14 hours", "venues": "信宜市人民医院"}
    body: dict[str, Any] = json.loads(problem(error, "en", now=_NOW).body)
    return body


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "An error (RFC 9457); `detail` is in the caller's language.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "code": {"type": "string", "enum": sorted(CODES)},
            "server_time": {
                "type": "string",
                "format": "date-time",
                "description": "With `clock_skewed`: the server's time, to correct nonces by.",
            },
            "accepted": {
                "type": "array",
                "description": "With `stronger_login_needed`: the logins and proofs that would do.",
                "items": text,
            },
            "checks": {
                "type": "array",
                "description": "With `unhealthy`: the results of all checks.",
                "items": {
                    "type": "object",
                    "required": ["name", "ok", "ms", "fault"],
                    "properties": {
                        "name": text,
                        "ok": {"type": "boolean"},
                        "ms": {"type": "integer"},
                        "fault": {"type": ["string", "null"]},
                    },
                },
            },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "pointer": text,
                        "code": {"type": "string", "enum": sorted(code_lists.codes("field."))},
                        "detail": text,
                    },
                },
            },
        },
    }
