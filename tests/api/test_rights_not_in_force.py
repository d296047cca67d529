"""Rights that are not in force count among the twenty (issue 10)."""

from tests.api.driver import Person, World


def test_rights_under_a_former_document_count_among_the_twenty(world: World, chief: Person) -> None:
    """They are read with every request, and must fit into its 4 KB."""
    guard = world.visitor()
    code = chief.join_code(chief.venue["venue_id"])
    guard.join(code).expect(201)
    world.give_rights(guard, 19)
    another = Person(world, "", "欧阳小明", 401)
    guard.register(1, name=another.name, number=another.number).expect(202)
    world.work()
    assert guard.get("/v1/me").expect(200)["rights"] == []
    elsewhere = world.administrator()
    other = elsewhere.join_code(elsewhere.venue["venue_id"])
    guard.join(other).expect(422, "too_many_venues")
    guard.apply(world.venue_request()).expect(422, "too_many_venues")
    guard.join(code).expect(201)  # a right in the place of its own former one
    assert len(guard.get("/v1/me").expect(200)["rights"]) == 1
