"""The whole story at once, and what it leaves in logs, messages and the table."""

import json

import pytest

from chalicelib.identity.providers import Absent, Answer, Pending, ProviderFault
from tests.api.driver import FIGURES, World, codes


@pytest.mark.requirement("YK-2", "YK-3")
@pytest.mark.requirement("SD-1")
@pytest.mark.requirement("JN-20")
def test_a_day_from_application_to_figures_tells_no_one_about_anybody(world: World) -> None:
    # The head of a venue registers, applies, and gets the poster.
    administrator = world.administrator(name="信宜市人民医院")
    path = f"/v1/venues/{administrator.venue['venue_id']}"
    poster = administrator.post(f"{path}/posters", {"form": "qr_svg"}).expect(202)
    world.work()
    assert administrator.get(f"{path}/posters/{poster['poster_id']}").json["status"] == "ready"

    # One mistypes the number, is rejected, corrects it.
    clumsy = world.person()
    world.say(clumsy, identity=Answer("mismatch", reason=clumsy.name))
    clumsy.register(name="孙错字").expect(202)
    world.work()
    clumsy.scan(administrator.venue).expect(403, "registration_rejected")
    world.say(clumsy, identity=Answer("match"))
    clumsy.register(1).expect(202)
    world.work()

    # People come, with whatever their providers say; one sends what is no code at all.
    comers = [
        clumsy,
        world.visitor(),
        world.visitor(health_code=Answer("red", reason="close contact")),
        world.visitor(health_code=Absent()),
        world.visitor(nucleic_acid=Pending(5000)),
        world.visitor(),
    ]
    dead = comers[-1]
    world.say(dead, health_code=ProviderFault(f"{dead.name} {dead.number} {dead.phone}"))
    scans = []
    for person in comers:
        person.scan_code(f"{person.name} {person.number}").expect(400, "invalid_input")
        scans.append(person.scan(administrator.venue).expect(201))
    world.lookups.send('{"kind": "lookup"}')
    world.work()
    world.clock.pass_(seconds=15)
    world.work()
    screens = [person.screen(scan["scan_id"]) for person, scan in zip(comers, scans, strict=True)]
    assert [screen["outcome"] for screen in screens] == [
        "admit", "admit", "refuse", "check", "check", "check",
    ]  # fmt: skip
    assert codes(screens[4]["reasons"]) == ["nucleic_acid_unknown"]

    # The evening: the figures add up, and are what the records say.
    figures = administrator.figures()
    assert [figures[name] for name in FIGURES] == [6, 2, 4, 0]
    assert figures == world.recount(administrator.venue)

    # And nobody's name, number, phone or code lies about.
    lines = [json.loads(line) for line in world.log.getvalue().splitlines()]
    assert {"request", "message", "message_failed", "dispatched", "metrics"} <= {
        line["event"] for line in lines
    }
    assert all("correlation" in line for line in lines)
    told = world.secrets
    assert len(told) > 40
    personal = told - {administrator.venue["name"]}
    lying = {
        "log": world.log.getvalue(),
        "lookups": "\n".join(world.lookups.bodies),
        "renders": "\n".join(world.renders.bodies),
        "table": json.dumps(world.items(), default=repr),
        "bucket": "\n".join(world.stored()),
    }
    for where, text in lying.items():
        found = [secret for secret in personal if secret in text]
        assert not found, f"in the {where}: {found}"
