"""Deployments of a test or of a module, and the people whom most tests need."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.api.driver import Person, World


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


@pytest.fixture
def chief(world: World) -> Person:
    """The administrator of a venue."""
    return world.administrator()


@pytest.fixture
def guard(world: World, chief: Person) -> Person:
    """An inspector of the chief's venue."""
    return world.inspector(chief)


@pytest.fixture
def visitor(world: World) -> Person:
    """A person with a verified registration."""
    return world.visitor()
