"""The demo and the local cloud speak one language, that of the terminal."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import language
from tests.support import ROOT

SPOKEN = [
    *sorted((ROOT / "infra/local").glob("*.py")),
    *sorted((ROOT / "infra/ops").glob("*.py")),
    ROOT / "infra/local/sandbox/inbox_page.py",
    ROOT / "infra/local/sandbox/identity_checks.py",
]
DATA = {"VENUE", "MISTAKEN"}
"""Names of people and places are data, and stay Chinese."""


@pytest.mark.parametrize(
    ("environment", "chinese"),
    [
        ({}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_TW"}, True),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "C", "LC_MESSAGES": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, True),
    ],
)
def test_the_locale_chooses_the_language(environment: dict[str, str], chinese: bool) -> None:
    assert language.is_chinese(environment) is chinese


def test_one_language_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert (language.words("name", "姓名"), language.api_language()) == ("姓名", "zh-Hans")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert (language.words("name", "姓名"), language.api_language()) == ("name", "en")


def is_han(value: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in value)


def texts(node: ast.AST) -> Iterator[str]:
    """Every text in a part of a module."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def mixtures(module: ast.Module) -> Iterator[str]:
    """Yield Chinese texts outside `words(…)`, and its texts in the other's language."""
    allowed: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "words":
            english, *chinese = node.args
            yield from (one for one in texts(english) if is_han(one))
            allowed.update(one for argument in chinese for one in texts(argument))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            allowed.update(texts(node))  # a docstring
        elif isinstance(node, ast.Assign):
            name = getattr(node.targets[0], "id", "")
            if name in DATA or name.endswith("_ZH"):
                allowed.update(texts(node))
    yield from (one for one in texts(module) if is_han(one) and one not in allowed)


@pytest.mark.parametrize("path", SPOKEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_text_mixes_languages(path: Path) -> None:
    assert [*mixtures(ast.parse(path.read_text("utf-8")))] == []
