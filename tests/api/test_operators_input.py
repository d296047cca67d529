"""Operators' commands and bad input: each ends with a sentence, none with a traceback."""

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from rich.console import Console

from chalicelib.core.errors import Unavailable
from infra.ops import kiosks, policies, recount
from infra.ops.__main__ import COMMANDS, main
from tests import support
from tests.api.driver import OperatedWorld, World

VENUE, PERSON = "ven_0000000000000000", "per_0000000000000000"
LONG = "长" * 61
PARTNERS = "the-partners"
BAD: dict[str, list[str]] = {
    "status": ["--url nowhere", "--url ftp://x", "--url http://127.0.0.1:1", "--url http://[", "x"],
    "recount": [
        "--venue x", "--venue ven_", f"--venue {VENUE}", f"--venue {PERSON}", "--day x",
        "--day 2022-02-30", "--day 0001-01-01", "--day 9999-12-31", "--day 2020-01-01 --venue ven",
        f"--day 2020-01-01 --venue {VENUE} --repair", "--repair x",
    ],
    "redrive": ["", "x", "lookups x", "Lookups"],
    "rotate": [
        "x", "--retire x", "--retire 9", "--retire 1", "--retire -1", "--retire active",
        "--retire ١", "--activate", "--activate --retire 2",
    ],
    "index-keys": [
        "x", "--move", "--begin --move", "--units 0", "--units -1", "--units x", "--units ١",
        "--units 1000000 --move", "--retire 1",
    ],
    "policies": [
        "", "x", "4", "440", "4409830", "04", "x#y", "** --delete", "44 --delete", "--list 44",
        "--delete", "--set {}", "44 --set", "44 --set x", "44 --set []", "44 --set 7",
        "44 --set null", "44 --set NaN", '44 --set {"colour":1}', '44 --set {"grace_hours":NaN}',
        '44 --set {"grace_hours":1e999}', f"44 --set {'[' * 20_000}",
        "44 --set {} --delete", '44 --set {"fresh_minutes":{"x":1}}',
    ],
    "partners": ["X", "default", "a-b", "a b", f"{'a' * 65}"],
    "kiosks": [
        "", "x", "add", "add 东站", "add 东站 --region x", "add 东站 --region 999999",
        f"add {LONG} --region 440983", "add 东\x00站 --region 440983", "list x", "revoke",
        "revoke x", "revoke kio_0000000000000000", "revoke a b",
    ],
    "families": [
        "", "x", "list", "list --office", f"list --office {LONG}", "list --office 局 x",
        "end --office 局", f"end {PERSON} --office 局", f"end {PERSON} --reason x --office 局",
        f"end {PERSON} --reason death --office 局", "end x --reason death --office 局",
        f"end {PERSON} --other x --reason death --office 局", f"transfer {PERSON} --office 局",
        f"transfer {PERSON} --former {PERSON} --to {PERSON} --office 局",
        "list --office 局 --document-type x", "list --office 局",
    ],
    "cards": [
        "", "nowhere.csv --out x.pdf --office 局", ". --out x.pdf --office 局",
        "binary.csv --out x.pdf --office 局", "latin.csv --out x.pdf --office 局",
        "columns.csv --out x.pdf --office 局", "good.csv --out . --office 局",
        "good.csv --out nowhere/x.pdf --office 局", f"good.csv --out x.pdf --office {LONG}",
    ],
    "notices": [
        "", "issue", "issue --began x --ended x --authority 局",
        "issue --began 2022-04-24 --ended 2022-04-10 --authority 局",
        "issue --began 2022-04-10 --ended 2099-04-24 --authority 局",
        f"issue --began 2022-04-10 --ended 2022-04-24 --authority {LONG}",
        "issue --began 2022-04-10 --ended 2022-04-24 --authority 局",
    ],
    "erasures": [
        "", "x", "run --at x", "list --at 0001-01-01", "list --at 9999-12-31T23:59:59-12:00",
        "run --at 25:00",
    ],
    "venues": [
        "", "x", "issue", "issue good.csv", "issue nowhere.json --office 局",
        "issue . --office 局", "issue good.csv --office 局", "issue latin.csv --office 局",
        "issue binary.csv --office 局", f"issue good.csv --office {LONG}",
        "issue good.csv --office 局 --document-type x",
        f"issue good.csv --office 局 --region-name {LONG}",
    ],
    "shards": ["", "x", "x 64", f"{VENUE} x", f"{VENUE} 64", f"{VENUE} 0", f"{VENUE} {'9' * 5000}"],
}  # fmt: skip
"""By command, what an operator may type wrongly; blanks separate arguments."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with good and bad files; standard input holds no number."""
    monkeypatch.chdir(tmp_path)
    header = "name,document_type,document_number\n"
    (tmp_path / "good.csv").write_text(header, "utf-8")
    (tmp_path / "columns.csv").write_text("name\n张三\n", "utf-8")
    (tmp_path / "binary.csv").write_bytes(header.encode() + b'"' + b"x" * 200_000)
    (tmp_path / "latin.csv").write_bytes(header.encode() + "张三".encode("gb18030"))
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    return tmp_path


def said_at_the_end(capsys: pytest.CaptureFixture[str], ended: pytest.ExceptionInfo[Any]) -> str:
    """What the operator reads: an instruction of argparse, or the sentence of the exit."""
    code = ended.value.code
    return code if isinstance(code, str) else capsys.readouterr().err.strip()


def operate(world: World, *given: str) -> int:
    """Run a command on `world`, whose partners have one secret."""
    outputs = {
        "TableName": world.name,
        "KeysSecretId": world.name,
        "IndexSecretId": world.index_secret,
        "PartnersSecretId": PARTNERS,
    }
    found = OperatedWorld("test", outputs, None, world.container)
    return main(list(given), find=lambda _: found)


def test_every_command_is_tried() -> None:
    assert BAD.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", BAD)
def test_bad_input_of_an_operator_ends_with_a_sentence(
    lasting: World, command: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.is_dir()
    secrets = support.client("secretsmanager")
    with contextlib.suppress(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name=PARTNERS, SecretString=json.dumps({"default": "s" * 32}))
    for line in BAD[command]:
        with pytest.raises(SystemExit) as ended:
            operate(lasting, command, *line.split())
        assert ended.value.code not in (0, None), line
        assert said_at_the_end(capsys, ended), line


def test_what_is_not_utf_8_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        operate(world, "kiosks", "add", "\udce4", "--region", "440983")
    assert "UTF-8" in said_at_the_end(capsys, ended)


def test_a_bad_port_of_the_local_cloud_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENUECODE_PORT", "none")
    with pytest.raises(SystemExit, match="VENUECODE_PORT is 'none'"):
        main(["status"])


class Broken(OperatedWorld):
    """A deployment where nothing answers as hoped."""

    def container(self) -> Any:
        raise FAULTS[self.stage]


FAULTS: dict[str, BaseException] = {
    "refused": ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetItem"),
    "away": EndpointConnectionError(endpoint_url="https://x"),
    "busy": Unavailable(),
    "full": OSError(28, "No space left on device"),
    "stopped": KeyboardInterrupt(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_aws_refuses_ends_with_a_sentence(world: World, fault: str) -> None:
    broken = Broken(fault, {}, None, world.container)
    with pytest.raises(SystemExit, match=r"Not finished|Interrupted"):
        main(["shards", VENUE, "64"], find=lambda _: broken)


def printed(command: Callable[..., int], world: World, **given: Any) -> str:
    """Run a command as an operator with 80 columns does; return what it prints."""
    console = Console(file=io.StringIO(), width=80)
    assert command(world.deployment(), console=console, **given) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_ids_stand_in_recount_and_a_name_is_no_markup(world: World) -> None:
    chief = world.administrator(name="信宜[/]馆[red]")
    world.visitor().scan(chief.venue).expect(201)
    world.work()
    text = printed(recount.run, world, venue=chief.venue["venue_id"], day=None, mend=False)
    assert "信宜[/]馆[red]" in text
    assert chief.venue["venue_id"] in text


def hours(world: World, region: str) -> tuple[str, int | None]:
    """The version and the maximum age of a test where `region` is."""
    world.clock.pass_(seconds=60)
    found = world.container.policies.of(region, world.clock.now())
    return found.version, found.nucleic_acid_hours


def test_policies_are_listed_and_deleted(world: World) -> None:
    for region, rules in (("44", '{"nucleic_acid_hours": 72}'), ("4409", "{}")):
        printed(policies.run, world, region=region, rules=rules)
    listed = printed(policies.list_all, world)
    assert "nucleic_acid_hours: 72" in listed
    assert "4409" in listed
    assert hours(world, "440983") == ("4409.1", 48)
    assert "Policy 44.1" in printed(policies.delete, world, region="4409")
    assert hours(world, "440983") == ("44.1", 72)
    assert "4409" not in printed(policies.list_all, world)
    with pytest.raises(SystemExit, match="no policy of its own"):
        policies.delete(world.deployment(), region="4409", console=Console(quiet=True))


def test_a_policy_after_a_deleted_one_has_a_version_of_its_own(world: World) -> None:
    """A scan names the version that it was judged by: no two policies may have the same."""
    for _ in range(2):
        printed(policies.run, world, region="44", rules='{"nucleic_acid_hours": 72}')
        printed(policies.delete, world, region="44")
    printed(policies.run, world, region="44", rules='{"nucleic_acid_hours": 24}')
    assert hours(world, "440983") == ("44.5", 24)


def test_a_kiosk_may_stand_in_a_region_newer_than_the_table(world: World) -> None:
    """What a list lacks is said, and not refused."""
    given: dict[str, Any] = {"action": "add", "given": ["东站"], "region": "659099"}
    assert "lacks 659099: please check it" in printed(kiosks.run, world, **given)
