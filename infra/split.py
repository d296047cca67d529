"""Split the template of one stage for `chalice deploy`: what is made before it, by it, after it.

Nothing here names a function or a resource. The rule is what refers to what:

- Chalice makes the functions, the API, and the API's right to call its function;
- *wiring* is what refers to one of these, or to wiring: mappings, rules, rights, alarms;
- *foundation* is all else: table, queues, keys, roles, the layer, logs, the topic.

Parameters and conditions are decided here, because a stack's output cannot be absent. Values go
from one part to the next through outputs that this module adds to a part's template.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Template = dict[str, Any]

_FUNCTION, _API = "AWS::Serverless::Function", "AWS::Serverless::Api"
_LAYER, _PERMISSION = "AWS::Serverless::LayerVersion", "AWS::Lambda::Permission"
_GONE = object()
_VARIABLE = re.compile(r"\$\{([^!][^}]*)\}")
# Chalice reads these from .chalice/config.json or app.py by itself.
_CHALICE_SAYS = {
    _FUNCTION: {
        *("Architectures", "CodeUri", "Handler", "MemorySize", "Runtime", "Tags", "Timeout"),
        "Tracing",
    },
    _API: {
        *("DefinitionBody", "EndpointConfiguration", "MinimumCompressionSize", "Mode"),
        *("OpenApiVersion", "StageName", "TracingEnabled"),
    },
}
# These are written into .chalice/config.json before, or set after `chalice deploy`.
_BEFORE = {"Environment", "Layers", "ReservedConcurrentExecutions", "Role", "VpcConfig"}
_AFTER = {
    _FUNCTION: {"LoggingConfig", "RecursiveLoop"},
    _API: {"AccessLogSetting", "GatewayResponses", "MethodSettings"},
}


class SplitError(Exception):
    """The template holds what `chalice deploy` has no place for; the message says what."""


@dataclass
class Split:
    """The parts of a stage's template.

    `functions` and `api` hold properties. `permissions` are wiring that goes with its function, and
    so is not left to a stack. `exports` has the outputs that pass values on: by output, what it
    stands for, as in ``Fn::Sub`` ("Table", "Table.StreamArn").
    """

    foundation: Template
    wiring: Template
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    api: dict[str, Any] = field(default_factory=dict)
    api_name: str = ""
    permissions: dict[str, dict[str, Any]] = field(default_factory=dict)
    of_chalice: set[str] = field(default_factory=set)
    exports: dict[str, str] = field(default_factory=dict)

    def values(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """Return what the outputs of a stack stand for."""
        return {self.exports[name]: text for name, text in outputs.items() if name in self.exports}


def own_paths(api: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the paths of an API that Chalice does not make: no function serves them.

    Chalice makes the functions' operations, and beside them preflights.
    """
    found: dict[str, dict[str, Any]] = {}
    for path, operations in api.get("DefinitionBody", {}).get("paths", {}).items():
        for method, operation in operations.items():
            integration = operation.get("x-amazon-apigateway-integration", {})
            if method != "options" and integration.get("type") != "aws_proxy":
                found.setdefault(path, {})[method] = operation
    return found


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as the long ones."""


def _long(loader: _Loader, name: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        argument: Any = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        argument = loader.construct_mapping(node, deep=True)
    else:
        argument = loader.construct_scalar(node)  # type: ignore[arg-type]  # a scalar is left
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": argument}


_Loader.add_multi_constructor("!", _long)


def read(text: str) -> Template:
    """Return a template that is written as YAML, such as ``infra/resources.yaml``."""
    template: Template = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    return template


def split(template: Template, stack: str, parameters: Mapping[str, str] | None = None) -> Split:
    """Return the parts of a packaged template; `stack` is the name that it would have as one.

    Raises SplitError.
    """
    plain = decide(template, stack, parameters or {})
    resources: dict[str, Any] = plain["Resources"]
    functions = _properties(resources, _FUNCTION)
    apis = _properties(resources, _API)
    of_chalice = {*functions, *apis, *_gateway_rights(resources, apis)}
    wiring = _referring(resources, of_chalice)
    for kind, found in ((_FUNCTION, functions), (_API, apis)):
        _check(kind, found, _BEFORE if kind == _FUNCTION else set())
    _check_order(functions, wiring)

    permissions = {name: resources[name]["Properties"] for name in wiring & _rights(resources)}
    outputs: dict[str, Any] = plain.get("Outputs", {})
    late = {name for name, one in outputs.items() if _named(one) & (of_chalice | wiring)}
    ((api_name, api),) = apis.items()
    parts = Split(
        _part({name: resources[name] for name in resources.keys() - wiring - of_chalice}, stack),
        _part({name: resources[name] for name in wiring - permissions.keys()}, stack),
        functions=functions,
        api=api,
        api_name=api_name,
        permissions=permissions,
        of_chalice=of_chalice,
    )
    for name, output in outputs.items():
        (parts.wiring if name in late else parts.foundation)["Outputs"][name] = output
    settings = [
        {key: one.get(key) for key in _BEFORE | _AFTER[_FUNCTION]} for one in functions.values()
    ]
    _export(parts, parts.foundation, [parts.wiring, permissions, settings, _after(api)])
    _export(parts, parts.wiring, [permissions, settings, _after(api)])
    return parts


def resolve(node: Any, values: Mapping[str, Any]) -> Any:
    """Return `node` with `values` in place of what refers to them; the rest stays as it is."""
    if isinstance(node, list):
        return [resolve(one, values) for one in node]
    if not isinstance(node, dict):
        return node
    key = _reference(node)
    if key is not None:
        return values.get(key, node)
    if node.keys() == {"Fn::Sub"}:
        return _substitute(node["Fn::Sub"], values)
    found = {name: resolve(one, values) for name, one in node.items()}
    if found.keys() == {"Fn::Join"}:
        between, parts = found["Fn::Join"]
        if all(isinstance(part, str) for part in parts):
            return between.join(parts)
    return found


def settled(node: Any, values: Mapping[str, str], what: str) -> Any:
    """Return `node` with `values`, when nothing is left to refer to. Raises SplitError."""
    found = resolve(node, values)
    left = next(_intrinsics(found), None)
    if left is not None:
        raise SplitError(f"{what} cannot be known before it is deployed: {left}.")
    return found


# --- Conditions and parameters --------------------------------------------------------------------


def decide(template: Template, stack: str, given: Mapping[str, str]) -> Template:
    """Return the template without parameters, conditions and the stack's name.

    `given` are values of parameters; others have their default. Raises SplitError.
    """
    values: dict[str, Any] = {"AWS::StackName": stack}
    for name, parameter in template.get("Parameters", {}).items():
        if name not in given and "Default" not in parameter:
            raise SplitError(f"Parameter {name} has no value.")
        value = given.get(name, parameter.get("Default"))
        values[name] = float(value) if parameter["Type"] == "Number" else str(value)
        if isinstance(values[name], float) and values[name].is_integer():
            values[name] = int(value)
    conditions = template.get("Conditions", {})

    def holds(condition: Any) -> bool:
        if isinstance(condition, str):
            return holds(conditions[condition])
        ((operator, operands),) = condition.items()
        match operator:
            case "Condition":
                return holds(operands)
            case "Fn::Equals":
                # CloudFormation compares texts: a template's 0 equals a parameter's "0".
                first, second = (str(resolve(operand, values)) for operand in operands)
                return first == second
            case "Fn::Not":
                return not holds(operands[0])
            case "Fn::And":
                return all(map(holds, operands))
            case "Fn::Or":
                return any(map(holds, operands))
        raise SplitError(f"A condition uses {operator}.")

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [found for one in node if (found := walk(one)) is not _GONE]
        if not isinstance(node, dict):
            return node
        if node == {"Ref": "AWS::NoValue"}:
            return _GONE
        if node.keys() == {"Fn::If"}:
            condition, then, otherwise = node["Fn::If"]
            return walk(then if holds(condition) else otherwise)
        found = {name: kept for name, one in node.items() if (kept := walk(one)) is not _GONE}
        return resolve(found, values) if len(found) == 1 else found

    sections = {}
    for section in ("Resources", "Outputs"):
        sections[section] = {
            name: {key: walk(value) for key, value in one.items() if key != "Condition"}
            for name, one in template.get(section, {}).items()
            if "Condition" not in one or holds(one["Condition"])
        }
    return sections


# --- References -----------------------------------------------------------------------------------


def _reference(node: Any) -> str | None:
    """Return what a ``Ref`` or ``Fn::GetAtt`` stands for, as ``Fn::Sub`` names it."""
    if isinstance(node, dict) and len(node) == 1:
        if isinstance(node.get("Ref"), str):
            return str(node["Ref"])
        attribute = node.get("Fn::GetAtt")
        if attribute is not None:
            return attribute if isinstance(attribute, str) else ".".join(attribute)
    return None


def _uses(node: Any) -> Iterator[str]:
    """Yield all that `node` refers to."""
    key = _reference(node)
    if key is not None:
        yield key
    elif isinstance(node, dict):
        if node.keys() == {"Fn::Sub"}:
            text, own = _variables(node["Fn::Sub"])
            yield from (name for name in _VARIABLE.findall(text) if name not in own)
            yield from _uses(list(own.values()))
        else:
            depends = node.get("DependsOn", [])
            yield from [depends] if isinstance(depends, str) else depends
            yield from _uses(list(node.values()))
    elif isinstance(node, list):
        for one in node:
            yield from _uses(one)


def _named(node: Any) -> set[str]:
    return {key.partition(".")[0] for key in _uses(node)}


def _variables(argument: Any) -> tuple[str, dict[str, Any]]:
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])


def _substitute(argument: Any, values: Mapping[str, Any]) -> Any:
    text, own = _variables(argument)
    own = {name: resolve(one, values) for name, one in own.items()}
    known = {**values, **{name: one for name, one in own.items() if isinstance(one, str)}}
    text = _VARIABLE.sub(lambda found: str(known.get(found[1], found[0])), text)
    left = {name: one for name, one in own.items() if f"${{{name}}}" in text}
    if not _VARIABLE.search(text):
        return text.replace("${!", "${")
    return {"Fn::Sub": [text, left] if left else text}


def _intrinsics(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref")):
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _intrinsics(one)


# --- Parts ----------------------------------------------------------------------------------------


def _properties(resources: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: one.get("Properties", {}) for name, one in resources.items() if one["Type"] == kind
    }


def _rights(resources: Mapping[str, Any]) -> set[str]:
    return set(_properties(resources, _PERMISSION))


def _gateway_rights(resources: Mapping[str, Any], apis: Mapping[str, Any]) -> set[str]:
    return {
        name
        for name, right in _properties(resources, _PERMISSION).items()
        if _named(right["SourceArn"]) & apis.keys()
    }


def _referring(resources: Mapping[str, Any], targets: set[str]) -> set[str]:
    """Return what refers to `targets`, or to what does."""
    found: set[str] = set()
    while True:
        more = {
            name
            for name, one in resources.items()
            if name not in targets | found and _named(one) & (targets | found)
        }
        if not more:
            return found
        found |= more


def _check(kind: str, found: Mapping[str, Mapping[str, Any]], before: set[str]) -> None:
    known = _CHALICE_SAYS[kind] | _AFTER[kind] | before
    for name, properties in found.items():
        if unknown := sorted(properties.keys() - known):
            raise SplitError(
                f"{name} sets {', '.join(unknown)}: say in infra/split.py who sets it."
            )


def _check_order(functions: Mapping[str, Mapping[str, Any]], late: set[str]) -> None:
    for name, properties in functions.items():
        needed = _named([properties.get(key) for key in sorted(_BEFORE)])
        if early := sorted(needed & (late | functions.keys())):
            raise SplitError(f"{name} needs {', '.join(early)}, which can be made only after it.")


def _after(api: Mapping[str, Any]) -> dict[str, Any]:
    settings = {key: api[key] for key in _AFTER[_API] if key in api}
    return {**settings, "paths": own_paths(api)}


def _part(resources: Mapping[str, Any], stack: str) -> Template:
    """Return a template of `resources`, ordered, without SAM's types."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            name: _as_layer(name, one, stack)
            if one["Type"] == _LAYER
            else _depending(one, resources.keys())
            for name, one in sorted(resources.items())
        },
        "Outputs": {},
    }


def _depending(resource: Mapping[str, Any], there: Collection[str]) -> dict[str, Any]:
    """Return `resource`, which depends only on what is in the same part: the other is made."""
    depends = resource.get("DependsOn", [])
    depends = [depends] if isinstance(depends, str) else depends
    kept = [name for name in depends if name in there]
    rest = {key: value for key, value in resource.items() if key != "DependsOn"}
    return {**rest, "DependsOn": kept} if kept else rest


def _as_layer(name: str, resource: Mapping[str, Any], stack: str) -> dict[str, Any]:
    properties = dict(resource["Properties"])
    # A version that is replaced or deleted goes; that is what SAM's RetentionPolicy says, too.
    if properties.pop("RetentionPolicy", None) != "Delete":
        raise SplitError(f"{name} must have RetentionPolicy: Delete.")
    properties["Content"] = properties.pop("ContentUri")
    properties["LayerName"] = f"{stack}-{name}"
    return {"Type": "AWS::Lambda::LayerVersion", "Properties": properties}


def _export(parts: Split, source: Template, users: list[Any]) -> None:
    """Add an output to `source` for each of its values that `users` refer to."""
    for key in sorted(set(_uses(users))):
        resource, _, attribute = key.partition(".")
        if resource in source["Resources"]:
            value = {"Fn::GetAtt": [resource, attribute]} if attribute else {"Ref": resource}
            name = "Value" + re.sub(r"[^A-Za-z0-9]", "", key)
            if name in source["Outputs"]:
                raise SplitError(f"Two outputs are named {name}.")
            source["Outputs"][name] = {"Value": value}
            parts.exports[name] = key
