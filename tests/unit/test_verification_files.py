"""The setting of verification files, and the join codes that scanners hand over."""

import json
from pathlib import Path

import pytest

from chalicelib.venues.codes import join_code_in, join_url
from chalicelib.venues.landing import verification_files
from infra.package import BuildError, stage_project
from tests.support import ROOT


def test_files_are_read_from_the_setting() -> None:
    assert verification_files("") == {}
    assert verification_files("a.txt=1=2  B.txt=x\n") == {"a.txt": "1=2", "B.txt": "x"}


@pytest.mark.parametrize("setting", ["a.txt", "a.txt=", "=1", "a.txt= 1", "V/a.txt=1"])
def test_a_setting_that_names_no_files_ends_the_build(setting: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="VC_CODE_FILES"):
        verification_files(setting)
    with pytest.raises(BuildError, match="VC_CODE_FILES"):
        stage_project(ROOT, tmp_path / "project", "dev", {"VC_CODE_FILES": setting})


def test_each_stage_has_files_that_can_be_read() -> None:
    stages = json.loads((ROOT / ".chalice/config.json").read_text())["stages"]
    for stage in stages.values():
        verification_files(stage["environment_variables"]["VC_CODE_FILES"])


@pytest.mark.parametrize(
    "text",
    ["", "23456789N", "https://V.TEST/V/0123456789ABCDEF", "x" * 5000, "/V/J-23456789NN", "%"],
)
def test_what_is_no_join_posters_text_stays_as_it_is(text: str) -> None:
    assert join_code_in(text) == text


def test_a_join_posters_text_gives_its_code() -> None:
    assert join_code_in(join_url("23456789N", "V.TEST")) == "23456789N"
