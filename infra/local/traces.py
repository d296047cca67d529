"""Search a deployment for traces of a person: all items, all files with their names, all logs.

A value is found in plain text, escaped as in JSON, or quoted as in a URL. Sealed fields are
searched as they are stored.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote


def traces(
    client: Callable[[str], Any],
    *,
    table: str,
    bucket: str,
    values: Collection[str],
    logs: Collection[Path] = (),
) -> list[str]:
    """Return where each of `values` occurs, as ``place: value``; empty if nowhere.

    `client` returns a boto3 client of a service. `logs` are log files.
    """
    places = _items(client("dynamodb"), table)
    places |= _files(client("s3"), bucket)
    places |= {f"log {path.name}": path.read_bytes() for path in logs}
    return [
        f"{place}: {value}"
        for place, content in sorted(places.items())
        for value in sorted(values)
        if any(form in content for form in _written(value))
    ]


def _items(dynamodb: Any, table: str) -> dict[str, bytes]:
    found = {}
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            key = f"item {item['pk']['S']} · {item['sk']['S']}"
            found[key] = b"\n".join(_bytes(item))
    return found


def _bytes(value: Any) -> Iterator[bytes]:
    """Yield every text, number and byte string in an item, and the names of its attributes."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield value.encode()
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _bytes(name)
            yield from _bytes(inner)
    elif isinstance(value, list | set | tuple):
        for inner in value:
            yield from _bytes(inner)


def _files(s3: Any, bucket: str) -> dict[str, bytes]:
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", ()):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            found[f"file {entry['Key']}"] = entry["Key"].encode() + b"\n" + body
    return found


def _written(value: str) -> set[bytes]:
    escaped = json.dumps(value)[1:-1]
    forms = (value, escaped, escaped.upper().replace("\\U", "\\u"), quote(value))
    return {form.encode() for form in forms}
