"""What AWS does with a deployment that the local cloud does not: loops, merges, leftovers."""

import fnmatch
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from infra import foundation
from infra.ops import deployment
from infra.package import ROOT
from infra.split import Template
from infra.stacks import Change, DeployError, Stack, Target
from infra.wire import set_recursion
from tests.unit.test_deploying import Formation, event
from tests.unit.test_template import functions, lambda_config, of_type

STACK = "venuecode-prod"


# --- The template


def sends_to_itself(name: str) -> bool:
    """Whether a function may send to a queue that wakes it."""
    mappings = of_type("AWS::Lambda::EventSourceMapping").values()
    mine = {
        json.dumps(one["Properties"]["EventSourceArn"])
        for one in mappings
        if one["Properties"]["FunctionName"] == {"Ref": name}
    }
    settings = {key.title().replace("_", ""): one for key, one in lambda_config().items()}
    policy = ROOT / ".chalice" / settings.get(name, {"iam_policy_file": ""})["iam_policy_file"]
    statements = json.loads(policy.read_text())["Statement"] if policy.is_file() else []
    sent = {
        json.dumps(resource)
        for one in statements
        if "sqs:SendMessage" in one["Action"]
        for resource in (
            one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
        )
    }
    return bool(mine & sent)


def test_lambda_does_not_stop_who_asks_a_slow_provider_again() -> None:
    """A chain of more than 16 messages goes to the dead letters (*Recursive loop detection*)."""
    assert [name for name in functions() if sends_to_itself(name)] == ["Lookups"]
    allowed = {name for name, one in functions().items() if one.get("RecursiveLoop") == "Allow"}
    assert allowed == {"Lookups"}


def test_a_removed_route_is_gone_and_nothing_else_with_it() -> None:
    """An update is merged unless its mode says otherwise (*AWS::ApiGateway::RestApi*, Mode)."""
    [api] = of_type("AWS::ApiGateway::RestApi").values()
    properties = api["Properties"]
    assert properties["Mode"] == "overwrite"
    # What the document does not say is reset: the API's name, its types and its compression.
    body = properties["Body"]
    assert body["info"]["title"] == {"Ref": "AWS::StackName"}
    assert body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    size = body["x-amazon-apigateway-minimum-compression-size"]
    assert size == properties["MinimumCompressionSize"]


@pytest.mark.parametrize(
    "name", ["venuecode-prod-APIHandler-1A2B3C", "venuecode-prod", "venuecode-prod-lookups"]
)
def test_no_function_uses_the_rights_that_lambda_has_by_its_role(name: str) -> None:
    """Neither as `make deploy` names it nor as `chalice deploy` does."""
    statements = of_type("AWS::IAM::Policy")["NetworkRights"]["Properties"]["PolicyDocument"]
    [denied] = [one for one in statements["Statement"] if one["Effect"] == "Deny"]
    pattern = denied["Condition"]["ArnLike"]["lambda:SourceFunctionArn"]["Fn::Sub"]
    pattern = pattern.replace("${AWS::StackName}", STACK).rpartition(":")[2]
    assert fnmatch.fnmatchcase(name, pattern)


class Recursion:
    """Lambda's setting of one function."""

    def __init__(self) -> None:
        self.loop = "Terminate"
        self.puts = 0

    def get_function_recursion_config(self, **_: str) -> dict[str, str]:
        return {"RecursiveLoop": self.loop}

    def put_function_recursion_config(self, *, RecursiveLoop: str, **_: str) -> None:  # noqa: N803 (boto3's)
        self.loop = RecursiveLoop
        self.puts += 1


def test_wire_allows_the_loop_once() -> None:
    functions = Recursion()
    for _ in range(2):
        set_recursion(functions, "venuecode-dev-lookups", "Allow")
    assert (functions.loop, functions.puts) == ("Allow", 1)


# --- Stacks that something went wrong with


def test_a_change_set_that_nobody_executed_is_no_stack() -> None:
    """It leaves the stack in REVIEW_IN_PROGRESS for good."""
    formation = Formation("REVIEW_IN_PROGRESS", ["DELETE_COMPLETE"])
    assert Stack(formation, STACK, 0.0).is_new()
    assert [name for name, _ in formation.done] == ["delete"]


def test_a_stuck_stack_names_what_is_in_the_way_now() -> None:
    """Not what failed months ago: that is mended, and following it would mend nothing."""
    formation = Formation("UPDATE_ROLLBACK_FAILED", [])
    formation.events = [
        event("Queue", "UPDATE_FAILED", "is in use", number=7),
        event(STACK, "UPDATE_ROLLBACK_IN_PROGRESS", number=6),
        event("Lookups", "UPDATE_FAILED", "out of memory", number=5),
        event(STACK, "UPDATE_IN_PROGRESS", number=4),
        event(STACK, "CREATE_COMPLETE", number=3),
        event("Table", "CREATE_FAILED", "of months ago", number=2),
        event(STACK, "CREATE_IN_PROGRESS", number=1),
    ]
    says = r"Lookups: out of memory\. Undoing it: Queue: is in use\. An update failed"
    with pytest.raises(DeployError, match=says) as failed:
        Stack(formation, STACK, 0.0).is_new()
    assert "months" not in str(failed.value)


class Bucket:
    """S3, which takes everything."""

    meta: ClassVar[Any] = type("Meta", (), {"endpoint_url": "https://s3"})()

    def put_object(self, **_: Any) -> None:
        """Take it."""


def lay(status: str | None, ends: list[str]) -> tuple[list[str], list[str]]:
    """Bring up a protected foundation; return the operations, and the steps that were made."""
    formation = Formation(status, ends)
    formation.changes = []
    made: list[str] = []

    def template(protect: str) -> Template:
        made.append(protect)
        return {"Resources": {}}

    def confirm(_: Sequence[Change]) -> bool:
        raise AssertionError("nobody is asked about a stack that was just made")

    clients: dict[str, Any] = {"s3": Bucket(), "cloudformation": formation}
    target = Target(clients.__getitem__, "artifacts", poll_seconds=0.0)
    foundation.bring_up(target, "venuecode-prod-foundation", template, "on", confirm)
    return [name for name, _ in formation.done], made


def test_a_foundation_that_failed_is_tried_again_without_protection() -> None:
    """Else the second failure could not be undone."""
    assert lay(None, ["CREATE_COMPLETE", "UPDATE_COMPLETE"]) == (
        ["create", "update"],
        ["off", "on"],
    )
    operations, made = lay(
        "ROLLBACK_COMPLETE", ["DELETE_COMPLETE", "CREATE_COMPLETE", "UPDATE_COMPLETE"]
    )
    assert (operations, made) == (["delete", "create", "update"], ["off", "on"])


def test_a_stack_that_failed_is_not_taken_for_a_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Session:
        """An account whose one stack has no outputs, because its creation failed."""

        def client(self, _: str) -> "Session":
            return self

        def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803 (boto3's)
            if StackName != "venuecode-dev":
                error = {"Error": {"Code": "x", "Message": "does not exist"}}
                raise ClientError(error, "DescribeStacks")
            return {"Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]}

    make: Callable[[], Any] = Session
    monkeypatch.setattr("boto3.Session", make)
    with pytest.raises(SystemExit, match="neither venuecode-dev nor venuecode-dev-foundation"):
        deployment.find("dev")
