"""Deploy what `make package` built: upload it and have CloudFormation update the stack.

The local cloud is deployed by the same code from the same template. Run as ``python -m infra.deploy
STAGE`` (`make deploy STAGE=prod`) with AWS credentials and a region in the usual places. Artifacts
go to the private bucket ``venuecode-artifacts-<account>-<region>``.
"""

import argparse
import dataclasses
import hashlib
import json
import sys
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.prompt import Confirm
from rich.table import Table

from infra import account
from infra.package import ROOT, BuildError, Package, lint, package

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# The creation failed, or is a change set that was never executed: there is nothing to update.
_EMPTY = ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
# How events of the stack itself say that an operation, and that its undoing, begins.
_BEGINS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_UNDOES = ("ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")
_Step = Callable[[str], None]

# What holds data. Nothing brings it back: neither may an update replace or delete it, nor make a
# secret's value anew, which an edited `GenerateSecretString` does.
_KEPT = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket")
_STACK_POLICY = {
    "Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"ResourceType": list(_KEPT)}},
        },
        {
            "Effect": "Deny",
            "Action": "Update:*",
            "Principal": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"ResourceType": ["AWS::SecretsManager::Secret"]}},
        },
    ]
}
# What to do about a stack that no operation can change, by its status.
_STUCK = {
    "ROLLBACK_FAILED": "The first deployment failed, and so did its undoing. It holds no data: "
    "delete it (aws cloudformation delete-stack --stack-name {stack}), delete by hand what that "
    "names, and deploy again.",
    "DELETE_FAILED": "Delete by hand what is named, then the stack (aws cloudformation "
    "delete-stack --stack-name {stack}), and deploy again.",
    "UPDATE_ROLLBACK_FAILED": "An update failed, and so did its undoing; the application may run "
    "with parts of both. Mend what is named, then finish the undoing (aws cloudformation "
    "continue-update-rollback --stack-name {stack}), and deploy again.",
}


class DeployError(Exception):
    """The stack could not be deployed; the message says why."""


class Change(NamedTuple):
    """What an update does to a resource. `replacement` is ``True``, ``Conditional`` or empty."""

    action: str
    resource: str
    kind: str
    replacement: str


@dataclasses.dataclass(frozen=True)
class Options:
    """How a stack is deployed.

    `owner` is the account that must own the artifacts' bucket. `parameters` are the template's;
    ``Protect`` is turned on after the creation. `confirm` is asked before an update.
    """

    owner: str = ""
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    confirm: Callable[[Sequence[Change]], bool] = lambda _: True


def deploy(
    built: Package,
    client: Callable[[str], Any],
    *,
    stack: str,
    bucket: str,
    poll_seconds: float = 5.0,
    step: _Step = lambda _: None,
    options: Options = Options(),
) -> dict[str, str]:
    """Bring `stack` to `built` and return its outputs.

    `client` makes a boto3 client of a service; `bucket` exists and takes the artifacts. Raises
    DeployError with the first resource that failed, after CloudFormation has rolled back.
    """
    step("Uploading the package")
    s3, formation = client("s3"), client("cloudformation")
    owner = {"ExpectedBucketOwner": options.owner} if options.owner else {}
    template = json.loads(built.template.read_text())
    code, layer = (upload(s3, bucket, path, owner) for path in (built.code, built.layer))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = layer
    body = json.dumps(template, ensure_ascii=False).encode()
    key = f"{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=body, **owner)

    step("Deploying the stack")
    deployment = Stack(formation, stack, poll_seconds)
    request = {
        "TemplateURL": f"{s3.meta.endpoint_url}/{bucket}/{key}",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if deployment.is_new():
        deployment.create(request, {**options.parameters, "Protect": "off"})
        if options.parameters.get("Protect") == "on":
            step("Protecting the table")
            deployment.update(request, options.parameters, lambda _: True)
    else:
        deployment.update(request, options.parameters, options.confirm)
    return deployment.outputs()


class Stack:
    """The operations on one stack through CloudFormation's client `formation`."""

    def __init__(self, formation: Any, stack: str, poll_seconds: float) -> None:
        self._formation = formation
        self._stack = stack
        self._poll_seconds = poll_seconds

    def exists(self) -> bool:
        """Return whether the stack is there, in whatever state."""
        return self._status() not in (None, "DELETE_COMPLETE")

    def is_new(self) -> bool:
        """Return whether the stack is to be created; remove what a failed creation has left.

        Raises DeployError if another operation goes on, or the stack is stuck.
        """
        status = self._status()
        if status in _EMPTY:
            self.delete()
            status = None
        if status in (None, "DELETE_COMPLETE"):
            return True
        if status.endswith("_IN_PROGRESS"):
            raise DeployError(
                f"Stack {self._stack} is being changed ({status}): wait until that has ended."
            )
        if status in _STUCK:
            self._fail(status)
        return False

    def delete(self) -> None:
        """Delete the stack, if it is there. Raises DeployError."""
        if not self.exists():
            return
        self._formation.delete_stack(StackName=self._stack)
        status = self._wait()
        if status not in (None, "DELETE_COMPLETE"):
            self._fail(status)

    def create(self, request: dict[str, Any], parameters: Mapping[str, str]) -> None:
        """Create the stack. Raises DeployError."""
        self._formation.create_stack(
            StackName=self._stack, Parameters=_parameters(parameters), **request
        )
        status = self._wait()
        if status not in _DONE:
            self._fail(status)

    def update(
        self,
        request: dict[str, Any],
        parameters: Mapping[str, str],
        confirm: Callable[[Sequence[Change]], bool],
    ) -> None:
        """Update the stack by a change set, if `confirm` agrees with its changes.

        Does nothing if there is nothing to change, and does not ask if only outputs change. Raises
        DeployError.
        """
        named = {"StackName": self._stack, "ChangeSetName": f"deploy-{uuid.uuid4().hex}"}
        try:
            self._formation.create_change_set(
                **named, ChangeSetType="UPDATE", Parameters=_parameters(parameters), **request
            )
        except ClientError as error:
            raise DeployError(str(error)) from error
        changes = self._changes(named)
        if changes is None or (changes and not confirm(changes)):
            self._formation.delete_change_set(**named)
            if changes:
                raise DeployError("You said no: nothing was changed.")
            return
        self._formation.execute_change_set(**named)
        status = self._wait()
        if status not in _DONE:
            self._fail(status)

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        described = self._formation.describe_stacks(StackName=self._stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def _changes(self, named: dict[str, str]) -> list[Change] | None:
        """Return a change set's changes of resources, or None if it changes nothing at all.

        Raises DeployError.
        """
        found: list[Change] = []
        page = self._formation.describe_change_set(**named)
        while page["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            time.sleep(self._poll_seconds)
            page = self._formation.describe_change_set(**named)
        if page["Status"] == "FAILED":
            reason = page.get("StatusReason", "no reason given")
            if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                return None
            raise DeployError(f"Stack {self._stack} cannot be updated: {reason}")
        while True:
            for change in page["Changes"]:
                one = change["ResourceChange"]
                replacement = one.get("Replacement", "False")
                found.append(
                    Change(
                        one["Action"],
                        one["LogicalResourceId"],
                        one["ResourceType"],
                        "" if replacement == "False" else replacement,
                    )
                )
            if "NextToken" not in page:
                return found
            page = self._formation.describe_change_set(**named, NextToken=page["NextToken"])

    def _status(self) -> str | None:
        try:
            found = self._formation.describe_stacks(StackName=self._stack)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return str(found["Stacks"][0]["StackStatus"])

    def _wait(self) -> str | None:
        while True:
            # An update is not in progress at once.
            time.sleep(self._poll_seconds)
            status = self._status()
            if not status or not status.endswith("_IN_PROGRESS"):
                return status

    def _events(self, begins: Collection[str]) -> list[dict[str, Any]]:
        """Return the events since the stack itself last had one of `begins`, newest first."""
        found: list[dict[str, Any]] = []
        pages = self._formation.get_paginator("describe_stack_events")
        for page in pages.paginate(StackName=self._stack):
            for event in page["StackEvents"]:
                found.append(event)
                if event["LogicalResourceId"] == self._stack and event["ResourceStatus"] in begins:
                    return found
        return found

    def _fail(self, status: str | None) -> None:
        """Raise DeployError with the first failure of the last operation, and of its undoing."""
        reason = first_failure(self._events(_BEGINS))
        if status in ("ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"):
            reason += f" Undoing it: {first_failure(self._events(_UNDOES))}"
        advice = _STUCK.get(status or "", "").format(stack=self._stack)
        raise DeployError(f"Stack {self._stack} ended as {status}: {reason} {advice}".rstrip())


def first_failure(events: Sequence[Mapping[str, Any]]) -> str:
    """Return resource and reason of the first failure among `events`, which are newest first.

    What CloudFormation cancelled because something else failed is no reason.
    """
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    own = [one for one in failed if "cancelled" not in one.get("ResourceStatusReason", "")]
    if not failed:
        return "no reason was given."
    first = (own or failed)[-1]
    reason = first.get("ResourceStatusReason", "no reason given").rstrip(".")
    return f"{first['LogicalResourceId']}: {reason}."


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def upload(s3: Any, bucket: str, path: Path, owner: Mapping[str, str]) -> str:
    """Put `path` under its content's hash, unless it is there; return its s3:// address."""
    content = path.read_bytes()
    key = f"{hashlib.sha256(content).hexdigest()}.zip"
    try:
        s3.head_object(Bucket=bucket, Key=key, **owner)
    except ClientError:
        s3.put_object(Bucket=bucket, Key=key, Body=content, **owner)
    return f"s3://{bucket}/{key}"


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


def examples_of(template: Mapping[str, Any]) -> list[str]:
    """Return the settings that still have the repository's example values."""
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    return sorted(
        name
        for name, value in variables.items()
        if isinstance(value, str) and "EXAMPLE.COM" in value.upper()
    )


def refuse(formation: Any, stack: str, stage: str, command: str) -> None:
    """Raise DeployError if `stack` is there: `command` has deployed the stage in the other way."""
    if Stack(formation, stack, 0.0).exists():
        raise DeployError(
            f"Stage {stage} was deployed by `{command}`: the stack {stack} is there. "
            "A stage is deployed in one way only, because each has a table of its own."
        )


def protect(formation: Any, stack: str, stage: str) -> None:
    """Forbid updates that lose data, and in `prod` the stack's deletion. Idempotent."""
    formation.set_stack_policy(StackName=stack, StackPolicyBody=json.dumps(_STACK_POLICY))
    formation.update_termination_protection(
        StackName=stack, EnableTerminationProtection=stage == "prod"
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


def prepare(session: Any, stage: str, stack: str, template: Mapping[str, Any]) -> list[str]:
    """Check the account's quotas and make what stacks share. Return what to ask AWS for.

    Raises AccountError.
    """
    parameters = parameters_of(stage, template)
    sentences = account.check_quotas(
        session,
        reserved=int(parameters.get("ApiConcurrency", 0)) - _reserved(session, stack),
        workers=account.workers_concurrency(template, stage, parameters),
        requests=template["Resources"]["RestAPI"]["Properties"]["MethodSettings"][0][
            "ThrottlingRateLimit"
        ],
    )
    if parameters.get("AccessLogs") == "on":
        partition = session.get_partition_for_region(session.region_name)
        account.let_gateway_write_logs(session, partition)
    return sentences


def _deploy_stage(stage: str, console: Console, *, yes: bool) -> dict[str, str]:
    stack = f"venuecode-{stage}"
    session = boto3.Session()
    if not session.region_name:
        raise DeployError("No AWS region: set AWS_DEFAULT_REGION to where the stack shall stand.")
    refuse(session.client("cloudformation"), f"{stack}-foundation", stage, "make foundation")
    with console.status("Packaging") as status:
        built = package(stage, step=status.update)
        template = json.loads(built.template.read_text())
        if examples := examples_of(template):
            raise DeployError(
                f"Set {', '.join(examples)} of stage {stage} in .chalice/config.json: "
                "what stands there is an example."
            )
        if findings := lint(built):
            raise DeployError(findings)
        owner = session.client("sts").get_caller_identity()["Account"]
        console.print(f"Account {owner}, region {session.region_name}, stack {stack}.")
        for sentence in prepare(session, stage, stack, template):
            console.print(f"[yellow]A low quota.[/yellow] To AWS's support: {sentence}")

        def confirm(changes: Sequence[Change]) -> bool:
            status.stop()
            console.print(change_table(changes))
            agreed = yes or Confirm.ask("Make these changes?", console=console, default=False)
            status.start()
            return agreed

        outputs = deploy(
            built,
            session.client,
            stack=stack,
            bucket=account.artifacts_bucket(session, owner),
            step=status.update,
            options=Options(owner, parameters_of(stage, template), confirm),
        )
        protect(session.client("cloudformation"), stack, stage)
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
    except (
        BuildError, DeployError, account.AccountError, BotoCoreError, ClientError
    ) as error:  # fmt: skip
        console.print(f"[red]Not deployed.[/red] {error}", highlight=False)
        return 1
    table = Table("output", "value", title=f"venuecode-{stage}")
    for name, value in sorted(outputs.items()):
        table.add_row(name, value)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
