"""Registering under one's real name; what may be done meanwhile (JN-17 to JN-20)."""

import pytest

from chalicelib.identity.providers import Absent, Answer, Pending, ProviderFault, Subject
from tests import support
from tests.api.driver import IDENTITY, Interrupted, Person, World

MISMATCH = Answer("mismatch")


def verification(person: Person) -> tuple[str, bool]:
    """Where the registration stands, and whether they may scan."""
    shown = person.registration()
    return shown["verification"], shown["may_scan"]


@pytest.mark.requirement("JN-17")
@pytest.mark.requirement("JN-18")
def test_a_registration_is_verified_in_the_background(world: World) -> None:
    person = world.person()
    assert verification(person) == ("none", False)

    accepted = person.register().expect(202)
    assert (accepted["status"], accepted["poll_after_ms"]) == ("pending", 1000)
    assert verification(person) == ("pending", True)

    world.work()
    shown = person.registration()
    assert (shown["verification"], shown["version"]) == ("verified", 1)
    assert (shown["reason"], shown["reason_text"]) == (None, None)
    assert shown["name"] == person.name
    assert shown["document_number"] == f"4409{'*' * 12}{person.number[-2:]}"
    (asked, _) = world.providers[IDENTITY].asked[0]
    assert asked == Subject(person.name, "resident_id", person.number)


@pytest.mark.requirement("JN-19")
def test_pending_for_the_first_time_may_scan(world: World) -> None:
    venue = world.administrator().venue
    person = world.person()
    person.scan(venue).expect(403, "registration_required")
    person.register().expect(202)
    screen = person.scan(venue).expect(201)
    world.say(person, identity=Pending(500))
    world.work()
    assert verification(person) == ("pending", True)
    reasons = person.screen(screen["scan_id"])["reasons"]
    assert [one["code"] for one in reasons] == ["identity_pending"]
    person.scan(venue).expect(201)


@pytest.mark.requirement("JN-20")
@pytest.mark.parametrize(("said", "reason"), [(MISMATCH, "mismatch"), (Absent(), "absent")])
def test_rejected_may_not_scan_until_an_edit_has_been_approved(
    world: World, said: Answer | Absent, reason: str
) -> None:
    venue = world.administrator().venue
    person = world.person()
    world.say(person, identity=said)
    person.register(name="王错字").expect(202)
    world.work()
    shown = person.registration()
    assert (shown["verification"], shown["may_scan"], shown["reason"]) == (
        "rejected",
        False,
        reason,
    )
    assert shown["reason_text"]
    person.scan(venue).expect(403, "registration_rejected")

    # Edited, and pending again: the door stays shut.
    assert person.register(1).expect(202)["registration"]["may_scan"] is False
    assert verification(person) == ("pending", False)
    person.scan(venue).expect(403, "registration_rejected")

    # Rejected once more, then approved.
    world.work()
    assert verification(person) == ("rejected", False)
    world.say(person, identity=Answer("match"))
    person.register(2, name=person.name + "儿").expect(202)
    person.scan(venue).expect(403, "registration_rejected")
    world.work()
    assert verification(person) == ("verified", True)
    person.scan(venue).expect(201)


def test_names_and_numbers_cannot_be_tried_in_a_loop(world: World) -> None:
    """Nor by retries: what is sent again is not charged."""
    person, taken = world.person(), world.visitor()
    world.providers[IDENTITY].otherwise = MISMATCH
    for version in range(9):
        name = person.name + "一二三四五六七八九"[version]
        for _ in range(2):
            assert person.register(version, name=name).status in (200, 202)
        world.work()
    person.register(9, number=taken.number).expect(409, "identity_taken")
    refused = person.register(9, number=taken.number)
    refused.expect(429, "too_many_requests")
    world.clock.pass_(seconds=int(refused.headers["retry-after"]))
    person.log_in()
    person.register(9).expect(202)


@pytest.mark.requirement("JN-20")
def test_an_edit_of_an_approved_registration_leaves_the_door_open(world: World) -> None:
    venue = world.administrator().venue
    person = world.visitor()
    person.register(1, name=person.name + "儿").expect(202)
    assert verification(person) == ("pending", True)
    person.scan(venue).expect(201)
    world.say(person, identity=MISMATCH)
    world.work()
    assert verification(person) == ("rejected", False)
    person.scan(venue).expect(403, "registration_rejected")


@pytest.mark.requirement("JN-17")
def test_one_identity_belongs_to_one_person(world: World) -> None:
    first, second = world.visitor(), world.person()
    second.register(number=first.number).expect(409, "identity_taken")
    assert verification(second) == ("none", False)
    # Written another way it is the same number.
    second.register(number=f" {first.number[:6]} {first.number[6:].lower()}").expect(
        409, "identity_taken"
    )
    assert verification(first) == ("verified", True)


def test_a_rejection_and_an_edit_free_the_number(world: World) -> None:
    impostor, owner = world.person(), world.person()
    world.say(owner, identity=MISMATCH)
    impostor.register(number=owner.number).expect(202)
    owner.register().expect(409, "identity_taken")
    world.work()
    assert verification(impostor) == ("rejected", False)
    world.say(owner, identity=Answer("match"))
    owner.register().expect(202)
    # The one who was rejected edits, and does not take from the owner what is theirs by now.
    impostor.register(1, number=impostor.number).expect(202)
    world.work()
    assert verification(owner) == ("verified", True)
    third = world.person()
    third.register(number=owner.number).expect(409, "identity_taken")
    third.register(number=impostor.number).expect(409, "identity_taken")

    # Who changes their number frees the former one.
    spare = support.resident_id(700)
    impostor.register(2, number=spare).expect(202)
    third.register(number=impostor.number).expect(202)


def test_a_stale_version_is_a_conflict_and_changes_nothing(world: World) -> None:
    person = world.visitor()
    person.register(1, name=person.name + "一").expect(202)
    person.register(1, name=person.name + "二").expect(409, "version_conflict")
    person.register(0, name=person.name + "三").expect(409, "version_conflict")
    person.register(3, name=person.name + "四").expect(409, "version_conflict")
    assert person.registration()["name"] == person.name + "一"


@pytest.mark.requirement("JN-17")
def test_sent_again_it_changes_nothing(world: World) -> None:
    person = world.person()
    first = person.register().expect(202)
    assert person.register().expect(202) == first
    world.work()
    # The answer to the first one was lost and the client tries again: approved stays approved.
    again = person.register().expect(200)
    assert again["status"] == "settled"
    assert again["poll_after_ms"] is None
    assert again["registration"]["verification"] == "verified"
    assert person.register(1).expect(200) == again
    assert len(world.providers[IDENTITY].asked) == 1


@pytest.mark.requirement("JN-18")
def test_an_answer_about_an_older_registration_is_dropped(world: World) -> None:
    """The person edits while the provider thinks; it rejects what is not there any more."""
    person = world.person()
    world.say(person, identity=MISMATCH)
    person.register(name="王错字").expect(202)
    asked = world.providers[IDENTITY]
    interrupted = Interrupted(asked, lambda: person.register(1).expect(202))
    world.replace(provider=lambda _: interrupted)
    world.run_stream()
    assert world.lookups.run() == 1
    assert verification(person) == ("pending", True)

    world.replace()
    world.say(person, identity=Answer("match"))
    world.work()
    assert verification(person) == ("verified", True)
    assert person.registration()["name"] == person.name


@pytest.mark.requirement("JN-18")
@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1, 0), (0, 0, 1, 1)])
def test_messages_late_twice_and_out_of_order_settle_the_present_registration(
    world: World, order: tuple[int, ...]
) -> None:
    person = world.person()
    person.register(name="王错字").expect(202)
    world.run_stream()
    (first,) = world.lookups.receive()
    person.register(1).expect(202)
    world.run_stream()
    (second,) = world.lookups.receive()
    for place in order:
        world.lookups.worker(support.event([(first, second)[place]]), None)
    assert verification(person) == ("verified", True)
    subjects = [subject.name for subject, _ in world.providers[IDENTITY].asked]
    assert subjects == [person.name], "what is past, or settled, is not asked about"


@pytest.mark.requirement("JN-18")
def test_a_provider_that_needs_time_is_asked_again(world: World) -> None:
    person = world.person()
    world.say(person, identity=Pending(1500))
    person.register().expect(202)
    world.work()
    assert verification(person) == ("pending", True)
    world.say(person, identity=Answer("match"))
    world.clock.pass_(seconds=1)
    world.work()
    assert verification(person) == ("pending", True)
    world.clock.pass_(seconds=1)
    world.work()
    assert verification(person) == ("verified", True)
    first, second = world.providers[IDENTITY].asked
    assert first == second, "the same request id for every try of one lookup"


@pytest.mark.requirement("JN-19")
def test_a_dead_provider_keeps_nobody_out(world: World) -> None:
    venue = world.administrator().venue
    person = world.person()
    world.say(person, identity=ProviderFault(f"{person.name} {person.number}"))
    person.register().expect(202)
    world.work()
    assert verification(person) == ("pending", True)
    person.scan(venue).expect(201)
    world.say(person, identity=Answer("match"))
    world.clock.pass_(seconds=2)
    world.work()
    assert verification(person) == ("verified", True)
