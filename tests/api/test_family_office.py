"""What an officer decides about a family, carried out by an operator's command (JN-27)."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from chalicelib.identity.family import Proof
from infra.ops import families
from tests.api.driver import Person, World
from tests.api.families import (
    Relative,
    added,
    by_consent,
    by_household,
    code_of,
    dependants,
    guardians,
    health,
)

OFFICE = "信宜市民政局"


def run(world: World, command: Callable[..., int], **arguments: Any) -> str:
    """Run a command as an operator does; return what it prints."""
    printed = io.StringIO()
    console = Console(file=printed, width=200)
    assert command(world.deployment(), office=OFFICE, console=console, **arguments) == 0
    return printed.getvalue()


def family(world: World) -> tuple[Person, Person, str]:
    """Return two parents and the id of their child."""
    mother, father, child = world.visitor(), world.visitor(), Relative.born(world)
    person_id = added(by_household(mother, child))
    world.work()
    by_household(father, child).expect(201)
    return mother, father, person_id


def test_a_family_is_listed_with_masked_names_and_the_person_sees_it(world: World) -> None:
    guardian, elder = world.visitor(), world.visitor()
    by_consent(guardian, code_of(elder)).expect(201)
    printed = run(world, families.show, document_type="resident_id", read=lambda _: elder.number)
    assert elder.person_id in printed
    assert guardian.person_id in printed
    assert elder.name not in printed
    assert guardian.name not in printed
    (access,) = elder.get("/v1/me/accesses").expect(200)["items"]
    assert OFFICE in str(access)


def test_a_guardians_death_ends_the_links_and_revokes_the_pass(world: World) -> None:
    mother, father, person_id = family(world)
    mother.post("/v1/me/pass/paper", {"name": "masked"}).expect(202)
    path = f"/v1/me/dependants/{person_id}/pass/paper"
    mother.post(path, {"name": "masked"}).expect(202)
    for _ in range(2):
        run(
            world, families.end, person_id=mother.person_id, other_id=None, reason="death",
        )  # fmt: skip
    assert dependants(mother) == []
    assert mother.get("/v1/me/pass/paper").expect(200)["state"] == "revoked"
    (left,) = dependants(father)
    assert (left["person_id"], left["has_paper_pass"]) == (person_id, False)


def test_one_link_is_ended_by_a_court(world: World) -> None:
    mother, father, person_id = family(world)
    run(
        world, families.end, person_id=person_id, other_id=father.person_id, reason="court",
    )  # fmt: skip
    health(father, person_id).expect(403, "not_your_dependant")
    health(mother, person_id).expect(200)


@pytest.mark.requirement("JN-27")
def test_a_child_is_transferred(world: World) -> None:
    mother, father, person_id = family(world)
    aunt = world.visitor()
    former = {"dependant_id": person_id, "former_id": mother.person_id}
    run(world, families.transfer, **former, guardian_id=aunt.person_id)
    health(mother, person_id).expect(403, "not_your_dependant")
    (moved,) = dependants(aunt)
    assert (moved["relation"], moved["method"]) == ("child", "officer")
    assert moved["until"].startswith("2033-04-23T16")
    health(father, person_id).expect(200)
    with pytest.raises(SystemExit, match="no such link"):
        run(world, families.transfer, **former, guardian_id=aunt.person_id)


def test_an_interrupted_transfer_is_finished_by_an_end(world: World) -> None:
    mother, _, person_id = family(world)
    aunt = world.visitor()
    mother.post(f"/v1/me/dependants/{person_id}/pass/paper", {"name": "masked"}).expect(202)
    container = world.deployment().container()
    link = container.people.load(person_id).guardians[mother.person_id]
    container.family_links.transfer(
        mother.person_id,
        container.people.profiles([aunt.person_id])[aunt.person_id],
        container.people.profiles([person_id])[person_id],
        link._replace(proof=Proof.OFFICER),
    )  # and here the run was interrupted
    (moved,) = dependants(aunt)
    assert moved["has_paper_pass"]
    run(
        world, families.end, person_id=person_id, other_id=mother.person_id, reason="request",
    )  # fmt: skip
    (kept,) = dependants(aunt)
    assert (kept["person_id"], kept["has_paper_pass"]) == (person_id, False)


def test_a_child_is_not_transferred_to_a_minor_or_to_somebody_unverified(world: World) -> None:
    mother, _, person_id = family(world)
    young, newcomer = world.person(), world.person()
    brother = Relative.born(world, "20100101", 7)
    young.name, young.number = brother.name, brother.number
    young.register().expect(202)
    world.work()
    newcomer.register().expect(202)
    former = {"dependant_id": person_id, "former_id": mother.person_id}
    with pytest.raises(SystemExit, match="not of age"):
        run(world, families.transfer, **former, guardian_id=young.person_id)
    with pytest.raises(SystemExit, match="version_conflict"):
        run(world, families.transfer, **former, guardian_id=newcomer.person_id)
    with pytest.raises(SystemExit, match="nobody is registered"):
        run(world, families.transfer, **former, guardian_id="per_0000000000000000")
    assert len(dependants(mother)) == 1


def test_what_is_no_number_or_id_is_refused(world: World) -> None:
    with pytest.raises(SystemExit, match="no resident_id"):
        run(world, families.show, document_type="resident_id", read=lambda _: "1")
    unknown = Relative.born(world)
    with pytest.raises(SystemExit, match="nobody has registered"):
        run(world, families.show, document_type="resident_id", read=lambda _: unknown.number)
    with pytest.raises(SystemExit, match="no person's id"):
        run(world, families.end, person_id="x", other_id=None, reason="death")
    person = world.visitor()
    assert guardians(person) == []
