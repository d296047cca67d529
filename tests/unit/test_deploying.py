"""A deployment: what it shows, what it asks, what it says when it fails."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from infra import account
from infra.deploy import change_table, deploy, refuse_examples
from infra.package import ROOT, Package
from infra.stacks import Change, DeployError, Target, first_failure

ACCOUNT, STACK = "123456789012", "venuecode-prod"
NOTHING = "The submitted information didn't contain changes. Submit different information."


def event(name: str, status: str, reason: str = "", *, number: int) -> dict[str, Any]:
    return {
        "EventId": f"event-{number}",
        "LogicalResourceId": name,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


class Formation:
    """CloudFormation with one stack. `ends` are the statuses in which its operations end."""

    def __init__(self, status: str | None, ends: list[str]) -> None:
        self.status = status
        self.ends = ends
        self.done: list[tuple[str, dict[str, str]]] = []
        self.events: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.empty = False
        self.coming: list[dict[str, Any]] = []
        """Events of the next operation, newest first."""
        self._given: dict[str, str] = {}
        self.policy: dict[str, Any] = {}
        self.may_be_deleted = True

    def set_stack_policy(self, *, StackPolicyBody: str, **_: str) -> None:  # noqa: N803 (AWS's names)
        self.policy = json.loads(StackPolicyBody)

    def update_termination_protection(self, *, EnableTerminationProtection: bool, **_: str) -> None:  # noqa: N803 (AWS's names)
        self.may_be_deleted = not EnableTerminationProtection

    def describe_stacks(self, **_: str) -> Any:
        if self.status is None:
            error = {"Code": "ValidationError", "Message": f"Stack {STACK} does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        outputs = [{"OutputKey": "TableName", "OutputValue": "t"}]
        return {"Stacks": [{"StackStatus": self.status, "Outputs": outputs}]}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Any:
        return ({"StackEvents": [one]} for one in self.events)

    def create_stack(self, *, Parameters: Any, **_: Any) -> None:  # noqa: N803 (AWS's names)
        self._given = _plain(Parameters)
        self._end("create")

    def delete_stack(self, **_: str) -> None:
        self._end("delete")

    def create_change_set(self, *, Parameters: Any, **_: Any) -> None:  # noqa: N803 (AWS's names)
        self._given = _plain(Parameters)

    def describe_change_set(self, **_: str) -> Any:
        if self.empty:
            return {"Status": "FAILED", "StatusReason": NOTHING, "Changes": []}
        return {"Status": "CREATE_COMPLETE", "Changes": self.changes}

    def delete_change_set(self, **_: str) -> None:
        self.done.append(("drop", {}))

    def execute_change_set(self, **_: str) -> None:
        self._end("update")

    def _end(self, operation: str) -> None:
        self.done.append((operation, self._given))
        self.status = self.ends.pop(0)
        self.events = [*self.coming, *self.events]


def _plain(parameters: list[dict[str, str]]) -> dict[str, str]:
    return {one["ParameterKey"]: one["ParameterValue"] for one in parameters}


class Bucket:
    """S3, which notes what it is asked."""

    meta: ClassVar[Any] = type("Meta", (), {"endpoint_url": "https://s3"})()

    def __init__(self) -> None:
        self.owners: list[str] = []

    def head_object(self, **asked: str) -> None:
        self.owners.append(asked["ExpectedBucketOwner"])
        raise ClientError({"Error": {"Code": "404"}}, "HeadObject")

    def put_object(self, **asked: Any) -> None:
        self.owners.append(asked["ExpectedBucketOwner"])


@pytest.fixture
def built(tmp_path: Path) -> Package:
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"Resources": {"F": {"Type": "AWS::Lambda::Url"}}}))
    for name in ("code.zip", "layer.zip"):
        (tmp_path / name).write_bytes(name.encode())
    code, layer = tmp_path / "code.zip", tmp_path / "layer.zip"
    return Package("prod", "python3.11", template, code, layer, (), "digest")


def run(built: Package, formation: Formation, *, agrees: bool = True) -> list[Change]:
    """Deploy; return the changes that were to be confirmed."""
    asked: list[Change] = []
    bucket = Bucket()

    def confirm(changes: Sequence[Change]) -> bool:
        asked.extend(changes)
        return agrees

    clients: Mapping[str, Any] = {"s3": bucket, "cloudformation": formation}
    target = Target(clients.__getitem__, "b", ACCOUNT, poll_seconds=0)
    try:
        deploy(built, target, stack=STACK, parameters={"Protect": "on"}, confirm=confirm)
    finally:
        assert set(bucket.owners) == {ACCOUNT}
    return asked


def change(action: str, name: str, replacement: str = "False") -> dict[str, Any]:
    one = {
        "Action": action,
        "LogicalResourceId": name,
        "ResourceType": "AWS::SQS::Queue",
        "Replacement": replacement,
    }
    return {"ResourceChange": one}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nothing_is_deployed_with_a_setting_of_the_example(stage: str) -> None:
    guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    first = guide.partition("**Before the first deployment**")[2].partition("```")[0]
    to_set = sorted(set(re.findall(r"`(VC_\w+)`", first)))
    config = json.loads((ROOT / ".chalice/config.json").read_text(encoding="utf-8"))
    variables = dict(config["stages"][stage]["environment_variables"])
    while to_set:
        with pytest.raises(DeployError, match=f"^Set {', '.join(to_set)} of stage {stage} "):
            refuse_examples(stage, _with_variables(variables))
        variables[to_set.pop(0)] = "信宜市"
    refuse_examples(stage, _with_variables(variables))


def _with_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    function = {"Properties": {"Environment": {"Variables": variables}}}
    return {"Resources": {"APIHandler": function}}


def test_the_table_is_protected_after_its_creation(built: Package) -> None:
    formation = Formation(None, ["CREATE_COMPLETE", "UPDATE_COMPLETE"])
    formation.changes = [change("Modify", "Table")]
    assert not run(built, formation)
    assert formation.done == [("create", {"Protect": "off"}), ("update", {"Protect": "on"})]


@pytest.mark.parametrize("status", [None, "UPDATE_COMPLETE"])
def test_a_stack_of_prod_keeps_what_holds_data_and_is_not_deleted(
    built: Package, status: str | None
) -> None:
    formation = Formation(status, ["CREATE_COMPLETE", "UPDATE_COMPLETE"])
    formation.changes = [change("Modify", "Queue")]
    run(built, formation)
    replaced, _ = (one for one in formation.policy["Statement"] if one["Effect"] == "Deny")
    kept = set(replaced["Condition"]["StringEquals"]["ResourceType"])
    assert {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket"} <= kept
    assert not formation.may_be_deleted


def test_a_first_deployment_that_failed_is_tried_again(built: Package) -> None:
    formation = Formation(
        "ROLLBACK_COMPLETE", ["DELETE_COMPLETE", "CREATE_COMPLETE", "UPDATE_COMPLETE"]
    )
    formation.changes = [change("Modify", "Table")]
    run(built, formation)
    assert [name for name, _ in formation.done] == ["delete", "create", "update"]


def test_an_update_shows_its_changes_and_asks(built: Package) -> None:
    formation = Formation("UPDATE_COMPLETE", ["UPDATE_COMPLETE"])
    formation.changes = [change("Modify", "Lookups"), change("Modify", "Queue", "True")]
    asked = run(built, formation)
    assert [(one.resource, one.replacement) for one in asked] == [
        ("Lookups", ""),
        ("Queue", "True"),
    ]
    written = StringIO()
    Console(file=written, width=120).print(change_table(asked))
    lines = [line for line in written.getvalue().splitlines() if "Modify" in line]
    assert ["Queue" in lines[0], "yes" in lines[0], "yes" in lines[1]] == [True, True, False]


def test_who_says_no_changes_nothing(built: Package) -> None:
    formation = Formation("UPDATE_COMPLETE", [])
    formation.changes = [change("Remove", "Queue")]
    with pytest.raises(DeployError, match="nothing was changed"):
        run(built, formation, agrees=False)
    assert formation.done == [("drop", {})]


def test_nothing_to_change_is_no_failure(built: Package) -> None:
    formation = Formation("UPDATE_COMPLETE", [])
    formation.empty = True
    assert not run(built, formation)


def test_the_failure_is_this_deployments(built: Package) -> None:
    """Not one of months ago, nor what CloudFormation cancelled because of the first."""
    formation = Formation("UPDATE_COMPLETE", ["UPDATE_ROLLBACK_COMPLETE"])
    formation.changes = [change("Modify", "Lookups")]
    formation.events = [event("Old", "UPDATE_FAILED", "long ago", number=1)]
    formation.coming = [
        event("Api", "UPDATE_FAILED", "Resource update cancelled", number=4),
        event("Lookups", "UPDATE_FAILED", "out of memory", number=3),
        event("Renders", "UPDATE_FAILED", "Resource update cancelled", number=2),
        event(STACK, "UPDATE_IN_PROGRESS", "User Initiated", number=2),
    ]
    with pytest.raises(DeployError, match=r"UPDATE_ROLLBACK_COMPLETE: Lookups: out of memory\.$"):
        run(built, formation)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("ROLLBACK_FAILED", "delete-stack --stack-name venuecode-prod"),
        ("DELETE_FAILED", "delete-stack --stack-name venuecode-prod"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name venuecode-prod"),
        ("UPDATE_IN_PROGRESS", "wait"),
    ],
)
def test_a_stack_that_is_stuck_is_explained(built: Package, status: str, says: str) -> None:
    formation = Formation(status, [])
    formation.events = [event("Table", "DELETE_FAILED", "is protected", number=1)]
    with pytest.raises(DeployError, match=says) as failed:
        run(built, formation)
    assert ("Table: is protected" in str(failed.value)) == (status != "UPDATE_IN_PROGRESS")
    assert not formation.done


def test_a_failure_without_a_reason_is_told_too() -> None:
    assert first_failure([]) == "no reason was given."


# --- The account


@dataclasses.dataclass
class Session:
    """An account's quotas."""

    total: int
    free: int
    rate: float = 10_000.0
    region_name: str = "ap-east-1"

    def client(self, _: str) -> "Session":
        return self

    def get_account_settings(self) -> Any:
        limits = {
            "ConcurrentExecutions": self.total,
            "UnreservedConcurrentExecutions": self.free,
        }
        return {"AccountLimit": limits}

    def get_account(self) -> Any:
        return {"throttleSettings": {"rateLimit": self.rate, "burstLimit": 5000}}


def quotas(session: Session, *, reserved: int = 800) -> list[str]:
    return account.check_quotas(session, reserved=reserved, workers=120, requests=4000)


def test_an_account_with_default_quotas_will_do() -> None:
    assert quotas(Session(1000, 1000)) == []
    assert quotas(Session(1000, 200), reserved=0) == []  # an update, which reserves nothing more


def test_a_new_account_is_told_what_to_ask_for() -> None:
    with pytest.raises(account.AccountError, match=r"L-B99A9384\) in ap-east-1 from 10 to 920"):
        quotas(Session(10, 10))
    [sentence] = quotas(Session(10, 10), reserved=0)
    assert "from 10 to 120" in sentence
    [sentence] = quotas(Session(1000, 1000, rate=2500.0))
    assert "L-8A5B8E43) in ap-east-1 from 2,500 to 4,000" in sentence


def test_what_others_have_reserved_is_not_free() -> None:
    with pytest.raises(account.AccountError):
        quotas(Session(1000, 850))
    [sentence] = quotas(Session(1000, 910))
    assert "from 1,000 to 1,010" in sentence


class Storage:
    """S3 where a bucket of the name is missing, one's own, or another account's."""

    region_name = "ap-east-1"

    def __init__(self, status: int) -> None:
        self.status = status
        self.made: list[str] = []

    def client(self, _: str) -> "Storage":
        return self

    def head_bucket(self, *, Bucket: str, ExpectedBucketOwner: str) -> None:  # noqa: N803
        assert (Bucket, ExpectedBucketOwner) == (
            f"venuecode-artifacts-{ACCOUNT}-ap-east-1",
            ACCOUNT,
        )
        if self.status != 200:
            metadata: Any = {"HTTPStatusCode": self.status}
            raise ClientError({"Error": {}, "ResponseMetadata": metadata}, "HeadBucket")

    def create_bucket(self, **_: Any) -> None:
        self.made.append("bucket")

    def put_public_access_block(self, *, ExpectedBucketOwner: str, **_: Any) -> None:  # noqa: N803
        self.made.append(ExpectedBucketOwner)


def test_artifacts_go_to_no_one_elses_bucket() -> None:
    own, others, missing = (Storage(status) for status in (200, 403, 404))
    for one in (own, missing):
        account.artifacts_bucket(one, ACCOUNT)
    with pytest.raises(account.AccountError, match="another account"):
        account.artifacts_bucket(others, ACCOUNT)
    assert [one.made for one in (own, others, missing)] == [[], [], ["bucket", ACCOUNT]]
