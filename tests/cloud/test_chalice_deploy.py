"""`make foundation`, `chalice deploy`, `make wire`: the three commands, up to a counted scan.

On a local cloud of its own, from a copy of the sources, because the commands write into them.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra import stacks
from infra.foundation import lay
from infra.local import cloud as local
from infra.local.place import Place, client_of, environment
from infra.ops import deployment
from infra.package import LIMIT_MB
from infra.stacks import Target
from infra.wire import wire
from tests.cloud.driver import Deployed, directed_to, free_place
from tests.support import ROOT

pytestmark = pytest.mark.cloud
STAGE, BUCKET = "dev", "artifacts"

RESOURCES = """
  ExtraQueue:
    Type: AWS::SQS::Queue

  ExtraMapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Extra, EventSourceArn: !GetAtt ExtraQueue.Arn}

  ExtraRule:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(1 day)
      Targets: [{Id: extra, Arn: !GetAtt Extra.Arn}]

  ExtraPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Extra
      Principal: events.amazonaws.com
      SourceArn: !GetAtt ExtraRule.Arn

  Extra:
    Properties:
      Environment: {Variables: {VC_EXTRA: !Ref ExtraQueue}}
"""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": {"Fn::GetAtt": ["ExtraQueue", "Arn"]},
        }
    ],
}
FUNCTION = """

@app.lambda_function(name="extra")
def extra(event, context):
    return {}
"""
ROUTE = """

@app.route("/v1/later")
def later():
    return {"served": True}
"""


@dataclass
class Project:
    """A copy of the sources, and the local cloud that it is deployed to."""

    root: Path
    place: Place
    log: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return client_of(self.place.endpoint_url, service)

    def foundation(self) -> dict[str, str]:
        return lay(STAGE, self.target, root=self.root)

    def chalice(self, command: str) -> None:
        inherited = {key: text for key, text in os.environ.items() if not key.startswith("AWS_")}
        chalice = str(Path(sys.executable).with_name("chalice"))
        ran = subprocess.run(  # noqa: S603 (the command that operators use)
            [chalice, command, "--stage", STAGE],
            cwd=self.root,
            env={**inherited, **environment(self.place), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        self.log.append(ran.stdout)

    def wire(self) -> str | None:
        return wire(STAGE, self.target, root=self.root)

    @property
    def target(self) -> Target:
        return Target(self.client, BUCKET, poll_seconds=0.1)

    def deploy(self) -> dict[str, str]:
        self.foundation()
        self.chalice("deploy")
        assert self.wire()
        return deployment.find(STAGE).outputs

    def config(self) -> Any:
        return json.loads((self.root / ".chalice/config.json").read_text())

    def with_extra(self) -> None:
        """Add a function, with its policy, settings, mapping and schedule."""
        app, resources = self.root / "app.py", self.root / "infra/resources.yaml"
        app.write_text(app.read_text() + FUNCTION)
        begun = resources.read_text().replace("\nResources:\n", f"\nResources:\n{RESOURCES}", 1)
        resources.write_text(begun)
        (self.root / ".chalice/policy-extra.json").write_text(json.dumps(POLICY))
        config = self.config()
        config["lambda_functions"]["extra"] = {"iam_policy_file": "policy-extra.json"}
        self.keep(config)

    def without_extra(self) -> None:
        """Remove it again."""
        for name in ("app.py", "infra/resources.yaml"):
            shutil.copy(ROOT / name, self.root / name)
        (self.root / ".chalice/policy-extra.json").unlink()
        config = self.config()
        del config["lambda_functions"]["extra"]
        self.keep(config)

    def keep(self, config: Any) -> None:
        (self.root / ".chalice/config.json").write_text(json.dumps(config))

    def mappings(self) -> dict[str, Any]:
        found = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        return {one["FunctionArn"].rpartition(":")[2]: one for one in found}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    place = free_place(tmp_path_factory.mktemp("chalice"))
    made = Project(place.home / "project", place)
    copied = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
    for name in ("chalicelib", "infra", ".chalice"):
        shutil.copytree(ROOT / name, made.root / name, ignore=copied)
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, made.root)
    (made.root / "build").mkdir()
    (ROOT / "build/vendor").mkdir(parents=True, exist_ok=True)
    (made.root / "build/vendor").symlink_to(ROOT / "build/vendor")
    config = made.config()
    partners = {
        name: place.sandbox_url if text.startswith("https://") else text
        for name, text in config["stages"][STAGE]["environment_variables"].items()
    }
    partners["VC_CODE_HOST"], partners["VC_CORS_ORIGIN"] = "V.LOCALHOST", "http://localhost:3000"
    partners["VC_ISSUER"] = "广东省"
    config["stages"][STAGE]["environment_variables"] = partners
    made.keep(config)
    made.with_extra()
    local.start_emulator(place)
    try:
        with directed_to(place):
            made.client("s3").create_bucket(Bucket=BUCKET)
            yield made
    finally:
        local.stop_process(place, "sandbox")
        local.stop_process(place, "emulator", patience=0.0)  # nobody needs what it would save
        shutil.rmtree(place.home)


@pytest.fixture(scope="module")
def outputs(project: Project) -> dict[str, str]:
    """The outputs of a first deployment."""
    return project.deploy()


@pytest.fixture(scope="module")
def deployed(project: Project, outputs: dict[str, str]) -> Deployed:
    """The application, with its partners."""
    joined = local.cloud_of(project.place, outputs)
    local.hand_over_credentials(project.place, joined)
    local.start_sandbox(project.place, joined)
    return Deployed(joined, project.place, deployment.find(STAGE))


def test_a_scan_is_recorded_and_counted(deployed: Deployed) -> None:
    manager, visitor = deployed.verified().issue(), deployed.verified()
    venue = manager.venue
    screen = visitor.scan_code(venue["code_url"]).expect(201)
    assert visitor.final(screen)["outcome"] == "admit"
    figures = deployed.counted(venue["venue_id"])
    assert (figures.checked, figures.passed) == (1, 1)
    assert manager.figures() == figures


def test_the_gateway_answers_by_itself_as_after_make_deploy(deployed: Deployed) -> None:
    answer = deployed.call("GET", "/v1/nothing")
    assert answer.expect(404, "not_found")["messages"].keys() == {"zh-Hans", "zh-Hant", "en"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    preflight = deployed.call("OPTIONS", "/v1/scans", headers={"Origin": "http://localhost:3000"})
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    _the_stage_is_throttled(deployed)


def _the_stage_is_throttled(deployed: Deployed) -> None:
    gateway = deployed.cloud.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    assert (api["name"], api["minimumCompressionSize"]) == ("venuecode-dev", 1024)
    assert api["binaryMediaTypes"] == ["*/*"]
    stage = gateway.get_stage(restApiId=api["id"], stageName="api")
    limits = stage["methodSettings"]["*/*"]
    assert (limits["throttlingRateLimit"], limits["throttlingBurstLimit"]) == (4000.0, 2000)


@pytest.mark.usefixtures("outputs")
def test_mappings_have_the_settings_of_the_template(project: Project) -> None:
    found = project.mappings()
    assert {"venuecode-dev-lookups", "venuecode-dev-renders", "venuecode-dev-stream"} <= set(found)
    for name in found.keys() - {"venuecode-dev-extra"}:
        assert found[name]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    stream = found["venuecode-dev-stream"]
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRetryAttempts"] == 50
    assert stream["DestinationConfig"]["OnFailure"]["Destination"]
    assert found["venuecode-dev-lookups"]["ScalingConfig"]["MaximumConcurrency"] > 0


def test_repeating_a_command_changes_nothing(project: Project, deployed: Deployed) -> None:
    written = (project.root / ".chalice/config.json").read_text()
    before = {name: one["UUID"] for name, one in project.mappings().items()}
    project.foundation()
    project.wire()
    assert (project.root / ".chalice/config.json").read_text() == written
    assert {name: one["UUID"] for name, one in project.mappings().items()} == before
    test_the_gateway_answers_by_itself_as_after_make_deploy(deployed)


@pytest.mark.usefixtures("outputs")
def test_the_foundation_keeps_what_holds_data(project: Project) -> None:
    policy = project.client("cloudformation").get_stack_policy(StackName=stacks.foundation(STAGE))
    assert json.loads(policy["StackPolicyBody"]) == stacks.STACK_POLICY


@pytest.mark.usefixtures("outputs")
def test_the_package_is_as_small_as_that_of_make_deploy(project: Project) -> None:
    (package,) = (project.root / ".chalice/deployments").glob("*.zip")
    assert package.stat().st_size < LIMIT_MB * 1e6
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
    assert {"app.py", "chalicelib/bootstrap.py", "pydantic/__init__.pyc"} <= names
    assert "pydantic/__init__.py" not in names
    assert not [name for name in names if name.startswith("botocore/data/ec2/")]


@pytest.mark.usefixtures("outputs")
def test_a_function_has_its_settings_its_mapping_and_its_schedule(project: Project) -> None:
    settings = project.config()["stages"][STAGE]["lambda_functions"]["extra"]
    assert settings["environment_variables"]["VC_EXTRA"].startswith("http")
    assert "venuecode-dev-extra" in project.mappings()
    rights = project.client("lambda").get_policy(FunctionName="venuecode-dev-extra")["Policy"]
    assert "wire-ExtraPermission" in rights


def test_a_removed_function_goes_and_a_new_route_is_served(
    project: Project, deployed: Deployed
) -> None:
    assert deployed.call("GET", "/v1/later").status == 404
    project.without_extra()
    app = project.root / "app.py"
    app.write_text(app.read_text() + ROUTE)
    project.deploy()

    assert "extra" not in project.config()["stages"][STAGE]["lambda_functions"]
    assert "venuecode-dev-extra" not in project.mappings()
    functions = project.client("lambda").list_functions()["Functions"]
    assert "venuecode-dev-extra" not in {one["FunctionName"] for one in functions}
    assert deployed.call("GET", "/v1/later").expect(200) == {"served": True}
    test_the_gateway_answers_by_itself_as_after_make_deploy(deployed)


def test_chalice_delete_leaves_the_data_and_wire_removes_the_rest(
    project: Project, deployed: Deployed
) -> None:
    table = deployed.deployment.outputs["TableName"]
    project.chalice("delete")
    assert project.wire() is None
    assert not project.mappings()
    assert not project.client("lambda").list_functions()["Functions"]
    assert not project.client("apigateway").get_rest_apis()["items"]
    assert project.client("dynamodb").scan(TableName=table, Limit=1)["Items"]

    project.target.stack(stacks.foundation(STAGE)).delete()
    assert project.client("dynamodb").scan(TableName=table, Limit=1)["Items"]
