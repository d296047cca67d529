"""Connect what `chalice deploy` made: what wakes the functions, and what Chalice cannot set.

Run as ``python -m infra.wire STAGE`` (`make wire STAGE=dev`) after each `chalice deploy`. It brings
up the stack ``venuecode-<stage>-wiring`` (mappings, schedules, alarms on functions), lets the
schedules call their functions, sends logs to the foundation's groups, and gives the API its
responses, throttles and name. Repeating it changes nothing; what belongs to a removed function
goes. After `chalice delete` it removes all of it.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from rich.console import Console

from infra import stacks
from infra.client_upload import publish
from infra.deploy import FAILURES, parameters_of, target_of
from infra.foundation import logical_id, pseudo_parameters
from infra.package import ROOT, template
from infra.split import own_paths, resolve, settled, split
from infra.stacks import DeployError, Target

_Step = Callable[[str], None]
_OURS = "wire-"  # how the names of our statements in a function's policy begin
_METHOD_SETTINGS = {
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}


def wire(
    stage: str, target: Target, *, root: Path = ROOT, step: _Step = lambda _: None
) -> str | None:
    """Connect the functions of `stage`; return the API's address, or None if nothing is deployed.

    Raises BuildError, SplitError, DeployError.
    """
    client = target.client
    deployed = _deployed(root / f".chalice/deployed/{stage}.json")
    functions = {
        logical_id(name): one["lambda_arn"] for name, one in deployed.items() if "lambda_arn" in one
    }
    if not functions:
        step("Removing the wiring")
        target.stack(stacks.wiring(stage)).delete()
        return None
    step("Reading the template")
    whole = template(stage, root=root)
    parts = split(whole, stacks.whole(stage), parameters_of(stage, whole))
    if missing := sorted(parts.functions.keys() - functions.keys()):
        raise DeployError(
            f"{', '.join(missing)} not deployed: run `chalice deploy --stage {stage}` first."
        )
    known = stacks.outputs(client("cloudformation"), stacks.foundation(stage))
    if known is None:
        raise DeployError(f"There is no foundation: run `make foundation STAGE={stage}` first.")
    api_id, api_stage = deployed["rest_api"]["rest_api_id"], parts.api["StageName"]
    values = {
        **pseudo_parameters(client),
        **parts.values(known),
        **{name: arn.rpartition(":")[2] for name, arn in functions.items()},
        **{f"{name}.Arn": arn for name, arn in functions.items()},
        parts.api_name: api_id,
        f"{parts.api_name}.Stage": api_stage,
    }
    step("Connecting the functions")
    made = stacks.bring_up(target, stacks.wiring(stage), resolve(parts.wiring, values))
    values |= parts.values(made)
    step("Setting up the functions")
    permissions = {name: settled(right, values, name) for name, right in parts.permissions.items()}
    for logical, properties in parts.functions.items():
        logging = settled(properties.get("LoggingConfig", {}), values, f"the log of {logical}")
        set_logging(client("lambda"), values[logical], logging)
        if "RecursiveLoop" in properties:
            set_recursion(client("lambda"), values[logical], properties["RecursiveLoop"])
        rights = {
            name: right
            for name, right in permissions.items()
            if right["FunctionName"] in (values[logical], values[f"{logical}.Arn"])
        }
        permit(client("lambda"), values[logical], rights)
    step("Setting up the API")
    api = settled({**parts.api, "DefinitionBody": {}}, values, "the API")
    paths = settled(own_paths(parts.api), values, "a path of the API")
    document = {**parts.api["DefinitionBody"], "paths": paths}
    set_api(client("apigateway"), api_id, {**api, "DefinitionBody": document})
    return str(deployed["rest_api"]["rest_api_url"])


def _deployed(path: Path) -> dict[str, dict[str, Any]]:
    """Return what Chalice has written about its last deployment, by resource."""
    resources = json.loads(path.read_text())["resources"] if path.exists() else []
    return {one["name"]: one for one in resources}


# --- Functions ------------------------------------------------------------------------------------


def set_logging(functions: Any, name: str, wanted: Mapping[str, str]) -> None:
    """Send a function's log where `wanted` says, unless it goes there."""
    current = functions.get_function_configuration(FunctionName=name).get("LoggingConfig", {})
    if wanted.items() <= current.items():
        return
    waiter = functions.get_waiter("function_updated_v2")
    waiter.wait(FunctionName=name)  # while Lambda updates a function it refuses the next update
    functions.update_function_configuration(FunctionName=name, LoggingConfig=dict(wanted))
    waiter.wait(FunctionName=name)


def set_recursion(functions: Any, name: str, wanted: str) -> None:
    """Say whether Lambda stops a chain of the function's own messages, unless it is said."""
    if functions.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] != wanted:
        functions.put_function_recursion_config(FunctionName=name, RecursiveLoop=wanted)


def permit(functions: Any, name: str, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Make `wanted`, AddPermission's arguments by name, our statements of a function's policy.

    Statements of others, such as the gateway's of Chalice, stay.
    """
    current = {
        one["Sid"]: one for one in _statements(functions, name) if one["Sid"].startswith(_OURS)
    }
    for sid, statement in current.items():
        right = wanted.get(sid.removeprefix(_OURS))
        if right is None or not _grants(statement, right):
            functions.remove_permission(FunctionName=name, StatementId=sid)
    for key, right in wanted.items():
        sid = f"{_OURS}{key}"
        if sid not in current or not _grants(current[sid], right):
            functions.add_permission(**{**right, "FunctionName": name, "StatementId": sid})


def _statements(functions: Any, name: str) -> list[dict[str, Any]]:
    try:
        policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []  # it has no policy
        raise
    return list(policy["Statement"])


def _grants(statement: Mapping[str, Any], right: Mapping[str, str]) -> bool:
    source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn")
    granted = (statement["Action"], statement["Principal"], source)
    return granted == (right["Action"], {"Service": right["Principal"]}, right.get("SourceArn"))


# --- The API --------------------------------------------------------------------------------------


def set_api(gateway: Any, api_id: str, wanted: Mapping[str, Any]) -> None:
    """Give the API the properties `wanted` that Chalice does not set, and deploy it.

    Always deploys: responses and added paths count from the next deployment on, and `chalice
    deploy`, which overwrites the API, drops them. The stage and its settings outlive a deployment.
    """
    document = wanted["DefinitionBody"]
    if paths := document.get("paths"):
        _add_paths(gateway, api_id, document["info"]["title"], paths)
    known = gateway.get_rest_api(restApiId=api_id)
    patches = [
        *_name(known, document["info"]["title"]),
        *_binary_types(known, document.get("x-amazon-apigateway-binary-media-types", [])),
    ]
    if patches:
        gateway.update_rest_api(restApiId=api_id, patchOperations=patches)
    _set_responses(gateway, api_id, wanted.get("GatewayResponses", {}))
    stage = {"restApiId": api_id, "stageName": wanted["StageName"]}
    gateway.create_deployment(**stage)
    current = gateway.get_stage(**stage)
    patches = [
        *_access_log(current, wanted.get("AccessLogSetting")),
        *_methods(current, wanted.get("MethodSettings", [])),
    ]
    if patches:
        gateway.update_stage(**stage, patchOperations=patches)


def _add_paths(gateway: Any, api_id: str, title: str, paths: Mapping[str, Any]) -> None:
    """Add the paths that Chalice does not make; what it made stays.

    API Gateway Developer Guide, *Update an existing API with an API definition file*: `merge`.
    """
    definition = {"swagger": "2.0", "info": {"title": title, "version": "1.0"}, "paths": paths}
    gateway.put_rest_api(restApiId=api_id, mode="merge", body=json.dumps(definition).encode())


def _name(known: Mapping[str, Any], wanted: str) -> Iterator[dict[str, str]]:
    if known["name"] != wanted:
        yield {"op": "replace", "path": "/name", "value": wanted}


def _binary_types(known: Mapping[str, Any], wanted: list[str]) -> Iterator[dict[str, str]]:
    there = set(known.get("binaryMediaTypes") or [])
    for op, kinds in (("add", set(wanted) - there), ("remove", there - set(wanted))):
        for kind in sorted(kinds):
            yield {"op": op, "path": f"/binaryMediaTypes/{kind.replace('/', '~1')}"}


def _set_responses(gateway: Any, api_id: str, wanted: Mapping[str, Any]) -> None:
    current = {
        one["responseType"]: one
        for one in gateway.get_gateway_responses(restApiId=api_id, limit=500)["items"]
        if not one.get("defaultResponse")
    }
    for kind in sorted(current.keys() - wanted.keys()):
        gateway.delete_gateway_response(restApiId=api_id, responseType=kind)
    for kind, response in wanted.items():
        headers = response.get("ResponseParameters", {}).get("Headers", {})
        status = {"statusCode": str(response["StatusCode"])} if "StatusCode" in response else {}
        fields = {
            **status,
            "responseParameters": {
                f"gatewayresponse.header.{name}": text for name, text in headers.items()
            },
            "responseTemplates": response.get("ResponseTemplates", {}),
        }
        if not fields.items() <= current.get(kind, {}).items():
            gateway.put_gateway_response(restApiId=api_id, responseType=kind, **fields)


def _access_log(current: Mapping[str, Any], wanted: Any) -> Iterator[dict[str, str]]:
    there = current.get("accessLogSettings") or {}
    if not wanted:
        if there:
            yield {"op": "remove", "path": "/accessLogSettings"}
        return
    # CloudFormation's Arn of a log group ends in ":*", which the gateway does not take.
    target = {
        "destinationArn": wanted["DestinationArn"].removesuffix(":*"),
        "format": wanted["Format"],
    }
    for key, text in target.items():
        if there.get(key) != text:
            yield {"op": "replace", "path": f"/accessLogSettings/{key}", "value": text}


def _methods(current: Mapping[str, Any], wanted: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield the patches that make `wanted` the stage's settings by method."""
    target = {_method_path(one["ResourcePath"], one["HttpMethod"]): one for one in wanted}
    for key in current.get("methodSettings", {}):
        resource, _, method = key.rpartition("/")
        if (path := _method_path(resource, method)) not in target:
            yield {"op": "remove", "path": path}
    for path, settings in target.items():
        for name, value in settings.items():
            if name not in ("ResourcePath", "HttpMethod"):
                text = str(value).lower() if isinstance(value, bool) else str(value)
                place = f"{path}/{_METHOD_SETTINGS[name]}"
                yield {"op": "replace", "path": place, "value": text}


def _method_path(resource: str, method: str) -> str:
    """Return how a patch names a method of a resource: ``/~1v1~1otp/POST``, of all: ``/*/*``.

    `resource` is written as in a template (``/~1v1~1otp``, ``/*``) or as in a path (``/v1/otp``).
    """
    name = resource.removeprefix("/")
    if name != "*" and not name.startswith("~1"):
        name = "~1" + name.replace("/", "~1")
    return f"/{name}/{method}"


def main() -> int:
    """Connect what `chalice deploy` made of a stage."""
    parser = argparse.ArgumentParser(description="Connect what `chalice deploy` made.")
    parser.add_argument("stage", choices=("dev", "prod"))
    stage, console = parser.parse_args().stage, Console()
    # CreateDeployment takes one call in five seconds, and Chalice has just made one.
    patient = Config(retries={"mode": "standard", "total_max_attempts": 10})
    try:
        target = target_of(boto3.Session(), console, config=patient)
        with console.status("Beginning") as status:
            address = wire(stage, target, step=status.update)
            known = stacks.outputs(target.client("cloudformation"), stacks.foundation(stage))
            if address and known:
                status.update("Uploading the client")
                publish(target.client, known, console)
    except FAILURES as error:
        console.print(f"[red]Not connected.[/red] {error}", highlight=False)
        return 1
    console.print(
        f"Stage {stage} is up: {address}"
        if address
        else f"Nothing of stage {stage} is deployed; what connected it is removed.",
        highlight=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
