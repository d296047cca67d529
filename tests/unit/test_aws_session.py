"""The session of AWS clients, compared with botocore's own."""

import base64
import json
from typing import Any

import botocore.session
import pytest
from botocore.handlers import BUILTIN_HANDLERS
from botocore.parsers import create_parser

from chalicelib.core.aws import AwsSession

SERVICES = ("dynamodb", "kms", "s3", "secretsmanager", "sqs")
VALUES: dict[str, Any] = {
    "text": {"S": "a"},
    "number": {"N": "1.50"},
    "none": {"NULL": True},
    "yes": {"BOOL": True},
    "sealed": {"B": base64.b64encode(b"\x00\xff").decode()},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "bytes": {"BS": [base64.b64encode(b"\x01").decode()]},
    "list": {"L": [{"S": "a"}, {"B": base64.b64encode(b"in").decode()}]},
    "map": {"M": {"deep": {"M": {"sealed": {"B": base64.b64encode(b"x").decode()}}}}},
    "unknown": {"X": 1},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "GetItem": {"Item": VALUES},
    "Query": {"Items": [VALUES, {}], "Count": 2, "LastEvaluatedKey": {"pk": {"S": "a"}}},
    "BatchGetItem": {"Responses": {"t": [VALUES]}, "UnprocessedKeys": {"t": {"Keys": [VALUES]}}},
    "UpdateItem": {"Attributes": VALUES},
    "PutItem": {},
}
FAILED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "message": "The conditional request failed",
    "Item": VALUES,
}


def client(of: botocore.session.Session, service: str) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return of.create_client(service, "us-east-1", **keys)


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_has_botocores_handlers_of_its_service(service: str) -> None:
    made = AwsSession()
    for other in reversed(SERVICES):  # what other clients need changes nothing
        client(made, other)
    ours, stock = (client(of, service) for of in (made, botocore.session.Session()))
    names = {name for name, *_ in BUILTIN_HANDLERS if not name.startswith("docs")}
    operations = stock.meta.service_model.operation_names
    identity = stock.meta.service_model.service_id.hyphenize()
    events = [
        *{f"{name.partition('.')[0]}.{identity}.{one}" for name in names for one in operations},
        f"creating-client-class.{identity}",
        "choose-service-name",
    ]
    for event in events:
        # botocore has no public way to ask for the handlers of an event.
        found = [
            [getattr(one, "__qualname__", type(one)) for one in _handlers(of, event)]
            for of in (ours, stock)
        ]
        own = ["_log_retries"] if event.startswith("after-call.") else []
        assert found[0] == found[1] + own, event


def _handlers(of: Any, event: str) -> Any:
    return of.meta.events._emitter._handlers.prefix_search(event)


@pytest.mark.parametrize("operation", ANSWERS)
def test_answers_are_read_as_botocore_reads_them(operation: str) -> None:
    made = AwsSession()
    shape = client(made, "dynamodb").meta.service_model.operation_model(operation).output_shape
    response = {
        "body": json.dumps(ANSWERS[operation]).encode(),
        "headers": {"x-amzn-RequestId": "1"},
        "status_code": 200,
    }
    ours = made.get_component("response_parser_factory").create_parser("json")
    assert ours.parse(response, shape) == create_parser("json").parse(response, shape)


def test_errors_are_read_as_botocore_reads_them() -> None:
    made = AwsSession()
    model = client(made, "dynamodb").meta.service_model
    response: dict[str, Any] = {
        "body": json.dumps(FAILED).encode(),
        "headers": {"x-amzn-RequestId": "1"},
        "status_code": 400,
    }
    ours = made.get_component("response_parser_factory").create_parser("json")
    for shape in (
        model.operation_model("PutItem").output_shape,
        model.shape_for("ConditionalCheckFailedException"),
    ):
        assert ours.parse(response, shape) == create_parser("json").parse(response, shape)


def test_other_protocols_have_botocores_parsers() -> None:
    factory = AwsSession().get_component("response_parser_factory")
    assert type(factory.create_parser("rest-xml")) is type(create_parser("rest-xml"))
