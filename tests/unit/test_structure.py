"""How the application is put together: handlers, use cases, parameter lists."""

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from chalicelib.bootstrap import Container
from tests.support import ROOT

MOST_PARAMETERS = 7
PARTS = {name for name, part in vars(Container).items() if isinstance(part, cached_property)}
"""What a container holds, beside its settings."""
ENTRY_POINTS = sorted(
    path for area in ("api", "workers") for path in (ROOT / "chalicelib" / area).rglob("*.py")
)
PLUMBING = {"api/endpoint.py", "api/access.py"}
"""What stands between a request and its handler: it hands the container itself on."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "chalicelib"))


def is_container(node: ast.AST) -> bool:
    """Whether an expression is the container: ``container()``, ``context.container``."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "container"
    return isinstance(node, ast.Attribute) and node.attr == "container"


def is_part(node: ast.AST) -> bool:
    """Whether an expression is something that the container holds."""
    return isinstance(node, ast.Attribute) and node.attr in PARTS and is_container(node.value)


def handed_on(source: str) -> Iterator[tuple[int, str]]:
    """Return where a module does anything with a part, or the container, but call its methods.

    A part may be given a local name, of which the same holds.
    """
    tree = ast.parse(source)
    called = {id(call.func) for call in ast.walk(tree) if isinstance(call, ast.Call)}
    methods = {
        id(node.value): node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and id(node) in called
    }
    taken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = set(_given_to_names(tree))
    local = {name for _, name in names}
    given = {key for key, _ in names}
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr):
            continue
        if is_container(node):
            if id(node) not in taken:
                yield node.lineno, ast.unparse(node)
            continue
        named = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in local
        if (named or is_part(node)) and id(node) not in methods and id(node) not in given:
            yield node.lineno, ast.unparse(node)


def _given_to_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return parts that are assigned to a local name, with the name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        targets, values = node.targets[0], node.value
        pairs = (
            zip(targets.elts, values.elts, strict=False)
            if isinstance(targets, ast.Tuple) and isinstance(values, ast.Tuple)
            else [(targets, values)]
        )
        for target, value in pairs:
            if isinstance(target, ast.Name) and is_part(value):
                yield id(value), target.id


@pytest.mark.parametrize("path", ENTRY_POINTS, ids=name_of)
def test_no_handler_or_worker_passes_a_collaborator(path: Path) -> None:
    if name_of(path) not in PLUMBING:
        assert list(handed_on(path.read_text())) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("context.container.vault.open(sealed)", []),
        ("staff, n = context.container.staff, 1\nstaff.of(n)", []),
        ("now = container().clock.now()", []),
        ("open_field(context.container.vault, sealed)", ["context.container.vault"]),
        ("scan(body, people=container().people)", ["container().people"]),
        ("scan(people := container().people)", ["container().people"]),
        ("scan([context.container.people])", ["context.container.people"]),
        ("people = context.container.people\nscan(people)", ["people"]),
        ("each(context.container.people.load)", ["context.container.people"]),
        ("scan(context.container)", ["context.container"]),
        ("parts = container()\nscan(parts.vault)", ["container()"]),
    ],
)
def test_the_search_finds_what_is_passed(source: str, found: list[str]) -> None:
    assert [text for _, text in handed_on(source)] == found


def handlers() -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions that serve a route or an event, and the `act` of each subscription."""
    for path in ENTRY_POINTS:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield f"{name_of(path)}:{node.name}", node


def uses(function: ast.FunctionDef) -> set[str]:
    """The use cases that a function calls: the parts of the container, without clock and masks."""
    plumbing = {"clock", "masked_people"}
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and is_part(node)
    } - plumbing


def test_a_handler_calls_one_method_of_one_object() -> None:
    """Two ways to log in are two objects, of which one request calls one."""
    several = {name: uses(function) for name, function in handlers() if len(uses(function)) > 1}
    assert several == {
        "api/sessions.py:log_in": {"phone_login", "platform_login"},
        "api/sessions.py:confirm_phone": {"phone_login", "platform_login"},
    }


def composed() -> Iterator[tuple[str, str]]:
    """The parts that the container composes, with the names of their types."""
    tree = ast.parse((ROOT / "chalicelib" / "bootstrap.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in PARTS and node.returns:
            yield node.name, ast.unparse(node.returns).strip("'\"")


def types() -> dict[str, Any]:
    """The classes that bootstrap names for the type checker only, by name."""
    tree = ast.parse((ROOT / "chalicelib" / "bootstrap.py").read_text())
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chalicelib."):
            module = importlib.import_module(str(node.module))
            found |= {alias.name: getattr(module, alias.name) for alias in node.names}
    return found


CLASSES = types()
USE_CASES = {
    name: CLASSES[kind]
    for name, kind in composed()
    if kind in CLASSES
    and not getattr(CLASSES[kind], "_is_protocol", False)
    and not CLASSES[kind].__module__.startswith("chalicelib.core.")
}


def test_every_part_says_its_type() -> None:
    assert {name for name, _ in composed()} == PARTS
    assert len(USE_CASES) > 20


@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_a_use_case_is_a_plain_class_that_holds_its_collaborators(name: str) -> None:
    kind = USE_CASES[name]
    assert not dataclasses.is_dataclass(kind)
    hints = get_type_hints(kind.__init__)
    taken = list(inspect.signature(kind).parameters.values())
    assert {one.name for one in taken} <= hints.keys()
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in taken)
    assert set(kind.__slots__) >= {f"_{one.name}" for one in taken}
    assert not hasattr(object.__new__(kind), "__dict__")


def parameters(function: ast.FunctionDef) -> list[str]:
    given = function.args
    every = (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg)
    return [one.arg for one in every if one and one.arg not in ("self", "cls")]


def test_no_function_has_more_parameters_than_seven_without_a_reason() -> None:
    """The reason is in the docstring: "… many parameters because …"."""
    long = {
        f"{name_of(path)}:{node.name}": ast.get_docstring(node) or ""
        for path in sorted((ROOT / "chalicelib").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and len(parameters(node)) > MOST_PARAMETERS
    }
    assert [name for name, reason in long.items() if "many parameters" not in reason] == []
