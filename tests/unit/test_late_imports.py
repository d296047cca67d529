"""Libraries whose imports packaging puts off, compared with themselves."""

import importlib.metadata
from collections.abc import Set
from pathlib import Path
from typing import Any

import botocore
import pytest

from infra.late_imports import LATE, imported_late, put

SITE = Path(botocore.__file__).parents[1]
SOURCE = """
import json, os
from importlib.metadata import version as found
import xml.dom

def a(): return found("botocore")

class B:
    def c(self):
        def d(): return xml.dom.__name__
        return d()

def e(): return json.dumps(1)

def f(way):
    if way == 1:
        return found
    try:
        way + 1
    except TypeError:
        for _ in range(2):
            found("botocore")
        return found
    with open(way):
        pass
    found
    return found
"""


def test_a_module_is_imported_by_the_functions_that_use_it() -> None:
    rewritten = imported_late(SOURCE, {"importlib.metadata", "xml.dom"})
    made: dict[str, Any] = {}
    exec(rewritten, made)  # noqa: S102 (the text above)
    assert made.keys().isdisjoint({"found", "xml"})
    assert made["a"]() == importlib.metadata.version("botocore")
    assert (made["B"]().c(), made["e"]()) == ("xml.dom", "1")
    assert (rewritten.count("import xml.dom"), rewritten.count("importlib.metadata")) == (1, 5)
    assert made["f"](1) is made["f"]("a") is importlib.metadata.version


def test_what_a_branch_needs_is_not_imported_by_the_others() -> None:
    source = "import json.nowhere as x\ndef f(way):\n  if way:\n    return x\n  return 1"
    made: dict[str, Any] = {}
    exec(imported_late(source, {"json.nowhere"}), made)  # noqa: S102 (the text above)
    assert made["f"](False) == 1
    with pytest.raises(ModuleNotFoundError):
        made["f"](True)


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import os", {"json"}),
        ("from .json import x", {"json"}),
        ("import json, os", {"json"}),
        ("import json\nA = json.dumps(1)", {"json"}),
        ("import json\nclass A(json.JSONEncoder): pass", {"json"}),
        ("import json\n@json.b\ndef a(): pass", {"json"}),
        ("import json\ndef a(b=json.x): pass", {"json"}),
        ("import json\nif 1:\n  def a(b: json.x): pass", {"json"}),
    ],
)
def test_a_module_that_cannot_be_imported_late_is_an_error(source: str, modules: Set[str]) -> None:
    with pytest.raises(ValueError, match=r"^(not imported: \['json'\]|json is used when)"):
        imported_late(source, modules)


def test_every_library_can_be_rewritten(tmp_path: Path) -> None:
    for name in LATE:
        copy = tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text((SITE / name).read_text())
    put(tmp_path)
    for name in LATE:
        compile((tmp_path / name).read_text(), name, "exec")


def test_a_package_without_the_libraries_stays(tmp_path: Path) -> None:
    put(tmp_path)
    assert list(tmp_path.iterdir()) == []
