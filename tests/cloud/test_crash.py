"""The demonstration is killed in the middle, with what it runs on, and told again.

Each test goes on with the story that the one before has left, so that only the last one is told to
its end: a telling takes most of a minute.
"""

import contextlib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import urllib3
from rich.console import Console

from chalicelib.bootstrap import Container
from chalicelib.venues.venue import day_of
from infra.local import cloud as local
from infra.local.client import wait_for
from infra.local.door import MISTAKEN
from infra.local.place import Place
from infra.local.seed import people, venues
from infra.ops import policies, recount
from tests.cloud.driver import (
    command,
    free_place,
    kill,
    leaks,
    operating,
    process_of,
    workers_of,
)

pytestmark = pytest.mark.cloud
SCANS = 20


class Stage:
    """Where the demonstration is given again and again."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.said = ""

    def begin(self) -> "subprocess.Popen[str]":
        """Start telling."""
        return command(self.place, "infra.local.demo", cwd=self.folder)

    def tell(self) -> str:
        """The whole story, told to its good end; all that it said."""
        with self.begin() as demo:
            return self.end(demo)

    def end(self, demo: "subprocess.Popen[str]") -> str:
        """The good end of a story that is being told; all that it said."""
        try:
            said, _ = demo.communicate(timeout=300)
        finally:
            demo.kill()  # nothing happens if it has ended
        assert demo.returncode == 0, said
        self.said = said
        return said

    def acknowledged(self) -> set[str]:
        """The scans that some phone was told are on record."""
        phones = self.place.home / "state/phones.json"
        known = json.loads(phones.read_text("utf-8")) if phones.exists() else {}
        return set(known.get("acknowledged", {}))

    def hear(self, demo: "subprocess.Popen[str]", done: Callable[[], bool]) -> None:
        """Wait until `done`, while the story is being told."""
        wait_for(lambda: done() or demo.poll() is not None, bool, seconds=170)
        assert demo.poll() is None, "it ended before it could be killed"

    def scanned(self, more: int) -> Callable[[], bool]:
        """Whether so many more scans are acknowledged than there are now."""
        enough = len(self.acknowledged()) + more
        return lambda: len(self.acknowledged()) >= enough

    @contextlib.contextmanager
    def told_until(self, done: Callable[[], bool]) -> Iterator["subprocess.Popen[str]"]:
        """The story until `done`; it is killed at the end."""
        with self.begin() as demo:
            try:
                self.hear(demo, done)
                yield demo
            finally:
                demo.kill()

    def fault(self, provider: str) -> str:
        """How a provider fails just now."""
        harmless = json.dumps({"provider": "sms", "mode": "none"})
        url = f"{self.place.sandbox_url}/sandbox/faults"
        return str(urllib3.request("POST", url, body=harmless).json()[provider])

    def recover(self) -> None:
        """Start what was killed; nothing that was acknowledged is lost."""
        local.start(place=self.place, seeded=False)
        self.check()

    def check(self) -> None:
        """Every acknowledged scan is on record once, and the counters are the records."""
        acknowledged = self.acknowledged()
        assert len(acknowledged) >= SCANS
        with operating(self.place) as deployment:
            parts = deployment.container()
            on_record: Counter[str] = Counter()
            for venue_id in {f"ven_{scan.split('_')[1]}" for scan in acknowledged}:
                comparison = wait_for(partial(compare, parts, venue_id), lambda one: one.equal)
                today = day_of(comparison.venue, parts.clock.now())
                on_record.update(s.scan_id for s in parts.scans.of_day(comparison.venue, today))
        assert {on_record[scan] for scan in acknowledged} == {1}


def compare(parts: Container, venue_id: str) -> recount.Comparison:
    """Today's counters and records of a venue."""
    (comparison,) = recount.compare(parts, [venue_id], None)
    return comparison


def told() -> set[str]:
    """What the people of the demonstration tell in confidence, and pieces of it."""
    secrets = {MISTAKEN}
    for row in venues():
        secrets |= {row["contact_name"], row["number"], *pieces(row["contact_phone"])}
    for person in people():
        secrets |= {person.name, person.entered_name, *pieces(person.phone)}
        secrets |= {person.document_number, person.document_number[:-1]}
    return secrets - {""}


def pieces(phone: str) -> set[str]:
    """A phone with and without its country code."""
    return {phone, phone.removeprefix("+"), phone.removeprefix("+86")}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A local cloud of its own where scans wait three seconds for their providers."""
    folder = tmp_path_factory.mktemp("crash")
    place = free_place(folder / "home")
    try:
        local.start(place=place, seeded=False)
        with operating(place) as deployment:
            rules = '{"answer_within_seconds": 3}'
            policies.run(deployment, region="44", rules=rules, console=Console(quiet=True))
        yield Stage(place, folder)
    finally:
        local.wipe(place=place)


def test_the_demo_its_workers_and_its_partners_are_killed(stage: Stage) -> None:
    with stage.told_until(stage.scanned(SCANS)) as demo:
        emulator = process_of(stage.place, "emulator")
        kill(demo.pid, *workers_of(emulator), process_of(stage.place, "sandbox"))
    stage.recover()
    assert process_of(stage.place, "emulator") == emulator


def test_the_emulator_is_killed_too(stage: Stage) -> None:
    with stage.told_until(stage.scanned(SCANS)) as demo:
        emulator = process_of(stage.place, "emulator")
        workers = workers_of(emulator)
        kill(demo.pid, emulator, *workers, process_of(stage.place, "sandbox"))
    stage.recover()


def test_the_demo_is_killed_while_a_provider_is_dead(stage: Stage) -> None:
    with stage.told_until(lambda: stage.fault("health_code") == "refuse") as demo:
        kill(demo.pid)
    assert stage.fault("health_code") == "refuse"


def test_functions_are_killed_again_and_again_while_people_scan(stage: Stage) -> None:
    killed: set[int] = set()
    with stage.begin() as demo:
        for more in (1, 4, 4, 4, 4):
            stage.hear(demo, stage.scanned(more))
            victims = workers_of(process_of(stage.place, "emulator"))
            kill(*victims)
            killed.update(victims)
        said = stage.end(demo)
    assert len(killed) >= SCANS // 4
    assert "each on record once" in said
    assert stage.fault("health_code") == "none"
    stage.check()


@pytest.mark.requirement("JN-12", "XC-11", "XC-12", "YK-16")
def test_the_morning_is_told_and_adds_up(stage: Stage) -> None:
    said = stage.said or stage.tell()
    assert "✗" not in said
    summed = re.search(r"✓ unit (\d+) = staff (\d+) \+ visitors' own scans (\d+)", said)
    assert summed is not None
    unit, staff, own = map(int, summed.groups())
    assert unit == staff + own
    assert min(staff, own) >= SCANS
    guards = said.partition("passes are shown")[2].partition("provider dies")[0]
    for word in ("Green", "Yellow", "Red", "Not declared", "None found", "fever"):
        assert word in guards
    for refusal in ("409 pass_used", "403 not_your_venue"):
        assert refusal in said
    checked = said.partition("checked by hand")[2]
    assert re.search(r"求\*\*.*Green.*a man of 1932", checked)
    assert re.search("—.*Unknown.*a name that is not the number's", checked)


def test_the_demo_ends_with_addresses_and_make_run(stage: Stage) -> None:
    said = stage.said or stage.tell()
    end = said.rpartition("The local cloud ─")[2]
    for address in (stage.place.sandbox_url, f"{stage.place.sandbox_url}/sandbox/inbox"):
        assert address in end
    assert "`make run` prints these addresses again" in " ".join(end.split())
    assert end.rstrip().endswith("The demo is done.")


def test_what_the_demo_was_told_in_confidence_stands_in_no_log(stage: Stage) -> None:
    assert stage.said or stage.tell()
    folder = stage.place.home / "log"
    logs = {path.name for path in folder.iterdir() if path.stat().st_size}
    functions = {f"{name}.log" for name in ("APIHandler", "Stream", "Lookups", "Renders")}
    assert logs >= functions | {"sandbox.log"}
    assert (folder / "sandbox.log").read_text("utf-8").count("/v1/travel_card/exchanges") >= 2
    assert len(told()) > 800
    assert not leaks(folder, told())
