"""One engine after the other: each is started once, its tests run, and it is gone."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.contract.backends import ALL, Backend, Stores, aws_backend, fake_backend


@pytest.fixture(scope="module", params=ALL)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The stand-ins, moto, or the local cloud."""
    match request.param:
        case "fake":
            yield fake_backend()
        case "moto":
            with mock_aws(), aws_backend("moto") as made:
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
