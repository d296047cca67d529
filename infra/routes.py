"""Write ``chalicelib/api/route_table.py`` from the decorators of the routes.

`make verify` fails if it was out of date.

python -m infra.routes
"""

import importlib
from pathlib import Path

from chalice.app import Blueprint, Chalice

API = Path(__file__).absolute().parents[1] / "chalicelib" / "api"
TARGET = API / "route_table.py"
_HEAD = '''"""All routes by module: method, path, name. Generated: python -m infra.routes."""

# fmt: off
ROUTES: dict[str, tuple[tuple[str, str, str], ...]] = {
'''


def modules() -> list[str]:
    """Return the names of the modules of `chalicelib.api` that have routes."""
    found = []
    for path in sorted(API.glob("*.py")):
        # The table is what is being written, and the loader reads it.
        if path.stem in ("__init__", "loading", "openapi", TARGET.stem):
            continue
        module = importlib.import_module(f"chalicelib.api.{path.stem}")
        if isinstance(getattr(module, "routes", None), Blueprint):
            found.append(path.stem)
    return found


def render() -> str:
    """Return the table as the text of a module."""
    text = _HEAD
    for module in modules():
        app = Chalice(app_name="routes", configure_logs=False)
        app.register_blueprint(importlib.import_module(f"chalicelib.api.{module}").routes)
        text += f'    "{module}": (\n'
        for path, by_method in sorted(app.routes.items()):
            for method, route in sorted(by_method.items()):
                text += f'        ("{method}", "{path}", "{route.view_name}"),\n'
        text += "    ),\n"
    return text + "}\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
