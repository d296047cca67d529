"""A user sees the list of their own venue codes, and adds one (JN-1)."""

import pytest

from tests.api.driver import World


@pytest.mark.requirement("JN-1")
def test_a_user_lists_their_own_codes_and_adds_one(world: World) -> None:
    other = world.administrator()
    user = world.visitor()
    assert user.get("/v1/venues").expect(200)["items"] == []
    added = user.issue(name="Added").expect(201)
    second = user.issue(name="Second").expect(201)
    items = user.get("/v1/venues").expect(200)["items"]
    assert {one["code_url"] for one in items} == {added["code_url"], second["code_url"]}
    assert other.venue["code_url"] not in {one["code_url"] for one in items}
