"""Operator's commands: where they act is said first, what destroys is asked, roots turn over."""

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from chalicelib.adapters.keys import LIFE
from chalicelib.core.crypto import KeyRing, Tokens
from infra.ops import rotate
from infra.ops.__main__ import COMMANDS, main
from infra.ops.deployment import Deployment
from infra.ops.secret import Secret
from tests import support
from tests.fakes.parts import NOON, FixedSecret

OUTPUTS = (
    "TableName",
    "BucketName",
    "KeysSecretId",
    "IndexSecretId",
    "PartnersSecretId",
    "DataKeyArn",
)
SESSION = boto3.Session(region_name=support.REGION)


class Here(Deployment):
    """A deployment whose services are moto's."""

    def client(self, service: str) -> Any:
        return support.client(service)


@pytest.fixture
def secret_id() -> Iterator[str]:
    """The id of a secret with one root."""
    with mock_aws():
        yield support.client("secretsmanager").create_secret(
            Name="keys", SecretString=json.dumps({"active": "1", "1": "r" * 64})
        )["ARN"]


Operate = Callable[..., int]


@pytest.fixture
def operate(secret_id: str) -> Operate:
    """Runs a command on `prod`."""

    def run(*given: str) -> int:
        outputs = dict.fromkeys(OUTPUTS, secret_id)
        return main(["--stage", "prod", *given], find=lambda stage: Here(stage, outputs, SESSION))

    return run


def pairs(secret_id: str) -> dict[str, str]:
    manager = support.client("secretsmanager")
    current = manager.get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")
    found: dict[str, str] = json.loads(current["SecretString"])
    return found


def change(secret_id: str, now: datetime, *, activated: bool = False, number: str = "") -> str:
    written = StringIO()
    here = Here("prod", {"KeysSecretId": secret_id}, None)
    rotate.run(
        here, number=number or None, activated=activated, now=now, console=Console(file=written)
    )
    return written.getvalue()


def test_where_it_acts_is_said_first(operate: Operate, capsys: pytest.CaptureFixture[str]) -> None:
    assert operate("partners") == 0
    said = capsys.readouterr().err.strip()
    assert said == f"Account {support.ACCOUNT}, region {support.REGION}, stage prod."


@pytest.mark.parametrize(
    "given",
    ["rotate --retire 1", "kiosks revoke kio_1", "erasures run", "recount --repair",
     "policies 44 --set {}", "policies 44 --delete", "partners sms",
     "families end per_0000000000000000 --office y", "shards ven_0000000000000000 64"],
)  # fmt: skip
def test_what_destroys_is_asked(operate: Operate, secret_id: str, given: str) -> None:
    """A script that does not say --yes changes nothing."""
    with pytest.raises(SystemExit, match="--yes"):
        operate(*given.split())
    assert pairs(secret_id).keys() == {"active", "1"}


def test_what_destroys_nothing_is_not_asked(operate: Operate) -> None:
    assert operate("rotate") == 0
    assert operate("--yes", "rotate", "--retire", "2") == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_destroys(name: str) -> None:
    """No command can be added without saying it: there is no default."""
    parser = argparse.ArgumentParser()
    COMMANDS[name].arguments(parser)
    nothing = dict.fromkeys(action.dest for action in parser._actions)
    assert isinstance(COMMANDS[name].destroys(argparse.Namespace(**nothing)), str)


def test_a_new_root_signs_only_when_every_process_knows_it(secret_id: str) -> None:
    old = Tokens(KeyRing(FixedSecret(**pairs(secret_id))))
    change(secret_id, NOON)
    published = Tokens(KeyRing(FixedSecret(**pairs(secret_id))))
    # A process with the secret of before and one with that of now accept each other's tokens.
    for one, other in ((old, published), (published, old)):
        token = one.issue("session", {}, now=NOON, life=LIFE)
        other.verify("session", token, now=NOON)
    with pytest.raises(SystemExit, match="wait 60 s"):
        change(secret_id, NOON + LIFE, activated=True)
    assert pairs(secret_id)["active"] == "1"
    change(secret_id, NOON + LIFE + timedelta(minutes=1), activated=True)
    active = Tokens(KeyRing(FixedSecret(**pairs(secret_id))))
    token = active.issue("session", {}, now=NOON, life=LIFE)
    published.verify("session", token, now=NOON)
    assert pairs(secret_id).keys() == {"active", "1", "2"}


def test_one_root_at_a_time_is_published(secret_id: str) -> None:
    with pytest.raises(SystemExit, match="rotate first"):
        change(secret_id, NOON, activated=True)
    change(secret_id, NOON)
    with pytest.raises(SystemExit, match="published already"):
        change(secret_id, NOON)
    change(secret_id, NOON, number="2")
    assert "published" not in pairs(secret_id)
    change(secret_id, NOON)
    with pytest.raises(SystemExit, match="in use"):
        change(secret_id, NOON, number="1")


def test_of_two_operators_who_rotate_at_once_none_undoes_the_other(secret_id: str) -> None:
    """A retired root does not come back with what another operator had read before."""
    here = Here("prod", {"KeysSecretId": secret_id}, None)
    change(secret_id, NOON)
    change(secret_id, NOON + timedelta(minutes=6), activated=True)
    slow = Secret(here, "KeysSecretId")
    change(secret_id, NOON, number="1")
    with pytest.raises(SystemExit, match="changed meanwhile"):
        slow.write(rotate.publish(slow.pairs, "t" * 64, NOON))
    assert pairs(secret_id).keys() == {"active", "2"}


def test_a_change_that_was_interrupted_is_made_again(secret_id: str) -> None:
    """Between its two calls the former value is in force, and the next change goes through."""
    here = Here("prod", {"KeysSecretId": secret_id}, None)
    support.client("secretsmanager").put_secret_value(
        SecretId=secret_id, SecretString="{}", VersionStages=["AWSPENDING"]
    )
    assert pairs(secret_id).keys() == {"active", "1"}
    secret = Secret(here, "KeysSecretId")
    for number in ("2", "3"):
        secret.write(secret.pairs | {number: "s" * 64})
        assert pairs(secret_id) == secret.pairs
