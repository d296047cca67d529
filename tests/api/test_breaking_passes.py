"""Attacks on paper passes: names nobody has verified, and a person's quota used up by others."""

from random import Random

import pytest

from chalicelib.identity.providers import Answer, ProviderFault
from tests import support
from tests.api.driver import IDENTITY, Person, World
from tests.api.test_kiosks import serial_of
from tests.api.test_paper_passes import (
    OWN,
    QuickRenderer,
    file_of,
    issue,
    issued,
    quick,
    revoke,
    shown,
)

__all__ = ["quick"]  # the fixture
FORGED = "钱多多"


# --- A card bears no name that is not verified


@pytest.mark.requirement("JN-28")
def test_a_name_that_waits_for_verification_is_not_printed(
    world: World, visitor: Person, quick: QuickRenderer
) -> None:
    """Otherwise anybody prints a stranger's name on a card with a valid serial."""
    made = issued(visitor, name="full")
    world.clock.pass_(days=29)
    visitor.log_in()
    world.secrets.add(FORGED)
    world.say(visitor, identity=ProviderFault("away"))
    visitor.register(version=1, name=FORGED).expect(202)
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(403, "registration_not_verified")
    world.work()
    assert {card.name for card, _ in quick.drawn} == {visitor.name}
    world.say(visitor, identity=Answer("mismatch"))
    world.clock.pass_(minutes=10)
    world.work()
    assert visitor.registration()["verification"] == "rejected"
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(403, "registration_rejected")
    world.work()
    assert {card.name for card, _ in quick.drawn} == {visitor.name}
    assert shown(visitor)["serial"] == made["serial"]


@pytest.mark.requirement("JN-28")
def test_an_edit_before_the_drawing_does_not_get_its_name_printed(
    world: World, visitor: Person, quick: QuickRenderer
) -> None:
    issue(visitor, name="full").expect(202)
    world.secrets.add(FORGED)
    world.say(visitor, identity=Answer("mismatch"))
    visitor.register(version=1, name=FORGED).expect(202)
    world.work()
    assert quick.drawn == []
    assert world.stored() == []
    world.clock.pass_(minutes=10)
    assert {file["status"] for file in shown(visitor)["files"]} == {"none"}
    world.say(visitor, identity=Answer("match"))
    visitor.register(version=2).expect(202)
    world.work()
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(202)
    world.work()
    assert {card.name for card, _ in quick.drawn} == {visitor.name}


@pytest.mark.usefixtures("quick")
def test_a_redelivered_drawing_keeps_the_files_while_an_edit_waits(
    world: World, visitor: Person
) -> None:
    made = issued(visitor)
    world.say(visitor, identity=ProviderFault("away"))
    world.secrets.add(FORGED)
    visitor.register(version=1, name=FORGED).expect(202)
    before = world.stored()
    for body in [*world.renders.bodies]:
        world.renders.send(body)
    world.work()
    assert world.stored() == before
    assert file_of(shown(visitor), "card_pdf")["status"] in ("ready", "none")
    assert made["state"] == "valid"


# --- Nobody uses up another person's quota


@pytest.mark.requirement("JN-30")
def test_a_kiosk_does_not_use_up_the_owners_quota(world: World, visitor: Person) -> None:
    """A thief with the kiosk and the number replaces the card; its owner still gets a new one."""
    kiosk = world.kiosk()
    for _ in range(5):
        world.clock.pass_(seconds=1)
        assert kiosk.printed(visitor.name, visitor.number, replace=True)["status"] == "ready"
    kiosk.swipe(visitor.name, visitor.number, replace=True).expect(429, "too_many_requests")
    world.clock.pass_(seconds=1)
    issue(visitor, serial_of(world, visitor.person_id)).expect(202)


@pytest.mark.requirement("JN-30")
def test_wrong_names_at_one_kiosk_do_not_close_the_others(world: World) -> None:
    """Whoever has no phone has only the kiosks."""
    person, thief = support.resident_id(720), world.kiosk()
    world.providers[IDENTITY].answers[person] = Answer("mismatch")
    for turn in range(8):
        thief.swipe(f"李{chr(0x4E00 + turn)}", person)
        world.work()
    world.providers[IDENTITY].answers[person] = Answer("match")
    assert world.kiosk().printed("李秀英", person)["status"] == "ready"


def test_the_owner_does_not_use_up_the_quota_of_kiosks(world: World, visitor: Person) -> None:
    serial = None
    for _ in range(5):
        serial = issue(visitor, serial).expect(202)["serial"]
    issue(visitor, serial).expect(429, "too_many_requests")
    world.work()
    world.clock.pass_(seconds=1)
    card = world.kiosk().printed(visitor.name, visitor.number, replace=True)
    assert card["status"] == "ready"


@pytest.mark.requirement("JN-30")
def test_whose_full_name_cannot_be_printed_gets_a_masked_card_at_a_kiosk(world: World) -> None:
    """Without a phone nobody could choose the masked name: no card for a year."""
    person, kiosk, name = world.person(), world.kiosk(), "赵ᚠ"
    world.secrets.add(name)
    person.register(name=name).expect(202)
    world.work()
    issue(person, name="full").expect(202)
    world.clock.pass_(seconds=1)
    assert kiosk.printed(name, person.number)["status"] == "failed"
    world.clock.pass_(seconds=1)
    assert kiosk.printed(name, person.number, replace=True)["status"] == "ready"
    assert shown(person)["name"] == "masked"


# --- Records and messages come late, twice, and in any order


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("revoked", [False, True])
def test_in_any_order_only_the_files_of_the_valid_pass_are_left(
    world: World, visitor: Person, seed: int, revoked: bool
) -> None:
    random = Random(seed)  # noqa: S311 (an order of messages, no secret)
    start = world.streamed
    serial = None
    for _ in range(3):
        serial = issue(visitor, serial).expect(202)["serial"]
        world.clock.pass_(seconds=61)
        visitor.post(f"{OWN}/pass/paper/files", {}).expect(202)
    if revoked:
        revoke(visitor, str(serial)).expect(200)
    records = world.records(start) * 2
    random.shuffle(records)
    for record in records:
        world.deliver([record])
    messages = []
    while found := world.renders.receive():
        messages += found
    messages *= 2
    random.shuffle(messages)
    for message in messages:
        world.renders.handle([message])
    left = world.stored()
    ready = [file["form"] for file in shown(visitor)["files"] if file["status"] == "ready"]
    assert len(ready) == (0 if revoked else 3)
    assert len(left) == len(ready)
    assert all(str(serial).replace("-", "") in key for key in left)


@pytest.mark.usefixtures("quick")
def test_a_late_drawing_leaves_the_files_of_a_document_that_comes_back(
    world: World, visitor: Person
) -> None:
    """Another document ends the pass, its correction restores it; the links must work then."""
    start = len(world.renders.bodies)
    issued(visitor)
    files = world.stored()
    other = support.resident_id(750)
    visitor.register(version=1, number=other).expect(202)
    world.work()
    assert shown(visitor)["state"] == "revoked"
    for body in world.renders.bodies[start:]:
        world.renders.send(body)
    world.renders.run()
    visitor.register(version=2).expect(202)
    world.work()
    assert {file["status"] for file in shown(visitor)["files"]} == {"ready"}
    assert world.stored() == files
