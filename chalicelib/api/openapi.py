"""The OpenAPI 3.1 document, made from the contracts on the routes (GO-12)."""

import ast
import functools
import inspect
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.api.endpoint import OPERATIONS, Operation
from chalicelib.core.errors import CODES
from chalicelib.core.fields import Query
from chalicelib.core.messages import TEXTS

_REFERENCE = "#/components/schemas/{model}"


@functools.cache
def render() -> str:
    """The document as JSON text, the same for the same code."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def document() -> dict[str, Any]:
    """The document as an object."""
    models: dict[type[BaseModel], Any] = {}
    for operation in OPERATIONS:
        if operation.request:
            models[operation.request] = "validation"
        if operation.response:
            models[operation.response] = "serialization"
    names, definitions = models_json_schema(list(models.items()), ref_template=_REFERENCE)
    paths: dict[str, Any] = {}
    for operation in sorted(OPERATIONS, key=lambda o: (o.path, o.method)):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, names
        )
    schemas = definitions.get("$defs", {}) | {"Problem": _problem()}
    for model in _with_parts(BaseModel):
        for name, text in _described(model).items():
            if model.__name__ in schemas:
                schemas[model.__name__]["properties"][name]["description"] = text
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Venuecode",
            "version": "1",
            "description": "Venue codes: a venue's poster, a visitor's scan, one screen, a record, "
            "the day's figures. Errors are application/problem+json with a stable `code`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                authenticator.scheme: dict(authenticator.definition)
                for authenticator in (operation.access.authenticator for operation in OPERATIONS)
                if authenticator
            },
        },
    }


def _with_parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for heir in model.__subclasses__():
        yield heir
        yield from _with_parts(heir)


@functools.cache
def _described(model: type[BaseModel]) -> dict[str, str]:
    """The strings below a model's fields. Pydantic can read them too, but at every cold start."""
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
                value=ast.Constant(value=str(said))
            ):
                found[name] = inspect.cleandoc(said)
    return found


def _operation(operation: Operation, names: Any) -> dict[str, Any]:
    authenticator = operation.access.authenticator
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.access.sentence,
        "security": [{authenticator.scheme: []}] if authenticator else [],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", operation.path)
        ]
        + (_query(operation.query) if operation.query else []),
        "responses": _responses(operation, names),
    }
    if operation.request:
        entry["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": names[operation.request, "validation"]}},
        }
    return entry


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
    """The schema of a parameter that is there: one that may be left out is never null."""
    kind: dict[str, Any]
    (kind,) = [one for one in field.get("anyOf", [{}]) if one != {"type": "null"}]
    rest = {
        key: value
        for key, value in field.items()
        if key not in ("anyOf", "title") and (key, value) != ("default", None)
    }
    return kind | rest


def _responses(operation: Operation, names: Any) -> dict[str, Any]:
    schema: dict[str, Any] = (
        names[operation.response, "serialization"] if operation.response else {}
    )
    responses: dict[str, Any] = {
        str(status): {
            "description": "Done." if status < 202 else "Accepted." if status == 202 else "See it.",
            "content": {operation.content_type: {"schema": schema} if schema else {}},
        }
        for status in operation.statuses
    }
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
                    }
                }
            },
        }
    return responses


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
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {"pointer": text, "code": text, "detail": text},
                },
            },
        },
    }
