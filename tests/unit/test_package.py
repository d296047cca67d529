"""What is packaged: wheels that Lambda loads, rights without wildcards, a trigger a worker."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.package import ROOT, BuildError, Wheel, check_tags

POLICIES = sorted((ROOT / ".chalice").glob("policy-*.json"))


@pytest.mark.parametrize(
    "tag",
    [
        "py3-none-any",
        "cp311-cp311-manylinux1_x86_64",
        "cp311-abi3-manylinux2014_x86_64",
        "cp39-abi3-manylinux_2_26_x86_64",
    ],
)
def test_a_wheel_that_lambda_loads_is_taken(tag: str) -> None:
    check_tags([Wheel("some", "1.0", tag)], "python3.11")


@pytest.mark.parametrize(
    "tag",
    [
        "cp311-cp311-linux_x86_64",
        "cp311-cp311-manylinux_2_27_x86_64",
        "cp311-cp311-manylinux_2_17_aarch64",
        "cp311-cp311-musllinux_1_2_x86_64",
        "cp311-cp311-macosx_11_0_arm64",
    ],
)
def test_a_wheel_that_lambda_cannot_load_ends_the_build(tag: str) -> None:
    with pytest.raises(BuildError, match="cannot load"):
        check_tags([Wheel("some", "1.0", tag)], "python3.11")


def test_later_runtimes_have_a_later_glibc() -> None:
    check_tags([Wheel("some", "1.0", "cp312-cp312-manylinux_2_34_x86_64")], "python3.12")


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in POLICIES:
        for statement in json.loads(path.read_text())["Statement"]:
            yield f"{path.stem}:{statement['Sid']}", statement


@pytest.mark.parametrize(("name", "statement"), list(statements()), ids=str)
def test_rights_name_their_actions_and_resources(name: str, statement: dict[str, Any]) -> None:
    actions, resources = statement["Action"], statement["Resource"]
    actions = actions if isinstance(actions, list) else [actions]
    resources = resources if isinstance(resources, list) else [resources]
    assert not [action for action in actions if "*" in action]
    if name == "policy-stream:ListStreams":  # has no resource, and tells of no data
        assert (actions, resources) == (["dynamodb:ListStreams"], ["*"])
        return
    for resource in resources:
        ((kind, target),) = resource.items()
        assert kind in ("Fn::GetAtt", "Fn::Sub")
        if kind == "Fn::Sub":
            assert re.fullmatch(r"\$\{\w+\.Arn\}/(index/visits|posters/\*)", target)


def test_only_the_stream_may_write_to_the_queues_and_only_lookups_to_its_own() -> None:
    senders = {
        (name.split(":")[0], json.dumps(statement["Resource"]))
        for name, statement in statements()
        if "sqs:SendMessage" in statement["Action"]
    }
    assert {policy for policy, _ in senders} == {"policy-stream", "policy-lookups"}


def test_each_function_has_a_policy_of_its_own() -> None:
    functions = json.loads((ROOT / ".chalice/config.json").read_text())["lambda_functions"]
    files = [function["iam_policy_file"] for function in functions.values()]
    assert sorted(files) == [path.name for path in POLICIES]


class _Loader(yaml.SafeLoader):
    """Reads a template's short functions (!Ref, !Sub, ...) as what they are called with."""


def _argument(loader: _Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _argument)


def resources(kind: str) -> dict[str, dict[str, Any]]:
    text = (ROOT / "infra/resources.yaml").read_text()
    template = yaml.load(text, Loader=_Loader)
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource.get("Type") == kind
    }


def test_every_mapping_reports_failures_one_by_one_and_never_waits() -> None:
    mappings = resources("AWS::Lambda::EventSourceMapping")
    assert {mapping["FunctionName"] for mapping in mappings.values()} == {
        "Lookups",
        "Renders",
        "Stream",
    }
    for mapping in mappings.values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["MaximumBatchingWindowInSeconds"] == 0


def test_a_message_comes_back_only_after_its_function_has_timed_out() -> None:
    functions = json.loads((ROOT / ".chalice/config.json").read_text())["lambda_functions"]
    queues = resources("AWS::SQS::Queue")
    for name, queue in (("lookups", "LookupsQueue"), ("renders", "RendersQueue")):
        _, local, deployed = queues[queue]["VisibilityTimeout"]
        timeout = functions[name]["lambda_timeout"]
        assert local > timeout
        assert deployed >= 6 * timeout


def test_every_dead_letter_queue_has_an_alarm() -> None:
    queues = {name for name in resources("AWS::SQS::Queue") if name.endswith("DeadLetters")}
    watched = {
        dimension["Value"].removesuffix(".QueueName")
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    }
    assert queues == watched != set()
