"""The command ``cards``: paper passes for a village or a school, ten on each A4 page (JN-28).

The people are in a CSV file with the columns ``name``, ``document_type``, ``document_number``. One
who is not registered gets a card identity, without a login, as at a kiosk. A valid pass is printed
again; a person without one gets one. Run again, it issues nothing twice.
"""

import csv
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from chalicelib.admission.accesses import AccessKind, device_access
from chalicelib.bootstrap import Container
from chalicelib.core.clock import epoch_ms
from chalicelib.core.submission import Submission
from chalicelib.identity import documents
from chalicelib.identity.paper_passes import ISSUED_BY_OFFICER
from chalicelib.identity.passes import PassState, state_of
from chalicelib.identity.people import Holder, PersonRecord, Profile, Verification, mask_name
from chalicelib.identity.registration import Entry
from chalicelib.rendering import cards as drawing
from chalicelib.rendering import coverage
from infra.local.client import uuid7
from infra.ops.deployment import Deployment

COLUMNS = ("name", "document_type", "document_number")
HELP = "print paper passes for a village or school, ten on each page"
_FONTS = Path(__file__).parent.parent / "layers/render/fonts"
_LONGEST_NAME = 50
_PATIENCE = timedelta(seconds=90)
"""How long the identity provider may take, in seconds of `pause`."""


@dataclass
class Row:
    """A row of the file; `result` says what became of it."""

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
    parser.add_argument("--office", required=True, help="who orders it, as the people see it")
    parser.add_argument("--full-name", action="store_true", help="print names in full")


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

    Raises SystemExit for a file without the columns.
    """
    rows = list(_read(people))
    container = deployment.container()
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )
    with progress:
        task = progress.add_task("Looking up", total=len(rows))
        for row in rows:
            _identify(container, row, office)
            progress.advance(task)
        task = progress.add_task("Verified", total=len(rows))
        for _ in range(int(_PATIENCE.total_seconds())):
            for row in rows:
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
    table = Table("Row", "Name", "Result")
    for row in rows:
        masked = mask_name(row.entry.name) if row.entry else ""
        table.add_row(str(row.number), masked, row.result or "not verified yet: run it again")
    console.print(table)
    console.print(f"{len(drawn)} of {len(rows)} cards" + (f" in {out}" if drawn else ""))
    return 0 if len(drawn) == len(rows) else 1


def _read(path: Path) -> Iterator[Row]:
    # Spreadsheets write a byte order mark.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise SystemExit(f"{path} has no column {', '.join(sorted(missing))}.")
        for number, line in enumerate(reader, 1):
            name, kind, document = ((line[column] or "").strip() for column in COLUMNS)
            found = documents.find(kind)
            if found is None:
                yield Row(number, None, f"document_type: {kind} is none of the known types")
                continue
            try:
                entry = Entry(name, kind, found.canonical(document))
            except ValueError:
                yield Row(number, None, f"document_number: this is no {kind}")
                continue
            named = 0 < len(name) <= _LONGEST_NAME and name.isprintable()
            yield Row(number, entry) if named else Row(number, None, "name: missing or too long")


def _identify(container: Container, row: Row, office: str) -> None:
    if row.entry is None:
        return
    now, identities = container.clock.now(), container.card_identities
    blind = identities.blind(row.entry)
    run_id = container.ids.random()
    submission = Submission(uuid7(epoch_ms(now)), "", run_id, now)
    access = device_access(AccessKind.OFFICER, ISSUED_BY_OFFICER, office, submission)
    container.accesses.record(blind, access)
    row.person = identities.of(row.entry, blind, correlation=run_id, now=now)


def _issue(container: Container, row: Row, *, full_name: bool) -> None:
    """Issue the pass of a row whose person is verified by now, and set its card and result."""
    if row.person is None or row.result:
        return
    record = container.people.load(row.person.person_id)
    profile = record.profile
    if profile is None or profile.verification is Verification.REJECTED:
        row.result = "name and number do not match, or are not known"
    elif profile.verification is Verification.VERIFIED:
        row.card = _card(container, record, full_name=full_name)
        row.result = "printed"
        if absent := coverage.missing(row.card.name):
            row.card, row.result = None, f"the name cannot be printed: {absent[0]}"


def _card(container: Container, record: PersonRecord, *, full_name: bool) -> drawing.Card:
    now, holder = container.clock.now(), Holder(record)
    issued = record.paper_pass
    if issued is None or state_of(issued, record.profile, now) is not PassState.VALID:
        shown = container.paper_passes.issue(
            holder,
            full_name=full_name,
            replaces=issued.serial if issued else "",
            by=ISSUED_BY_OFFICER,
            correlation=container.ids.random(),
            now=now,
        )
        issued = shown.issued
    if issued is None:
        raise LookupError("an issued pass is shown")
    return container.card_contents.of(holder.profile, issued)
