"""`make demo` installs what it needs, and says how much that is."""

import json
import re
import subprocess
import sys
from importlib import metadata

import pytest

from infra.package import ROOT

LOCAL, TOOLS = "requirements-local.txt", "requirements-dev.txt"
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+) \\\n((?: +--hash=\S+(?: \\)?\n)+)", re.MULTILINE)
_BLOCKED = """
import importlib, json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is not installed by make demo", name=name)

blocked, modules = json.load(sys.stdin)
sys.meta_path.insert(0, Blocked())
for module in modules:
    importlib.import_module(module)
"""


def pins(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return version and hashes by package of a lock file."""
    found = _PIN.findall((ROOT / name).read_text())
    return {
        package: (version, frozenset(re.findall(r"sha256:\w+", hashes)))
        for package, version, hashes in found
    }


def test_both_locks_pin_the_same() -> None:
    local, tools = pins(LOCAL), pins(TOOLS)
    assert local
    assert local.items() <= tools.items()
    text = (ROOT / LOCAL).read_text() + (ROOT / TOOLS).read_text()
    assert not re.search(r"^-|://", text, re.MULTILINE)  # neither an index nor a folder of wheels


def test_the_demo_gets_nothing_that_only_tests_need() -> None:
    for package in ("sympy", "cfn-lint", "moto", "mypy", "fonttools", "pytest", "typst", "babel"):
        assert package in pins(TOOLS)
        assert package not in pins(LOCAL)


def test_the_demo_runs_on_what_it_installs() -> None:
    """Everything that the local cloud and the operator's commands import is in their lock."""
    installed = set(pins(LOCAL))
    blocked = [
        module
        for module, owners in metadata.packages_distributions().items()
        if not {re.sub("[-_.]+", "-", owner).lower() for owner in owners} & installed
    ]
    assert {"moto", "typst", "pytest"} <= set(blocked)
    local = [path.stem for path in (ROOT / "infra/local").glob("[a-z]*.py")]
    modules = [*(f"infra.local.{name}" for name in sorted(local)), "infra.local.sandbox.__main__"]
    modules += ["infra.ops.__main__", "infra.smoke", "chalice.cli", "app"]
    # By infra.local.pictures when it reads a picture, by the emulator when it deploys.
    modules += ["zxingcpp", "PIL.Image", "pypdfium2", "samtranslator.translator.transform"]
    ran = subprocess.run(  # noqa: S603 (this interpreter)
        [sys.executable, "-c", _BLOCKED],
        cwd=ROOT, input=json.dumps([blocked, modules]), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]


def size_mb(packages: set[str]) -> float:
    """Return how large installed packages are."""
    total = 0
    for package in packages:
        for file in metadata.files(package) or []:
            path = file.locate()
            total += path.stat().st_size if path.is_file() else 0  # type: ignore[attr-defined]
    return total / 1e6


@pytest.mark.parametrize("suffix", ["", "_ZH"])
def test_make_says_how_much_it_installs(suffix: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    local, tools = set(pins(LOCAL)), set(pins(TOOLS))
    for name, packages in (("LOCAL", local), ("TOOLS", tools - local)):
        said = re.search(rf"^{name}_SIZE{suffix} := (.+)", makefile, re.MULTILINE)
        assert said is not None
        count, megabytes = re.findall(r"(\d+) (?:packages|个软件包)[,，] ?(\d+) MB", said[1])[0]
        assert int(count) == len(packages)
        assert int(megabytes) == pytest.approx(size_mb(packages), rel=0.15)
