"""Paper passes: issued, drawn, scanned from paper or picture, reissued, revoked (JN-28, YK-8)."""

import io
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pypdfium2
import pytest
import requests
import zxingcpp
from PIL import Image

from chalicelib.core.crypto import KeyRing
from chalicelib.core.errors import Unavailable
from chalicelib.core.storage import Storage
from chalicelib.identity import passes
from chalicelib.identity.card_rendering import CardRendering
from chalicelib.identity.providers import Answer
from chalicelib.rendering.cards import Card
from chalicelib.rendering.engine import GlyphMissing
from tests import support
from tests.api.driver import HttpReply, Person, World, codes
from tests.fakes.parts import FixedSecret

OWN = "/v1/me"
FORMS = {"card_pdf": "pdf", "sheet_pdf": "pdf", "card_png": "png"}


class QuickRenderer:
    """Draws the text of the code instead of a card, and keeps the cards."""

    def __init__(self) -> None:
        self.drawn: list[tuple[Card, str]] = []
        self.fault: Exception | None = None

    def draw_card(self, card: Card, form: str, timestamp: int) -> tuple[bytes, str]:
        del timestamp
        if self.fault:
            raise self.fault
        self.drawn.append((card, form))
        return card.pass_text.encode(), "application/pdf"


@pytest.fixture
def quick(world: World) -> QuickRenderer:
    """The deployment's renderer, replaced by one that is quick."""
    renderer = QuickRenderer()
    world.replace(card_renderer=renderer)
    return renderer


def issue(person: Person, replaces: str | None = None, *, of: str = OWN, **body: Any) -> HttpReply:
    return person.post(f"{of}/pass/paper", {"replaces": replaces, **body})


def shown(person: Person, of: str = OWN) -> Any:
    return person.get(f"{of}/pass/paper").expect(200)


def issued(person: Person, replaces: str | None = None, **body: Any) -> Any:
    """Return a pass that was issued and drawn."""
    issue(person, replaces, **body).expect(202)
    person.world.work()
    return shown(person)


def revoke(person: Person, serial: str, of: str = OWN) -> HttpReply:
    return person.post(f"{of}/pass/paper/revoke", {"serial": serial})


def history(person: Person, of: str = OWN) -> Any:
    return person.get(f"{of}/passes").expect(200)["items"]


def code_of(person: Person, serial: str) -> str:
    """Return the text of the code on the pass with this serial, as printed."""
    bare = serial.replace("-", "")
    return passes.mint_paper(person.person_id, bare, ring=person.world.container.ring)


def scan(guard: Person, code: str, nonce: str | None = None, **body: Any) -> HttpReply:
    path = f"/v1/venues/{guard.venue['venue_id']}/scans"
    return guard.post(path, {"nonce": nonce or guard.world.nonce(), "pass_code": code, **body})


def file_of(shown: Any, form: str) -> Any:
    return next(file for file in shown["files"] if file["form"] == form)


def download(file: Any) -> bytes:
    answer = requests.get(file["url"], timeout=5)
    assert answer.status_code == 200
    return bytes(answer.content)


def dependants(person: Person) -> str:
    return f"/v1/me/dependants/{person.person_id}"


# --- Issued and drawn


@pytest.mark.requirement("JN-28", "YK-8")
def test_each_form_is_drawn_downloaded_decoded_and_scanned(
    world: World, visitor: Person, guard: Person
) -> None:
    asked = issue(visitor).expect(202)
    assert (asked["state"], asked["status"], asked["poll_after_ms"]) == ("valid", "pending", 500)
    assert [(file["form"], file["status"], file["url"]) for file in asked["files"]] == [
        (form, "pending", None) for form in FORMS
    ]
    world.work()
    ready = shown(visitor)
    assert (ready["status"], ready["poll_after_ms"]) == ("settled", None)
    for form in FORMS:
        data = download(file_of(ready, form))
        if form == "card_png":
            picture = Image.open(io.BytesIO(data))
        else:
            picture = pypdfium2.PdfDocument(data)[0].render(scale=300 / 72).to_pil()
        (found,) = zxingcpp.read_barcodes(picture)
        screen = scan(guard, found.text, temperature="normal").expect(201)
        assert (screen["means"], screen["pass_kind"]) == ("paper", "paper")
        assert screen["person"]["name"] == f"{visitor.name[0]}**"


@pytest.mark.requirement("JN-28")
def test_the_card_says_who_until_when_and_by_whom_it_is_issued(
    visitor: Person, quick: QuickRenderer
) -> None:
    made = issued(visitor, name="full")
    card = quick.drawn[0][0]
    assert (card.name, card.by_family) == (visitor.name, False)
    assert (card.serial, card.region_name, card.demo) == (made["serial"], "广东省", False)
    assert (str(card.issued), str(card.expires)) == ("2026-11-22", "2027-11-22")
    assert made["expires_at"] == "2027-11-22T16:00:00.000Z"
    assert (made["name"], made["issued_by"]) == ("full", "self")
    masked = issued(visitor, made["serial"])
    assert masked["name"] == "masked"
    assert quick.drawn[-1][0].name == f"{visitor.name[0]}**"


@pytest.mark.requirement("JN-28")
@pytest.mark.usefixtures("quick")
def test_a_link_expires_and_names_the_file_without_the_person(
    world: World, visitor: Person
) -> None:
    made = issued(visitor)
    for form, suffix in FORMS.items():
        file = file_of(made, form)
        assert file["expires_at"] == "2026-11-22T04:15:00.000Z"
        query = {name: one[0] for name, one in parse_qs(urlsplit(file["url"]).query).items()}
        assert query["X-Amz-Expires"] == "900"
        disposition = unquote(query["response-content-disposition"])
        assert disposition == f"attachment; filename*=UTF-8''通行码-{made['serial']}.{suffix}"
    keys = {urlsplit(file["url"]).path.lstrip("/") for file in made["files"]}
    assert all(any(key.endswith(stored) for key in keys) for stored in world.stored())
    assert all(stored.startswith(f"cards/{visitor.person_id}/") for stored in world.stored())


@pytest.mark.usefixtures("quick")
def test_files_are_kept_for_a_month_and_drawn_again_on_request(
    world: World, visitor: Person
) -> None:
    made = issued(visitor)
    again = visitor.post(f"{OWN}/pass/paper/files", {}).expect(200)
    assert [file["status"] for file in again["files"]] == ["ready"] * 3
    world.clock.pass_(days=29)
    visitor.keep(visitor.refresh().expect(200))
    assert [file["status"] for file in shown(visitor)["files"]] == ["none"] * 3
    one = visitor.post(f"{OWN}/pass/paper/files", {"form": "card_png"}).expect(202)
    assert [file["status"] for file in one["files"]] == ["none", "none", "pending"]
    world.work()
    assert [file["status"] for file in shown(visitor)["files"]] == ["none", "none", "ready"]
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(202)
    world.work()
    assert [file["status"] for file in shown(visitor)["files"]] == ["ready"] * 3
    assert shown(visitor)["serial"] == made["serial"]


def test_without_a_valid_pass_there_is_nothing_to_draw(visitor: Person) -> None:
    none = shown(visitor)
    assert (none["state"], none["serial"], none["files"]) == ("none", None, [])
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(404, "not_found")
    serial = issue(visitor).expect(202)["serial"]
    revoke(visitor, serial).expect(200)
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(404, "not_found")


def test_a_pass_needs_an_approved_registration(world: World) -> None:
    person = world.person()
    issue(person).expect(403, "registration_required")
    person.register().expect(202)
    issue(person).expect(403, "registration_not_verified")
    world.work()
    issue(person).expect(202)


def test_a_name_that_cannot_be_printed_is_masked_or_fails_and_says_what_to_do(
    world: World, visitor: Person, quick: QuickRenderer
) -> None:
    quick.fault = GlyphMissing("𠮷")
    failed = issued(visitor, name="full")
    assert {file["status"] for file in failed["files"]} == {"failed"}
    assert "masked name" in failed["files"][0]["text"]
    assert (failed["status"], failed["poll_after_ms"]) == ("settled", None)
    assert world.stored() == []
    assert world.renders.dead() == []
    quick.fault = None
    rare = "\U0002a6d6某"  # no font of the deployment has it
    world.secrets.add(rare)
    visitor.register(version=1, name=rare).expect(202)
    world.work()
    issued(visitor, failed["serial"])
    assert quick.drawn[-1][0].name == "***"


def test_no_more_than_five_are_issued_a_day(world: World, visitor: Person) -> None:
    serial = None
    for _ in range(5):
        former, serial = serial, issue(visitor, serial).expect(202)["serial"]
    issue(visitor, serial).expect(429, "too_many_requests")
    # A retry of the last one is no further pass.
    assert issue(visitor, former).expect(202)["serial"] == serial
    world.clock.pass_(days=1)
    visitor.log_in()
    issue(visitor, serial).expect(202)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"replaces": "7RHY-G5G0"}, "/replaces"),
        ({"replaces": "7RHY-G5G0-75C!"}, "/replaces"),
        ({"name": "half"}, "/name"),
        ({"kind": "paper"}, "/kind"),
    ],
)
def test_bad_input_names_the_field_and_issues_nothing(
    world: World, visitor: Person, body: dict[str, str], pointer: str
) -> None:
    before = world.writes()
    answer = visitor.post(f"{OWN}/pass/paper", body)
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {pointer}
    assert world.writes() == before


# --- Reissued and revoked


@pytest.mark.requirement("JN-28", "YK-8")
def test_the_same_request_twice_is_one_pass(world: World, visitor: Person) -> None:
    first = issue(visitor).expect(202)
    assert issue(visitor).expect(202) == first
    world.clock.pass_(seconds=1)
    second = issue(visitor, first["serial"].lower()).expect(202)
    assert second["serial"] != first["serial"]
    assert issue(visitor, first["serial"]).expect(202) == second
    # Another request with what was seen before the last one.
    issue(visitor).expect(409, "version_conflict")
    issue(visitor, first["serial"], name="full").expect(409, "version_conflict")
    issue(visitor, "7RHY-G5G0-75CM").expect(409, "version_conflict")
    assert shown(visitor)["serial"] == second["serial"]
    assert [entry["serial"] for entry in history(visitor)] == [second["serial"], first["serial"]]


@pytest.mark.requirement("JN-28", "YK-8", "GO-4")
def test_a_revoked_pass_is_refused_at_the_next_scan(
    world: World, visitor: Person, guard: Person
) -> None:
    serial = issue(visitor).expect(202)["serial"]
    code = code_of(visitor, serial)
    scan(guard, code).expect(201)
    world.clock.pass_(seconds=1)
    ended = revoke(visitor, serial).expect(200)
    assert (ended["state"], ended["files"]) == ("revoked", [])
    before = world.writes()
    scan(guard, code).expect(422, "pass_revoked")
    assert world.writes() == before
    assert revoke(visitor, serial).expect(200) == ended
    revoke(visitor, "7RHY-G5G0-75CM").expect(409, "version_conflict")
    # A new one needs no knowledge of one that has ended, but may have it.
    issue(visitor).expect(202)
    scan(guard, code).expect(422, "pass_revoked")


@pytest.mark.requirement("JN-28")
@pytest.mark.usefixtures("quick")
def test_a_pass_that_was_replaced_is_refused_and_its_files_are_gone(
    world: World, visitor: Person, guard: Person
) -> None:
    """As when the old one is photographed from a newspaper."""
    old = issued(visitor)
    link = file_of(old, "card_png")["url"]
    new = issued(visitor, old["serial"])
    scan(guard, code_of(visitor, old["serial"])).expect(422, "pass_revoked")
    scan(guard, code_of(visitor, new["serial"])).expect(201)
    assert requests.get(link, timeout=5).status_code in (403, 404)
    bare = new["serial"].replace("-", "")
    assert {stored.split("/")[2] for stored in world.stored()} == {bare}
    revoke(visitor, new["serial"]).expect(200)
    world.work()
    assert world.stored() == []


@pytest.mark.requirement("YK-8")
def test_the_history_says_what_became_of_each(world: World, visitor: Person) -> None:
    first = issue(visitor).expect(202)["serial"]
    world.clock.pass_(minutes=1)
    second = issue(visitor, first).expect(202)["serial"]
    world.clock.pass_(minutes=1)
    revoke(visitor, second).expect(200)
    world.clock.pass_(minutes=1)
    third = issue(visitor, second, name="full").expect(202)["serial"]
    assert [(e["serial"], e["state"], e["name"], e["ended_at"]) for e in history(visitor)] == [
        (third, "valid", "full", None),
        (second, "revoked", "masked", "2026-11-22T04:02:00.000Z"),
        (first, "replaced", "masked", "2026-11-22T04:01:00.000Z"),
    ]
    page = visitor.get(f"{OWN}/passes?limit=2").expect(200)
    assert [entry["serial"] for entry in page["items"]] == [third, second]
    cursor = page["next_cursor"]
    rest = visitor.get(f"{OWN}/passes?cursor={cursor}").expect(200)
    assert [entry["serial"] for entry in rest["items"]] == [first]
    assert rest["next_cursor"] is None
    # Another person's list does not continue there.
    world.visitor().get(f"{OWN}/passes?cursor={cursor}").expect(400, "invalid_input")


@pytest.mark.requirement("JN-28")
def test_it_expires_after_a_year(world: World, visitor: Person, guard: Person) -> None:
    serial = issue(visitor).expect(202)["serial"]
    code = code_of(visitor, serial)
    end = world.clock.at.replace(year=world.clock.at.year + 1, hour=15, minute=59)
    world.days_pass((end - world.clock.at) / timedelta(days=1), visitor, guard)
    scan(guard, code).expect(201)
    world.clock.pass_(minutes=1)
    scan(guard, code).expect(422, "pass_expired")
    assert (shown(visitor)["state"], history(visitor)[0]["state"]) == ("expired", "expired")
    issue(visitor).expect(202)


def test_another_document_ends_it_and_a_correction_of_the_name_suspends_it(
    world: World, visitor: Person, guard: Person
) -> None:
    serial = issue(visitor).expect(202)["serial"]
    code = code_of(visitor, serial)
    visitor.register(version=1, name="司马相如").expect(202)
    scan(guard, code).expect(422, "visitor_not_verified")
    world.work()
    scan(guard, code).expect(201)
    visitor.register(version=2, number=support.resident_id(899)).expect(202)
    world.work()
    scan(guard, code).expect(422, "pass_revoked")
    assert (shown(visitor)["state"], history(visitor)[0]["state"]) == ("revoked", "revoked")
    issue(visitor).expect(202)
    # The way back does not revive the one before.
    visitor.register(version=3, number=visitor.number).expect(202)
    world.work()
    scan(guard, code).expect(422, "pass_revoked")


def test_one_whose_registration_is_rejected_is_not_admitted(
    world: World, visitor: Person, guard: Person
) -> None:
    serial = issue(visitor).expect(202)["serial"]
    world.say(visitor, identity=Answer("mismatch"))
    visitor.register(version=1, name="司马相如").expect(202)
    world.work()
    scan(guard, code_of(visitor, serial)).expect(422, "visitor_not_verified")


# --- Scanned


@pytest.mark.requirement("JN-28", "YK-8")
def test_staff_see_one_screen_that_says_to_compare_the_id(
    world: World, visitor: Person, guard: Person
) -> None:
    code = code_of(visitor, issue(visitor).expect(202)["serial"])
    first = scan(guard, code, temperature="normal").expect(201)
    assert (first["outcome"], first["pass_kind"], first["means"]) == ("pending", "paper", "paper")
    assert codes(first["next_steps"])[0] == "compare_id"
    assert first["next_steps"][0]["text"] == "Paper pass: compare with the ID."
    world.work()
    final = guard.screen(first["scan_id"])
    assert (final["outcome"], final["health_code"]["state"]) == ("admit", "green")
    assert codes(final["next_steps"]) == ["compare_id", "enter"]
    own = visitor.screen(first["scan_id"])
    assert (own["pass_kind"], codes(own["next_steps"])) == ("paper", ["enter"])
    figures = guard.statistics(guard.venue["venue_id"], by="me")
    assert (figures["checked"], figures["passed"], figures["own_scans"]) == (1, 1, 0)
    assert guard.figures() == world.recount(guard.venue)


@pytest.mark.requirement("JN-28")
def test_it_works_many_times_and_a_retry_is_one_visit(
    world: World, visitor: Person, guard: Person
) -> None:
    serial = issue(visitor).expect(202)["serial"]
    code, nonce = code_of(visitor, serial), world.nonce()
    first = scan(guard, code, nonce).expect(201)
    assert scan(guard, code, nonce).expect(200) == first
    scan(guard, code, nonce, temperature="fever").expect(409, "nonce_reused")
    assert scan(guard, code).expect(201)["scan_id"] != first["scan_id"]
    # A retry of what was accepted is answered although the pass has ended since.
    revoke(visitor, serial).expect(200)
    assert scan(guard, code, nonce).expect(200)["scan_id"] == first["scan_id"]
    scan(guard, code).expect(422, "pass_revoked")
    world.work()
    assert guard.figures()["checked"] == 2


@pytest.mark.requirement("YK-7")
def test_a_region_may_accept_live_passes_only(world: World, visitor: Person, guard: Person) -> None:
    code = code_of(visitor, issue(visitor).expect(202)["serial"])
    world.set_policy("4409", {"paper_pass": "live_only"})
    before = world.writes()
    refused = scan(guard, code)
    refused.expect(422, "paper_not_accepted")
    assert "manual check" in refused.json["detail"]
    assert world.writes() == before
    scan(guard, visitor.show_pass()).expect(201)
    world.set_policy("4409", {"paper_pass": "accepted"}, version=2)
    scan(guard, code).expect(201)


@pytest.mark.requirement("JN-28", "GO-4")
def test_what_is_altered_forged_or_foreign_is_refused(
    world: World, visitor: Person, guard: Person
) -> None:
    serial = issue(visitor).expect(202)["serial"].replace("-", "")
    code = code_of(visitor, serial)
    foreign = KeyRing(FixedSecret(active="1", index="1", **{"1": "f" * 64}))
    scan(guard, passes.mint_paper(visitor.person_id, serial, ring=foreign)).expect(
        422, "pass_invalid"
    )
    other = world.visitor()
    scan(guard, code.replace(visitor.person_id[4:], other.person_id[4:])).expect(
        422, "pass_invalid"
    )
    for place in range(8, len(code)):
        changed = "0" if code[place] != "0" else "1"
        scan(guard, code[:place] + changed + code[place + 1 :]).expect(422, "pass_invalid")
    # Signed by us, but never issued, and of a person who does not exist.
    ring = world.container.ring
    for person_id, number in ((visitor.person_id, "0" * 12), (f"per_{'0' * 16}", serial)):
        scan(guard, passes.mint_paper(person_id, number, ring=ring)).expect(422, "pass_revoked")
    for text in (code[:-1], code + "0", "VP1.P.1.", code.replace("P", "X", 2)):
        scan(guard, text).expect(400, "invalid_input")
    scan(guard, code.lower()).expect(201)


def test_it_is_no_login_and_no_venue_code(world: World, visitor: Person) -> None:
    code = code_of(visitor, issue(visitor).expect(202)["serial"])
    world.call("GET", "/v1/me", headers={"Authorization": f"Bearer {code}"}).expect(
        401, "token_invalid"
    )
    assert visitor.scan_code(code).status in (400, 404)


def test_a_paper_scan_costs_three_calls(world: World, visitor: Person, guard: Person) -> None:
    code = code_of(visitor, issue(visitor).expect(202)["serial"])
    world.restart()
    scan(guard, code).expect(201)
    world.wire.fail("", 0)
    scan(guard, code).expect(201)
    assert world.wire.calls == ["Query", "Query", "PutItem"]


# --- For dependants


@pytest.mark.requirement("JN-30", "JN-28", "YK-8")
def test_a_guardian_issues_and_revokes_a_dependants_pass(
    world: World, visitor: Person, guard: Person, quick: QuickRenderer
) -> None:
    guardian = world.guardian(visitor)
    of = dependants(visitor)
    first = issue(guardian, of=of).expect(202)
    assert issue(guardian, of=of).expect(202) == first
    world.work()
    assert quick.drawn[0][0].by_family
    for seen in (shown(guardian, of), shown(visitor)):
        assert (seen["serial"], seen["issued_by"]) == (first["serial"], "guardian")
        assert file_of(seen, "card_png")["status"] == "ready"
    assert shown(guardian)["state"] == "none"
    scan(guard, code_of(visitor, first["serial"])).expect(201)
    revoke(guardian, first["serial"], of).expect(200)
    scan(guard, code_of(visitor, first["serial"])).expect(422, "pass_revoked")
    assert history(guardian, of) == history(visitor)
    issue(world.visitor(), of=of).expect(403, "not_your_dependant")


@pytest.mark.requirement("YK-6")
def test_a_companion_shows_a_dependants_live_pass(
    world: World, visitor: Person, guard: Person
) -> None:
    guardian = world.guardian(visitor)
    code = guardian.get(f"{dependants(visitor)}/pass").expect(200)["code"]
    screen = scan(guard, code).expect(201)
    assert (screen["pass_kind"], screen["means"]) == ("companion", "staff")
    assert screen["person"]["name"] == f"{visitor.name[0]}**"
    found = world.container.scan_finder.find(screen["scan_id"], world.clock.at)
    assert found is not None
    assert (found.scan.person_id, found.scan.guardian_id) == (
        visitor.person_id,
        guardian.person_id,
    )
    for viewer in (visitor, guardian):
        assert viewer.screen(screen["scan_id"])["pass_kind"] == "companion"
    world.clock.pass_(minutes=1)
    live = scan(guard, visitor.show_pass()).expect(201)
    assert live["pass_kind"] == "live"
    world.clock.pass_(seconds=31)
    scan(guard, code).expect(422, "pass_expired")


# --- Killed, repeated, late


class Dying:
    """A storage whose worker dies after each put, until it is `alive`."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.alive = False

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self._inner.put(key, data, content_type)
        if not self.alive:
            raise MemoryError("killed")

    def link(self, key: str, filename: str, life: timedelta) -> str:
        return self._inner.link(key, filename, life)

    def remove(self, keys: Sequence[str]) -> None:
        self._inner.remove(keys)


def dying(world: World) -> Dying:
    """Return the storage of a render worker that dies after its puts."""
    container = world.container
    storage = Dying(container.storage)
    container.card_rendering = CardRendering(
        people=container.people,
        issued=container.issued_passes,
        storage=storage,
        renderer=container.card_renderer,
        contents=container.card_contents,
        clock=container.clock,
    )
    return storage


@pytest.mark.usefixtures("quick")
def test_a_worker_killed_between_put_and_write_draws_again(world: World, visitor: Person) -> None:
    storage = dying(world)
    issue(visitor).expect(202)
    world.run_stream()
    assert world.renders.run() == 0
    assert len(world.stored()) == 3
    assert {file["status"] for file in shown(visitor)["files"]} == {"pending"}
    storage.alive = True
    assert world.renders.run() == 3
    assert {file["status"] for file in shown(visitor)["files"]} == {"ready"}
    assert len(world.stored()) == 3


class Meanwhile(QuickRenderer):
    """Draws a card while its pass ends, and its files are deleted before it is put."""

    def __init__(self, owner: Person, serial: str) -> None:
        super().__init__()
        self._owner = owner
        self._serial = serial

    def draw_card(self, card: Card, form: str, timestamp: int) -> tuple[bytes, str]:
        revoke(self._owner, self._serial)
        bare = self._serial.replace("-", "")
        self._owner.world.container.card_rendering.remove(self._owner.person_id, bare)
        return super().draw_card(card, form, timestamp)


def drawing_while_it_ends(visitor: Person) -> World:
    """Return the deployment with one file to draw, of a pass that ends meanwhile."""
    world = visitor.world
    serial = issue(visitor).expect(202)["serial"]
    world.run_stream()
    first = world.renders.receive()[0]["body"]
    world.renders.purge()
    world.renders.send(first)
    world.replace(card_renderer=Meanwhile(visitor, serial))
    return world


def test_a_pass_that_ends_while_it_is_drawn_leaves_no_file(visitor: Person) -> None:
    world = drawing_while_it_ends(visitor)
    assert world.renders.run() == 1
    assert world.stored() == []
    assert shown(visitor)["state"] == "revoked"


def test_a_worker_killed_with_the_file_of_an_ended_pass_deletes_it(visitor: Person) -> None:
    world = drawing_while_it_ends(visitor)
    storage = dying(world)
    assert world.renders.run() == 0
    assert len(world.stored()) == 1
    storage.alive = True
    assert world.renders.run() == 1
    assert world.stored() == []


def test_messages_that_come_twice_change_nothing(
    world: World, visitor: Person, quick: QuickRenderer
) -> None:
    old = issued(visitor)
    new = issued(visitor, old["serial"])
    seen, stored = shown(visitor), sorted(world.stored())
    bodies = list(dict.fromkeys(world.renders.bodies))
    assert {json.loads(body)["kind"] for body in bodies} == {"card", "card_removal"}
    drawn = len(quick.drawn)
    for body in bodies * 2:
        world.renders.send(body)
    while world.renders.run():
        pass
    assert len(quick.drawn) == drawn
    assert sorted(world.stored()) == stored
    again = shown(visitor)
    assert (again["serial"], again["status"]) == (new["serial"], seen["status"])


def test_while_the_bucket_is_down_the_message_stays(
    world: World, visitor: Person, quick: QuickRenderer
) -> None:
    issue(visitor).expect(202)
    world.run_stream()
    quick.fault = Unavailable()
    assert world.renders.run() == 0
    quick.fault = None
    world.wire.fail("SlowDown", 3)  # the first job: query, file, put
    world.renders.run()
    world.wire.heal()
    while world.renders.run():
        pass
    assert {file["status"] for file in shown(visitor)["files"]} == {"ready"}


@pytest.mark.usefixtures("quick")
def test_a_message_that_was_lost_is_requested_again(world: World, visitor: Person) -> None:
    issue(visitor).expect(202)
    world.run_stream()
    world.renders.purge()
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(202)
    assert world.run_stream() == 0
    world.clock.pass_(minutes=1)
    visitor.post(f"{OWN}/pass/paper/files", {}).expect(202)
    world.work()
    assert {file["status"] for file in shown(visitor)["files"]} == {"ready"}
