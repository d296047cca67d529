"""A secret that operators change: what one of them reads as done is done."""

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.ops.deployment import Deployment
from infra.ops.secret import Secret

REFUSED = {"Error": {"Code": "InvalidParameterException", "Message": "the label is elsewhere"}}


class Lossy:
    """Secrets Manager whose answer to a change of a label is lost, so that the SDK asks again."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def update_secret_version_stage(self, **asked: Any) -> None:
        self._manager.update_secret_version_stage(**asked)
        raise ClientError(REFUSED, "UpdateSecretVersionStage")


class LossyDeployment(Deployment):
    def client(self, service: str) -> Any:
        return Lossy(super().client(service))


def test_a_change_whose_answer_was_lost_is_done_and_can_be_followed_by_another() -> None:
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        manager = session.client("secretsmanager")
        made = manager.create_secret(Name="roots", SecretString=json.dumps({"1": "a"}))
        secret = Secret(LossyDeployment("dev", {"Id": made["ARN"]}, session), "Id")
        secret.write({"1": "a", "2": "b"})
        secret.write({"2": "b"})
        now = manager.get_secret_value(SecretId=made["ARN"], VersionStage="AWSCURRENT")
        assert json.loads(now["SecretString"]) == secret.pairs == {"2": "b"}
