"""The command ``notices``: issue a notice that medical observation has ended (YK-37)."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import date

from rich.console import Console

from chalicelib.core.normalisation import is_printable, place_name
from chalicelib.identity import documents
from chalicelib.identity.notices import Notice
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.ops.officers import record_access, typed_number
from infra.ops.partners import typed

LONGEST_AUTHORITY = 50


def run(
    deployment: Deployment,
    *,
    notice: Notice,
    document_type: str,
    console: Console,
    read: Callable[[str], str] = typed,
) -> int:
    """Issue `notice` to the person whose document number stands on standard input.

    Repeated, it issues nothing twice. Raises SystemExit for an invalid notice or
    number, or if nobody has registered the number.
    """
    container = deployment.container()
    now = container.clock.now()
    if fault := _fault(notice, now.date()):
        raise SystemExit(f"Nothing was issued: {fault}.")
    try:
        number = typed_number(document_type, read)
    except ValueError:
        raise SystemExit(f"Nothing was issued: this is no {document_type}.") from None
    run_id = container.ids.random()
    blind = documents.blind(container.index, document_type, number)
    if container.people.by_document(blind) is None:
        raise SystemExit("Nothing was issued: nobody has registered this number.")
    # The person sees that they were looked up (GO-7); the notice itself names the authority.
    record_access(container, blind, by="notices", office="", correlation=run_id)
    if not container.notices.issue(document_type, number, notice, correlation=run_id, now=now):
        raise SystemExit("Nothing was issued: nobody has registered this number.")
    console.print("The notice is issued; the person sees it at once.")
    return 0


def _fault(notice: Notice, today: date) -> str:
    """Return what is wrong with a notice; empty if nothing is."""
    if notice.ended_on < notice.began_on:
        return "the observation ends before it begins"
    if (notice.ended_on - today).days > 1:  # it may be tomorrow in China
        return "the observation has not ended"
    authority = notice.authority
    printable = all(map(is_printable, authority))
    if not (printable and 0 < len(authority.strip()) <= LONGEST_AUTHORITY):
        return f"the authority is not a name of at most {LONGEST_AUTHORITY} characters"
    return ""


HELP = "issue a notice that medical observation has ended"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("issue",))
    for name in ("began", "ended"):
        parser.add_argument(f"--{name}", type=inputs.day, required=True, metavar="DAY")
    types = [one.name for one in documents.TYPES]
    parser.add_argument("--document-type", choices=types, default="resident_id")
    parser.add_argument("--authority", required=True, help="who issues the notice")


def destroys(_: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    notice = Notice(given.began, given.ended, place_name(given.authority))
    return run(found, notice=notice, document_type=given.document_type, console=console)
