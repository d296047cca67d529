"""What is packaged: wheels that Lambda loads, rights without wildcards, a trigger a worker."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from chalicelib.core import messages
from chalicelib.core.errors import CODES
from chalicelib.core.messages import LANGUAGES, TEXTS
from infra import package
from infra.package import ROOT, BuildError, Wheel, check_tags, put_gateway_texts
from infra.split import read

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
    if name.endswith(":ListStreams"):  # has no resource, and tells of no data
        assert (actions, resources) == (["dynamodb:ListStreams"], ["*"])
        return
    for resource in resources:
        ((kind, target),) = resource.items()
        assert kind in ("Fn::GetAtt", "Fn::Sub")
        if kind == "Fn::Sub":
            assert re.fullmatch(r"\$\{\w+\.Arn\}/(index/visits|(posters|cards|exports)/\*)", target)


def test_nobody_from_outside_reaches_a_queue() -> None:
    """What is written is the outbox: only what the stream tells of becomes a message."""
    senders = {
        name.split(":")[0]
        for name, statement in statements()
        if "sqs:SendMessage" in statement["Action"]
    }
    assert senders
    assert not senders & {"policy-api", "policy-renders", "policy-schedules"}


def test_each_function_has_a_policy_of_its_own() -> None:
    functions = json.loads((ROOT / ".chalice/config.json").read_text())["lambda_functions"]
    files = [function["iam_policy_file"] for function in functions.values()]
    assert sorted(files) == [path.name for path in POLICIES]


def resources(kind: str) -> dict[str, dict[str, Any]]:
    text = (ROOT / "infra/resources.yaml").read_text()
    template = read(text)
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource.get("Type") == kind
    }


def test_what_the_gateway_answers_is_in_the_words_of_the_catalogue() -> None:
    text = (ROOT / "infra/resources.yaml").read_text()
    template = read(text)
    assert not re.search("[\u4e00-\u9fff]", text)
    put_gateway_texts(template)
    responses = template["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
    for kind, response in responses.items():
        (body,) = response["ResponseTemplates"].values()
        problem = json.loads(body)
        assert problem["code"] in CODES, kind
        assert problem["messages"].keys() == set(LANGUAGES)
        assert problem["detail"] == problem["messages"]["zh-Hans"]
        assert set(problem["messages"].values()) & set(TEXTS.values()), kind
        assert "text" not in problem
    # The gateway has three names for a path that is none, by what is sent with it.
    unsigned, signed = responses["MISSING_AUTHENTICATION_TOKEN"], responses["INVALID_SIGNATURE"]
    assert unsigned == signed == responses["RESOURCE_NOT_FOUND"]
    (unknown,) = responses["RESOURCE_NOT_FOUND"]["ResponseTemplates"].values()
    assert json.loads(unknown) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": messages.text("error.not_found", "zh-Hans"),
        "messages": {tag: messages.text("error.not_found", tag) for tag in LANGUAGES},
    }


def test_every_mapping_reports_failures_one_by_one_and_only_counting_waits() -> None:
    mappings = resources("AWS::Lambda::EventSourceMapping")
    assert mappings
    for mapping in mappings.values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        # Only figures may wait, for a second.
        assert mapping["MaximumBatchingWindowInSeconds"] in (0, {"Fn::If": ["Local", 0, 1]})


def test_a_message_comes_back_only_after_its_function_has_timed_out() -> None:
    functions = json.loads((ROOT / ".chalice/config.json").read_text())["lambda_functions"]
    queues = resources("AWS::SQS::Queue")
    _, local, deployed = queues["RendersQueue"]["VisibilityTimeout"]["Fn::If"]
    timeout = functions["renders"]["lambda_timeout"]
    assert local > timeout
    assert deployed >= 6 * timeout
    # Somebody waits for these: less than a scan's wait, and a third of a question's life.
    for name, queue in (("lookups", "LookupsQueue"), ("settles", "SettlesQueue")):
        assert functions[name]["lambda_timeout"] < queues[queue]["VisibilityTimeout"] <= 15


def test_every_dead_letter_queue_has_an_alarm() -> None:
    queues = {name for name in resources("AWS::SQS::Queue") if name.endswith("DeadLetters")}
    watched = {
        dimension["Value"]["Fn::GetAtt"].removesuffix(".QueueName")
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    }
    assert queues == watched != set()


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("get_item", {"TableName": "t", "Key": {"pk": {"S": "p"}}}),
    "kms": ("decrypt", {"CiphertextBlob": b"x"}),
    "s3": ("put_object", {"Bucket": "bucket", "Key": "k"}),
    "secretsmanager": ("get_secret_value", {"SecretId": "s"}),
    "sqs": (
        "send_message",
        {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q", "MessageBody": "b"},
    ),
    "sts": ("get_caller_identity", {}),
}


@pytest.fixture(scope="module")
def slim_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Botocore's data as it ships."""
    data = tmp_path_factory.mktemp("slim") / "data"
    full = Path(botocore.__file__).with_name("data")
    for service in package.KEPT["botocore/data"]:
        shutil.copytree(full / service, data / service)
    for path in full.glob("*.json"):
        shutil.copy(path, data)
    package.slim(data)
    return data


@pytest.mark.parametrize("service", package.KEPT["botocore/data"])
def test_clients_work_with_what_is_left_of_botocores_data(service: str, slim_data: Path) -> None:
    session = botocore.session.Session()
    loader = Loader([str(slim_data)], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    made = session.create_client(
        service, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    operation, arguments = CALLS[service]
    url = made.generate_presigned_url(operation, arguments)
    assert url.startswith(f"https://{'bucket.' * (service == 's3')}{service}.")
    shipped = sum(path.stat().st_size for path in (slim_data / service).rglob("service-2.json"))
    assert 0 < shipped < 400_000


@pytest.mark.parametrize("service", package.WITHOUT_RULES)
def test_both_descriptions_of_endpoints_say_the_same(service: str, slim_data: Path) -> None:
    """Of hosts and signing regions, wherever the service is. The rules do not ship."""
    assert not [*slim_data.glob(f"{service}/*/endpoint-rule-set-1*")]
    full = Loader()
    rules = full.load_service_model(service, "endpoint-rule-set-1")
    by_rules = EndpointProvider(rules, full.load_data("partitions"))
    shipped = EndpointResolver(json.loads((slim_data / "endpoints.json").read_text()))
    regions = [
        (partition, region)
        for partition in shipped.get_available_partitions()
        for region in shipped.get_available_endpoints(service, partition)
    ]
    assert len(regions) > 30
    for partition, region in regions:
        expected = by_rules.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
        found = shipped.construct_endpoint(service, region, partition)
        assert f"https://{found['hostname']}" == expected.url, region
        assert found.get("credentialScope", {}).get("region", region) == region
        assert found.get("sslCommonName", found["hostname"]) == found["hostname"]
        assert not expected.properties


def test_typed_dicts_become_dicts_and_nothing_else_changes() -> None:
    source = """
class A(TypedDict, total=False):
    x: int

class B(A):
    y: Required[str]

class C:
    z = 1

def make(x: int) -> A:
    return dict(x=x)
"""
    made: dict[str, Any] = {"TypedDict": None, "Required": None}
    exec(package.without_typed_dicts(source), made)  # noqa: S102 (the text above)
    assert made["A"] is made["B"] is dict
    assert (made["C"].z, made["make"](2)) == (1, {"x": 2})


def test_only_what_roles_may_call_is_kept_of_a_service() -> None:
    model: dict[str, Any] = {
        "operations": {
            name: {"name": name, "input": {"shape": f"{name}Input"}, "errors": [{"shape": "Busy"}]}
            for name in ("GetItem", "CreateTable")
        },
        "shapes": {
            "GetItemInput": {"type": "structure", "members": {"Key": {"shape": "Key"}}},
            "CreateTableInput": {"type": "structure", "members": {"Mode": {"shape": "Mode"}}},
            "Key": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Key"}},
            "Text": {"type": "string"},
            "Mode": {"type": "string"},
            "Busy": {"type": "structure", "members": {}, "exception": True},
        },
    }
    package.keep_operations(model, {"GetItem"})
    assert list(model["operations"]) == ["GetItem"]
    assert set(model["shapes"]) == {"GetItemInput", "Key", "Text", "Busy"}


def test_the_operations_that_stores_and_adapters_call_are_kept() -> None:
    assert {"GetItem", "PutItem", "Query", "UpdateItem", "DeleteItem"} <= package.ALLOWED[
        "dynamodb"
    ]
    assert "TransactWriteItems" in package.ALLOWED["dynamodb"]
    assert package.ALLOWED["kms"] == {"Decrypt", "GenerateDataKey"}
    assert package.ALLOWED["secretsmanager"] == {"GetSecretValue"}
    assert {"SendMessage", "SendMessageBatch"} <= package.ALLOWED["sqs"]
