"""Attacks on freshness: a scan joins when only another provider is still to be asked again."""

import pytest

from chalicelib.identity.providers import Answer, Pending, ProviderFault
from tests.api.driver import World


@pytest.mark.parametrize("first", [ProviderFault("down"), Pending(2000)])
def test_bad_news_is_asked_for_again_though_the_question_is_about_another_provider(
    world: World, first: ProviderFault | Pending
) -> None:
    venue, visitor = world.administrator(), world.visitor()
    world.say(visitor, health_code=Answer("light_green", world.clock.at), nucleic_acid=first)
    visitor.scan(venue.venue).expect(201)
    world.run_stream()
    world.lookups.run()
    world.say(
        visitor,
        health_code=Answer("green", world.clock.at),
        nucleic_acid=Answer("negative", world.clock.at),
    )
    world.clock.pass_(seconds=1)
    joined = visitor.scan(venue.venue).expect(201)["scan_id"]
    world.run_stream()
    world.clock.pass_(seconds=2)
    world.work()
    assert visitor.screen(joined)["outcome"] == "admit"
