"""Dataclasses whose methods packaging writes out, compared with what `dataclass` makes."""

import __future__

import ast
import copy
import dataclasses
import importlib
import inspect
import py_compile
import subprocess
import sys
from pathlib import Path
from typing import Any

import annotated_types
import pydantic
import pytest

from infra.dataclass_methods import Family, compile_again, write_out
from tests.support import ROOT

FOLDERS = (
    Path(annotated_types.__file__).parent,
    Path(pydantic.__file__).parent,
    ROOT / "chalicelib",
)
# pydantic's first version does not ship; the others import what is not installed, or warn.
LEFT_OUT = {"v1", "mypy", "_hypothesis_plugin", "test_cases", "experimental"}


def written_out() -> list[tuple[str, ast.ClassDef]]:
    """Each class that is written out, with its module's name."""
    trees = {}
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            if LEFT_OUT.isdisjoint(parts):
                trees[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_bytes())
    family = Family(trees.values())
    found = []
    for module, tree in trees.items():
        names = write_out(tree, family)
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        found += [(module, classes[name]) for name in names]
    return found


CLASSES = written_out()


def made(module: str, node: ast.ClassDef) -> tuple[type[Any], type[Any]]:
    """The class as its module has it, and as packaging writes it out."""
    imported = importlib.import_module(module)
    namespace = dict(vars(imported))
    postponed = any(one is __future__.annotations for one in namespace.values())
    flags = __future__.annotations.compiler_flag if postponed else 0
    code = compile(ast.Module([node], []), "written out", "exec", flags, dont_inherit=True)
    exec(code, namespace)  # noqa: S102 (our own and pydantic's classes)
    return getattr(imported, node.name), namespace[node.name]


NEEDED = repr(inspect.Parameter.empty)


def default(of: inspect.Parameter) -> str:
    """A parameter's default; that of a factory is made with each object."""
    return "<factory>" if isinstance(of.default, dataclasses.Field) else repr(of.default)


def told(call: Any, *arguments: Any, **options: Any) -> Any:
    """What a call returns, or the kind and text of what it raises."""
    try:
        return call(*arguments, **options)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    ("module", "node"), [pytest.param(*one, id=f"{one[0]}.{one[1].name}") for one in CLASSES]
)
def test_a_written_out_class_is_as_dataclass_makes_it(module: str, node: ast.ClassDef) -> None:
    original, written = made(module, node)
    parameters = [
        [(one.name, one.kind, default(one)) for one in inspect.signature(of).parameters.values()]
        for of in (original, written)
    ]
    assert parameters[0] == parameters[1]
    assert [one.name for one in dataclasses.fields(original)] == [
        one.name for one in dataclasses.fields(written)
    ]
    for name in ("__match_args__", "__slots__"):
        assert getattr(original, name, None) == getattr(written, name, None)
    values = {name: (name, 1) for name, _, _ in parameters[0]}
    needed = {one: values[one] for one, _, given in parameters[0] if given == NEEDED}
    assert str(told(original, **needed)) == str(told(written, **needed))
    first, second = told(original, **values), told(written, **values)
    if isinstance(first, tuple):  # it refuses such values
        assert first == second
        return
    assert repr(first) == repr(second)
    hashes = {of.__dict__.get("__hash__") for of in (original, written)}
    if hashes != {object.__hash__}:
        assert told(hash, first) == told(hash, second)
    copies = told(copy.copy, first), told(copy.copy, second)
    assert repr(copies[0]) == repr(copies[1])
    assert (copies[0] == first) == (copies[1] == second)
    assert first != second  # they are of two classes
    name = next(iter(values))
    changed = dataclasses.replace(second, **{name: (name, 2)})
    assert repr(changed) == repr(dataclasses.replace(first, **{name: (name, 2)}))
    assert changed != second
    assert told(setattr, first, name, 1) == told(setattr, second, name, 1)
    assert told(delattr, first, name) == told(delattr, second, name)


def test_most_classes_are_written_out() -> None:
    assert len(CLASSES) > 60
    assert {"Gt", "FieldValidatorDecoratorInfo", "Profile"} <= {node.name for _, node in CLASSES}


@pytest.mark.parametrize(
    "source",
    [
        "@dataclass(order=True)\nclass A:\n    x: int",
        "@dataclass\nclass A:\n    x: list[int] = field(default_factory=list, compare=False)",
        "@dataclass\nclass A:\n    x: InitVar[int]",
        "@dataclass\nclass A(Imported):\n    x: int",
        "@dataclass\nclass A:\n    x: int\n    def __init__(self): pass",
        "@dataclass(**unknown)\nclass A:\n    x: int",
        "@dataclass\nclass Base:\n    x: int\n@final\n@dataclass\nclass A(Base):\n    y: int",
        "def made():\n    @dataclass\n    class A:\n        x: int",
    ],
)
def test_what_is_not_plain_is_left_to_dataclass(source: str) -> None:
    tree = ast.parse(f"from dataclasses import dataclass, field, InitVar\n{source}")
    before = ast.unparse(tree)
    assert write_out(tree, Family([tree])) == []
    assert ast.unparse(tree) == before


def test_the_compiled_module_is_the_one_that_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text(
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class A:\n"
        '    "A number."\n'
        "    x: int = 1\n"
    )
    py_compile.compile(
        str(path), dfile="/var/task/some.py", invalidation_mode=py_compile.PycInvalidationMode(3)
    )
    compile_again([path], beside=False)
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "import some; print(some.A(), some.A.__init__.__code__.co_filename)",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"A(x=1) {path}\n"  # not <string>, as of what is made
