"""A deployment of its own for each test, or one for a module whose tests leave it as it was."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.api.driver import World


@pytest.fixture
def world() -> Iterator[World]:
    """A fresh deployment."""
    with mock_aws():
        made = World()
        yield made
        made.close()


@pytest.fixture(scope="module")
def lasting() -> Iterator[World]:
    """A deployment that the tests of a module share."""
    with mock_aws():
        made = World()
        yield made
        made.close()


@pytest.fixture
def demo() -> Iterator[World]:
    """A fresh deployment for demonstrations."""
    with mock_aws():
        made = World(demo=True)
        yield made
        made.close()
