"""The functions and mappings of the template, as `prod` gets them.

Names are discovered by resource type, so that the bench follows what is deployed. The sources are
``infra/resources.yaml`` with the operator's ``infra/parameters.json``, ``.chalice/config.json`` and
the functions that ``app.py`` registers.
"""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import yaml

from bench.stub import ROOT

API = "api_handler"
_DEFAULT_MEMORY, _DEFAULT_TIMEOUT = 128, 60
_STAGE = "prod"
_NO_VALUE = "AWS::NoValue"

Resource = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as the long forms."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    return {name: loader.construct_scalar(node)}  # type: ignore[arg-type]  # a scalar is left


_Loader.add_multi_constructor("!", _tag)


@functools.cache
def _raw() -> dict[str, Any]:
    text = (ROOT / "infra/resources.yaml").read_text()
    raw: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    return raw


def value(of: Any) -> Any:
    """Return a value, or that of the parameter to which it refers, as text."""
    if not isinstance(of, dict) or "Ref" not in of:
        return of
    name = of["Ref"]
    given = json.loads((ROOT / "infra/parameters.json").read_text())[_STAGE]
    default = _raw()["Parameters"].get(name, {}).get("Default", "")
    return str({"Stage": _STAGE, **given}.get(name, default))


@functools.cache
def template() -> dict[str, Any]:
    """Return the template, with its conditions decided for `prod`.

    A reference is left as CloudFormation's long form.
    """
    raw = _raw()
    conditions = raw.get("Conditions", {})

    def holds(condition: Any) -> bool:
        if isinstance(condition, str):
            return holds(conditions[condition])
        ((name, parts),) = condition.items()
        match name:
            case "Condition":
                return holds(parts)
            case "Fn::Equals":
                return str(value(parts[0])) == str(value(parts[1]))
            case "Fn::Not":
                return not holds(parts[0])
            case "Fn::And":
                return all(map(holds, parts))
            case "Fn::Or":
                return any(map(holds, parts))
        raise LookupError(f"no condition of CloudFormation's: {name}")

    def decide(part: Any) -> Any:
        if isinstance(part, list):
            return [one for one in map(decide, part) if one != {"Ref": _NO_VALUE}]
        if not isinstance(part, dict):
            return part
        if set(part) == {"Fn::If"}:
            condition, yes, no = part["Fn::If"]
            return decide(yes if holds(condition) else no)
        decided = {name: decide(one) for name, one in part.items()}
        return {name: one for name, one in decided.items() if one != {"Ref": _NO_VALUE}}

    resources = {
        name: decide(resource)
        for name, resource in raw["Resources"].items()
        if "Condition" not in resource or holds(resource["Condition"])
    }
    return {**raw, "Resources": resources}


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


def logical_id(name: str) -> str:
    """Return the id of a function's resource, as Chalice makes it of the name."""
    return "APIHandler" if name == API else "".join(part.title() for part in name.split("_"))


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
    """Return the approximate bytes of the gateway's access log of one request; 0 without one."""
    found = [*_all(template()["Resources"], "AccessLogSetting")]
    return len(found[0]["Format"]) + 60 if found else 0


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
