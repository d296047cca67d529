"""The smoke test of a deployment, on the local cloud."""

import io
import json

import pytest
from rich.console import Console

from infra.dashboard import ROWS
from infra.ops import status
from infra.smoke import smoke
from tests.cloud.driver import Deployed

pytestmark = pytest.mark.cloud
STEPS = 17


class Told(Console):
    """A console that keeps what is printed."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        super().__init__(file=self.text, width=400)

    @property
    def lines(self) -> list[str]:
        return self.text.getvalue().splitlines()


@pytest.fixture
def console() -> Told:
    return Told()


def steps_of(console: Told) -> list[str]:
    return [line for line in console.lines if line.startswith(("✓", "✗"))]


def test_the_story_is_told_twice_on_the_same_venue(deployed: Deployed, console: Told) -> None:
    runs = [
        smoke(
            deployed.deployment,
            console=console,
            url=deployed.cloud.base_url,
            sandbox_url=deployed.place.sandbox_url,
        )
        for _ in range(2)
    ]
    steps = steps_of(console)
    assert [line for line in steps if line.startswith("✗")] == []
    assert (runs, len(steps)) == ([True, True], 2 * STEPS)
    assert all(" ms  " in line for line in steps)
    (code,) = {line.split()[-1] for line in steps if "gets its code" in line}
    assert code.startswith("https://V.LOCALHOST/V/")
    assert sum("admit, health code green" in line for line in steps) == 2


def test_the_story_needs_no_partner(deployed: Deployed, console: Told) -> None:
    with deployed.fault("*", "refuse"):
        good = smoke(deployed.deployment, console=console, url=deployed.cloud.base_url)
    steps = steps_of(console)
    assert good, steps
    assert len(steps) == STEPS
    assert sum("check, health code unknown" in line for line in steps) == 1


def test_a_part_that_does_not_work_fails_the_run(deployed: Deployed, console: Told) -> None:
    """The run ends at the first step that fails, and says which."""
    assert not smoke(deployed.deployment, console=console, url=deployed.place.sandbox_url)
    (failed,) = [line for line in console.lines if line.startswith("✗")]
    assert "the API answers" in failed
    assert "FAILED" in console.lines[-1]


@pytest.mark.requirement("GO-17")
def test_operators_see_the_parts_the_queues_and_the_dashboard(
    deployed: Deployed, console: Told
) -> None:
    assert status.run(deployed.deployment, url=deployed.cloud.base_url, console=console) == 0
    text = console.text.getvalue()
    for named in (
        "table",
        "keys_secret",
        "index_secret",
        "data_key",
        "bucket",
        "sms",
        "StreamDeadLetters",
    ):
        assert named in text
    found = deployed.cloud.client("cloudwatch").get_dashboard(DashboardName="venuecode-local")
    widgets = json.loads(found["DashboardBody"])["widgets"]
    assert len(widgets) == sum(1 + len(widgets) for widgets in ROWS.values())
    assert "${" not in found["DashboardBody"]
