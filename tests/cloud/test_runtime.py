"""Each function of the package, started by AWS's own runtime interface client.

Functions, handlers, settings and events are read from the packaged template, so that a new function
is tested as soon as it is there. AWS is moto, behind HTTP.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.package import Package, package
from tests import support
from tests.cloud.runtime import Run, install_client, invoke
from tests.shell import SHELL, TESTING
from tests.unit.test_handlers import World, present, request, world

__all__ = ["world"]
DOCUMENT = "docs/openapi.json"
RESOURCES_OF_AWS = {"VC_BUCKET": "bucket", "VC_FILES_URL": "https://files.example.com"}
"""What the template gives functions and moto's world does not have."""


@pytest.fixture(scope="module", autouse=True)
def away_from_the_local_cloud() -> Iterator[None]:
    """The shell of the first test of all: others of this package use the local cloud."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(SHELL):
                patch.delenv(name)
        for name, value in TESTING.items():
            patch.setenv(name, value)
        patch.setattr("boto3.DEFAULT_SESSION", None)
        yield


@pytest.fixture(scope="module")
def built() -> Package:
    """The package of `prod`: what `make deploy` uploads."""
    return package("prod")


@pytest.fixture(scope="module")
def resources(built: Package) -> dict[str, Any]:
    """The resources of the packaged template."""
    made: dict[str, Any] = json.loads(built.template.read_text())["Resources"]
    return made


@pytest.fixture(scope="module")
def task_root(built: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked zip."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(built.code) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime interface client alone."""
    return install_client(tmp_path_factory.mktemp("client"))


def functions(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of each function by its logical id."""
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def environment(properties: dict[str, Any], world: World) -> dict[str, str]:
    """Return the variables that the template gives a function; moto's in place of AWS's."""
    found = {}
    for name, value in properties["Environment"]["Variables"].items():
        if name in world.environment:
            found[name] = world.environment[name]
        else:
            found[name] = value if isinstance(value, str) else RESOURCES_OF_AWS[name]
    lambdas = {
        "AWS_REGION": support.REGION,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
        "AWS_LAMBDA_LOG_FORMAT": properties.get("LoggingConfig", {}).get("LogFormat", "Text"),
    }
    session = {name: value for name, value in world.environment.items() if name.startswith("AWS_")}
    return {**found, **lambdas, **session}


def events(name: str, resources: dict[str, Any], world: World) -> list[dict[str, Any]]:
    """Return real events of what calls a function: the gateway, its mapping or its schedule."""
    if name == "APIHandler":
        body = {"nonce": support.nonce_at(present()), "code": f"HTTPS://V.TEST/V/{world.code}"}
        return [
            request("POST", "/v1/scans", body, world.token),
            request("GET", "/v1/status"),
            request("GET", "/v1/openapi.json"),
            request("GET", "/v1/no-such-route"),
        ]
    mapping = resources.get(f"{name}Mapping", {}).get("Properties", {})
    if not mapping:
        return [support.raw_event("schedule.json")]
    resource, _ = mapping["EventSourceArn"]["Fn::GetAtt"]
    file = "table_stream" if resource == "Table" else resource.replace("Queue", "_queue").lower()
    ids = {
        "per_0123456789V1S1T0": world.person_id,
        "per_0123456789NEWC0M": world.person_id,
        "ven_0123456789VENVEN": world.venue_id,
        "0123456789VENVEN": world.venue_id.removeprefix("ven_"),
        "0123456789P0STER": world.poster_id,
    }
    return [support.raw_event(f"{file}.json", ids)]


@pytest.fixture(scope="module")
def runs(resources: dict[str, Any], task_root: Path, client: Path, world: World) -> dict[str, Run]:
    """What each function did with its events."""
    return {
        name: invoke(
            properties["Handler"],
            events(name, resources, world),
            task_root=task_root,
            client=client,
            environment=environment(properties, world),
        )
        for name, properties in functions(resources).items()
    }


def test_every_function_starts_and_answers(
    runs: dict[str, Run], resources: dict[str, Any], world: World
) -> None:
    for name, run in runs.items():
        assert run.faults == [], (name, run.faults, run.log)
        assert len(run.answers) == len(events(name, resources, world)), (name, run.log)
    assert len(runs) > 5


def test_the_api_serves_a_scan_its_status_and_a_problem(runs: dict[str, Run]) -> None:
    scan, status, document, unknown = runs["APIHandler"].answers
    assert (scan["statusCode"], status["statusCode"]) == (201, 200), scan
    assert json.loads(scan["body"])["outcome"] == "admit"
    assert json.loads(document["body"]) == json.loads((support.ROOT / DOCUMENT).read_text())
    assert unknown["statusCode"] == 405  # the gateway answers 403 before


def test_workers_answer_with_what_failed(
    runs: dict[str, Run], resources: dict[str, Any], world: World
) -> None:
    """Some messages are of an unknown version, and the lookups' providers are not there."""
    for name, run in runs.items():
        if f"{name}Mapping" not in resources:
            continue
        (event,) = events(name, resources, world)
        failed = run.answers[0]["batchItemFailures"]
        if "dynamodb" in event["Records"][0]:
            assert failed == [], (name, run.log)
        assert name == "Lookups" or len(failed) < len(event["Records"]), (name, run.log)


def test_every_line_that_lambda_prints_is_an_object_with_a_correlation_id(
    runs: dict[str, Run],
) -> None:
    for name, run in runs.items():
        assert run.log, name
        for line in run.lines:
            assert "_aws" in line or {"event", "correlation"} <= line.keys(), (name, line)


def test_a_start_is_timed(runs: dict[str, Run], record_property: Any) -> None:
    """Seen in the test report; `make bench` measures, and no test asserts a time."""
    for name, run in runs.items():
        record_property(f"ready_ms_{name}", round(run.ready_ms))
        assert run.ready_ms > 0


def test_a_function_that_cannot_be_imported_is_noticed(task_root: Path, client: Path) -> None:
    run = invoke(
        "chalicelib.workers.nothing.nothing",
        [],
        task_root=task_root,
        client=client,
        environment={"AWS_REGION": support.REGION},
    )
    (fault,) = run.faults
    assert (fault["path"], fault["errorType"]) == ("/init/error", "Runtime.ImportModuleError")


@pytest.mark.parametrize("missing", ["moto", "boto3", "awslambdaric.nothing"])
def test_a_function_sees_the_package_alone(missing: str, task_root: Path, client: Path) -> None:
    run = invoke(
        f"{missing}.anything",
        [],
        task_root=task_root,
        client=client,
        environment={"AWS_REGION": support.REGION},
    )
    assert run.faults[0]["errorType"] == "Runtime.ImportModuleError"
