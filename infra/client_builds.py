"""Check the client's builds: what they ask third parties for, and how large they are.

    python -m infra.client_builds

`make client` makes them. A browser that opens the client for the first time on a 3G network
fetches at most `FIRST_VIEW_KB`; WeChat and Alipay take a package of at most `PACKAGE_MB`. A build
names no address of a third party, because nothing is fetched from there.
"""

import gzip
import json
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.package import ROOT

FIRST_VIEW_KB = 150.0
PACKAGE_MB = 2.0
"""Of one package (WeChat, *分包加载*; Alipay, *小程序分包*)."""

_ADDRESS = re.compile(r"(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+[^\s\"'`)<>\\]*", re.IGNORECASE)
# Names, not addresses that anything fetches: XML namespaces, and what Vue and uni-app print with an
# error.
_NAMES = (
    "http://www.w3.org/",
    "https://vuejs.org/error-reference/",
    "https://uniapp.dcloud.net.cn/tutorial/run/mp-log.html",
)
_TEXTS = (".html", ".js", ".css", ".json", ".wxss", ".wxml", ".acss", ".axml", ".wxs", ".sjs")


def third_parties(folder: Path, own: str = "") -> list[str]:
    """Return the addresses of third parties in a build: a line each, with its file.

    `own` is the API's address, which a mini-program holds.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _TEXTS:
            continue
        for address in sorted(set(_ADDRESS.findall(path.read_text(errors="replace")))):
            if not address.startswith(_NAMES) and not (own and address.startswith(own)):
                found.append(f"{path.relative_to(folder)}: {address}")
    return found


def first_view(folder: Path) -> dict[str, int]:
    """Return what a browser fetches until home shows: sizes in bytes after gzip, by file.

    These are index.html and what it names, which is all that home needs (vite.config.ts).
    """
    index = folder / "index.html"
    named = re.findall(r"(?:src|href)=\"\./([^\"]+)\"", index.read_text())
    if not any(re.fullmatch(r"assets/home\.[^/]+\.js", name) for name in named):
        raise ValueError("index.html does not name the file of the page home")
    names = {"index.html", *named}
    return {name: len(gzip.compress((folder / name).read_bytes(), 6)) for name in sorted(names)}


def size_mb(folder: Path) -> float:
    """Return the size of a build in MB of a million bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def faults(client: Path, console: Console) -> list[str]:
    """Print the sizes of the builds below `client`; return what is wrong with them."""
    own = json.loads((client / "src/brand.json").read_text())["api"]
    table = Table("build", "size", "limit", title="The client")
    wrong = []
    for name in ("h5", "mp-weixin", "mp-alipay"):
        folder = client / "dist/build" / name
        if not any(folder.glob("*")):
            wrong.append(f"{name} is not built: make client")
            continue
        wrong += [f"{name}, {line}" for line in third_parties(folder, own)]
        size = size_mb(folder)
        limit = PACKAGE_MB if name.startswith("mp-") else None
        table.add_row(name, f"{size:.2f} MB", f"{limit:.0f} MB" if limit else "")
        if limit and size > limit:
            wrong.append(f"{name} has {size:.2f} MB; a package may have {limit:.0f} MB")
        if name == "h5":
            kb = sum(first_view(folder).values()) / 1e3
            table.add_row("h5, first view, gzip", f"{kb:.0f} kB", f"{FIRST_VIEW_KB:.0f} kB")
            if kb > FIRST_VIEW_KB:
                wrong.append(f"The first view has {kb:.0f} kB; the limit is {FIRST_VIEW_KB:.0f} kB")
    console.print(table)
    return wrong


def main() -> int:
    """Check all builds; print sizes and what is wrong; return 1 if anything is."""
    wrong = faults(ROOT / "client", Console())
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
