"""Make what `chalice deploy` stands on, and tell Chalice of it.

Run as ``python -m infra.foundation STAGE`` (`make foundation STAGE=dev`), before Chalice. It
brings up the stack ``venuecode-<stage>-foundation`` (table, bucket, queues, keys, roles, layer,
logs, alarms), writes the roles, the layer and the settings of each function into that stage of
``.chalice/config.json``, and the packages into ``vendor/``. Repeating it changes what has changed.
docs/operations.md compares this way with `make deploy`.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from chalice.utils import to_cfn_resource_name
from rich.console import Console

from infra import stacks
from infra.deploy import DeployError, _artifacts
from infra.package import FOUNDATION_KEYS, ROOT, BuildError, libraries, template
from infra.split import Split, SplitError, settled, split

_Step = Callable[[str], None]
_Client = Callable[[str], Any]
Config = dict[str, Any]


def lay(
    stage: str,
    client: _Client,
    bucket: str,
    *,
    root: Path = ROOT,
    poll_seconds: float = 5.0,
    step: _Step = lambda _: None,
) -> dict[str, str]:
    """Bring up the foundation of `stage`, tell Chalice of it, and return its outputs.

    Raises BuildError, SplitError, DeployError.
    """
    path = root / ".chalice/config.json"
    config = json.loads(path.read_text())
    if examples := _examples(config["stages"][stage]):
        raise DeployError(
            f"Set {', '.join(examples)} of stage {stage} in .chalice/config.json: "
            "what stands there is an example."
        )
    if stacks.outputs(client("cloudformation"), stacks.whole(stage)) is not None:
        raise DeployError(
            f"Stage {stage} was deployed by `make deploy`: the stack {stacks.whole(stage)} is "
            "there. A stage is deployed in one way only."
        )
    step("Installing the runtime's wheels")
    found = libraries(stage, root=root)
    fill_vendor(found.vendor, root / "vendor")
    step("Reading the template")
    parts = split(template(stage, root=root), stacks.whole(stage))
    step("Uploading the layer")
    content = stacks.upload(client, bucket, found.layer)
    for resource in parts.foundation["Resources"].values():
        if resource["Type"] == "AWS::Lambda::LayerVersion":
            resource["Properties"]["Content"] = content
    step("Bringing up the foundation")
    outputs = stacks.bring_up(
        client, stacks.foundation(stage), parts.foundation, bucket, poll_seconds=poll_seconds
    )
    step("Telling Chalice")
    values = {**pseudo_parameters(client), **parts.values(outputs)}
    written = with_foundation(config, stage, parts, values)
    if written != config:
        text = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(path)
    return outputs


def pseudo_parameters(client: _Client) -> dict[str, str]:
    """Return the pseudo parameters that do not depend on a stack."""
    sts = client("sts")
    arn = sts.get_caller_identity()["Arn"].split(":")
    return {
        "AWS::AccountId": arn[4],
        "AWS::Partition": arn[1],
        "AWS::Region": sts.meta.region_name,
        "AWS::URLSuffix": "amazonaws.com.cn" if arn[1] == "aws-cn" else "amazonaws.com",
    }


def with_foundation(config: Config, stage: str, parts: Split, values: Mapping[str, str]) -> Config:
    """Return `config` with what its functions need of the foundation in `stage`.

    Only FOUNDATION_KEYS of that stage's functions change; functions that are gone go. What the
    stage sets for all functions is not repeated. Raises SplitError.
    """
    names = {logical_id(name): name for name in config["lambda_functions"]}
    if unknown := sorted(parts.functions.keys() - names.keys()):
        raise SplitError(f"Add {', '.join(unknown)} to lambda_functions of .chalice/config.json.")
    settings = config["stages"][stage]
    known = settings.get("lambda_functions", {})
    functions = {}
    for logical, name in sorted(names.items(), key=lambda pair: pair[1]):
        if logical in parts.functions:
            own = {k: v for k, v in known.get(name, {}).items() if k not in FOUNDATION_KEYS}
            given = _of_function(parts.functions[logical], settings, values, logical)
            functions[name] = {**own, **given}
    stages = {**config["stages"], stage: {**settings, "lambda_functions": functions}}
    return {**config, "stages": stages}


def logical_id(name: str) -> str:
    """Return the logical id that Chalice gives a function in a template."""
    return "APIHandler" if name == "api_handler" else str(to_cfn_resource_name(name))


def _of_function(
    properties: Mapping[str, Any], stage: Mapping[str, Any], values: Mapping[str, str], name: str
) -> dict[str, Any]:
    """Return a function's settings in Chalice's words, in the order of FOUNDATION_KEYS."""

    def value(key: str, default: Any = None) -> Any:
        return settled(properties.get(key, default), values, f"{key} of {name}")

    shared = stage.get("environment_variables", {})
    variables = value("Environment", {"Variables": {}})["Variables"]
    network = value("VpcConfig", {})
    concurrency = value("ReservedConcurrentExecutions")
    found = {
        "manage_iam_role": False,
        "iam_role_arn": value("Role"),
        "layers": value("Layers"),
        "reserved_concurrency": None if concurrency is None else int(concurrency),
        "subnet_ids": network.get("SubnetIds"),
        "security_group_ids": network.get("SecurityGroupIds"),
        "environment_variables": {
            key: text for key, text in sorted(variables.items()) if shared.get(key) != text
        },
    }
    return {key: found[key] for key in FOUNDATION_KEYS if found[key] is not None}


def fill_vendor(packages: Path, vendor: Path) -> None:
    """Make `vendor` a copy of `packages`, with the file that requirements.txt asks for."""
    marker = vendor / "requirements.txt"
    text = f"# Nothing: the packages lie beside this file ({packages.name}).\n"
    if marker.exists() and marker.read_text() == text:
        return
    shutil.rmtree(vendor, ignore_errors=True)
    shutil.copytree(packages, vendor)
    marker.write_text(text)


def _examples(stage: Mapping[str, Any]) -> list[str]:
    """Return the settings that still have the repository's example values."""
    variables = stage["environment_variables"]
    return sorted(name for name, text in variables.items() if "EXAMPLE.COM" in text.upper())


def main() -> int:
    """Bring up the foundation of a stage."""
    parser = argparse.ArgumentParser(description="Make what `chalice deploy` stands on.")
    parser.add_argument("stage", choices=("dev", "prod"))
    stage = parser.parse_args().stage
    console = Console()
    session = boto3.Session()
    try:
        if not session.region_name:
            raise DeployError("No AWS region: set AWS_DEFAULT_REGION to where the stage stands.")
        with console.status("Beginning") as status:
            lay(stage, session.client, _artifacts(session), step=status.update)
    except (BuildError, SplitError, DeployError, BotoCoreError, ClientError) as error:
        console.print(f"[red]No foundation.[/red] {error}", highlight=False)
        return 1
    console.print(
        f"{stacks.foundation(stage)} is up and .chalice/config.json has its values. Now:\n"
        f"  chalice deploy --stage {stage}\n  make wire STAGE={stage}",
        highlight=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
