"""What an operator names a region that the table lacks can be printed (issue 10)."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from infra.ops import venues as venues_command
from tests.api.driver import Person, World


def issue(world: World, applicant: Person, folder: Path, region_name: str) -> int:
    """Issue a venue in a region of the future, as an officer decided."""
    application = folder / "application.json"
    body = world.venue_request(region="441999")
    application.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return venues_command.issue(
        world.deployment(),
        path=application,
        document_type="resident_id",
        region_name=region_name,
        office="信宜市疾控中心",
        console=Console(file=StringIO()),
        read=lambda _: applicant.number,
    )


def test_a_name_that_posters_cannot_print_is_refused(world: World, tmp_path: Path) -> None:
    applicant = world.visitor()
    before = world.writes()
    with pytest.raises(SystemExit, match=r"Nothing was issued.*cannot print 𓀀"):
        issue(world, applicant, tmp_path, "广东省 东莞市 𓀀新区")
    assert world.writes() == before
    assert issue(world, applicant, tmp_path, "广东省 东莞市 松山湖新区") == 0
    (venue,) = applicant.get("/v1/venues").expect(200)["items"]
    assert venue["region_name"] == "广东省 东莞市 松山湖新区"
