"""The table of races names tests that are there, and every test that races is in it."""

import re

from tests.api import test_races as requests
from tests.contract import test_races as stores


def test_the_table_of_races_is_complete() -> None:
    assert stores.__doc__ is not None
    rows = re.findall(r"^\| (.+) \| (test_\w+) \|$", stores.__doc__, re.MULTILINE)
    for module, of_requests in ((stores, False), (requests, True)):
        named = {test for rule, test in rows if rule.endswith("*api*") is of_requests}
        there = {name for name in vars(module) if name.startswith("test_")}
        assert named == there
