"""``python -m infra.ops --stage prod recount|redrive|…``; see docs/operations.md."""

import argparse
import sys
from datetime import UTC, date, datetime

from rich.console import Console

from chalicelib.identity import documents
from chalicelib.identity.notices import Notice
from infra.ops import (
    deployment,
    erasures,
    families,
    kiosks,
    notices,
    partners,
    policies,
    recount,
    redrive,
    rotate,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.ops", description=__doc__)
    parser.add_argument("--stage", default="local", choices=("local", "dev", "prod"))
    commands = parser.add_subparsers(dest="command", required=True)

    counting = commands.add_parser("recount", help="compare the counters with the records")
    counting.add_argument("--venue", help="one venue's id; all venues if left out")
    counting.add_argument("--day", type=date.fromisoformat, help="YYYY-MM-DD; today if left out")
    counting.add_argument("--repair", action="store_true", help="repair a day that is over")

    driving = commands.add_parser("redrive", help="send dead-lettered messages back to their queue")
    driving.add_argument("queue", choices=redrive.QUEUES)

    turning = commands.add_parser("rotate", help="create a new token root, or retire one")
    turning.add_argument(
        "--retire", metavar="NUMBER", help="refuse the tokens that this root signed"
    )

    ruling = commands.add_parser(
        "policies",
        help="show or replace a region's policy",
        epilog=policies.help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ruling.add_argument("region", help="a GB/T 2260 code, a prefix of one, or *")
    ruling.add_argument("--set", metavar="JSON", help="the rules that differ from the default")

    sharing = commands.add_parser("partners", help="list or set the secrets shared with partners")
    sharing.add_argument("name", nargs="?", help="a secret's name; its value from standard input")

    erasing = commands.add_parser("erasures", help="list or carry out the erasures that are due")
    erasing.add_argument("action", choices=("list", "run"))
    erasing.add_argument("--at", type=_moment, help="as of this time, ISO 8601; now if left out")
    printing = commands.add_parser("kiosks", help="add, list or revoke kiosks")
    printing.add_argument("action", choices=("add", "list", "revoke"))
    printing.add_argument("kiosk", nargs="*", help="the name of a new kiosk, or the id of one")
    printing.add_argument("--region", help="the county of a new kiosk: a GB/T 2260 code")
    releasing = commands.add_parser(
        "notices", help="issue a notice that medical observation has ended"
    )
    releasing.add_argument("action", choices=("issue",))
    for name in ("began", "ended"):
        releasing.add_argument(f"--{name}", type=date.fromisoformat, required=True, metavar="DAY")
    types = [one.name for one in documents.TYPES]
    releasing.add_argument("--document-type", choices=types, default="resident_id")
    releasing.add_argument("--authority", required=True, help="who issues the notice")

    caring = commands.add_parser("families", help="show, end or transfer family links")
    caring.add_argument("action", choices=("list", "end", "transfer"))
    caring.add_argument("person", nargs="?", help="the id of the person, or of the dependant")
    caring.add_argument("--other", help="end: only the links with this person")
    caring.add_argument("--reason", choices=families.REASONS, help="end: why")
    caring.add_argument("--former", help="transfer: the id of the guardian who is replaced")
    caring.add_argument("--to", help="transfer: the id of the new guardian")
    caring.add_argument("--document-type", choices=types, default="resident_id")
    caring.add_argument("--office", required=True, help="who decided it, as the person sees it")

    given = parser.parse_args(arguments)
    console = Console()
    found = deployment.find(given.stage)
    match given.command:
        case "recount":
            return recount.run(
                found, venue=given.venue, day=given.day, mend=given.repair, console=console
            )
        case "redrive":
            return redrive.run(found, queue=given.queue, console=console)
        case "rotate":
            return rotate.run(found, number=given.retire, console=console)
        case "erasures":
            return erasures.run(found, action=given.action, at=given.at, console=console)
        case "notices":
            notice = Notice(given.began, given.ended, given.authority)
            return notices.run(
                found, notice=notice, document_type=given.document_type, console=console
            )
        case "families":
            return _families(parser, found, given, console)
        case "partners":
            return partners.run(found, name=given.name, console=console)
        case "kiosks":
            return kiosks.run(
                found,
                action=given.action,
                given=given.kiosk,
                region=given.region,
                console=console,
            )
        case _:
            return policies.run(found, region=given.region, rules=given.set, console=console)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _families(
    parser: argparse.ArgumentParser,
    found: deployment.Deployment,
    given: argparse.Namespace,
    console: Console,
) -> int:
    office = given.office
    if given.action == "list":
        return families.show(
            found, document_type=given.document_type, office=office, console=console
        )
    if given.action == "end" and not (given.person and given.reason):
        parser.error("end needs a person and --reason")
    if given.action == "end":
        return families.end(
            found, person_id=given.person, other_id=given.other, reason=given.reason,
            office=office, console=console,
        )  # fmt: skip
    if not (given.person and given.former and given.to):
        parser.error("transfer needs a person, --former and --to")
    return families.transfer(
        found, dependant_id=given.person, former_id=given.former, guardian_id=given.to,
        office=office, console=console,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
