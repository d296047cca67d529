"""Examples of bodies, composed of the examples of their fields."""

from collections.abc import Iterator, Mapping
from typing import Any

_BY_FORMAT = {"date-time": "2022-04-24T08:00:00.000Z", "date": "2022-04-24"}
_NULL = {"type": "null"}


def example(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    """Return a value that fits `schema`, whose references are to names of `definitions`.

    It is the schema's first example, its only or first allowed value, or composed of the examples
    of its properties. Raises LookupError for a schema that has none of these.
    """
    schema = _resolved(schema, definitions)
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return {name: _of_field(name, field, definitions) for name, field in properties.items()}
    if schema.get("type") == "array":
        return [example(schema["items"], definitions)]
    if schema.get("type") == "boolean":
        return False
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if option != _NULL:
            return example(option, definitions)
    raise LookupError("no example")


def examples(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return one example per kind of a body that is a union, by the kind's name."""
    return {
        kind: {"value": example({"$ref": reference}, definitions)}
        for kind, reference in _kinds(_resolved(schema, definitions))
    }


def _kinds(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from schema.get("discriminator", {}).get("mapping", {}).items()


def _of_field(name: str, field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    try:
        return example(field, definitions)
    except LookupError as error:
        raise LookupError(f"{name}: {error.args[0]}") from None


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema or "examples" in schema:
        return schema
    found: Mapping[str, Any] = definitions[schema["$ref"].rpartition("/")[2]]
    return found
