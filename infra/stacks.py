"""The two stacks around `chalice deploy`: their names, and how they are brought up."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra import deploy
from infra.deploy import Change, Stack
from infra.split import Template


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

    @property
    def owned(self) -> dict[str, str]:
        """The argument that makes S3 refuse a bucket of others."""
        return {"ExpectedBucketOwner": self.owner} if self.owner else {}


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
    target: Target,
    name: str,
    template: Template,
    confirm: Callable[[Sequence[Change]], bool] = lambda _: True,
) -> dict[str, str]:
    """Create the stack, or update it if `confirm` agrees; return its outputs.

    Raises DeployError.
    """
    s3 = target.client("s3")
    body = json.dumps(template, ensure_ascii=False).encode()
    key = f"{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(Bucket=target.bucket, Key=key, Body=body, **target.owned)
    request = {
        "TemplateURL": f"{s3.meta.endpoint_url}/{target.bucket}/{key}",
        "Capabilities": ["CAPABILITY_IAM"],
    }
    stack = target.stack(name)
    if stack.is_new():
        stack.create(request, {})
    else:
        stack.update(request, {}, confirm)
    return stack.outputs()


def upload(target: Target, path: Path) -> dict[str, str]:
    """Put `path` into the bucket, unless it is there; return where, as a layer's ``Content``."""
    address = deploy.upload(target.client("s3"), target.bucket, path, target.owned)
    return {"S3Bucket": target.bucket, "S3Key": address.rpartition("/")[2]}
