"""What `make wire` sets beside its stack: the API, the stage, rights of functions."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.foundation import lay
from infra.stacks import DeployError, Target, refuse
from infra.wire import permit, set_api, set_logging

RIGHT = {
    "Action": "lambda:InvokeFunction",
    "FunctionName": "venuecode-dev-schedules",
    "Principal": "events.amazonaws.com",
    "SourceArn": "arn:aws:events:::rule/one",
}
RESPONSE = {
    "StatusCode": 404,
    "ResponseParameters": {"Headers": {"Cache-Control": "'no-store'"}},
    "ResponseTemplates": {"application/json": "{}"},
}
API: dict[str, Any] = {
    "StageName": "api",
    "DefinitionBody": {
        "info": {"title": "venuecode-dev"},
        "x-amazon-apigateway-binary-media-types": ["*/*"],
    },
    "GatewayResponses": {"RESOURCE_NOT_FOUND": RESPONSE},
    "MethodSettings": [
        {
            "HttpMethod": "*",
            "ResourcePath": "/*",
            "MetricsEnabled": False,
            "ThrottlingRateLimit": 4000,
        },
        {"HttpMethod": "POST", "ResourcePath": "/~1v1~1otp", "ThrottlingBurstLimit": 200},
    ],
    "AccessLogSetting": {"DestinationArn": "arn:aws:logs:::log-group:g:*", "Format": "f"},
}


class Gateway:
    """API Gateway, as far as `set_api` goes; `calls` has what changed something."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.patches: dict[str, dict[str, str]] = {}
        self.responses: dict[str, Any] = {"THROTTLED": {"responseType": "THROTTLED"}}
        self.name = "venuecode"
        self.kinds = ["image/png"]
        self.stage: dict[str, Any] = {
            "methodSettings": {"*/*": {}, "~1v1~1gone/GET": {}},
        }

    def get_rest_api(self, **_: Any) -> Any:
        return {"name": self.name, "binaryMediaTypes": self.kinds}

    def get_gateway_responses(self, **_: Any) -> Any:
        ours = {"responseType": "DEFAULT_4XX", "defaultResponse": True}
        return {"items": [ours, *self.responses.values()]}

    def get_stage(self, **_: Any) -> Any:
        return self.stage

    def delete_gateway_response(self, responseType: str, **_: Any) -> None:  # noqa: N803 (boto3's)
        self.calls.append(f"delete {responseType}")
        del self.responses[responseType]

    def put_gateway_response(self, responseType: str, **fields: Any) -> None:  # noqa: N803 (boto3's)
        self.calls.append(f"put {responseType}")
        self.responses[responseType] = {**fields, "responseType": responseType}

    def create_deployment(self, **_: Any) -> None:
        self.calls.append("deploy")

    def update_rest_api(self, patchOperations: Any, **_: Any) -> None:  # noqa: N803 (boto3's)
        self._patch("api", patchOperations)

    def update_stage(self, patchOperations: Any, **_: Any) -> None:  # noqa: N803 (boto3's)
        self._patch("stage", patchOperations)

    def _patch(self, what: str, operations: list[dict[str, str]]) -> None:
        self.calls.append(f"patch {what}")
        for one in operations:
            self.patches[f"{one['op']} {one['path']}"] = one


@pytest.fixture
def gateway() -> Gateway:
    made = Gateway()
    set_api(made, "api123", API)
    return made


def test_responses_are_put_before_the_deployment_that_makes_them_count(gateway: Gateway) -> None:
    assert gateway.calls == [
        "patch api",
        "delete THROTTLED",
        "put RESOURCE_NOT_FOUND",
        "deploy",
        "patch stage",
    ]
    assert gateway.responses["RESOURCE_NOT_FOUND"] == {
        "responseType": "RESOURCE_NOT_FOUND",
        "restApiId": "api123",
        "statusCode": "404",
        "responseParameters": {"gatewayresponse.header.Cache-Control": "'no-store'"},
        "responseTemplates": {"application/json": "{}"},
    }


def test_the_api_is_patched_as_api_gateway_names_things(gateway: Gateway) -> None:
    values = {path: one.get("value") for path, one in gateway.patches.items()}
    assert values == {
        "replace /name": "venuecode-dev",
        "add /binaryMediaTypes/*~1*": None,
        "remove /binaryMediaTypes/image~1png": None,
        "replace /accessLogSettings/destinationArn": "arn:aws:logs:::log-group:g",
        "replace /accessLogSettings/format": "f",
        "remove /~1v1~1gone/GET": None,
        "replace /*/*/metrics/enabled": "false",
        "replace /*/*/throttling/rateLimit": "4000",
        "replace /~1v1~1otp/POST/throttling/burstLimit": "200",
    }


def test_again_only_deploys(gateway: Gateway) -> None:
    gateway.name, gateway.kinds = "venuecode-dev", ["*/*"]
    gateway.stage = {
        "methodSettings": {"*/*": {}, "~1v1~1otp/POST": {}},
        "accessLogSettings": {"destinationArn": "arn:aws:logs:::log-group:g", "format": "f"},
    }
    gateway.calls.clear()
    gateway.patches.clear()
    set_api(gateway, "api123", API)
    assert gateway.calls == ["deploy", "patch stage"]
    assert all(path.startswith("replace ") for path in gateway.patches)


def test_what_the_template_no_longer_says_is_removed(gateway: Gateway) -> None:
    gateway.stage = {
        "methodSettings": {"*/*": {}},
        "accessLogSettings": {"destinationArn": "d", "format": "f"},
    }
    gateway.patches.clear()
    plain = {key: API[key] for key in ("StageName", "DefinitionBody")}
    set_api(gateway, "api123", plain)
    assert gateway.responses == {}
    assert {"remove /accessLogSettings", "remove /*/*"} <= gateway.patches.keys()


class Functions:
    """Lambda's policies and log settings of one function."""

    def __init__(self, *statements: dict[str, Any]) -> None:
        self.statements = {one["Sid"]: one for one in statements}
        self.logging: dict[str, str] = {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}
        self.calls: list[str] = []

    def get_policy(self, **_: Any) -> Any:
        if not self.statements:
            error = {"Error": {"Code": "ResourceNotFoundException"}}
            raise ClientError(error, "GetPolicy")
        return {"Policy": json.dumps({"Statement": list(self.statements.values())})}

    def add_permission(self, **given: str) -> None:
        self.calls.append(f"add {given['StatementId']}")
        assert given["StatementId"] not in self.statements
        self.statements[given["StatementId"]] = statement(**given)

    def remove_permission(self, StatementId: str, **_: Any) -> None:  # noqa: N803 (boto3's)
        self.calls.append(f"remove {StatementId}")
        del self.statements[StatementId]

    def get_function_configuration(self, **_: Any) -> Any:
        return {"LoggingConfig": self.logging}

    def update_function_configuration(self, **given: Any) -> None:
        self.calls.append("update")
        self.logging |= given["LoggingConfig"]

    def get_waiter(self, name: str) -> "Functions":
        assert name == "function_updated_v2"
        return self

    def wait(self, **_: Any) -> None:
        self.calls.append("wait")


def statement(**given: str) -> dict[str, Any]:
    return {
        "Sid": given["StatementId"],
        "Effect": "Allow",
        "Action": given["Action"],
        "Principal": {"Service": given["Principal"]},
        "Condition": {"ArnLike": {"AWS:SourceArn": given["SourceArn"]}},
    }


def test_a_right_is_given_once() -> None:
    functions = Functions()
    for _ in range(2):
        permit(functions, "f", {"SchedulesPermission": RIGHT})
    assert functions.calls == ["add wire-SchedulesPermission"]


def test_a_right_for_another_source_takes_the_place_of_the_old_one() -> None:
    functions = Functions(statement(StatementId="wire-SchedulesPermission", **RIGHT))
    permit(functions, "f", {"SchedulesPermission": RIGHT | {"SourceArn": "arn:two"}})
    assert functions.calls == ["remove wire-SchedulesPermission", "add wire-SchedulesPermission"]


def test_a_right_that_is_gone_goes_and_those_of_others_stay() -> None:
    functions = Functions(
        statement(StatementId="wire-Old", **RIGHT),
        statement(StatementId="8a1c-of-chalice", **RIGHT),
    )
    permit(functions, "f", {})
    assert list(functions.statements) == ["8a1c-of-chalice"]


def test_logs_are_redirected_once_and_not_while_the_function_is_updated() -> None:
    functions = Functions()
    for _ in range(2):
        set_logging(functions, "f", {"LogGroup": "g", "LogFormat": "JSON"})
    assert functions.calls == ["wait", "update", "wait"]


class Formation:
    """CloudFormation with one stack."""

    def __init__(self, stack: str) -> None:
        self.stack = stack

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 (boto3's)
        if StackName != self.stack:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "x", "Message": message}}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": []}]}


def test_a_stage_that_make_deploy_made_gets_no_foundation() -> None:
    formation = Formation("venuecode-dev")
    with pytest.raises(DeployError, match="was deployed by `make deploy`"):
        lay("dev", Target(lambda _: formation, "artifacts"))


def test_a_stage_with_a_foundation_is_not_deployed_again_beside_it() -> None:
    formation = Formation("venuecode-dev-foundation")
    with pytest.raises(DeployError, match="was deployed by `make foundation`"):
        refuse(formation, "venuecode-dev-foundation", "dev", "make foundation")
    refuse(formation, "venuecode-prod-foundation", "prod", "make foundation")
