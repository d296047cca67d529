"""The two stacks around `chalice deploy`: their names, and how they are brought up."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra import deploy
from infra.deploy import DeployError
from infra.split import Template

_Client = Callable[[str], Any]


def whole(stage: str) -> str:
    """Return the name of the one stack that `make deploy` makes."""
    return f"venuecode-{stage}"


def foundation(stage: str) -> str:
    """Return the name of the stack that `make foundation` makes."""
    return f"{whole(stage)}-foundation"


def wiring(stage: str) -> str:
    """Return the name of the stack that `make wire` makes."""
    return f"{whole(stage)}-wiring"


def outputs(formation: Any, stack: str) -> dict[str, str] | None:
    """Return the stack's outputs, or None if there is no such stack."""
    try:
        found = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def bring_up(
    client: _Client, stack: str, template: Template, bucket: str, *, poll_seconds: float = 5.0
) -> dict[str, str]:
    """Create or update `stack` and return its outputs. Raises DeployError."""
    s3, formation = client("s3"), client("cloudformation")
    body = json.dumps(template, ensure_ascii=False).encode()
    key = f"{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    request = {
        "StackName": stack,
        "TemplateURL": f"{s3.meta.endpoint_url}/{bucket}/{key}",
        "Capabilities": ["CAPABILITY_IAM"],
    }
    status = deploy._status(formation, stack)
    if status == "ROLLBACK_COMPLETE":
        remove(formation, stack, poll_seconds=poll_seconds)
        status = None
    if status in (None, "DELETE_COMPLETE"):
        formation.create_stack(**request)
    else:
        try:
            formation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise DeployError(str(error)) from error
    status = deploy._wait(formation, stack, poll_seconds)
    if status not in deploy._DONE:
        reason = deploy._first_failure(formation, stack)
        raise DeployError(f"Stack {stack} ended as {status}: {reason}")
    return outputs(formation, stack) or {}


def remove(formation: Any, stack: str, *, poll_seconds: float = 5.0) -> None:
    """Delete `stack`, if it is there, and wait until it is gone. Raises DeployError."""
    formation.delete_stack(StackName=stack)
    status = deploy._wait(formation, stack, poll_seconds)
    if status not in (None, "DELETE_COMPLETE"):
        reason = deploy._first_failure(formation, stack)
        raise DeployError(f"Stack {stack} ended as {status}: {reason}")


def upload(client: _Client, bucket: str, path: Path) -> dict[str, str]:
    """Put `path` into the bucket, unless it is there; return where, as a layer's ``Content``."""
    address = deploy._upload(client("s3"), bucket, path)
    return {"S3Bucket": bucket, "S3Key": address.rpartition("/")[2]}
