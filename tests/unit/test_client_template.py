"""How the gateway serves the client: decision 0232."""

import json
from typing import Any

import pytest

from infra.split import own_paths, settled, split
from infra.website import METADATA, headers
from infra.wire import set_api
from tests.unit.test_template import expanded, of_type, packaged
from tests.unit.test_wiring import API, Gateway

FILES, FOLDER = "/app/{proxy+}", "/app"
INTEGRATION = "x-amazon-apigateway-integration"


def operation(path: str) -> dict[str, Any]:
    [api] = of_type("AWS::ApiGateway::RestApi").values()
    found: dict[str, Any] = api["Properties"]["Body"]["paths"][path]["get"]
    return found


def test_the_gateway_reads_the_clients_files_and_nobodys_data() -> None:
    integration = operation(FILES)[INTEGRATION]
    assert "s3:path/${ClientBucket}/app/{proxy}" in integration["uri"]["Fn::Sub"]
    assert integration["credentials"] == {"Fn::GetAtt": ["ClientRole", "Arn"]}
    role = expanded()["Resources"]["ClientRole"]["Properties"]
    [statement] = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"] == {"Fn::Sub": "${ClientBucket.Arn}/app/*"}
    assert "ManagedPolicyArns" not in role


def test_every_header_of_the_table_reaches_the_browser() -> None:
    """S3 keeps what it does not know as metadata; the gateway gives it its own name again."""
    found = operation(FILES)[INTEGRATION]["responses"]["200"]["responseParameters"]
    sources = {name: f"x-amz-meta-{name.lower()}" for name in METADATA}
    wanted = {name: sources.get(name, name) for name in headers("index.html")}
    assert found == {
        f"method.response.header.{name}": f"integration.response.header.{source}"
        for name, source in wanted.items()
    }


@pytest.mark.parametrize("path", [FILES, FOLDER])
def test_headers_are_declared_or_the_gateway_refuses_to_import_them(path: str) -> None:
    declared = operation(path)["responses"]
    for response in operation(path)[INTEGRATION]["responses"].values():
        names = {
            name.removeprefix("method.response.header.")
            for name in response.get("responseParameters", {})
        }
        assert names <= declared[response["statusCode"]].get("headers", {}).keys()


@pytest.mark.parametrize(("pattern", "status"), [("40[34]", 404), ("default", 503)])
def test_what_is_not_there_is_a_problem_and_not_s3s_own_words(pattern: str, status: int) -> None:
    response = operation(FILES)[INTEGRATION]["responses"][pattern]
    assert response["contentHandling"] == "CONVERT_TO_TEXT"  # or its template is not read
    for text in response["responseTemplates"].values():
        assert json.loads(text)["status"] == status == int(response["statusCode"])


def test_the_folders_address_leads_to_its_index_behind_any_host_and_stage() -> None:
    integration = operation(FOLDER)[INTEGRATION]
    assert json.loads(integration["requestTemplates"]["application/json"]) == {"statusCode": 302}
    [template] = integration["responses"]["default"]["responseTemplates"].values()
    assert "$context.path" in template
    assert '$context.responseOverride.header.Location = "$folder/index.html"' in template


# --- With `chalice deploy`, which knows only functions


class Merging(Gateway):
    """A gateway that also takes definitions; `merged` has their paths."""

    def __init__(self) -> None:
        super().__init__()
        self.merged: dict[str, Any] = {}

    def put_rest_api(self, mode: str, body: bytes, **_: Any) -> None:
        assert mode == "merge"  # what Chalice made stays
        self.calls.append("merge")
        self.merged |= json.loads(body)["paths"]


def test_wire_adds_the_client_to_what_chalice_made() -> None:
    parts = split(packaged("dev"), "venuecode-dev", {})
    known = {name: f"value-of-{key}" for name, key in parts.exports.items()}
    values = {**parts.values(known), "AWS::Partition": "aws-cn", "AWS::Region": "cn-north-1"}
    paths = settled(own_paths(parts.api), values, "a path")
    assert paths.keys() == {FILES, FOLDER}
    uri = paths[FILES]["get"][INTEGRATION]["uri"]
    bucket = "value-of-ClientBucket"
    assert uri == f"arn:aws-cn:apigateway:cn-north-1:s3:path/{bucket}/app/{{proxy}}"
    gateway = Merging()
    document = {**API["DefinitionBody"], "paths": paths}
    set_api(gateway, "a1", {**API, "DefinitionBody": document})
    assert gateway.merged == paths
    assert gateway.calls.index("merge") < gateway.calls.index("deploy")
