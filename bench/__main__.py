"""Run every measurement, write ``bench/results.json``, print the table."""

import logging
import os
import shutil
import sys
import zipfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import cards, cost, figures, kinds, lists, pipeline, posters, scans, throttle
from bench.scene import environment
from bench.stub import ROOT, running
from infra.package import BuildError, package

_PARTS = 10


def _unpacked(code: Path, digest: str) -> Path:
    """Return the package as Lambda lays it out; kept until another one is built."""
    folder = ROOT / "build/bench" / digest[:16]
    if not folder.exists():
        shutil.rmtree(folder.parent, ignore_errors=True)
        with zipfile.ZipFile(code) as archive:
            archive.extractall(folder)
    return folder


def main() -> int:
    """Run the bench. The exit status says whether it ran, not whether the goals are met."""
    logging.disable(logging.INFO)  # a line a request would stand between the rows
    console = Console()
    found: list[figures.Figure] = []
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip
    with progress:
        task = progress.add_task("", total=_PARTS)

        def step(what: str) -> None:
            progress.update(task, description=what)

        def add(*more: figures.Figure) -> None:
            found.extend(more)
            progress.advance(task)

        try:
            built = package("prod", step=step)
        except BuildError as error:
            console.print(f"[red]{error}[/red]", highlight=False)
            return 1
        unpacked = _unpacked(built.code, built.digest)
        size = built.code.stat().st_size / 1e6
        add(figures.Figure("package_mb", size, "MB", 20, 12))
        with running() as stub:
            os.environ.update(environment(stub))
            add(*scans.counts(stub, step))
            add(*scans.warm(stub, unpacked, step))
            add(*scans.cold(stub, unpacked, step))
            add(*lists.figures(stub, step))
            add(pipeline.figure(stub, unpacked, step))
        measured = kinds.measure(step)
        add(*kinds.figures(measured), *cost.figures(measured))
        step("Throwing shards onto partitions")
        add(throttle.figure())
        add(posters.figure(step))
        add(cards.figure(step))
    figures.write(found)
    for one in kinds.tables(measured):
        console.print(one)
    console.print(figures.table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
