"""Routes are registered from a table, and their modules are imported when one is first called.

A cold start pays for the modules of the routes that it serves. The decorators stay the source:
``python -m infra.routes`` writes the table from them, and `make verify` fails if it is out of date.
"""

import importlib
from collections.abc import Callable
from typing import Any

from chalice.app import Chalice

from chalicelib.api.route_table import ROUTES


def register(app: Chalice) -> None:
    """Register every route of the table, without its module."""
    for module, routes in ROUTES.items():
        for method, path, name in routes:
            view = _on_first_call(app, module, method, path)
            # Chalice names what it registers by the function. The options are `@endpoint`'s.
            view.__name__ = name
            app.route(path, methods=[method], content_types=["*/*"])(view)


def load(app: Chalice, module: str) -> None:
    """Import a module of routes, and put its own registrations in place of the table's."""
    blueprint = importlib.import_module(f"chalicelib.api.{module}").routes
    for method, path, _ in ROUTES[module]:
        del app.routes[path][method]
    app.register_blueprint(blueprint)


def import_all() -> None:
    """Import every module of routes, for what describes or checks all of them."""
    for module in ROUTES:
        importlib.import_module(f"chalicelib.api.{module}")


def _on_first_call(app: Chalice, module: str, method: str, path: str) -> Callable[..., Any]:
    def view(**parameters: str) -> Any:
        load(app, module)
        return app.routes[path][method].view_function(**parameters)

    return view
