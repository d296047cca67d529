"""Check the client's builds: what they ask third parties for, how large they are, its colours.

    python -m infra.client_builds

`make client` makes them. A browser that opens the client for the first time on a 3G network
fetches at most `FIRST_VIEW_KB`; WeChat and Alipay take a package of at most `PACKAGE_MB`. A build
names no address of a third party, because nothing is fetched from there. The region's colours
(brand.json) can be read.
"""

import gzip
import json
import math
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.package import ROOT

FIRST_VIEW_KB = 150.0
PACKAGE_MB = 2.0
"""Of one package (WeChat, *分包加载*; Alipay, *小程序分包*)."""

# The grounds of notes, on which buttons stand.
_TINTS = ("bad-tint", "warn-tint", "info-tint")

# A text, its ground, and the least contrast (WCAG 2.2, 1.4.3 and 1.4.6): `brand-press` takes the
# place of `brand` for who asks for more.
_READ = (
    ("on-brand", "brand", 4.5),
    ("brand", "surface", 4.5),
    ("brand", "bg", 4.5),
    ("brand", "brand-tint", 4.5),
    *(("brand", tint, 4.5) for tint in _TINTS),
    ("on-brand", "brand-press", 7.0),
    ("brand-press", "surface", 7.0),
    ("brand-press", "bg", 7.0),
    ("brand-press", "brand-tint", 7.0),
    *(("brand-press", tint, 7.0) for tint in _TINTS),
    ("text", "brand-tint", 7.0),
    ("text-2", "brand-tint", 4.5),
)

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


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, `#rrggbb`, as WCAG 2.2 defines it: from 1 to 21."""
    light = []
    for colour in (one, other):
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        light.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(light) / min(light)


def unreadable(colours: Mapping[str, Mapping[str, str]], tokens: str) -> list[str]:
    """Return which texts in the region's colours have too little contrast, a line each.

    `colours` are those of brand.json, `tokens` the style sheet with all others.
    """
    found = []
    for look, block in (("light", ".vc"), ("dark", ".vc.dark")):
        own = colours[look]
        rules = tokens.split(f"\n{block} {{", 1)[1].split("}", 1)[0]
        all_of = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", rules)) | dict(own)
        wrong = [name for name, value in own.items() if not re.fullmatch("#[0-9a-fA-F]{6}", value)]
        found += [f"brand.json, {look}: {name} is not of the form #rrggbb" for name in wrong]
        for text, ground, least in _READ:
            if not {text, ground} & set(wrong):
                has = contrast(all_of[text], all_of[ground])
                if has < least:
                    found.append(
                        f"brand.json, {look}: {text} on {ground} has a contrast of "
                        f"{math.floor(100 * has) / 100:.2f}; {least:.2f} is needed"
                    )
    return found


def faults(client: Path, console: Console) -> list[str]:
    """Print the sizes of the builds below `client`; return what is wrong with them."""
    brand = json.loads((client / "src/brand.json").read_text())
    own = brand["api"]
    table = Table("build", "size", "limit", title="The client")
    wrong = unreadable(brand["colours"], (client / "src/styles/tokens.css").read_text())
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
