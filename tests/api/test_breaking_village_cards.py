"""Attacks on the operator's command that prints a village's cards."""

import io
import unicodedata
from pathlib import Path

import pytest
from rich.console import Console

from infra.ops import cards
from tests import support
from tests.api.driver import Person, World
from tests.api.test_village_cards import OFFICE, printed, villagers


def run(world: World, folder: Path, people: bytes, *, full_name: bool = False) -> tuple[int, str]:
    """Run the command for a file with these bytes; return its exit code and what it says."""
    path, said = folder / "people.csv", io.StringIO()
    path.write_bytes(people)
    code = cards.run(
        world.deployment(), people=path, out=folder / "cards.pdf",
        office=OFFICE, full_name=full_name, console=Console(file=said, width=160),
        pause=world.work,
    )  # fmt: skip
    return code, said.getvalue()


def csv(*lines: str) -> bytes:
    return "\n".join(("name,document_type,document_number", *lines)).encode()


def test_one_persons_quota_does_not_stop_the_village(world: World, tmp_path: Path) -> None:
    person: Person = world.visitor()
    for _ in range(5):
        world.container.limits.charge(
            "paper_pass", f"{person.person_id}/officer", limit=5, seconds=86_400,
            now=world.clock.at,
        )  # fmt: skip
    lines = [f"{person.name},resident_id,{person.number}", *villagers(world, 2)]
    code, said, _ = printed(world, tmp_path, lines)
    assert (code, said.count("printed"), "2 of 3 cards" in said) == (1, 2, True)
    assert "Too many" in said


@pytest.mark.parametrize("operation", ["PutItem", "TransactWriteItems", "Query"])
def test_a_busy_table_does_not_stop_the_village(
    world: World, tmp_path: Path, operation: str
) -> None:
    lines = villagers(world, 3)
    world.wire.fail("", 0)
    printed(world, tmp_path, lines[:1])
    first = world.wire.calls.index(operation) + 1
    world.wire.fail("ThrottlingException", first)
    code, said, _ = printed(world, tmp_path, lines)
    world.wire.heal()
    assert (code, "2 of 3 cards" in said, "Run it again" in said) == (1, True, True)
    code, said, _ = printed(world, tmp_path, lines)
    assert (code, "3 of 3 cards" in said) == (0, True)


def test_a_name_is_read_as_the_routes_read_it(world: World, tmp_path: Path) -> None:
    """Spreadsheets on some systems write decomposed characters, and pasted text has odd marks."""
    number = support.resident_id(740)
    world.secrets |= {"José", number}
    line = unicodedata.normalize("NFD", f"José,resident_id,{number}")
    assert run(world, tmp_path, csv(line))[0] == 0
    assert run(world, tmp_path, csv(f"José,resident_id,{number}"))[0] == 0
    code, said = run(
        world, tmp_path,
        csv(
            f"王\u2028五,resident_id,{support.resident_id(741)}",
            f"123,resident_id,{support.resident_id(742)}",
            f"未出生,resident_id,{support.resident_id(743, born='20270401')}",
        ),
    )  # fmt: skip
    assert (code, said.count("name: "), said.count("document_number: ")) == (1, 2, 1)


def test_what_stands_in_a_cell_is_no_markup(world: World, tmp_path: Path) -> None:
    code, said = run(world, tmp_path, csv("[/b],[/red],1"))
    assert (code, "[/red]" in said) == (1, True)


def test_a_file_in_another_encoding_is_refused(world: World, tmp_path: Path) -> None:
    """A spreadsheet in China saves GBK unless told otherwise."""
    with pytest.raises(SystemExit, match="UTF-8"):
        run(world, tmp_path, csv("张三丰,resident_id,1").decode().encode("gb18030"))


def test_a_name_that_the_fonts_lack_is_printed_masked(world: World, tmp_path: Path) -> None:
    """Its owner has no phone on which to choose the masked name."""
    name, number = "赵ᚠ", support.resident_id(744)
    world.secrets |= {name, number}
    code, said = run(world, tmp_path, csv(f"{name},resident_id,{number}"), full_name=True)
    assert (code, "printed" in said) == (0, True)
