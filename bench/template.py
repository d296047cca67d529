"""The functions and mappings of the template, as `prod` gets them.

Names are discovered by resource type, so that the bench follows what is deployed. The sources are
``infra/resources.yaml`` with the operator's ``infra/parameters.json``, ``.chalice/config.json`` and
the functions that ``app.py`` registers.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bench.stub import ROOT
from infra import split, stacks
from infra.foundation import logical_id

API = "api_handler"
_DEFAULT_MEMORY, _DEFAULT_TIMEOUT = 128, 60
_STAGE = "prod"

Resource = dict[str, Any]


@functools.cache
def template() -> dict[str, Any]:
    """Return the template, its parameters and conditions decided for `prod`.

    References to resources are left as CloudFormation's long form.
    """
    given = json.loads((ROOT / "infra/parameters.json").read_text())[_STAGE]
    whole = split.read((ROOT / "infra/resources.yaml").read_text())
    return split.decide(whole, stacks.whole(_STAGE), {"Stage": _STAGE, **given})


def resources(kind: str) -> dict[str, Resource]:
    """Return the properties of the resources of type `kind`, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template()["Resources"].items()
        if resource.get("Type") == kind
    }


@dataclass(frozen=True)
class Function:
    """A Lambda function: Chalice's name, its handler, memory in MB, timeout in seconds.

    `system_log_bytes` are what Lambda itself logs of each invocation.
    """

    name: str
    handler: str
    memory: int
    timeout: int
    system_log_bytes: int

    def load(self) -> Callable[[dict[str, Any], Any], Any]:
        """Import and return the handler."""
        module, _, name = self.handler.rpartition(".")
        found: Callable[[dict[str, Any], Any], Any] = getattr(import_module(module), name)
        return found


@dataclass(frozen=True)
class EventSource:
    """An event source mapping: its function, its source's logical id, and its settings."""

    function: str
    source: str
    is_stream: bool
    batch_size: int
    window: float
    lanes: int
    filters: tuple[Any, ...]


@functools.cache
def functions() -> Mapping[str, Function]:
    """Return the functions by Chalice's name."""
    from app import app

    config = json.loads((ROOT / ".chalice/config.json").read_text())["lambda_functions"]
    handlers = {one.name: one.handler_string for one in app.pure_lambda_functions}
    return {
        name: Function(
            name,
            handler,
            config.get(name, {}).get("lambda_memory_size", _DEFAULT_MEMORY),
            config.get(name, {}).get("lambda_timeout", _DEFAULT_TIMEOUT),
            _system_log_bytes(name),
        )
        for name, handler in {API: "app.app", **handlers}.items()
    }


@functools.cache
def mappings() -> tuple[EventSource, ...]:
    """Return the mappings of queues and of the table's stream."""
    by_id = {logical_id(name): name for name in functions()}
    found = []
    for properties in resources("AWS::Lambda::EventSourceMapping").values():
        source = properties["EventSourceArn"]["Fn::GetAtt"]
        logical, _, attribute = source.partition(".") if isinstance(source, str) else (*source, "")
        filters = properties.get("FilterCriteria", {}).get("Filters", [])
        found.append(
            EventSource(
                by_id[properties["FunctionName"]["Ref"]],
                logical,
                attribute == "StreamArn" or "StreamArn" in source,
                properties["BatchSize"],
                properties.get("MaximumBatchingWindowInSeconds", 0),
                properties.get("ParallelizationFactor", 1),
                tuple(json.loads(one["Pattern"]) for one in filters),
            )
        )
    return tuple(found)


def _system_log_bytes(name: str) -> int:
    # Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs": START, END and
    # REPORT as text; in JSON, they are of level INFO and may be filtered.
    resource = template()["Resources"].get(logical_id(name), {})
    logging = resource.get("Properties", {}).get("LoggingConfig", {})
    if logging.get("LogFormat") != "JSON":
        return 260
    return 0 if logging.get("SystemLogLevel") == "WARN" else 620


@functools.cache
def access_log_bytes() -> int:
    """Return the bytes of the gateway's access log of one scan; 0 without one."""
    found = [*_all(template()["Resources"], "AccessLogSetting")]
    return len(re.sub(r"\$[\w.]+", lambda one: _LOGGED[one[0]], found[0]["Format"])) if found else 0


_LOGGED = {
    "$context.requestId": "00000000-0000-0000-0000-000000000000",
    "$context.requestTimeEpoch": "1700000000000",
    "$context.httpMethod": "POST",
    "$context.resourcePath": "/v1/scans",
    "$context.status": "201",
    "$context.responseLatency": "25",
    "$context.responseLength": "1234",
    "$context.error.responseType": "-",
}


def _all(value: Any, name: str) -> Iterator[Any]:
    """Yield every value under `name`, however deep."""
    if isinstance(value, list):
        for one in value:
            yield from _all(one, name)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == name:
                yield one
            yield from _all(one, name)
