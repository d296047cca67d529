"""The identity provider's dead letter leaves no registration pending for ever."""

from chalicelib.identity.providers import FaultKind, ProviderFault
from tests.api.driver import IDENTITY, Person, World


def left_pending(world: World) -> Person:
    """Somebody whose registration the provider did not answer, until the message was given up."""
    person = world.person()
    person.register().expect(202)
    world.say(person, identity=ProviderFault("away", FaultKind.TIMEOUT))
    world.run_stream()
    world.lookups.purge()
    world.lookup_queue.later.clear()
    assert person.registration()["verification"] == "pending"
    del world.providers[IDENTITY].answers[person.number]
    return person


def asked(world: World) -> int:
    return len(world.providers[IDENTITY].asked)


def test_opening_the_app_asks_again(world: World) -> None:
    person = left_pending(world)
    world.clock.pass_(minutes=30)
    person.get("/v1/me").expect(200)
    world.work()
    assert person.registration()["verification"] == "verified"


def test_resubmitting_asks_again(world: World) -> None:
    person = left_pending(world)
    world.clock.pass_(minutes=1)
    person.register(version=0).expect(202)
    world.work()
    assert person.registration()["verification"] == "verified"


def test_opening_the_app_again_and_again_asks_once(world: World) -> None:
    person = left_pending(world)
    before = asked(world)
    person.get("/v1/me").expect(200)
    world.work()
    assert asked(world) == before
    world.clock.pass_(minutes=30)
    for _ in range(3):
        person.get("/v1/me").expect(200)
    world.work()
    assert asked(world) == before + 1
