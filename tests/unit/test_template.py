"""The template as CloudFormation gets it: packaged by Chalice, merged, expanded by SAM."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from samtranslator.translator.transform import transform

from chalicelib.adapters import partners
from chalicelib.core.aws import CONFIG
from infra import account, package
from infra.deploy import parameters_of
from infra.package import ROOT
from infra.stacks import STACK_POLICY

GATEWAY_LIMIT_S = 29
"""API Gateway's own time-out of an integration (Developer Guide, *Quotas*)."""
DEFAULT_CONCURRENCY = 1000
"""Lambda's default quota of an account and region."""
FUNCTION = "AWS::Lambda::Function"


class _NoPolicies:
    """SAM asks for AWS's managed policies, which the template does not name."""

    def load(self) -> dict[str, str]:
        return {}


@functools.cache
def packaged(stage: str) -> dict[str, Any]:
    """The template of a stage, as Chalice packages it."""
    return package.template(stage)


@functools.cache
def expanded() -> dict[str, Any]:
    """What SAM's transform makes of the template of `prod`."""
    template = json.loads(json.dumps(packaged("prod")))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/code.zip"
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://bucket/layer.zip"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "ap-east-1")
        made: dict[str, Any] = transform(template, {}, _NoPolicies())
    return made


def of_type(*kinds: str) -> dict[str, dict[str, Any]]:
    """The resources of some types, by logical id."""
    found = expanded()["Resources"].items()
    return {name: one for name, one in found if one["Type"] in kinds}


def functions() -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in of_type(FUNCTION).items()}


def lambda_config() -> dict[str, dict[str, Any]]:
    loaded = json.loads((ROOT / ".chalice/config.json").read_text())
    found: dict[str, dict[str, Any]] = loaded["lambda_functions"]
    return found


# --- The API


def test_the_api_is_served_by_one_stage_and_that_is_throttled() -> None:
    """SAM used to deploy it a second time, as the stage `Stage`, which nothing throttled."""
    [stage] = of_type("AWS::ApiGateway::Stage").values()
    assert stage["Properties"]["StageName"] == "api"
    every = stage["Properties"]["MethodSettings"][0]
    assert (every["HttpMethod"], every["ResourcePath"]) == ("*", "/*")
    assert 0 < every["ThrottlingBurstLimit"] <= every["ThrottlingRateLimit"] <= 10_000
    [deployment] = of_type("AWS::ApiGateway::Deployment").values()
    assert "StageName" not in deployment["Properties"]


def test_logins_cannot_take_the_doors_capacity() -> None:
    [stage] = of_type("AWS::ApiGateway::Stage").values()
    every, *some = stage["Properties"]["MethodSettings"]
    [api] = of_type("AWS::ApiGateway::RestApi").values()
    routes = {
        (method.upper(), path)
        for path, methods in api["Properties"]["Body"]["paths"].items()
        for method in methods
    }
    limited = {
        (one["HttpMethod"], one["ResourcePath"].replace("~1", "/").removeprefix("/")): one
        for one in some
    }
    assert {("POST", "/v1/otp"), ("POST", "/v1/sessions")} <= limited.keys() <= routes
    for one in limited.values():
        assert one["ThrottlingRateLimit"] <= every["ThrottlingRateLimit"] / 8
    assert not any(one["MetricsEnabled"] for one in (every, *some))


def test_access_logs_hold_nobodys_data() -> None:
    """No address, path, query or token: what an id or a person can be read from."""
    [stage] = of_type("AWS::ApiGateway::Stage").values()
    condition, setting, _ = stage["Properties"]["AccessLogSetting"]["Fn::If"]
    assert condition == "LogsAccesses"
    text = re.sub(r"\$context\.[\w.]+", "1", setting["Format"])
    assert json.loads(text).keys() >= {"request", "route", "status", "fault"}
    assert set(re.findall(r"\$context\.([\w.]+)", setting["Format"])) == {
        "requestId", "requestTimeEpoch", "httpMethod", "resourcePath", "status",
        "responseLatency", "responseLength", "error.responseType",
    }  # fmt: skip


def test_preflights_answer_although_all_bodies_are_binary() -> None:
    """Without a conversion to text a mock integration cannot read its template: it answers 500."""
    [api] = of_type("AWS::ApiGateway::RestApi").values()
    body = api["Properties"]["Body"]
    assert body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    preflights = [methods["options"] for methods in body["paths"].values() if "options" in methods]
    assert preflights
    for preflight in preflights:
        assert preflight["x-amazon-apigateway-integration"]["contentHandling"] == "CONVERT_TO_TEXT"


# --- Functions


def test_each_function_has_a_role_and_a_log_of_its_own() -> None:
    roles = [json.dumps(one["Role"]) for one in functions().values()]
    logs = [one["LoggingConfig"]["LogGroup"]["Ref"] for one in functions().values()]
    assert len(set(roles)) == len(set(logs)) == len(functions()) == len(lambda_config())
    assert set(logs) <= of_type("AWS::Logs::LogGroup").keys()


def test_lambda_itself_logs_only_what_went_wrong() -> None:
    for name, one in functions().items():
        assert one["LoggingConfig"]["LogFormat"] == "JSON", name
        assert one["LoggingConfig"]["SystemLogLevel"] == "WARN", name
        assert one["LoggingConfig"].get("ApplicationLogLevel", "INFO") == "INFO", name


def test_only_who_calls_partners_leaves_by_the_fixed_addresses() -> None:
    outside = {name for name, one in functions().items() if "VpcConfig" in one}
    callers = {
        name
        for name, one in functions().items()
        if "VC_PARTNERS_SECRET" in one["Environment"]["Variables"]
    }
    assert outside == callers != set()
    roles = of_type("AWS::IAM::Policy")["NetworkRights"]["Properties"]["Roles"]
    assert [role["Ref"] for role in roles] == sorted(
        functions()[name]["Role"]["Fn::GetAtt"][0] for name in outside
    )


def of_one_call() -> float:
    """The seconds that a call to AWS takes at most: botocore's standard mode waits up to 2^n s."""
    config: Any = CONFIG
    attempts: int = config.retries["total_max_attempts"]
    pauses = sum(2**n for n in range(attempts - 1))
    return float(attempts * (config.connect_timeout + config.read_timeout) + pauses)


def of_one_partner() -> float:
    """The seconds that a request to a partner takes at most."""
    retry: Any = partners._RETRY
    timeout: Any = partners._TIMEOUT
    pause = retry.backoff_factor + retry.backoff_jitter
    once = timeout.connect_timeout + timeout.read_timeout
    return float((retry.total + 1) * once + retry.total * pause)


def test_the_api_answers_before_it_is_cut_off() -> None:
    """It answers 503 by itself: cut off, it would answer nothing and lose its log line."""
    timeout = lambda_config()["api_handler"]["lambda_timeout"]
    assert of_one_call() + of_one_partner() < timeout < GATEWAY_LIMIT_S


@pytest.mark.parametrize("name", lambda_config())
def test_a_worker_outlives_a_try_that_hangs(name: str) -> None:
    """What is cut off later is delivered again: by its queue, its stream or its schedule."""
    config: Any = CONFIG
    one_try = config.connect_timeout + config.read_timeout
    assert 2 * one_try < lambda_config()[name]["lambda_timeout"]


def test_the_api_and_the_workers_leave_each_other_room() -> None:
    """In an account with Lambda's default quota, which `infra.account` checks."""
    template = packaged("prod")
    parameters = parameters_of("prod", template)
    workers = account.workers_concurrency(template, parameters)
    assert workers > 0
    room = DEFAULT_CONCURRENCY - int(parameters["ApiConcurrency"])
    assert room >= max(100, workers)


# --- What holds data


def kept_types() -> set[str]:
    statements: Any = STACK_POLICY["Statement"]
    return {
        kind
        for statement in statements
        if statement["Effect"] == "Deny"
        for kind in statement["Condition"]["StringEquals"]["ResourceType"]
    }


def test_what_holds_data_outlives_its_stack() -> None:
    kept = of_type(*kept_types())
    secrets = {"KeysSecret", "IndexSecret", "PartnersSecret"}
    assert kept.keys() >= {"Table", "Bucket", "DataKey", *secrets}
    for name, resource in kept.items():
        # A creation that fails leaves nothing behind, and can be tried again.
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_a_creation_that_fails_can_be_undone() -> None:
    """The table refuses its deletion from the second step on only."""
    table = of_type("AWS::DynamoDB::Table")["Table"]["Properties"]
    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["Protected", True, False]}
    assert expanded()["Parameters"]["Protect"]["Default"] == "off"
    assert parameters_of("prod", packaged("prod"))["Protect"] == "on"


def test_what_cannot_be_changed_is_not() -> None:
    """An edit makes a new table, or a new value of the secret, which loses every blind index."""
    table = of_type("AWS::DynamoDB::Table")["Table"]["Properties"]
    assert [one["AttributeName"] for one in table["KeySchema"]] == ["pk", "sk"]
    common = {"PasswordLength": 64, "ExcludePunctuation": True}
    secrets = of_type("AWS::SecretsManager::Secret")
    assert {name: one["Properties"]["GenerateSecretString"] for name, one in secrets.items()} == {
        "KeysSecret": common | {"SecretStringTemplate": '{"active":"1"}', "GenerateStringKey": "1"},
        "IndexSecret": common | {"SecretStringTemplate": '{"index":"1"}', "GenerateStringKey": "1"},
        "PartnersSecret": common | {"SecretStringTemplate": "{}", "GenerateStringKey": "default"},
    }


# --- Options and partitions


def test_options_cost_nothing_until_they_are_chosen() -> None:
    conditions = expanded()["Conditions"]
    for kind in ("AWS::EC2::", "AWS::WAFv2::", "AWS::ApiGateway::DomainName"):
        found = [one for one in expanded()["Resources"].values() if one["Type"].startswith(kind)]
        assert found, kind
        for one in found:
            assert one["Condition"] in conditions
    defaults = {name: one.get("Default") for name, one in expanded()["Parameters"].items()}
    assert (defaults["Firewall"], defaults["FixedEgress"], defaults["CertificateArn"]) == (
        "off", "off", "",
    )  # fmt: skip


def test_the_firewall_shows_nobodys_headers() -> None:
    """A sampled request shows its headers, and with them a session's token."""
    acl = of_type("AWS::WAFv2::WebACL")["FirewallRules"]["Properties"]
    for one in (acl, *acl["Rules"]):
        assert one["VisibilityConfig"]["SampledRequestsEnabled"] is False


def texts(value: Any) -> Iterator[str]:
    """Every string in a template."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_no_partition_is_named() -> None:
    """In China, ARNs begin with arn:aws-cn and hosts end with amazonaws.com.cn."""
    assert not [text for text in texts(expanded()) if "arn:aws" in text]
    hosts = {text for text in texts(expanded()) if "amazonaws.com" in text}
    # Principals of these services, and names of endpoints, are the same in both partitions.
    assert hosts <= {"apigateway.amazonaws.com", "events.amazonaws.com", "lambda.amazonaws.com"}
