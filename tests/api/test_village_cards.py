"""Paper passes for a village, ten on each page, by an operator's command (JN-28)."""

import io
from pathlib import Path

import pytest
import zxingcpp
from rich.console import Console

from chalicelib.identity.providers import Answer, Pending
from infra.ops import cards
from tests import support
from tests.api.driver import IDENTITY, World, codes
from tests.pictures import pdf_image, pdf_text

OFFICE = "东镇街道办事处"


def printed(world: World, folder: Path, lines: list[str]) -> tuple[int, str, Path]:
    """Run the command for these lines; return its exit code, what it says, and the PDF's place."""
    people, out, said = folder / "people.csv", folder / "cards.pdf", io.StringIO()
    people.write_text("\n".join(("name,document_type,document_number", *lines)), "utf-8-sig")
    code = cards.run(
        world.deployment(),
        people=people,
        out=out,
        office=OFFICE,
        full_name=False,
        console=Console(file=said, width=160),
        pause=world.work,
    )
    return code, said.getvalue(), out


def villagers(world: World, count: int) -> list[str]:
    """Return lines of people whom the identity provider knows."""
    world.providers[IDENTITY].otherwise = Answer("match")
    lines = [f"村民甲{chr(0x4E00 + at)},resident_id,{support.resident_id(700 + at)}"
             for at in range(count)]  # fmt: skip
    world.secrets |= {line.split(",")[0] for line in lines} | {line[-18:] for line in lines}
    return lines


@pytest.mark.requirement("JN-28")
def test_a_villages_cards_are_one_file_and_staff_scan_them(world: World, tmp_path: Path) -> None:
    known = world.visitor()
    lines = [*villagers(world, 11), f"{known.name},resident_id,{known.number}"]
    code, said, out = printed(world, tmp_path, lines)
    assert (code, said.count("printed")) == (0, 12)
    texts = [
        {str(one.text) for one in zxingcpp.read_barcodes(pdf_image(out.read_bytes(), page=page))}
        for page in range(2)
    ]
    assert [len(page) for page in texts] == [10, 2]
    administrator = world.administrator()
    path = f"/v1/venues/{administrator.venue['venue_id']}/scans"
    for text in texts[1]:
        body = {"nonce": world.nonce(), "pass_code": text}
        screen = administrator.post(path, body).expect(201)
        assert codes(screen["next_steps"])[0] == "compare_id"
    # Printed again, the cards are the same.
    again = printed(world, tmp_path, lines)[2]
    assert {str(one.text) for one in zxingcpp.read_barcodes(pdf_image(again.read_bytes()))} == (
        texts[0]
    )
    assert "村**" in pdf_text(again.read_bytes())
    entry = known.get("/v1/me/accesses").expect(200)["items"][0]
    assert (entry["kind"], OFFICE in str(entry)) == ("officer", True)
    (issued,) = known.get("/v1/me/passes").expect(200)["items"]
    assert issued["issued_by"] == "officer"


def test_each_bad_row_is_named_and_the_others_are_printed(world: World, tmp_path: Path) -> None:
    known = world.visitor()
    world.secrets.add("李错名")
    lines = [
        f"{known.name},resident_id,{known.number}",
        f"李错名,resident_id,{known.number}",
        "张三丰,resident_id,440983199001010011",
        "张三丰,library_card,1",
        f",resident_id,{support.resident_id(701)}",
    ]
    code, said, out = printed(world, tmp_path, lines)
    assert code == 1
    results = [line for line in said.splitlines() if line.startswith("│")]
    for line, expected in zip(
        results,
        ("printed", "do not match", "document_number", "document_type", "name: This is too short"),
        strict=True,
    ):
        assert expected in line
    assert "1 of 5 cards" in said
    assert len(zxingcpp.read_barcodes(pdf_image(out.read_bytes()))) == 1


def test_a_provider_that_is_away_prints_nothing_and_the_next_run_does(
    world: World, tmp_path: Path
) -> None:
    (line,) = villagers(world, 1)
    world.providers[IDENTITY].otherwise = Pending(60_000)
    code, said, out = printed(world, tmp_path, [line])
    assert (code, "run it again" in said, out.exists()) == (1, True, False)


def test_a_file_without_its_columns_is_refused(world: World, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("name,number\n", "utf-8")
    with pytest.raises(SystemExit, match="document_number"):
        cards.run(
            world.deployment(), people=people, out=tmp_path / "x.pdf",
            office=OFFICE, full_name=False, console=Console(file=io.StringIO()),
        )  # fmt: skip
