"""The table of threats names tests that exist; no row of the requirements stands twice."""

import re
from collections import Counter

from tests.support import ROOT

ROW = re.compile(r"^\| ([A-Z]{2}-[0-9]+) \|", re.MULTILINE)


def test_every_threat_names_tests_that_exist() -> None:
    document = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    section = document.partition("## Threats")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)[1:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`((?:api|cloud|contract|unit)/[^`]+)`", row)
        assert named, row
        for one in named:
            file, _, name = one.partition("::")
            content = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert not name or f"def {name}(" in content, one


def test_no_requirement_stands_twice() -> None:
    found = Counter(ROW.findall((ROOT / "docs/requirements.md").read_text(encoding="utf-8")))
    assert [row for row, times in found.items() if times > 1] == []
