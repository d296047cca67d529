"""The tree of errors, its statuses and its codes say the same everywhere."""

import ast
import json
import re
from pathlib import Path

import pytest

from chalicelib.api.endpoint import problem
from chalicelib.core import errors
from chalicelib.core.errors import CODES, AppError, BadInput, FieldError, TooMany, Unavailable
from tests.fakes.parts import NOON

APPLICATION = Path(__file__).parents[2] / "chalicelib"


def subclasses(kind: type[AppError]) -> set[type[AppError]]:
    direct = set(kind.__subclasses__())
    return direct.union(*map(subclasses, direct))


def test_every_error_has_a_code_and_every_default_is_its_own() -> None:
    assert set(CODES.values()) == subclasses(AppError) | {AppError}
    for kind in subclasses(AppError) | {AppError}:
        assert CODES[kind.default] is kind


def test_the_tree_names_every_error_with_its_status() -> None:
    drawn = re.findall(r"[├└]── (\w+)\s+(\d{3})", errors.__doc__ or "")
    assert {(kind.__name__, str(kind.status)) for kind in subclasses(AppError)} == set(drawn)
    assert AppError.status == 500


def raised() -> list[tuple[str, str]]:
    """Every class and code that the application raises in so many words."""
    classes = {kind.__name__ for kind in subclasses(AppError)}
    found = []
    for path in APPLICATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name in classes and name != "BadInput":
                    codes = [a for a in ast.walk(node) if isinstance(a, ast.Constant)]
                    found += [(name, c.value) for c in codes if isinstance(c.value, str)]
    return found


def test_what_is_raised_is_raised_as_its_own_class() -> None:
    assert len(raised()) > 15
    for name, code in raised():
        assert CODES[code].__name__ == name, code


def test_every_code_is_raised_or_a_default() -> None:
    defaults = {kind.default for kind in CODES.values()}
    assert {code for _, code in raised()} | defaults == set(CODES)


def test_a_bad_field_carries_its_place_code_and_values() -> None:
    error = BadInput.at("/name", "glyph", character="龘")
    assert error.fields == (FieldError("/name", "glyph", (("character", "龘"),)),)
    assert (error.code, error.status) == ("invalid_input", 400)


@pytest.mark.parametrize("error", [TooMany(7), Unavailable()])
def test_whoever_may_try_again_is_told_when(error: TooMany | Unavailable) -> None:
    assert error.retry_after > 0


@pytest.mark.parametrize(("language", "said"), [("en", "in 7 seconds"), ("zh-Hans", "7 秒后")])
def test_the_wait_fills_its_text(language: str, said: str) -> None:
    answer = problem(TooMany(7), language, now=NOON)
    assert said in json.loads(answer.body)["detail"]
    assert answer.headers["Retry-After"] == "7"
