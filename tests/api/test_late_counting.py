"""`recount --repair` does not double-count a late upload still in the stream (issue 10)."""

from infra.ops import recount
from tests.api import phones
from tests.api.driver import TODAY, Person, World
from tests.api.test_door import live_pass, scan
from tests.api.test_reconciliation import QUIET, lose


def test_a_repair_does_not_count_a_late_upload_twice(
    world: World, chief: Person, guard: Person
) -> None:
    """Neither before the stream delivers it, nor after."""
    phone = phones.pair(guard)
    for _ in range(3):
        scan(guard, live_pass(world.visitor())).expect(201)
    kept = live_pass(world.visitor()), world.nonce()
    world.clock.pass_(hours=1)
    world.work()
    lose(world, chief)
    phones.upload(guard, phone, *kept).expect(201)  # and the stream does not deliver it yet
    pauses: list[int] = []

    def pause() -> None:
        """Deliver only at the third look."""
        pauses.append(1)
        if len(pauses) == 3:
            world.work()

    deployment = world.deployment()
    done = recount.run(deployment, venue=None, day=TODAY, mend=True, console=QUIET, pause=pause)
    assert done == 0
    assert len(pauses) >= 3
    world.work()
    figures = chief.figures()
    assert figures["checked"] == 4
    assert figures == world.recount(chief.venue)
    mine = guard.get(f"/v1/venues/{guard.venue['venue_id']}/statistics?by=me").expect(200)
    assert mine["checked"] == 4
