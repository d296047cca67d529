"""The command ``families``: show, end or transfer family links, as an officer decided (JN-27)."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from rich.console import Console

from chalicelib.bootstrap import Container
from chalicelib.core import ids
from chalicelib.core.errors import Conflict
from chalicelib.identity import documents
from chalicelib.identity.dependants import is_adult
from chalicelib.identity.family import Proof
from chalicelib.identity.people import PersonRecord, Profile
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.ops.officers import record_access, typed_number
from infra.ops.partners import typed
from infra.tables import FittingTable

REASONS = ("death", "court", "request")


def show(
    deployment: Deployment,
    *,
    document_type: str,
    office: str,
    console: Console,
    read: Callable[[str], str] = typed,
) -> int:
    """Print the family of the person whose document number stands on standard input.

    Raises SystemExit for an invalid number, or if nobody has registered it.
    """
    container = deployment.container()
    try:
        number = typed_number(document_type, read)
    except ValueError:
        raise SystemExit(f"Nothing is shown: this is no {document_type}.") from None
    blind = documents.blind(container.index, document_type, number)
    person_id = container.people.by_document(blind)
    if person_id is None:
        raise SystemExit("Nothing is shown: nobody has registered this number.")
    record, profile = _load(container, person_id)
    _record_access(container, profile, office)
    table = FittingTable("Is", "Person", "Name", "Since", "Until", "By")
    name = container.masked_people.name
    table.add_row("the person", person_id, name(profile), "", "", "")
    for kind, links in (("guardian", record.guardians), ("dependant", record.dependants)):
        profiles = container.people.profiles(list(links)) if links else {}
        for other_id, link in links.items():
            other = profiles.get(other_id)
            until = link.until.isoformat() if link.until else ""
            shown = name(other) if other else ""
            since = link.since.isoformat()
            table.add_row(kind, other_id, shown, since, until, link.proof.value)
    console.print(table)
    return 0


def end(
    deployment: Deployment,
    *,
    person_id: str,
    other_id: str | None,
    reason: str,
    office: str,
    console: Console,
) -> int:
    """End the links between two people, or all links of one.

    A death also revokes the person's paper pass. Repeated, it changes nothing more. Raises
    SystemExit for an invalid id, or a person who is not registered.
    """
    container = deployment.container()
    record, profile = _load(container, person_id)
    now = container.clock.now()
    run_id = container.ids.random()
    linked = {other_id} if other_id else {*record.guardians, *record.dependants}
    _record_access(container, profile, office)  # first: a run that dies is on the list
    for other in sorted(linked):
        _load(container, other)
        for pair in ((other, person_id), (person_id, other)):
            container.dependants.remove(*pair, correlation=run_id, now=now)
    if other_id is None:
        container.family_links.forget(person_id)  # those that had ended, too
    issued = container.people.load(person_id).paper_pass
    if reason == "death" and issued is not None and not issued.revoked:
        container.issued_passes.revoke(person_id, issued, at=now, correlation=run_id)
    console.print(f"Ended, because of: {reason}. It counts at the next request.")
    return 0


def transfer(
    deployment: Deployment,
    *,
    dependant_id: str,
    former_id: str,
    guardian_id: str,
    office: str,
    console: Console,
) -> int:
    """Give a dependant to another guardian, in place of `former_id`.

    A paper pass that the former guardian issued ends. Raises SystemExit if the new guardian is no
    verified adult or has eight dependants, or if there is no such link.
    """
    container = deployment.container()
    record, dependant = _load(container, dependant_id)
    _, guardian = _load(container, guardian_id)
    now = container.clock.now().replace(microsecond=0)
    link = record.guardians.get(former_id)
    if link is None or guardian_id in (dependant_id, former_id):
        raise SystemExit("Nothing was changed: there is no such link.")
    if not is_adult(guardian, container.vault, now):
        raise SystemExit("Nothing was changed: the new guardian is not of age.")
    _record_access(container, dependant, office)  # first: a run that dies is on the list
    moved = link._replace(proof=Proof.OFFICER, since=now)
    try:
        container.family_links.transfer(former_id, guardian, dependant, moved)
    except Conflict as conflict:
        raise SystemExit(f"Nothing was changed: {conflict.code}.") from None
    run_id = container.ids.random()
    container.dependants.remove(former_id, dependant_id, correlation=run_id, now=now)
    console.print("Transferred. It counts at the next request.")
    return 0


def _load(container: Container, person_id: str) -> tuple[PersonRecord, Profile]:
    if not ids.is_id(person_id, "per"):
        raise SystemExit("Nothing was changed: this is no person's id.")
    record = container.people.load(person_id)
    if record.profile is None or not record.profile.document_blind:
        raise SystemExit("Nothing was changed: nobody is registered under this id.")
    return record, record.profile


def _record_access(container: Container, profile: Profile, office: str) -> None:
    blind, run_id = profile.document_blind, container.ids.random()
    record_access(container, blind, by="families", office=office, correlation=run_id)


HELP = "show, end or transfer family links"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "end", "transfer"))
    parser.add_argument(
        "person", nargs="?", type=inputs.person_id, help="the id of the person, or of the dependant"
    )
    parser.add_argument(
        "--other", type=inputs.person_id, help="end: only the links with this person"
    )
    parser.add_argument("--reason", choices=REASONS, help="end: why")
    parser.add_argument(
        "--former", type=inputs.person_id, help="transfer: the id of the guardian who is replaced"
    )
    parser.add_argument("--to", type=inputs.person_id, help="transfer: the id of the new guardian")
    types = [one.name for one in documents.TYPES]
    parser.add_argument("--document-type", choices=types, default="resident_id")
    parser.add_argument(
        "--office", type=inputs.name, required=True, help="who decided it, as the person sees it"
    )


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return "ends family links" if given.action != "list" else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    office = given.office
    if given.action == "list":
        return show(found, document_type=given.document_type, office=office, console=console)
    if given.action == "end":
        if not (given.person and given.reason):
            raise SystemExit("end needs a person and --reason")
        return end(
            found, person_id=given.person, other_id=given.other, reason=given.reason,
            office=office, console=console,
        )  # fmt: skip
    if not (given.person and given.former and given.to):
        raise SystemExit("transfer needs a person, --former and --to")
    return transfer(
        found, dependant_id=given.person, former_id=given.former, guardian_id=given.to,
        office=office, console=console,
    )  # fmt: skip
