"""The three parts around `chalice deploy`: nothing is missing, nothing is made twice."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import package
from infra.deploy import parameters_of
from infra.foundation import with_foundation
from infra.split import Split, SplitError, resolve, settled, split
from tests.support import ROOT

STACK = "venuecode-dev"


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """What Chalice packages, with infra/resources.yaml."""
    return package.template("dev")


@pytest.fixture(scope="module", params=["dev", "prod", "all options"])
def options(request: pytest.FixtureRequest, whole: dict[str, Any]) -> dict[str, str]:
    """Parameters of a stage, or with everything turned on."""
    parameters = parameters_of("dev" if request.param == "dev" else "prod", whole)
    if request.param == "all options":
        for name, parameter in whole["Parameters"].items():
            if "on" in parameter.get("AllowedValues", []):
                parameters[name] = "on"
        parameters["CertificateArn"] = "arn:aws:acm:us-east-1:123456789012:certificate/c"
    return {**parameters, "Stage": "dev" if request.param == "dev" else "prod"}


@pytest.fixture
def parts(whole: dict[str, Any], options: dict[str, str]) -> Split:
    return split(whole, STACK, options)


def names(parts: Split) -> Iterator[str]:
    yield from parts.foundation["Resources"]
    yield from parts.wiring["Resources"]
    yield from parts.permissions
    yield from parts.of_chalice


def used(whole: dict[str, Any], options: dict[str, str]) -> set[str]:
    """The resources whose condition holds."""
    holds = {
        "Local": False,
        "Cloud": True,
        "Prod": options["Stage"] == "prod",
        "Protected": options.get("Protect") == "on",
        "OwnHost": bool(options.get("CertificateArn")),
        "LogsAccesses": options.get("AccessLogs") == "on",
        "HasFirewall": options.get("Firewall") == "on",
        "HasFixedEgress": options.get("FixedEgress") == "on",
    }
    return {
        name
        for name, one in whole["Resources"].items()
        if "Condition" not in one or holds[one["Condition"]]
    }


def test_every_resource_is_in_exactly_one_part(
    whole: dict[str, Any], options: dict[str, str], parts: Split
) -> None:
    found = sorted(names(parts))
    assert found == sorted(used(whole, options))


def test_functions_and_their_api_are_chalices_and_roles_and_data_come_before(
    whole: dict[str, Any], parts: Split
) -> None:
    kinds = {name: one["Type"] for name, one in whole["Resources"].items()}
    assert {kinds[name] for name in parts.of_chalice} == {
        "AWS::Serverless::Api",
        "AWS::Serverless::Function",
        "AWS::Lambda::Permission",
    }
    early = {kinds[name] for name in parts.foundation["Resources"]}
    assert {"AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::Logs::LogGroup"} <= early
    late = {kinds[name] for name in parts.wiring["Resources"]}
    assert {"AWS::Lambda::EventSourceMapping", "AWS::Events::Rule"} <= late
    assert not late & {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.split(".")[0]
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from (name.split(".")[0] for name in re.findall(r"\$\{(\w[\w.:]*)\}", text))
            elif key == "DependsOn":
                yield from [value] if isinstance(value, str) else value
            yield from references(value)
    elif isinstance(node, list):
        for one in node:
            yield from references(one)


def test_the_foundation_stands_by_itself_without_sam(parts: Split) -> None:
    foundation = parts.foundation
    here = set(foundation["Resources"])
    foreign = {name for name in references(foundation) if not name.startswith("AWS::")} - here
    assert foreign == set()
    assert "Transform" not in foundation
    assert not [one for one in foundation["Resources"].values() if "Serverless" in one["Type"]]
    assert len(json.dumps(foundation)) < 1_000_000  # CloudFormation's limit for a body in S3
    assert len(foundation["Outputs"]) <= 200


def values(parts: Split) -> dict[str, str]:
    """What the stacks, Chalice and the account will answer."""
    outputs = {name: f"<{name}>" for name in parts.exports}
    known = parts.values(outputs)
    for name in parts.functions:
        known |= {name: f"venuecode-dev-{name}", f"{name}.Arn": f"arn:{name}"}
    known |= {parts.api_name: "api123", f"{parts.api_name}.Stage": "api"}
    names = ("AccountId", "Partition", "Region", "URLSuffix")
    return known | {f"AWS::{name}": name.lower() for name in names}


def test_the_wiring_needs_nothing_that_is_not_known_by_then(parts: Split) -> None:
    known = values(parts)
    wiring = resolve(parts.wiring, known)
    assert set(references(wiring)) <= set(wiring["Resources"])
    settled(parts.permissions, known, "the rights")
    settled({**parts.api, "DefinitionBody": {}}, known, "the API")
    for name, function in parts.functions.items():
        settled(function, known, name)


# --- What is written into .chalice/config.json ----------------------------------------------------


def config() -> Any:
    return json.loads((ROOT / ".chalice/config.json").read_text())


def test_every_function_gets_its_role_and_the_values_that_the_template_gives(
    parts: Split,
) -> None:
    written = with_foundation(config(), "dev", parts, values(parts))
    stage = written["stages"]["dev"]
    assert stage["lambda_functions"].keys() == config()["lambda_functions"].keys()
    for name, settings in stage["lambda_functions"].items():
        assert settings["manage_iam_role"] is False, name
        assert settings["iam_role_arn"].startswith("<Value"), name
        assert settings["environment_variables"]["VC_TABLE"] == "<ValueTable>", name
        assert not settings["environment_variables"].keys() & {"VC_STAGE", "VC_CORS_ORIGIN"}
    assert stage["lambda_functions"]["renders"]["layers"] == ["<ValueRenderLayer>"]
    roles = {one["iam_role_arn"] for one in stage["lambda_functions"].values()}
    assert len(roles) == len(stage["lambda_functions"])


def test_writing_again_changes_nothing_and_other_stages_never_change(parts: Split) -> None:
    before = config()
    once = with_foundation(before, "dev", parts, values(parts))
    assert before == config()
    assert json.dumps(with_foundation(once, "dev", parts, values(parts))) == json.dumps(once)
    for stage in ("local", "prod"):
        assert once["stages"][stage] == before["stages"][stage]
    assert once["lambda_functions"] == before["lambda_functions"]
    assert list(once) == list(before)
    kept = {**once["stages"]["dev"]}
    del kept["lambda_functions"]
    assert kept == before["stages"]["dev"]


def test_an_operators_own_setting_stays_and_a_gone_function_goes(parts: Split) -> None:
    begun = config()
    begun["stages"]["dev"]["lambda_functions"] = {
        "stream": {"lambda_memory_size": 1024, "layers": ["old"], "iam_role_arn": "old"},
        "gone": {"iam_role_arn": "old"},
    }
    stage = with_foundation(begun, "dev", parts, values(parts))["stages"]["dev"]
    assert "gone" not in stage["lambda_functions"]
    stream = stage["lambda_functions"]["stream"]
    assert stream["lambda_memory_size"] == 1024
    assert "layers" not in stream
    assert stream["iam_role_arn"] == "<ValueStreamRoleArn>"


def test_what_was_written_does_not_reach_make_deploy(parts: Split, tmp_path: Path) -> None:
    """Else its template would have no roles of its own."""
    for name in ("app.py", "chalicelib", "infra"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".chalice").mkdir()
    for policy in (ROOT / ".chalice").glob("policy-*.json"):
        (tmp_path / ".chalice" / policy.name).symlink_to(policy)
    written = with_foundation(config(), "dev", parts, values(parts))
    (tmp_path / ".chalice/config.json").write_text(json.dumps(written))
    project = package.stage_project(tmp_path, tmp_path / "project", "dev", {})
    shipped = json.loads((project / ".chalice/config.json").read_text())["stages"]["dev"]
    assert not any(shipped.pop("lambda_functions").values())
    assert shipped == config()["stages"]["dev"]


def test_a_reservation_of_nothing_is_none(whole: dict[str, Any]) -> None:
    """The parameter's "0" equals the condition's 0; Lambda would stop a function that has none."""
    parts = split(whole, STACK, parameters_of("dev", whole))
    stage = with_foundation(config(), "dev", parts, values(parts))["stages"]["dev"]
    assert "reserved_concurrency" not in stage["lambda_functions"]["api_handler"]
    parts = split(whole, STACK, {**parameters_of("dev", whole), "ApiConcurrency": "800"})
    stage = with_foundation(config(), "dev", parts, values(parts))["stages"]["dev"]
    assert stage["lambda_functions"]["api_handler"]["reserved_concurrency"] == 800


def test_what_depends_on_a_function_comes_after_it_and_on_what_is_made_before_no_more(
    whole: dict[str, Any],
) -> None:
    changed = copy.deepcopy(whole)
    changed["Resources"] |= {
        "After": {"Type": "AWS::SNS::Topic", "DependsOn": ["Stream", "Table", "StreamMapping"]},
        "Before": {"Type": "AWS::SNS::Topic", "DependsOn": "Table"},
    }
    parts = split(changed, STACK, parameters_of("dev", whole))
    after, before = parts.wiring["Resources"]["After"], parts.foundation["Resources"]["Before"]
    assert (after["DependsOn"], before["DependsOn"]) == (["StreamMapping"], ["Table"])


# --- What is refused, not left out ----------------------------------------------------------------


def test_a_function_that_config_does_not_name_is_refused(parts: Split) -> None:
    begun = config()
    del begun["lambda_functions"]["stream"]
    with pytest.raises(SplitError, match="Add Stream to lambda_functions"):
        with_foundation(begun, "dev", parts, values(parts))


@pytest.mark.parametrize(
    ("name", "setting"), [("Stream", "SnapStart"), ("RestAPI", "CacheClusterEnabled")]
)
def test_a_setting_that_nobody_would_make_is_refused(
    whole: dict[str, Any], name: str, setting: str
) -> None:
    changed = copy.deepcopy(whole)
    changed["Resources"][name]["Properties"][setting] = {"some": "thing"}
    with pytest.raises(SplitError, match=f"{name} sets {setting}"):
        split(changed, STACK, parameters_of("dev", whole))


def test_a_function_that_needs_what_comes_after_it_is_refused(whole: dict[str, Any]) -> None:
    changed = copy.deepcopy(whole)
    variables = changed["Resources"]["Renders"]["Properties"]["Environment"]["Variables"]
    variables["VC_NEXT"] = {"Ref": "Stream"}
    with pytest.raises(SplitError, match="Renders needs Stream"):
        split(changed, STACK, parameters_of("dev", whole))


# --- Expressions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "found"),
    [
        ({"Ref": "Table"}, "t"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:t"),
        ({"Fn::GetAtt": "Table.Arn"}, "arn:t"),
        ({"Fn::Sub": "${Table.Arn}/index/visits"}, "arn:t/index/visits"),
        ({"Fn::Sub": ["${A}-${Table}-${!B}", {"A": {"Ref": "Table"}}]}, "t-t-${B}"),
        ({"Fn::Sub": "${Table}/${Other}"}, {"Fn::Sub": "t/${Other}"}),
        ({"Fn::Join": ["/", [{"Ref": "Table"}, "x"]]}, "t/x"),
        ({"Ref": "Other"}, {"Ref": "Other"}),
        ([{"Ref": "Table"}, 7, True], ["t", 7, True]),
    ],
)
def test_references_are_replaced_where_they_are_known(node: Any, found: Any) -> None:
    assert resolve(node, {"Table": "t", "Table.Arn": "arn:t"}) == found


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(SplitError, match=r"Role of X cannot be known .*Other"):
        settled({"a": [{"Ref": "Other"}]}, {}, "Role of X")
