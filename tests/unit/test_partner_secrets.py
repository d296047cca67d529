"""What an operator does with the partners' secret: its values are never shown."""

import io
import json

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from infra.ops import partners
from infra.ops.deployment import Deployment

KNOWN = {"default": "kept", "wechat_app_id": "wx1"}


def run(name: str | None, value: str = "") -> tuple[str, dict[str, str]]:
    """What the command says, and the secret after it."""
    said = io.StringIO()
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        manager = session.client("secretsmanager")
        made = manager.create_secret(Name="partners", SecretString=json.dumps(KNOWN))
        deployment = Deployment("dev", {"PartnersSecretId": made["ARN"]}, session)
        status = partners.run(
            deployment, name=name, console=Console(file=said), read=lambda _: value
        )
        assert status == 0
        after = manager.get_secret_value(SecretId=made["ARN"], VersionStage="AWSCURRENT")[
            "SecretString"
        ]
        return said.getvalue(), json.loads(after)


def test_names_are_listed_without_values() -> None:
    assert run(None) == ("default\nwechat_app_id\n", KNOWN)


def test_a_value_is_set_beside_the_others() -> None:
    said, after = run("wechat_app_secret", "s3cret")
    assert after == {**KNOWN, "wechat_app_secret": "s3cret"}
    assert "s3cret" not in said


def test_a_value_is_replaced_or_taken_away() -> None:
    assert run("wechat_app_id", "wx2")[1] == {**KNOWN, "wechat_app_id": "wx2"}
    assert run("wechat_app_id")[1] == {"default": "kept"}


def test_what_signs_everything_else_stays() -> None:
    with pytest.raises(SystemExit, match="Nothing was changed"):
        run("default")
