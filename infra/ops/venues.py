"""The command ``venues``: issue a venue its code, as an officer decided who has seen the papers.

An officer may accept what the public may not enter: a credit code whose last character does not
follow GB 32100 (firms that registered in Xiamen before 2016), and a region that is newer than the
table (decision 0182). Everything else is checked as in ``POST /v1/venues``.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from chalicelib.core.clock import CHINA, local_day
from chalicelib.core.crypto import fingerprint
from chalicelib.core.errors import AppError, BadInput
from chalicelib.core.fields import canonical, parse
from chalicelib.core.messages import text
from chalicelib.core.normalisation import place_name
from chalicelib.core.submission import Submission
from chalicelib.identity import documents
from chalicelib.identity.people import Holder
from chalicelib.rendering import coverage
from chalicelib.venues.regions import region
from chalicelib.venues.schemas import VenueRequest
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.ops.officers import record_access, said, typed_number
from infra.ops.partners import typed


def issue(
    deployment: Deployment,
    *,
    path: Path,
    document_type: str,
    region_name: str,
    office: str,
    console: Console,
    read: Callable[[str], str] = typed,
) -> int:
    """Issue the venue of the application in `path` to the owner of a document.

    The file holds the body of ``POST /v1/venues``. The document number of the person who becomes
    administrator stands on standard input. Repeated with the same file, it issues nothing twice.
    Raises SystemExit if nothing was issued, naming what is wrong.
    """
    container = deployment.container()
    now = container.clock.now()
    try:
        body = parse(VenueRequest, path.read_bytes(), today=local_day(now, CHINA), officer=True)
    except OSError as error:
        raise _refused(f"{path}: {error.strerror}.") from None
    except BadInput as error:
        raise _refused(_faults(error)) from None
    name = place_name(region_name)
    if region(body.region) is None and not name:
        raise _refused(f"The table of regions lacks {body.region}: give its --region-name.")
    if lacking := coverage.missing(name):
        raise _refused(f"Posters cannot print {' '.join(lacking)}: write --region-name otherwise.")
    try:
        number = typed_number(document_type, read)
    except ValueError:
        raise _refused(f"This is no {document_type}.") from None
    blind = documents.blind(container.index, document_type, number)
    person_id = container.people.by_document(blind)
    if person_id is None:
        raise _refused("Nobody has registered this number.")
    run_id = container.ids.random()
    # The person sees that they were looked up (GO-7).
    record_access(container, blind, by="venues", office=office, correlation=run_id)
    applicant = Holder(container.people.load(person_id))
    submission = Submission(body.nonce, fingerprint(canonical(body)), run_id, now)
    try:
        issued = container.issuance.issue(applicant, body.application(name), submission)
    except BadInput as error:
        raise _refused(_faults(error)) from None
    except AppError as error:
        raise _refused(said(error)) from None
    done = "is issued" if issued.created else "was issued before"
    venue_id = issued.details.venue.venue_id
    console.print(f"{venue_id} {done}. Its administrator sees code and poster in the app.")
    if issued.number_shared:
        console.print(text("warning.number_shared", "en"))
    return 0


def _refused(reason: str) -> SystemExit:
    return SystemExit(f"Nothing was issued. {reason}")


def _faults(error: BadInput) -> str:
    """Return what is wrong in an application, field by field. No value is repeated."""
    return " ".join(
        f"{fault.pointer or 'The file'}: {text(f'field.{fault.code}', 'en', **dict(fault.params))}"
        for fault in error.fields
    )


HELP = "issue a venue its code, as an officer decided"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("issue",))
    parser.add_argument("application", type=Path, help="a file with the body of POST /v1/venues")
    types = [one.name for one in documents.TYPES]
    parser.add_argument("--document-type", choices=types, default="resident_id")
    parser.add_argument(
        "--region-name", type=inputs.name, help="a region that the table lacks: its full name"
    )
    parser.add_argument(
        "--office", type=inputs.name, required=True, help="who decided, as the person sees it"
    )


def destroys(_: Namespace) -> str:
    """Return what the command destroys: nothing."""
    return ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return issue(
        found,
        path=given.application,
        document_type=given.document_type,
        region_name=given.region_name or "",
        office=given.office,
        console=console,
    )
