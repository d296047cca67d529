"""Write out the methods of dataclasses when they are packaged.

`dataclass` makes a class's methods as text and compiles them at each import: a tenth of a cold
start. Here the same methods are put into the syntax tree that becomes the compiled module. The
decorator stays, and is told not to make them. Sources are not touched.

Only plain classes are written out: fields that are all compared and shown, no dataclass above or
below. The others keep what `dataclass` makes.
"""

import ast
import importlib.util
import marshal
from collections.abc import Iterable
from pathlib import Path

_METHODS = """
def __init__(self, {arguments}):
    {assignments}
def __repr__(self):
    return f"{{self.__class__.__qualname__}}({shown})"
def __eq__(self, other):
    if other.__class__ is self.__class__:
        return {own} == {others}
    return NotImplemented
"""
_FROZEN = """
def __hash__(self):
    return hash({own})
def __setattr__(self, name, value):
    if type(self) is {cls} or name in {names}:
        from dataclasses import FrozenInstanceError
        raise FrozenInstanceError(f"cannot assign to field {{name!r}}")
    super({cls}, self).__setattr__(name, value)
def __delattr__(self, name):
    if type(self) is {cls} or name in {names}:
        from dataclasses import FrozenInstanceError
        raise FrozenInstanceError(f"cannot delete field {{name!r}}")
    super({cls}, self).__delattr__(name)
"""
# Copies of frozen classes with slots need them.
_FROZEN_SLOTS = """
def __getstate__(self):
    return [*{own}]
def __setstate__(self, state):
    for name, value in zip({names}, state):
        object.__setattr__(self, name, value)
"""
# A class's own methods of these names stay. With one of the others it is not written out.
_MAY_BE_OWN = {"__repr__", "__eq__", "__hash__"}
_MUST_BE_MADE = {"__init__", "__setattr__", "__delattr__", "__getstate__", "__setstate__"}
# What a dataclass may derive from beside classes of the modules.
_OUTSIDE = {"Exception", "Generic", "Protocol"}


def compile_again(paths: Iterable[Path], *, beside: bool) -> None:
    """Compile modules with their dataclasses written out, over what `compileall` made of them.

    `beside`: the compiled module lies beside its source, not in ``__pycache__``.
    """
    trees = {path: ast.parse(path.read_bytes()) for path in sorted(paths)}
    family = Family(trees.values())
    for path, tree in trees.items():
        if write_out(tree, family):
            compiled = path.with_suffix(".pyc")
            if not beside:
                compiled = Path(importlib.util.cache_from_source(str(path)))
            # What compileall wrote says where the module is deployed.
            deployed = marshal.loads(compiled.read_bytes()[16:]).co_filename  # noqa: S302 (ours)
            code = compile(tree, deployed, "exec", dont_inherit=True)
            # PEP 552: a file that is never compared with its source.
            head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
            source = importlib.util.source_hash(path.read_bytes())
            compiled.write_bytes(head + source + marshal.dumps(code))


class Family:
    """The classes of some modules by name. Those of one name count as one."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self._bases: dict[str, set[str]] = {}
        self._dataclasses = set[str]()
        for tree in trees:
            known = _decorators(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    self._bases.setdefault(node.name, set()).update(map(_last, node.bases))
                    if any(_name(one) in known for one in node.decorator_list):
                        self._dataclasses.add(node.name)

    def is_alone(self, node: ast.ClassDef) -> bool:
        """Return whether no dataclass is above or below one."""
        bases = {*map(_last, node.bases)}
        return (
            bases <= self._bases.keys() | _OUTSIDE
            and self._dataclasses.isdisjoint(self._above(bases))
            and not any(node.name in self._above(self._bases[other]) for other in self._dataclasses)
        )

    def _above(self, names: set[str]) -> set[str]:
        """Return classes and all that they derive from."""
        found, waiting = set[str](), [*names]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._bases.get(name, ())
        return found


def write_out(tree: ast.Module, family: Family) -> list[str]:
    """Write out the plain dataclasses of a module; return their names."""
    known = _decorators(tree)
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and len(node.decorator_list) == 1
        and _name(node.decorator_list[0]) in known
        and family.is_alone(node)
        and _write(node, node.decorator_list[0])
    ]


def _decorators(tree: ast.Module) -> set[str]:
    """Return the names that a module has for `dataclass`."""
    found = set[str]()
    for node in tree.body:
        if isinstance(node, ast.Import):
            modules = (one.asname or one.name for one in node.names if one.name == "dataclasses")
            found |= {f"{module}.dataclass" for module in modules}
        elif isinstance(node, ast.ImportFrom) and node.module == "dataclasses":
            found |= {one.asname or one.name for one in node.names if one.name == "dataclass"}
    return found


def _name(called: ast.expr) -> str:
    return ast.unparse(called.func if isinstance(called, ast.Call) else called)


def _last(base: ast.expr) -> str:
    named = base.value if isinstance(base, ast.Subscript) else base  # Generic[T]
    return ast.unparse(named).rpartition(".")[2]


def _write(node: ast.ClassDef, decorator: ast.expr) -> bool:
    """Write out one class; return False for one that is not plain."""
    options = decorator.keywords if isinstance(decorator, ast.Call) else []
    chosen = _options(options)
    fields = [
        part
        for part in node.body
        if isinstance(part, ast.AnnAssign) and "ClassVar" not in ast.unparse(part.annotation)
    ]
    own = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    for part in node.body:
        if isinstance(part, ast.Assign):
            own |= {ast.unparse(target) for target in part.targets}
    if chosen is None or not fields or own & _MUST_BE_MADE or not all(map(_is_plain, fields)):
        return False
    source = _source(node.name, fields, chosen, post_init="__post_init__" in own)
    for method in ast.parse(source).body:
        if isinstance(method, ast.FunctionDef) and method.name not in own & _MAY_BE_OWN:
            for inner in ast.walk(method):
                ast.copy_location(inner, node)
            node.body.append(method)
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    kept = [one for one in options if one.arg != "frozen"]
    unmade = [ast.keyword(name, ast.Constant(value=False)) for name in ("init", "repr", "eq")]
    node.decorator_list = [ast.copy_location(ast.Call(function, [], kept + unmade), decorator)]
    ast.fix_missing_locations(node)
    return True


def _options(keywords: list[ast.keyword]) -> set[str] | None:
    """Return the decorator's options that are on, or None if there is one that is not known."""
    found = set[str]()
    for one in keywords:
        if one.arg is None and _last(one.value) == "slots_true":
            found.add("slots")  # pydantic's, for interpreters that know slots
        elif one.arg in ("frozen", "kw_only", "slots") and isinstance(one.value, ast.Constant):
            found |= {one.arg} if one.value.value else set()
        else:
            return None
    return found


def _is_plain(field: ast.AnnAssign) -> bool:
    special = ("InitVar", "KW_ONLY")
    if not isinstance(field.target, ast.Name) or field.target.id.startswith("__"):
        return False
    if any(one in ast.unparse(field.annotation) for one in special):
        return False
    return _told(field) <= {"default", "default_factory", "metadata"}


def _told(field: ast.AnnAssign) -> set[str]:
    """Return what a ``field()`` says of a field; empty if there is none."""
    value = field.value
    if not isinstance(value, ast.Call) or _name(value).rpartition(".")[2] != "field":
        return set()
    return {one.arg or "**" for one in value.keywords}


def _argument(field: ast.AnnAssign) -> str:
    """Return a field's part of the signature.

    Its default is read in the body of the class, where it stands under the field's name: a value,
    or what ``field()`` returned.
    """
    name, told = ast.unparse(field.target), _told(field)
    if field.value is None or (told and not told & {"default", "default_factory"}):
        return name
    return f"{name}={name}.default" if "default" in told else f"{name}={name}"


def _source(cls: str, fields: list[ast.AnnAssign], chosen: set[str], *, post_init: bool) -> str:
    """Return the text of the methods."""
    names = [ast.unparse(field.target) for field in fields]
    put = "object.__setattr__(self, {0!r}, {0})" if "frozen" in chosen else "self.{0} = {0}"
    lines = []
    for name, field in zip(names, fields, strict=True):
        if "default_factory" in _told(field):
            # The default is what `field()` returned; nobody else passes that.
            same = f"{name} is {cls}.__dataclass_fields__[{name!r}]"
            lines.append(f"{name} = {name}.default_factory() if {same} else {name}")
        lines.append(put.format(name))
    if post_init:
        lines.append("self.__post_init__()")
    text = _METHODS
    if "frozen" in chosen:
        text += _FROZEN + (_FROZEN_SLOTS if "slots" in chosen else "")
    return text.format(
        cls=cls,
        names=tuple(names),
        arguments=", ".join((["*"] if "kw_only" in chosen else []) + [*map(_argument, fields)]),
        assignments="\n    ".join(lines),
        shown=", ".join(f"{name}={{self.{name}!r}}" for name in names),
        own=f"({', '.join(f'self.{name}' for name in names)},)",
        others=f"({', '.join(f'other.{name}' for name in names)},)",
    )
