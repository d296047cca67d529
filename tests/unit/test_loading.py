"""Routes that are imported on first use, compared with the same routes registered at once."""

import json
import os
import subprocess
import sys

from infra import routes
from tests.support import ROOT

COMPARED = """
import json, sys
from chalice.app import Chalice
import app
loaded = sorted(name for name in sys.modules if name.startswith("chalicelib.api."))
def described(of):
    return {
        f"{method} {path}": {
            name: repr(vars(value)) if name == "cors" else value
            for name, value in vars(route).items() if name != "view_function"
        } | {"view": route.view_function.__name__}
        for path, by_method in of.routes.items() for method, route in by_method.items()
    }
lazy = described(app.app)
from chalicelib.api import loading
from infra import routes
for module in routes.modules():
    loading.load(app.app, module)
print(json.dumps([lazy, described(app.app), loaded]))
"""
AT_THE_START = {"chalicelib.api.loading", "chalicelib.api.route_table"}


def alone(code: str) -> str:
    """What a new interpreter prints. A Blueprint can be registered once, and others do it here."""
    ended = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VC_TABLE": "t", "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_table_registers_what_the_decorators_do() -> None:
    lazy, eager, loaded = json.loads(alone(COMPARED))
    assert lazy == eager
    assert len(lazy) > 50
    assert set(loaded) == AT_THE_START


def test_the_table_is_what_the_decorators_give() -> None:
    """`make verify` checks it, too; here it fails beside the tests of a new route."""
    rendered = alone("from infra import routes; print(routes.render(), end='')")
    assert routes.TARGET.read_text() == rendered, "run .venv/bin/python -m infra.routes"
