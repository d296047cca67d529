"""Deploy what `make package` built: upload it and have CloudFormation update the stack.

The local cloud is deployed by the same code from the same template. Run as ``python -m infra.deploy
STAGE`` (`make deploy STAGE=prod`) with AWS credentials and a region in the usual places. Artifacts
go to the private bucket ``venuecode-artifacts-<account>-<region>``.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from infra.package import BuildError, Package, lint, package

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_Step = Callable[[str], None]


class DeployError(Exception):
    """The stack could not be deployed; the message says why."""


def deploy(
    built: Package,
    client: Callable[[str], Any],
    *,
    stack: str,
    bucket: str,
    poll_seconds: float = 5.0,
    step: _Step = lambda _: None,
) -> dict[str, str]:
    """Bring `stack` to `built` and return its outputs.

    `client` makes a boto3 client of a service; `bucket` exists and takes the artifacts. Raises
    DeployError with the first resource that failed, after CloudFormation has rolled back.
    """
    step("Uploading the package")
    s3, formation = client("s3"), client("cloudformation")
    template = json.loads(built.template.read_text())
    code, layer = (_upload(s3, bucket, path) for path in (built.code, built.layer))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = layer
    body = json.dumps(template, ensure_ascii=False).encode()
    key = f"{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=body)

    step("Deploying the stack")
    request = {
        "StackName": stack,
        "TemplateURL": f"{s3.meta.endpoint_url}/{bucket}/{key}",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    status = _status(formation, stack)
    if status == "ROLLBACK_COMPLETE":  # its creation failed: there is nothing to update
        formation.delete_stack(StackName=stack)
        status = _wait(formation, stack, poll_seconds)
    if status in (None, "DELETE_COMPLETE"):
        formation.create_stack(**request)
    else:
        try:
            formation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise DeployError(str(error)) from error
    status = _wait(formation, stack, poll_seconds)
    if status not in _DONE:
        raise DeployError(f"Stack {stack} ended as {status}: {_first_failure(formation, stack)}")
    described = formation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def _upload(s3: Any, bucket: str, path: Path) -> str:
    """Put `path` under its content's hash, unless it is there; return its s3:// address."""
    content = path.read_bytes()
    key = f"{hashlib.sha256(content).hexdigest()}.zip"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return f"s3://{bucket}/{key}"


def _status(formation: Any, stack: str) -> str | None:
    try:
        return str(formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _wait(formation: Any, stack: str, poll_seconds: float) -> str | None:
    while (status := _status(formation, stack)) and status.endswith("_IN_PROGRESS"):
        time.sleep(poll_seconds)
    return status


def _first_failure(formation: Any, stack: str) -> str:
    events = formation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "no reason was given"
    first = min(failed, key=lambda event: event["Timestamp"])
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"


def _artifacts(session: Any) -> str:
    """Return the account's private bucket for artifacts; create it on first use."""
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = f"venuecode-artifacts-{account}-{session.region_name}"
    s3 = session.client("s3")
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        place = {"LocationConstraint": session.region_name}
        options = {} if session.region_name == "us-east-1" else {"CreateBucketConfiguration": place}
        s3.create_bucket(Bucket=bucket, **options)
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )
    return bucket


def _examples(built: Package) -> list[str]:
    """Return the settings that still have the repository's example values."""
    template = json.loads(built.template.read_text())
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    return sorted(
        name
        for name, value in variables.items()
        if isinstance(value, str) and "EXAMPLE.COM" in value.upper()
    )


def _deploy_stage(stage: str, console: Console) -> dict[str, str]:
    with console.status("Packaging") as status:
        built = package(stage, step=status.update)
        if examples := _examples(built):
            raise DeployError(
                f"Set {', '.join(examples)} of stage {stage} in .chalice/config.json: "
                "what stands there is an example."
            )
        if findings := lint(built):
            raise DeployError(findings)
        session = boto3.Session()
        if not session.region_name:
            raise DeployError(
                "No AWS region: set AWS_DEFAULT_REGION to where the stack shall stand."
            )
        return deploy(
            built,
            session.client,
            stack=f"venuecode-{stage}",
            bucket=_artifacts(session),
            step=status.update,
        )


def main() -> int:
    """Package a stage, deploy it, print the stack's outputs."""
    parser = argparse.ArgumentParser(description="Deploy to AWS.")
    parser.add_argument("stage", choices=("dev", "prod"))
    stage = parser.parse_args().stage
    console = Console()
    try:
        outputs = _deploy_stage(stage, console)
    except (BuildError, DeployError, BotoCoreError, ClientError) as error:
        console.print(f"[red]Not deployed.[/red] {error}", highlight=False)
        return 1
    table = Table("output", "value", title=f"venuecode-{stage}")
    for name, value in sorted(outputs.items()):
        table.add_row(name, value)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
