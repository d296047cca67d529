"""`scanned_at` never lies after `received_at`; the clock's excess is kept apart (issue 10)."""

import pytest

from tests.api.driver import World


@pytest.mark.parametrize(
    ("ahead", "shown", "excess"),
    [(9, "2026-11-22T04:00:00", 540_000), (0, "2026-11-22T04:00:00", 0),
     (-9, "2026-11-22T03:51:00", 0)],
)  # fmt: skip
def test_scanned_at_is_never_after_received_at(
    world: World, ahead: int, shown: str, excess: int
) -> None:
    venue, visitor = world.administrator(), world.visitor()
    nonce = world.nonce(minutes=-ahead)
    first = visitor.scan(venue.venue, nonce).expect(201)
    again = visitor.scan(venue.venue, nonce).expect(200)
    for screen in (first, again, visitor.screen(first["scan_id"])):
        assert screen["scanned_at"].startswith(shown)
        assert screen["received_at"].startswith("2026-11-22T04:00:00")
        assert screen["clock_ahead_ms"] == excess
    (visit,) = visitor.get("/v1/me/visits").expect(200)["items"]
    assert visit["visited_at"].startswith(shown)
