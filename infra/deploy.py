"""Deploy what `make package` built: upload it and have CloudFormation update the stack.

The local cloud is deployed by the same code from the same template. Run as ``python -m infra.deploy
STAGE`` (`make deploy STAGE=prod`) with AWS credentials and a region in the usual places. Artifacts
go to the private bucket ``venuecode-artifacts-<account>-<region>``.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.prompt import Confirm
from rich.status import Status
from rich.table import Table

from infra import account, stacks
from infra.client_upload import publish
from infra.package import ROOT, BuildError, Package, lint, package
from infra.split import SplitError, Template
from infra.stacks import Change, DeployError, Target
from infra.website import WebsiteError

FAILURES = (
    BuildError, SplitError, DeployError, account.AccountError, WebsiteError,
    BotoCoreError, ClientError,
)  # fmt: skip
"""What the commands of a deployment answer with a sentence."""
_Step = Callable[[str], None]


def deploy(
    built: Package,
    target: Target,
    *,
    stack: str,
    parameters: Mapping[str, str] | None = None,
    confirm: Callable[[Sequence[Change]], bool] = lambda _: True,
    step: _Step = lambda _: None,
) -> dict[str, str]:
    """Bring `stack` to `built` and return its outputs.

    `parameters` are the template's; ``Protect`` is turned on after the creation, and a stack that
    has some gets its policy. `confirm` is asked before an update. Raises DeployError with the first
    resource that failed, after CloudFormation has rolled back.
    """
    step("Uploading the package")
    template = json.loads(built.template.read_text())
    code, layer = (
        f"s3://{target.bucket}/{target.upload(path)}" for path in (built.code, built.layer)
    )
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = layer

    step("Deploying the stack")
    request = {
        "TemplateURL": target.put(template),
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    given = parameters or {}
    deployment = target.stack(stack)
    if deployment.is_new():
        deployment.create(request, {**given, "Protect": "off"})
        if given.get("Protect") == "on":
            step("Protecting the table")
            deployment.update(request, given, lambda _: True)
    else:
        deployment.update(request, given, confirm)
    if given:  # the local cloud has no parameters, and nothing to protect
        stacks.protect(target.client("cloudformation"), stack, built.stage)
    return deployment.outputs()


def parameters_of(stage: str, template: Mapping[str, Any]) -> dict[str, str]:
    """Return the template's parameters for `stage`: ``infra/parameters.json`` and what follows.

    Raises DeployError for a parameter that the template does not have.
    """
    given: dict[str, str] = json.loads((ROOT / "infra/parameters.json").read_text()).get(stage, {})
    if unknown := given.keys() - template["Parameters"].keys():
        raise DeployError(f"infra/parameters.json: no parameter {', '.join(sorted(unknown))}.")
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    protect = "on" if stage == "prod" else "off"
    return {"Domain": variables["VC_CODE_HOST"].lower(), "Protect": protect, **given}


_EXAMPLES = ("EXAMPLE.COM", "示例")
"""What the example values of .chalice/config.json hold."""


def refuse_examples(stage: str, template: Mapping[str, Any]) -> None:
    """Raise DeployError for settings that still have the repository's example values."""
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    examples = sorted(
        name
        for name, value in variables.items()
        if isinstance(value, str) and any(one in value.upper() for one in _EXAMPLES)
    )
    if examples:
        raise DeployError(
            f"Set {', '.join(examples)} of stage {stage} in .chalice/config.json: "
            "what stands there is an example."
        )


def _reserved(session: Any, stack: str) -> int:
    """Return the concurrency that the stack's API function holds already."""
    try:
        function = session.client("cloudformation").describe_stack_resource(
            StackName=stack, LogicalResourceId="APIHandler"
        )["StackResourceDetail"]["PhysicalResourceId"]
    except ClientError:  # there is no such stack, or its creation failed
        function = stack  # what `chalice deploy` calls it
    try:
        answer = session.client("lambda").get_function_concurrency(FunctionName=function)
    except ClientError:
        return 0
    return int(answer.get("ReservedConcurrentExecutions", 0))


def prepare(session: Any, stage: str, template: Template, console: Console) -> None:
    """Check the account's quotas, print what to ask AWS for, and make what stacks share.

    Raises AccountError.
    """
    parameters = parameters_of(stage, template)
    sentences = account.check_quotas(
        session,
        reserved=int(parameters.get("ApiConcurrency", 0)) - _reserved(session, stacks.whole(stage)),
        workers=account.workers_concurrency(template, parameters),
        requests=template["Resources"]["RestAPI"]["Properties"]["MethodSettings"][0][
            "ThrottlingRateLimit"
        ],
    )
    if parameters.get("AccessLogs") == "on":
        partition = session.get_partition_for_region(session.region_name)
        account.let_gateway_write_logs(session, partition)
    for sentence in sentences:
        console.print(f"[yellow]A low quota.[/yellow] To AWS's support: {sentence}")


def target_of(session: Any, console: Console, **options: Any) -> Target:
    """Return where the session's account and region are; print them. `options` go to each client.

    Raises DeployError without a region.
    """
    if not session.region_name:
        raise DeployError("No AWS region: set AWS_DEFAULT_REGION to where the stage stands.")
    owner = session.client("sts").get_caller_identity()["Account"]
    console.print(f"Account {owner}, region {session.region_name}.", highlight=False)
    return Target(
        lambda service: session.client(service, **options),
        account.artifacts_bucket(session, owner),
        owner,
    )


def asking(console: Console, status: Status, *, yes: bool) -> Callable[[Sequence[Change]], bool]:
    """Return a function that shows changes and asks whether to make them, unless `yes`."""

    def confirm(changes: Sequence[Change]) -> bool:
        status.stop()
        console.print(change_table(changes))
        agreed = yes or Confirm.ask("Make these changes?", console=console, default=False)
        status.start()
        return agreed

    return confirm


def _deploy_stage(stage: str, console: Console, *, yes: bool) -> dict[str, str]:
    stack, session = stacks.whole(stage), boto3.Session()
    target = target_of(session, console)
    formation = target.client("cloudformation")
    stacks.refuse(formation, stacks.foundation(stage), stage, "make foundation")
    with console.status("Packaging") as status:
        built = package(stage, step=status.update)
        template = json.loads(built.template.read_text())
        refuse_examples(stage, template)
        if findings := lint(built):
            raise DeployError(findings)
        prepare(session, stage, template, console)
        outputs = deploy(
            built,
            target,
            stack=stack,
            parameters=parameters_of(stage, template),
            confirm=asking(console, status, yes=yes),
            step=status.update,
        )
        status.update("Uploading the client")
        publish(session.client, outputs, console)
        return outputs


def change_table(changes: Sequence[Change]) -> Table:
    """Return the changes as a table. What replaces a resource stands first, in red."""
    table = Table("action", "resource", "type", "replaced", title="Changes")
    for change in sorted(changes, key=lambda one: (not one.replacement, one)):
        dangerous = change.replacement or change.action == "Remove"
        replaced = {"True": "yes", "": ""}.get(change.replacement, "perhaps")
        table.add_row(*change[:3], replaced, style="red" if dangerous else "")
    return table


def main() -> int:
    """Package a stage, deploy it, print the stack's outputs."""
    parser = argparse.ArgumentParser(description="Deploy to AWS.")
    parser.add_argument("stage", choices=("dev", "prod"))
    parser.add_argument("--yes", action="store_true", help="update without asking")
    given = parser.parse_args()
    stage, console = given.stage, Console()
    try:
        outputs = _deploy_stage(stage, console, yes=given.yes)
    except FAILURES as error:
        console.print(f"[red]Not deployed.[/red] {error}", highlight=False)
        return 1
    table = Table("output", "value", title=stacks.whole(stage))
    for name, value in sorted(outputs.items()):
        table.add_row(name, value)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
