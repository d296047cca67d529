"""A function may do what its policy says and nothing else: tried with its own role."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest

from infra.local.place import LocalCloud, Place

pytestmark = pytest.mark.cloud

# Tries calls with the role that it runs under, and tells how each ended.
PROBE = """
import botocore.session
from botocore.exceptions import ClientError

def probe(event, context):
    session = botocore.session.get_session()
    ended = []
    for service, method, arguments in event:
        try:
            getattr(session.create_client(service), method)(**arguments)
            ended.append("allowed")
        except ClientError as error:
            code = error.response["Error"]["Code"]
            ended.append("denied" if code.startswith("AccessDenied") else "allowed")
    return ended
"""
Call = tuple[str, str, dict[str, Any]]
Try = Callable[[str, Iterable[Call]], list[str]]


@pytest.fixture(scope="module")
def attempt(cloud: LocalCloud, cloud_place: Place) -> Iterator[Try]:
    """Tries calls as one of the functions and tells how each ended: allowed or denied."""
    functions, made = cloud.client("lambda"), []
    code = io.BytesIO()
    with (
        zipfile.ZipFile(cloud_place.home / "package/deployment.zip") as deployed,
        zipfile.ZipFile(code, "w") as package,
    ):
        for name in deployed.namelist():
            package.writestr(name, _whole(name) or deployed.read(name))
        package.writestr("probe.py", PROBE)

    def attempt(function: str, calls: Iterable[Call]) -> list[str]:
        own = cloud.outputs[f"{function}_function"]
        config = functions.get_function_configuration(FunctionName=own)
        probe = functions.create_function(
            FunctionName=f"probe-{function}",
            Role=config["Role"],
            Runtime=config["Runtime"],
            Handler="probe.probe",
            Code={"ZipFile": code.getvalue()},
            Timeout=30,
        )["FunctionName"]
        made.append(probe)
        answer = functions.invoke(FunctionName=probe, Payload=json.dumps(list(calls)))
        return list(json.loads(answer["Payload"].read()))

    yield attempt
    for name in made:
        functions.delete_function(FunctionName=name)


def _whole(name: str) -> bytes | None:
    """Return botocore's own description of a service: the package's has allowed calls only."""
    if not name.endswith("/service-2.json"):
        return None
    return gzip.decompress((Path(botocore.__file__).parent.parent / f"{name}.gz").read_bytes())


def calls(cloud: LocalCloud) -> dict[str, Call]:
    """Calls by a name. None finds or leaves anything: those that write are refused as invalid."""
    table, bucket, outputs = cloud.outputs["table"], cloud.outputs["bucket"], cloud.outputs
    key = {"pk": {"S": "VEN#nobody"}, "sk": {"S": "nothing"}}
    code = {"pk": {"S": "OTP#nobody"}, "sk": {"S": "OTP"}}
    query = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "VEN#nobody"}},
    }
    wrong = {"pk": {"N": "1"}, "sk": {"N": "1"}}
    message = {"MessageBody": "\x01"}
    return {
        "get": ("dynamodb", "get_item", {"TableName": table, "Key": key}),
        "get code": ("dynamodb", "get_item", {"TableName": table, "Key": code}),
        "put": ("dynamodb", "put_item", {"TableName": table, "Item": wrong}),
        "query": ("dynamodb", "query", query),
        "scan": ("dynamodb", "scan", {"TableName": table}),
        "drop": ("dynamodb", "delete_table", {"TableName": "other"}),
        "read poster": ("s3", "get_object", {"Bucket": bucket, "Key": "posters/none"}),
        "read other": ("s3", "get_object", {"Bucket": bucket, "Key": "other/none"}),
        "write other": ("s3", "put_object", {"Bucket": bucket, "Key": "other/none"}),
        "write poster": ("s3", "put_object", {"Bucket": bucket, "Key": "posters/none"}),
        "keys": ("secretsmanager", "get_secret_value", {"SecretId": outputs["keys_secret"]}),
        "index": ("secretsmanager", "get_secret_value", {"SecretId": outputs["index_secret"]}),
        "data key": (
            "kms",
            "generate_data_key",
            {
                "KeyId": outputs["kms_key"],
                "KeySpec": "AES_256",
                "EncryptionContext": {"venuecode": "data-key/none"},
            },
        ),
        "other key": (
            "kms",
            "generate_data_key",
            {"KeyId": outputs["kms_key"], "KeySpec": "AES_256"},
        ),
        "drop key": (
            "kms",
            "schedule_key_deletion",
            {"KeyId": outputs["kms_key"], "PendingWindowInDays": 30},
        ),
        "send lookup": ("sqs", "send_message", {"QueueUrl": outputs["lookups_url"], **message}),
        "send render": ("sqs", "send_message", {"QueueUrl": outputs["renders_url"], **message}),
        "receive lookup": (
            "sqs",
            "receive_message",
            {"QueueUrl": outputs["lookups_dead_letters_url"]},
        ),
    }


ALLOWED = {
    "api": {"get", "get code", "put", "query", "read poster", "keys", "index", "data key"},
    "lookups": {"get", "put", "query", "index", "send lookup"},
    "counts": set(),
    "reconciliations": {"get", "put", "query"},
    "renders": {"get", "query", "write poster", "keys", "index"},
    "schedules": {"get", "get code", "put", "query", "index"},
    "settles": {"get", "put", "query"},
    "stream": {"put", "query", "send lookup", "send render"},
}


def test_every_function_is_among_them(cloud: LocalCloud) -> None:
    suffix = "_function"
    functions = {name for name in cloud.outputs if name.endswith(suffix)}
    assert {name.removesuffix(suffix) for name in functions} == ALLOWED.keys()


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_may_do_what_it_needs_and_nothing_else(
    function: str, cloud: LocalCloud, attempt: Try
) -> None:
    tried = calls(cloud)
    ended = zip(tried, attempt(function, tried.values()), strict=True)
    assert {name for name, end in ended if end == "allowed"} == ALLOWED[function]
