"""Import some modules of libraries when they are used, instead of when the library is imported.

Packaging rewrites these files of libraries. Our functions never use what they import, and
to import it costs a cold start a twentieth. Sources in the environment are not touched.
"""

import ast
from collections.abc import Iterator, Set
from pathlib import Path

LATE: dict[str, Set[str]] = {
    # Documentation for `help()` is made by a parser of HTML.
    "botocore/docs/__init__.py": {"botocore.docs.service"},
    "botocore/docs/docstring.py": {
        "botocore.docs.bcdoc.restdoc",
        "botocore.docs.method",
        "botocore.docs.paginator",
        "botocore.docs.waiter",
    },
    # Paginators, waiters, and operations whose endpoint depends on a path into what is sent.
    "botocore/paginate.py": {"jmespath"},
    "botocore/regions.py": {"jmespath"},
    "botocore/waiter.py": {"jmespath"},
    # Versions and plugins of installed packages.
    "pydantic/plugin/_loader.py": {"importlib.metadata"},
    "urllib3/http2/__init__.py": {"importlib.metadata"},
}
"""Modules that a file imports late, by the file's path in a folder of packages."""

_Import = ast.Import | ast.ImportFrom
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def put(packages: Path) -> None:
    """Rewrite the files of `LATE` in a folder of packages; one of its libraries may be missing.

    Raises ValueError if a library's new release can no longer be rewritten so.
    """
    for name, modules in LATE.items():
        path = packages / name
        if (packages / name.partition("/")[0]).exists():
            path.write_text(imported_late(path.read_text(), modules))


def imported_late(source: str, modules: Set[str]) -> str:
    """Return a module that imports `modules` just before its functions use them, each time anew.

    Raises ValueError if it does not import one at its top, or uses one outside its functions.
    """
    tree = ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, _Import)]
    moved = [node for node in imports if (names := _imported(node)) and names <= modules]
    if missing := modules - {name for node in moved for name in _imported(node)}:
        raise ValueError(f"not imported: {sorted(missing)}")
    tree.body = [node for node in tree.body if node not in moved]
    for function in _functions(tree):
        for node in moved:
            _put(node, function.body)
    everywhere = {name for node in moved for name in _bound(node)}
    for part in _outside_functions(tree):
        if isinstance(part, ast.Name) and part.id in everywhere:
            raise ValueError(f"{part.id} is used when the module is imported")
    return ast.unparse(tree)


def _put(moved: _Import, block: list[ast.stmt]) -> None:
    """Put an import into a block, before its first use there, or into the blocks within."""
    for place, statement in enumerate(block):
        blocks = list(_blocks(statement))
        within = {id(node) for inner in blocks for one in inner for node in ast.walk(one)}
        used = [node for node in ast.walk(statement) if _uses(node, moved)]
        if any(id(node) not in within for node in used):
            block.insert(place, moved)
            return
        if used:
            for inner in blocks:
                _put(moved, inner)


def _blocks(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    """Return the blocks of a statement, such as those of an `if` or a `try`."""
    if isinstance(statement, _Function | ast.ClassDef):
        return
    for _, value in ast.iter_fields(statement):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            yield value
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, ast.ExceptHandler | ast.match_case):
                    yield from _blocks(part)


def _uses(node: ast.AST, moved: _Import) -> bool:
    return isinstance(node, ast.Name) and node.id in _bound(moved)


def _imported(node: _Import) -> Set[str]:
    """Return the modules that a statement imports, or nothing if it is relative."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module} if node.module and not node.level else set()


def _bound(node: _Import) -> Set[str]:
    """Return the names that a statement binds."""
    return {alias.asname or alias.name.partition(".")[0] for alias in node.names}


def _functions(tree: ast.AST) -> Iterator[_Function]:
    """Return the functions and methods of a module, without those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Function):
            yield node
        else:
            yield from _functions(node)


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Return what runs when a module is imported: all but the bodies of functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Function):
            for part in (*node.decorator_list, node.args, *filter(None, [node.returns])):
                yield from ast.walk(part)
        else:
            yield node
            yield from _outside_functions(node)
