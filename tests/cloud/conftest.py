"""One deployed application for all stories, with policies that make their ends come soon."""

from collections.abc import Iterator

import pytest
from rich.console import Console

from infra.local.place import LocalCloud, Place
from infra.ops import policies
from tests.cloud.driver import Deployed, operating

PATIENT = {"region": "370811", "street": "古槐街道"}
"""Where a scan waits a minute for its providers, however busy the machine is."""
HASTY = {"region": "440983", "street": "东镇街道"}
"""Where it waits three seconds."""


@pytest.fixture(scope="package")
def deployed(cloud: LocalCloud, cloud_place: Place) -> Iterator[Deployed]:
    """The application; at the end nothing that it was told in confidence stands in its logs."""
    with operating(cloud_place) as deployment:
        quiet = Console(quiet=True)
        for region, seconds in (("37", 60), ("44", 3)):
            rules = f'{{"answer_within_seconds": {seconds}}}'
            policies.run(deployment, region=region, rules=rules, console=quiet)
        made = Deployed(cloud, cloud_place, deployment)
        yield made
        assert not made.leaks()
