"""The command ``cards``: paper passes for a village or a school, ten on each A4 page (JN-28).

The people are in a CSV file with the columns ``name``, ``document_type``, ``document_number``. One
who is not registered gets a card identity, without a login, as at a kiosk. A valid pass is printed
again; a person without one gets one. Run again, it issues nothing twice.
"""

import csv
import json
import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from chalicelib.bootstrap import Container
from chalicelib.core.clock import CHINA, local_day
from chalicelib.core.errors import AppError, BadInput
from chalicelib.core.fields import parse
from chalicelib.core.messages import text
from chalicelib.identity.paper_passes import ISSUED_BY_OFFICER
from chalicelib.identity.passes import valid_pass
from chalicelib.identity.people import Holder, PersonRecord, Profile, Verification, mask_name
from chalicelib.identity.registration import Entry
from chalicelib.identity.schemas import CheckSubject
from chalicelib.rendering import cards as drawing
from chalicelib.rendering import coverage
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.ops.officers import record_access, said
from infra.tables import FittingTable

COLUMNS = ("name", "document_type", "document_number")
HELP = "print paper passes for a village or school, ten on each page"
_FONTS = Path(__file__).parent.parent / "layers/render/fonts"
_PATIENCE = timedelta(seconds=90)
"""How long the identity provider may take, in seconds of `pause`."""


@dataclass
class Row:
    """A row of the file; `result` is the outcome that is printed; empty until it is known."""

    number: int
    entry: Entry | None
    result: str = ""
    person: Profile | None = None
    card: drawing.Card | None = field(default=None, repr=False)

    @property
    def waits(self) -> bool:
        """Whether the person is being verified."""
        return self.person is not None and not self.result


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("people", type=Path, help=f"a CSV file with {', '.join(COLUMNS)}")
    parser.add_argument("--out", type=Path, required=True, help="the PDF to write")
    parser.add_argument(
        "--office", type=inputs.name, required=True, help="who orders it, as the people see it"
    )
    parser.add_argument("--full-name", action="store_true", help="print names in full")


def destroys(_: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(
        found, people=given.people, out=given.out, office=given.office,
        full_name=given.full_name, console=console,
    )  # fmt: skip


def run(
    deployment: Deployment,
    *,
    people: Path,
    out: Path,
    office: str,
    full_name: bool,
    console: Console,
    pause: Callable[[], None] = lambda: time.sleep(1),
) -> int:
    """Write the PDF, and a result for each row. Return 1 if a row has no card.

    A row that fails does not stop the others. Raises SystemExit for a file without the columns, not
    in UTF-8 or not of CSV, and for a PDF that cannot be written, before anything is issued.
    """
    container = deployment.container()
    import_module("typst")  # which draws the cards; if it is missing, nothing is issued
    if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise SystemExit(f"{out} cannot be written: give --out a file in a folder of yours.")
    try:
        rows = list(_read(people, local_day(container.clock.now(), CHINA)))
    except UnicodeDecodeError:
        raise SystemExit(f"{people} is not in UTF-8: please save it as “CSV UTF-8”.") from None
    except csv.Error as error:
        raise SystemExit(f"{people} is not in CSV: {error}.") from None
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )
    with progress:
        task = progress.add_task("Looking up", total=len(rows))
        for row in rows:
            with _reported(row):
                _identify(container, row, office)
            progress.advance(task)
        task = progress.add_task("Verified", total=len(rows))
        for _ in range(int(_PATIENCE.total_seconds())):
            for row in rows:
                with _reported(row):
                    _issue(container, row, full_name=full_name)
            waiting = sum(row.waits for row in rows)
            progress.update(task, completed=len(rows) - waiting)
            if not waiting:
                break
            pause()
        drawn = [row.card for row in rows if row.card is not None]
        if drawn:
            task = progress.add_task("Drawing", total=len(drawn))
            pdf = drawing.render_cards(
                drawn,
                fonts=_FONTS,
                timestamp=int(container.clock.now().timestamp()),
                progress=lambda done: progress.update(task, completed=done),
            )
            out.write_bytes(pdf)
    table = FittingTable("Row", "Name", "Result")
    for row in rows:
        masked = mask_name(row.entry.name) if row.entry else ""
        result = row.result or "not verified yet: run it again"
        table.add_row(str(row.number), masked, result)
    console.print(table)
    console.print(f"{len(drawn)} of {len(rows)} cards" + (f" in {out}" if drawn else ""))
    return 0 if len(drawn) == len(rows) else 1


def _read(path: Path, today: date) -> Iterator[Row]:
    # Spreadsheets write a byte order mark.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise SystemExit(f"{path} has no column {', '.join(sorted(missing))}.")
        for number, line in enumerate(reader, 1):
            given = {column: (line[column] or "").strip() for column in COLUMNS}
            try:
                # As routes read them: composed, without marks that cannot be seen.
                subject = parse(CheckSubject, json.dumps(given), today=today)
            except BadInput as error:
                yield Row(number, None, _faults(error, given))
                continue
            entry = Entry(subject.name, subject.document_type, subject.document_number)
            yield Row(number, entry)


def _faults(error: BadInput, given: Mapping[str, str]) -> str:
    """Return what is wrong in a row; of the cells, only the type is repeated."""
    return " ".join(
        f"{field}: {text(f'field.{fault.code}', 'en', **dict(fault.params))}"
        + (f" ({given[field]})" if field == "document_type" else "")
        for fault in error.fields
        for field in [fault.pointer.removeprefix("/")]
    )


@contextmanager
def _reported(row: Row) -> Iterator[None]:
    """Make an error the result of its row."""
    try:
        yield
    except AppError as error:
        row.result = f"{said(error)} Run it again."


def _identify(container: Container, row: Row, office: str) -> None:
    if row.entry is None:
        return
    identities = container.card_identities
    blind = identities.blind(row.entry)
    run_id = container.ids.random()
    record_access(container, blind, by=ISSUED_BY_OFFICER, office=office, correlation=run_id)
    now = container.clock.now()
    row.person = identities.of(row.entry, blind, correlation=run_id, now=now)


def _issue(container: Container, row: Row, *, full_name: bool) -> None:
    """Issue the pass of a row whose person is verified by now, and set its card and result.

    A full name that the fonts lack is printed masked: its owner may have no phone to choose that.
    """
    if row.person is None or row.result:
        return
    record = container.people.load(row.person.person_id)
    profile = record.profile
    if profile is None or profile.verification is Verification.REJECTED:
        row.result = "name and number do not match, or are not known"
    elif profile.verification is Verification.VERIFIED:
        printable = row.entry is not None and not coverage.missing(row.entry.name)
        row.card = _card(container, record, full_name=full_name and printable)
        row.result = "printed"
        if absent := coverage.missing(row.card.name):
            row.card, row.result = None, f"the name cannot be printed: {absent[0]}"


def _card(container: Container, record: PersonRecord, *, full_name: bool) -> drawing.Card:
    now, holder = container.clock.now(), Holder(record)
    issued = valid_pass(record, now)
    if issued is None:
        shown = container.paper_passes.issue(
            holder,
            full_name=full_name,
            replaces=record.paper_pass.serial if record.paper_pass else "",
            by=ISSUED_BY_OFFICER,
            correlation=container.ids.random(),
            now=now,
        )
        issued = shown.issued
    if issued is None:
        raise LookupError("an issued pass is shown")
    return container.card_contents.of(holder.profile, issued)
