"""One engine after the other: each is started once, its tests run, and it is gone."""

import os
from collections.abc import Iterator

import pytest
from moto import mock_aws

from infra.local import engine
from tests.contract.backends import ALL, Backend, Stores, aws_backend, fake_backend


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What DynamoDB Local is too old for must fail there: a newer one would be noticed."""
    for item in items:
        on_it = "[dynamodb-local" in item.name
        if on_it and item.get_closest_marker("beyond_dynamodb_local"):
            reason = "its version is of 2020: a put tells nothing of what it met"
            item.add_marker(pytest.mark.xfail(raises=AssertionError, reason=reason, strict=True))


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The endpoint of DynamoDB Local; where it cannot be had, its tests are skipped, but in CI."""
    try:
        engine.require()
    except engine.EngineError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"DynamoDB Local: {error}")
    with engine.running() as endpoint:
        yield endpoint


@pytest.fixture(scope="module", params=ALL)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The stand-ins, or one of the engines."""
    match request.param:
        case "fake":
            yield fake_backend()
        case "moto":
            with mock_aws(), aws_backend("moto") as made:
                yield made
        case "dynamodb-local":
            endpoint = request.getfixturevalue("dynamodb_local")
            with mock_aws(), pytest.MonkeyPatch.context() as environment:
                environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
                with aws_backend("dynamodb-local") as made:
                    yield made
        case "cloud":
            cloud = request.getfixturevalue("cloud")
            with pytest.MonkeyPatch.context() as environment:
                credentials = cloud.session().get_credentials().get_frozen_credentials()
                environment.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
                environment.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
                environment.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
                environment.setattr("boto3.DEFAULT_SESSION", None)
                with aws_backend("cloud") as made:
                    yield made


@pytest.fixture
def stores(backend: Backend) -> Stores:
    """The stores alone, for most contracts."""
    return backend.stores
