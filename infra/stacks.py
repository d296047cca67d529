"""The stacks of a stage: their names, the operations on them, and what they are made of.

`make deploy` makes one stack; `make foundation` and `make wire` make two, around `chalice deploy`.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from infra.split import Template

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# The creation failed, or is a change set that was never executed: there is nothing to update.
_EMPTY = ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
# How events of the stack itself say that an operation, and that its undoing, begins.
_BEGINS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_UNDOES = ("ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")

# What holds data. Nothing brings it back: neither may an update replace or delete it, nor make a
# secret's value anew, which an edited `GenerateSecretString` does.
_KEPT = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket")
STACK_POLICY = {
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


def whole(stage: str) -> str:
    """Return the name of the one stack that `make deploy` makes."""
    return f"venuecode-{stage}"


def foundation(stage: str) -> str:
    """Return the name of the stack that `make foundation` makes."""
    return f"{whole(stage)}-foundation"


def wiring(stage: str) -> str:
    """Return the name of the stack that `make wire` makes."""
    return f"{whole(stage)}-wiring"


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
        self._end((None, "DELETE_COMPLETE"))

    def create(self, request: dict[str, Any], parameters: Mapping[str, str]) -> None:
        """Create the stack. Raises DeployError."""
        self._formation.create_stack(
            StackName=self._stack, Parameters=_parameters(parameters), **request
        )
        self._end(_DONE)

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
        self._end(_DONE)

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        return outputs(self._formation, self._stack) or {}

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
        found = _described(self._formation, self._stack)
        return None if found is None else str(found["StackStatus"])

    def _end(self, good: Collection[str | None]) -> None:
        """Wait for the end of the operation. Raises DeployError unless its status is `good`."""
        while True:
            # An update is not in progress at once.
            time.sleep(self._poll_seconds)
            status = self._status()
            if status is None or not status.endswith("_IN_PROGRESS"):
                break
        if status not in good:
            self._fail(status)

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


@dataclass(frozen=True)
class Target:
    """Where something is deployed.

    `client` makes a boto3 client of a service; `bucket` exists and takes the artifacts; `owner` is
    the account that must own it.
    """

    client: Callable[[str], Any]
    bucket: str
    owner: str = ""
    poll_seconds: float = 5.0

    def stack(self, name: str) -> Stack:
        """Return the operations on a stack."""
        return Stack(self.client("cloudformation"), name, self.poll_seconds)

    def upload(self, path: Path) -> str:
        """Put `path` into the bucket under its content's hash, unless it is there; return its key.

        Cost: one HeadObject, and one PutObject.
        """
        content = path.read_bytes()
        key = f"{hashlib.sha256(content).hexdigest()}.zip"
        s3 = self.client("s3")
        try:
            s3.head_object(Bucket=self.bucket, Key=key, **self._owned)
        except ClientError:
            s3.put_object(Bucket=self.bucket, Key=key, Body=content, **self._owned)
        return key

    def put(self, template: Template) -> str:
        """Put a template into the bucket; return its URL. Cost: one PutObject."""
        s3 = self.client("s3")
        body = json.dumps(template, ensure_ascii=False).encode()
        key = f"{hashlib.sha256(body).hexdigest()}.json"
        s3.put_object(Bucket=self.bucket, Key=key, Body=body, **self._owned)
        return f"{s3.meta.endpoint_url}/{self.bucket}/{key}"

    @property
    def _owned(self) -> dict[str, str]:
        """The argument that makes S3 refuse a bucket of others."""
        return {"ExpectedBucketOwner": self.owner} if self.owner else {}


def outputs(formation: Any, stack: str) -> dict[str, str] | None:
    """Return the stack's outputs, or None if there is no such stack."""
    found = _described(formation, stack)
    if found is None:
        return None
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def _described(formation: Any, stack: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return found


def bring_up(
    target: Target,
    name: str,
    template: Template,
    confirm: Callable[[Sequence[Change]], bool] = lambda _: True,
) -> dict[str, str]:
    """Create the stack, or update it if `confirm` agrees; return its outputs.

    Raises DeployError.
    """
    request = {"TemplateURL": target.put(template), "Capabilities": ["CAPABILITY_IAM"]}
    stack = target.stack(name)
    if stack.is_new():
        stack.create(request, {})
    else:
        stack.update(request, {}, confirm)
    return stack.outputs()


def refuse(formation: Any, stack: str, stage: str, command: str) -> None:
    """Raise DeployError if `stack` is there: `command` has deployed the stage in the other way."""
    if Stack(formation, stack, 0.0).exists():
        raise DeployError(
            f"Stage {stage} was deployed by `{command}`: the stack {stack} is there. "
            "A stage is deployed in one way only, because each has a table of its own."
        )


def protect(formation: Any, stack: str, stage: str) -> None:
    """Forbid updates that lose data, and in `prod` the stack's deletion. Idempotent."""
    formation.set_stack_policy(StackName=stack, StackPolicyBody=json.dumps(STACK_POLICY))
    formation.update_termination_protection(
        StackName=stack, EnableTerminationProtection=stage == "prod"
    )
