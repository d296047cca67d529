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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from chalice.utils import to_cfn_resource_name
from rich.console import Console

from infra import stacks
from infra.deploy import (
    FAILURES,
    asking,
    parameters_of,
    prepare,
    refuse_examples,
    target_of,
)
from infra.package import FOUNDATION_KEYS, ROOT, libraries, template
from infra.split import Split, SplitError, Template, settled, split
from infra.stacks import Change, Target

_Step = Callable[[str], None]
Config = dict[str, Any]


def lay(
    stage: str,
    target: Target,
    *,
    root: Path = ROOT,
    step: _Step = lambda _: None,
    check: Callable[[Template], None] = lambda _: None,
    confirm: Callable[[Sequence[Change]], bool] = lambda _: True,
) -> dict[str, str]:
    """Bring up the foundation of `stage`, tell Chalice of it, and return its outputs.

    `check` gets the template before anything is made; `confirm` is asked before an update. Raises
    BuildError, SplitError, DeployError.
    """
    formation, name = target.client("cloudformation"), stacks.foundation(stage)
    stacks.refuse(formation, stacks.whole(stage), stage, "make deploy")
    step("Reading the template")
    whole = template(stage, root=root)
    refuse_examples(stage, whole)
    check(whole)
    parameters = parameters_of(stage, whole)
    parts = split(whole, stacks.whole(stage), parameters)
    step("Installing the runtime's wheels")
    found = libraries(stage, root=root)
    fill_vendor(found.vendor, root / "vendor")
    step("Uploading the layer")
    content = {"S3Bucket": target.bucket, "S3Key": target.upload(found.layer)}

    step("Bringing up the foundation")

    def made(protect: str) -> Template:
        given = {**parameters, "Protect": protect}
        return _with_layer(split(whole, stacks.whole(stage), given).foundation, content)

    outputs = bring_up(target, name, made, parameters["Protect"], confirm)
    stacks.protect(formation, name, stage)

    step("Telling Chalice")
    values = {**pseudo_parameters(target.client), **parts.values(outputs)}
    path = root / ".chalice/config.json"
    config = json.loads(path.read_text())
    written = with_foundation(config, stage, parts, values)
    if written != config:
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
        fresh.replace(path)
    return outputs


def bring_up(
    target: Target,
    name: str,
    made: Callable[[str], Template],
    protect: str,
    confirm: Callable[[Sequence[Change]], bool],
) -> dict[str, str]:
    """Bring up the stack that `made` returns for a value of ``Protect``; return its outputs.

    What a failed creation leaves can be deleted only if it is not protected yet. Raises
    DeployError.
    """
    if protect == "on" and target.stack(name).is_new():
        stacks.bring_up(target, name, made("off"))
        return stacks.bring_up(target, name, made(protect))
    return stacks.bring_up(target, name, made(protect), confirm)


def _with_layer(foundation: Template, content: dict[str, str]) -> Template:
    """Return `foundation`, whose layer's content lies at `content`."""
    for resource in foundation["Resources"].values():
        if resource["Type"] == "AWS::Lambda::LayerVersion":
            resource["Properties"]["Content"] = content
    return foundation


def pseudo_parameters(client: Callable[[str], Any]) -> dict[str, str]:
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


def main() -> int:
    """Bring up the foundation of a stage."""
    parser = argparse.ArgumentParser(description="Make what `chalice deploy` stands on.")
    parser.add_argument("stage", choices=("dev", "prod"))
    parser.add_argument("--yes", action="store_true", help="update without asking")
    given = parser.parse_args()
    stage, console, session = given.stage, Console(), boto3.Session()
    try:
        target = target_of(session, console)
        with console.status("Reading the template") as status:
            lay(
                stage,
                target,
                step=status.update,
                check=lambda whole: prepare(session, stage, whole, console),
                confirm=asking(console, status, yes=given.yes),
            )
    except FAILURES as error:
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
