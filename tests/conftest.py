"""What holds for every suite: nothing here can reach a real AWS account."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from infra.local.cloud import LocalCloud, Place

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
)
# moto answers for AWS's own hosts only: another endpoint would be called over the network.
for variable in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
    os.environ.pop(variable, None)


@pytest.fixture(scope="session")
def cloud_place(tmp_path_factory: pytest.TempPathFactory) -> "Place":
    """Where the tests' own local cloud lives: a folder of its own and free ports."""
    from tests.cloud.driver import free_place

    return free_place(tmp_path_factory.mktemp("cloud"))


@pytest.fixture(scope="session")
def cloud(cloud_place: "Place") -> "Iterator[LocalCloud]":
    """The application deployed on a local cloud without any data; gone at the end."""
    from infra.local.cloud import start, wipe

    try:
        yield start(place=cloud_place, seeded=False)
    finally:
        wipe(place=cloud_place)
        shutil.rmtree(cloud_place.home)
