"""Registries that are packages: a module beside the others is registered."""

import importlib
import os
from collections.abc import Iterable
from typing import Any


def members(package: str, path: Iterable[str], attribute: str, *, beside: str = "") -> list[Any]:
    """Return the `attribute` of each module of a package, in the order of the modules' names.

    `path` is the package's ``__path__``; `beside` is a module that registers nothing. Raises
    AttributeError for another one that does not. The folders are listed, for `pkgutil` costs a
    cold start more than all modules here.
    """
    files = [name for folder in path for name in os.listdir(folder)]
    names = sorted(name.removesuffix(".py") for name in files if name.endswith(".py"))
    return [
        getattr(importlib.import_module(f"{package}.{name}"), attribute)
        for name in names
        if name not in ("__init__", beside)
    ]
