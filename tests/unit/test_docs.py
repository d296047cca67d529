"""Documents that hold: what they name exists, what exists is named, what they show runs."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.api.endpoint import OPERATIONS
from chalicelib.api.openapi import render
from chalicelib.core.errors import CODES
from chalicelib.core.messages import TEXTS
from chalicelib.core.settings import Settings
from infra import requirements
from infra.ops.__main__ import COMMANDS
from infra.ops.__main__ import main as operate
from infra.requirements import states
from tests.support import ROOT, client, create_table, template

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")


@cache
def tracked() -> tuple[str, ...]:
    """The files of the repository, by their paths."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(  # noqa: S603 (git, by its own index)
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(sorted({name for name in listed.stdout.split("\0") if (ROOT / name).is_file()}))


def documents() -> list[str]:
    return [name for name in tracked() if name.endswith(".md")]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, *languages: str) -> Iterator[str]:
    """The contents of a document's fenced blocks in one of `languages`, without indentation."""
    for indent, language, body in FENCE.findall(text(name)):
        if language in languages:
            yield re.sub(f"^{indent}", "", body, flags=re.MULTILINE)


def prose(name: str) -> str:
    return FENCE.sub("", text(name))


def rows(name: str) -> list[list[str]]:
    """The cells of every table row of a document."""
    lines = re.findall(r"^\| (.+) \|$", text(name), re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# --- Commands -------------------------------------------------------------------------------------


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*##", text("Makefile"), re.MULTILINE))


def test_make_help_lists_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", text("Makefile"), re.MULTILINE)
    assert phony is not None
    listed = subprocess.run(
        ["make", "help"],  # noqa: S607 (whichever make there is)
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    shown = set(re.findall(r"^ +make (\w+)", listed.stdout, re.MULTILINE))
    assert shown == targets() == set(phony[1].split())


@pytest.mark.parametrize("name", documents())
def test_documents_name_targets_that_are_there(name: str) -> None:
    shown = "\n".join([*named(prose(name)), *blocks(name, "sh")])
    called = re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z]+)", shown, re.MULTILINE)
    assert set(called) <= targets()


def test_every_target_is_explained() -> None:
    explained = {cell[0].removeprefix("`make ").rstrip("`") for cell in rows("docs/development.md")}
    assert targets() <= explained


def operators_commands() -> list[str]:
    found = []
    for name in documents():
        lines = "\n".join(blocks(name, "sh")).splitlines()
        found += [line for line in lines if "-m infra.ops" in line and "COMMAND" not in line]
    return sorted(set(found))


def _example(placeholder: re.Match[str]) -> str:
    prefix = {"venue id": "ven", "person id": "per", "kiosk id": "kio"}.get(placeholder[1])
    return f"{prefix}_0000000000000000" if prefix else "x"


@pytest.mark.parametrize("line", operators_commands())
def test_operators_commands_are_understood(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = re.sub("<([^>]+)>", _example, line).partition("-m infra.ops")[2]
    # As far as one gets without a deployment; argparse would have ended with 2.
    with mock_aws(), pytest.raises(SystemExit, match="There is no stack venuecode-prod"):
        operate(shlex.split(given))
    assert capsys.readouterr().err == ""


def test_operators_commands_are_all_there() -> None:
    shown = {shlex.split(line.partition("prod")[2])[0] for line in operators_commands()}
    assert shown == set(COMMANDS)


# --- What the code knows and the documents must ---------------------------------------------------


class Asked(dict[str, str]):
    """An environment that keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


def test_every_setting_is_documented_and_every_documented_one_read() -> None:
    environment = Asked()
    Settings.from_environment(environment)
    read = set(environment.names)
    for name in tracked():
        if name in ("Makefile", ".ci/run") or (name.startswith("infra/") and name.endswith(".py")):
            read |= set(re.findall(r"\bVENUECODE_[A-Z_]+", text(name)))
    cells = [cell for row in rows("docs/operations.md") for cell in named(row[0])]
    documented = {cell for cell in cells if cell.startswith(("VC_", "VENUECODE_"))}
    assert documented == read


def test_settings_of_stages_are_settings() -> None:
    environment = Asked()
    Settings.from_environment(environment)
    for stage in json.loads(text(".chalice/config.json"))["stages"].values():
        assert set(stage["environment_variables"]) <= environment.names


def test_every_error_code_is_documented_with_its_status() -> None:
    table = {named(row[0])[0]: row[1] for row in rows("docs/api.md") if row[1:2] and named(row[0])}
    documented = {code: status for code, status in table.items() if status.isdecimal()}
    assert documented == {code: str(error.status) for code, error in CODES.items()}


@pytest.mark.parametrize("kind", ["field", "outcome", "reason", "step", "state"])
def test_every_code_of_a_text_is_documented(kind: str) -> None:
    codes = {key.partition(".")[2] for key in TEXTS if key.startswith(f"{kind}.")}
    assert codes <= set(named(prose("docs/api.md")))


def test_every_route_is_documented() -> None:
    """A route that a guardian may call for a dependant, too, has one row."""
    routes = {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    shown = set()
    for row in rows("docs/api.md"):
        cells = {cell for cell in named(row[0]) if " /" in cell}
        shown |= cells
        if cells and "guardian" in row[1]:
            shown |= {
                cell.replace("/v1/me/", "/v1/me/dependants/{dependant_id}/") for cell in cells
            }
    assert shown == routes


def test_the_openapi_document_is_that_of_the_code() -> None:
    written = json.loads(text("docs/openapi.json"))
    for operation in OPERATIONS:
        assert operation.method.lower() in written["paths"][operation.path]
    assert text("docs/openapi.json") == render()


def test_every_queue_is_documented() -> None:
    queues = {name for name in template()["Outputs"] if name.endswith("Url")}
    cells = {cell for row in rows("docs/operations.md") for part in row for cell in named(part)}
    assert queues <= cells


def test_outputs_that_the_guide_names_are_there() -> None:
    shown = set(re.findall(r"<([A-Z]\w+)>", text("docs/operations.md")))
    made_by_chalice = {"RestAPIId"}
    assert shown <= set(template()["Outputs"]) | made_by_chalice


def test_every_event_of_the_logs_is_documented() -> None:
    names = [name for name in tracked() if name.startswith("chalicelib/") and name.endswith(".py")]
    sources = "".join(map(text, names))
    events = set(re.findall(r"logger\(\)\.\w+\(\s*\"(\w+)\"", sources))
    shown = {cell for row in rows("docs/operations.md") for cell in named(row[0])}
    assert events
    assert events <= shown


@pytest.mark.parametrize(
    "area", ["workers", "identity", "venues", "admission", "insight", "adapters", "core"]
)
def test_the_layers_name_every_module(area: str) -> None:
    (listing,) = (body for body in blocks("docs/architecture.md", "") if "bootstrap.py" in body)
    part = re.search(rf"^  {area}/(.*(?:\n {{14}}.*)*)", listing, re.MULTILINE)
    assert part is not None
    shown = set(re.findall(r"\w+", re.sub(r"\([^)]*\)", "", part[1])))
    names = [Path(name) for name in tracked() if name.startswith(f"chalicelib/{area}/")]
    there = {name.parts[2].removesuffix(".py") for name in names if name.suffix == ".py"}
    # Schemas are an area's own, and stand in the text.
    assert shown == {name for name in there if not name.startswith(("__", "schemas"))}


# --- The documents themselves ---------------------------------------------------------------------


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


@pytest.mark.parametrize("name", documents())
def test_links_lead_somewhere(name: str) -> None:
    for link, image in LINK.findall(prose(name)):
        target = link or image
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        there = (ROOT / name).parent / path if path else ROOT / name
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", there.read_text("utf-8")), re.M)
            assert anchor in {slug(heading) for heading in headings}, target


@pytest.mark.parametrize("name", documents())
def test_snippets_run(name: str) -> None:
    for snippet in blocks(name, "python"):
        # An interpreter of its own: a snippet that declares a route must not leave it here.
        done = subprocess.run(  # noqa: S603 (our own document)
            [sys.executable, "-c", snippet],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    for snippet in blocks(name, "json"):
        json.loads(snippet)


def test_restoring_puts_back_what_is_missing_and_nothing_else() -> None:
    (snippet,) = (block for block in blocks("docs/operations.md", "python") if "put_back" in block)
    steps: dict[str, Any] = {}
    exec(snippet, steps)  # noqa: S102 (our own document)
    kept = [("VEN#a", "VENUE"), ("VEN#a#2022-04-24#0", "1650758400000#X"), ("PER#p", "HOT#PROFILE")]
    never = [
        ("VEN#a#2022-04-24#0", "COUNT"), ("VEN#a#2022-04-24#0", "FENCE"),
        ("PER#p", "HOT#SESSION#s"), ("PER#p", "AWAIT#x"),
        ("OTP#o", "OTP"), ("RATE#otp#x", "1"),
    ]  # fmt: skip

    def items(table: str) -> dict[tuple[str, str], str]:
        found = client("dynamodb").scan(TableName=table)["Items"]
        return {(item["pk"]["S"], item["sk"]["S"]): item["of"]["S"] for item in found}

    def put(table: str, pk: str, sk: str) -> None:
        item = {"pk": {"S": pk}, "sk": {"S": sk}, "of": {"S": table}}
        client("dynamodb").put_item(TableName=table, Item=item)

    with mock_aws():
        for table in ("restored", "live"):
            create_table(table)
        for key in kept + never:
            put("restored", *key)
        put("live", *kept[0])
        assert steps["put_back"]("restored", "live", "PER#") == 1
        assert steps["put_back"]("restored", "live") == 1
        assert items("live") == dict(zip(kept, ("live", "restored", "restored"), strict=True))


def test_both_readmes_say_the_same() -> None:
    def shape(name: str) -> dict[str, Any]:
        links = {link or image for link, image in LINK.findall(prose(name))}
        return {
            "commands": list(blocks(name, "sh")),
            "headings": [len(marks) for marks in re.findall("^(#+) ", prose(name), re.MULTILINE)],
            "named": sorted(set(named(prose(name)))),
            "links": links - {"README.md", "README.zh.md"},
            "rows": len(rows(name)),
        }

    assert shape("README.md") == shape("README.zh.md")


def test_decisions_have_a_number_each() -> None:
    names = [Path(name).name for name in tracked() if name.startswith("docs/decisions/")]
    numbers = [name[:4] for name in names]
    assert len(set(numbers)) == len(numbers)
    for name in names:
        assert text(f"docs/decisions/{name}").startswith(f"# {name[:4]} · "), name


def test_a_row_that_stands_twice_has_its_best_state() -> None:
    table = "| XC-7 | {} | one |\n| JN-31 | open | two |\n| XC-7 | {} | three |\n"
    for one, other in (("works", "partial"), ("partial", "works"), ("works", "open")):
        assert requirements.states(table.format(one, other))["XC-7"][0] == "works"


def test_no_file_names_a_package_registry() -> None:
    hosts = "|".join(("py" + "pi", "python" + "hosted", "npm" + "js", "conda" + r"\."))
    registry = re.compile(rf"https?://[^\s\"'<>]*(?:{hosts})|--(?:extra-)?index-url[ =]\S+://")
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content[:4096]:
            assert not registry.search(content.decode("utf-8", "replace")), name


# --- Requirements ---------------------------------------------------------------------------------


def claimed() -> set[str]:
    """The rows that any test claims."""
    found: set[str] = set()
    for name in tracked():
        if name.startswith("tests/") and name.endswith(".py"):
            for arguments in re.findall(r"mark\.requirement\(([^)]*)\)", text(name)):
                found |= set(re.findall(r'"([A-Z]{2}-\d+)"', arguments))
    return found


def test_rows_that_work_are_claimed_and_open_ones_are_not() -> None:
    """`make requirements` runs the claiming tests; this says at once where there is none."""
    known = states(text("docs/requirements.md"))
    assert {row for row, (state, _) in known.items() if state != "open"} == claimed()
