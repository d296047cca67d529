"""What a deployment needs of its AWS account: quotas, a bucket for artifacts, a role for logs."""

import json
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.split import Template, decide

_LEAST_UNRESERVED = 100
"""What Lambda keeps for functions without a reservation (Developer Guide, *Configuring reserved
concurrency*)."""
_SHARDS = 8
"""Of the stream, about one a partition of the table: those that the template warms for `prod`."""
_GATEWAY_ROLE = "venuecode-gateway-logs"


class AccountError(Exception):
    """The account is not ready for the deployment; the message says what to do."""


def workers_concurrency(template: Template, parameters: Mapping[str, str]) -> int:
    """Return how many invocations the event source mappings can run at once."""
    total = 0
    for resource in decide(template, "", parameters)["Resources"].values():
        mapping = resource.get("Properties", {})
        if resource["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        if "ScalingConfig" in mapping:
            total += mapping["ScalingConfig"]["MaximumConcurrency"]
        elif "StartingPosition" in mapping:
            total += _SHARDS * mapping.get("ParallelizationFactor", 1)
    return total


def check_quotas(session: Any, *, reserved: int, workers: int, requests: int) -> list[str]:
    """Return a sentence to send to AWS's support for each quota that is low; empty if all do.

    `reserved` is the API function's concurrency, beyond what it holds already; `workers` that of
    the mappings; `requests` the throttle of the API, a second. Raises AccountError if Lambda would
    refuse the reservation.
    """
    region, sentences = session.region_name, []
    limits = session.client("lambda").get_account_settings()["AccountLimit"]
    total, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    needed = total - free + reserved + max(_LEAST_UNRESERVED, workers)
    if needed > total:
        sentence = (
            f'"Please raise the quota Concurrent executions of AWS Lambda (L-B99A9384) in {region} '
            f'from {total:,} to {needed:,}: a health service at the doors of venues needs it."'
        )
        if reserved and free - reserved < _LEAST_UNRESERVED:
            raise AccountError(
                f"{reserved} invocations cannot be reserved for the API: of the account's {total}, "
                f"{free} are free, and Lambda keeps {_LEAST_UNRESERVED}. Lower ApiConcurrency in "
                f"infra/parameters.json, or send to AWS's support: {sentence}"
            )
        sentences.append(sentence)
    account = session.client("apigateway").get_account()
    rate = int(account["throttleSettings"]["rateLimit"])
    if requests > rate:
        sentences.append(
            f'"Please raise the quota Throttle rate of Amazon API Gateway (L-8A5B8E43) in {region} '
            f'from {rate:,} to {requests:,} requests a second."'
        )
    return sentences


def artifacts_bucket(session: Any, account: str) -> str:
    """Return the account's private bucket for artifacts; create it on first use.

    Raises AccountError if another account has a bucket of this name.
    """
    bucket = f"venuecode-artifacts-{account}-{session.region_name}"
    s3 = session.client("s3")
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise AccountError(
                f"The bucket {bucket} belongs to another account, or its policy shuts you out: "
                "nothing was uploaded."
            ) from None
        place = {"LocationConstraint": session.region_name}
        options = {} if session.region_name == "us-east-1" else {"CreateBucketConfiguration": place}
        s3.create_bucket(Bucket=bucket, **options)
        s3.put_public_access_block(
            Bucket=bucket,
            ExpectedBucketOwner=account,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )
    return bucket


def let_gateway_write_logs(session: Any, partition: str, *, tries: int = 10) -> None:
    """Give API Gateway the role with which it writes access logs, unless the account has one.

    It is a setting of account and region, which no stack may own: another stack's deletion would
    end this one's logs (API Gateway Developer Guide, *Set up CloudWatch logging for REST APIs*).
    """
    gateway, iam = session.client("apigateway"), session.client("iam")
    if gateway.get_account().get("cloudwatchRoleArn"):
        return
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    try:
        role = iam.create_role(RoleName=_GATEWAY_ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=_GATEWAY_ROLE)
    iam.attach_role_policy(
        RoleName=_GATEWAY_ROLE,
        PolicyArn=f"arn:{partition}:iam::aws:policy/service-role/"
        "AmazonAPIGatewayPushToCloudWatchLogs",
    )
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role["Role"]["Arn"]}
    for left in reversed(range(tries)):
        try:
            gateway.update_account(patchOperations=[change])
        except gateway.exceptions.BadRequestException:
            if not left:
                raise
            time.sleep(3)  # IAM is eventually consistent: the gateway does not see the role yet
        else:
            return
