"""Kiosks: paired by an operator's code; a document is read, its owner's paper pass is printed."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from chalicelib.core import keys
from chalicelib.identity.devices import PAIRING_LENGTH
from chalicelib.identity.providers import Absent, Answer, ProviderFault
from infra.ops import kiosks
from tests import support
from tests.api.driver import IDENTITY, Kiosk, World
from tests.api.families import Relative, checked
from tests.api.test_erasures import ask, erase, left

NAME, NUMBER = "李秀英", support.resident_id(700)


@pytest.fixture
def kiosk(world: World) -> Kiosk:
    return world.kiosk()


def identity(world: World) -> dict[str, Any]:
    """The identity provider's answers, by number."""
    return world.providers[IDENTITY].answers


def serial_of(world: World, person_id: str) -> str:
    issued = world.container.people.load(person_id).paper_pass
    assert issued is not None
    return issued.serial


def owner_of(world: World, number: str) -> str | None:
    blind = world.container.index.of("resident_id", number)
    return world.container.people.by_document(blind)


def people(world: World) -> list[str]:
    """Everybody who has a profile."""
    profile = keys.profile("").sk
    return [item["pk"]["S"] for item in world.items() if item["sk"]["S"] == profile]


# --- Pairing


class TestPairing:
    """A pairing code makes one credential, once and in time."""

    def test_a_kiosk_gets_a_credential_for_its_code(self, world: World) -> None:
        code = world.pairing_code()
        written = f" {code[:4].lower()}-{code[4:8]} {code[8:]} "
        paired = world.call("POST", "/v1/kiosks/pair", {"pairing_code": written}).expect(201)
        assert paired["kiosk_id"].startswith("kio_")
        Kiosk(world, paired).card("crd_0000000000000000").expect(404, "not_found")

    def test_neither_code_nor_credential_is_kept(self, world: World, kiosk: Kiosk) -> None:
        code = world.pairing_code()
        stored = json.dumps(world.items(), default=str)
        assert kiosk.token.rpartition(".")[2] not in stored
        assert code not in stored

    def test_a_code_works_once(self, world: World) -> None:
        body = {"pairing_code": world.pairing_code()}
        Kiosk(world, world.call("POST", "/v1/kiosks/pair", body).expect(201))
        world.call("POST", "/v1/kiosks/pair", body).expect(401, "pairing_code_invalid")

    def test_of_two_at_once_one_is_paired(self, world: World) -> None:
        body = {"pairing_code": world.pairing_code()}
        other: list[Kiosk] = []

        def meanwhile() -> None:
            other.append(Kiosk(world, world.call("POST", "/v1/kiosks/pair", body).expect(201)))

        world.wire.interrupt(3, meanwhile)  # between the code's read and its use
        world.call("POST", "/v1/kiosks/pair", body).expect(401, "pairing_code_invalid")
        other[0].card("crd_0000000000000000").expect(404, "not_found")

    @pytest.mark.parametrize(("minutes", "status"), [(59, 201), (60, 401)])
    def test_a_code_lives_an_hour(self, world: World, minutes: int, status: int) -> None:
        body = {"pairing_code": world.pairing_code()}
        world.clock.pass_(minutes=minutes)
        reply = world.call("POST", "/v1/kiosks/pair", body)
        assert reply.status == status
        if status == 201:
            Kiosk(world, reply.json)

    def test_a_slip_of_the_pen_names_the_field(self, world: World) -> None:
        code = world.pairing_code()
        wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
        for text in (wrong, code[:-1], "", "0" * PAIRING_LENGTH):
            reply = world.call("POST", "/v1/kiosks/pair", {"pairing_code": text})
            assert reply.status == 400
            assert list(reply.faults) == ["/pairing_code"]
        Kiosk(world, world.call("POST", "/v1/kiosks/pair", {"pairing_code": code}).expect(201))

    def test_codes_are_not_guessed(self, world: World) -> None:
        unknown = {"pairing_code": "23456789ABY"}
        for _ in range(60):
            world.call("POST", "/v1/kiosks/pair", unknown).expect(401, "pairing_code_invalid")
        body = {"pairing_code": world.pairing_code()}
        world.call("POST", "/v1/kiosks/pair", body).expect(429, "too_many_requests")

    def test_the_code_of_a_revoked_kiosk_pairs_nothing(self, world: World) -> None:
        device, code = world.container.device_credentials.add("机", "440983", now=world.clock.at)
        assert world.container.device_credentials.revoke(device.device_id, now=world.clock.at)
        body = {"pairing_code": code}
        world.call("POST", "/v1/kiosks/pair", body).expect(401, "pairing_code_invalid")


# --- The operator's command


def operate(world: World, action: str, *given: str, region: str | None = None) -> str:
    """Run the command; return what it prints."""
    printed = io.StringIO()
    status = kiosks.run(
        world.deployment(),
        action=action,
        given=list(given),
        region=region,
        console=Console(file=printed, width=200),
    )
    assert status == 0
    return printed.getvalue()


class TestOperator:
    """An operator adds, lists and revokes kiosks."""

    def test_the_code_that_is_printed_pairs_a_kiosk(self, world: World) -> None:
        said = operate(world, "add", "信宜市政务大厅二号机", region="440983")
        kiosk_id, code = said.split()[0], said.split()[-1]
        world.secrets.add(code.replace("-", ""))
        reply = world.call("POST", "/v1/kiosks/pair", {"pairing_code": code})
        kiosk = Kiosk(world, reply.expect(201))
        assert kiosk.kiosk_id == kiosk_id
        listed = operate(world, "list")
        assert all(
            said in listed for said in (kiosk_id, "信宜市政务大厅二号机", "440983", "paired")
        )
        operate(world, "revoke", kiosk_id)
        kiosk.swipe(NAME, NUMBER).expect(401, "device_revoked")
        assert "revoked" in operate(world, "list")

    @pytest.mark.parametrize("region", ["44", "440000", "999999", "440882x"])
    def test_a_kiosk_stands_somewhere(self, world: World, region: str) -> None:
        with pytest.raises(SystemExit, match="Nothing was added"):
            operate(world, "add", "机", region=region)

    @pytest.mark.parametrize("name", ["", " ", "机" * 61, "机\n机", "机\ue000"])
    def test_its_name_is_one_that_people_can_read(self, world: World, name: str) -> None:
        with pytest.raises(SystemExit, match="Nothing was added"):
            operate(world, "add", name, region="440983")

    @pytest.mark.parametrize("kiosk_id", ["kio_0000000000000000", "x", "kio_" + "0" * 3000])
    def test_an_unknown_one_is_not_revoked(self, world: World, kiosk_id: str) -> None:
        with pytest.raises(SystemExit, match="There is no kiosk"):
            operate(world, "revoke", kiosk_id)

    @pytest.mark.parametrize("given", [("add",), ("add", "机"), ("list", "x"), ("revoke",)])
    def test_what_is_missing_is_said(self, world: World, given: tuple[str, ...]) -> None:
        with pytest.raises(SystemExit, match="Give: add NAME"):
            operate(world, *given)


# --- Credentials


class TestCredentials:
    """A kiosk is let in by its own credential only, and nowhere else."""

    def test_a_revoked_kiosk_is_out_at_its_next_request(self, world: World, kiosk: Kiosk) -> None:
        card = kiosk.swipe(NAME, NUMBER).expect(202)["card_id"]
        assert world.container.device_credentials.revoke(kiosk.kiosk_id, now=world.clock.at)
        kiosk.card(card).expect(401, "device_revoked")
        kiosk.swipe(NAME, NUMBER).expect(401, "device_revoked")
        writes = world.writes()
        kiosk.swipe(NAME, NUMBER).expect(401, "device_revoked")
        assert world.writes() == writes

    def test_no_other_token_is_one(self, world: World, kiosk: Kiosk) -> None:
        person, chief = world.visitor(), world.administrator()
        head, serial, secret = kiosk.token.split(".")
        other = world.kiosk().token.split(".")[2]
        join = chief.join_code(chief.venue["venue_id"])
        tokens = {
            "session": person.token,
            "refresh token": person.refresh_token,
            "live pass": person.get("/v1/me/pass").expect(200)["code"],
            "venue code": chief.venue["code"],
            "join code": join,
            "pairing code": world.pairing_code(),
            "kiosk id": kiosk.kiosk_id,
            "secret": secret,
            "another kiosk's secret": f"{head}.{serial}.{other}",
            "no secret": f"{head}.{serial}.",
            "an unknown kiosk": f"{head}.0000000000000000.{secret}",
            "another form": f"VK2.{serial}.{secret}",
            "lower case": kiosk.token.lower(),
            "longer": kiosk.token + "0",
            "a very long one": f"{head}.{serial}.{secret * 100}",
            "not ASCII": f"{head}.{serial}.{'０' * 32}".encode().decode("latin-1"),
        }
        for what, token in tokens.items():
            reply = world.call("GET", "/v1/kiosks/cards/crd_0000000000000000", token=token)
            assert (reply.status, reply.code) == (401, "token_invalid"), what

    def test_an_unpaired_kiosk_has_no_credential(self, world: World) -> None:
        device, _ = world.container.device_credentials.add("机", "440983", now=world.clock.at)
        token = f"VK1.{device.device_id[4:]}.{'0' * 32}"
        reply = world.call("GET", "/v1/kiosks/cards/crd_0000000000000000", token=token)
        reply.expect(401, "token_invalid")

    def test_its_credential_opens_nothing_else(self, world: World, kiosk: Kiosk) -> None:
        chief = world.administrator()
        kiosk.get("/v1/me").expect(401, "token_invalid")
        kiosk.get(f"/v1/venues/{chief.venue['venue_id']}").expect(401, "token_invalid")
        body = {"refresh_token": kiosk.token}
        world.call("POST", "/v1/sessions/refresh", body).expect(401, "token_invalid")
        presented = {"nonce": world.nonce(), "pass_code": kiosk.token}
        path = f"/v1/venues/{chief.venue['venue_id']}/scans"
        chief.post(path, presented).expect(400, "invalid_input")
        chief.scan_code(kiosk.token).expect(400, "invalid_input")

    def test_the_last_day_of_use_is_kept_by_one_write_a_day(
        self, world: World, kiosk: Kiosk
    ) -> None:
        before = world.writes()
        for _ in range(3):
            kiosk.card("crd_0000000000000000").expect(404, "not_found")
        assert world.writes() == before + 1
        world.clock.pass_(hours=12)  # midnight in China
        kiosk.card("crd_0000000000000000").expect(404, "not_found")
        used = world.container.devices.device(kiosk.kiosk_id)
        assert used is not None
        assert str(used.used_on) == "2026-11-23"


# --- Cards


class TestKnownPeople:
    """A registered person's pass is printed, if the name is the registered one."""

    @pytest.mark.requirement("JN-28")
    @pytest.mark.requirement("JN-30")
    @pytest.mark.requirement("YK-8")
    def test_a_registered_persons_pass_is_printed(self, world: World, kiosk: Kiosk) -> None:
        person = world.visitor()
        asked = kiosk.swipe(person.name, person.number).expect(202)
        assert (asked["status"], asked["poll_after_ms"], asked["url"]) == ("pending", 2000, None)
        world.work()
        assert kiosk.card(asked["card_id"]).expect(200)["status"] == "pending"
        world.clock.pass_(seconds=2)
        card = kiosk.card(asked["card_id"]).expect(200)
        assert (card["status"], card["poll_after_ms"]) == ("ready", None)
        file = f"cards/{person.person_id}/{serial_of(world, person.person_id)}/card_pdf.pdf"
        assert file in card["url"]
        assert file in world.stored()

    def test_the_sheet_is_printed_as_well(self, world: World, kiosk: Kiosk) -> None:
        person = world.visitor()
        card = kiosk.printed(person.name, person.number, form="sheet_pdf")
        assert (card["status"], card["form"]) == ("ready", "sheet_pdf")
        assert "sheet_pdf.pdf" in card["url"]

    def test_a_valid_pass_stays(self, world: World, kiosk: Kiosk) -> None:
        person = world.visitor()
        kiosk.printed(person.name, person.number)
        serial = serial_of(world, person.person_id)
        assert kiosk.printed(person.name, person.number)["status"] == "ready"
        assert serial_of(world, person.person_id) == serial

    def test_a_lost_card_is_replaced(self, world: World, kiosk: Kiosk) -> None:
        person = world.visitor()
        first = kiosk.printed(person.name, person.number)
        lost = serial_of(world, person.person_id)
        second = kiosk.printed(person.name, person.number, replace=True)
        assert second["status"] == "ready"
        assert serial_of(world, person.person_id) != lost
        assert kiosk.card(first["card_id"]).expect(200)["status"] == "rejected"

    def test_two_kiosks_that_replace_one_card_at_once_print_one_pass(self, world: World) -> None:
        person, kiosks = world.visitor(), [world.kiosk(), world.kiosk()]
        kiosks[0].printed(person.name, person.number)
        asked = [k.swipe(person.name, person.number, replace=True).expect(202) for k in kiosks]
        world.work()
        world.clock.pass_(seconds=2)
        for k, card in zip(kiosks, asked, strict=True):
            assert k.card(card["card_id"]).expect(200)["status"] == "ready"

    def test_another_name_reads_as_an_unknown_person(self, world: World, kiosk: Kiosk) -> None:
        person = world.visitor()
        world.say(person, identity=Answer("mismatch"))
        known = kiosk.swipe("王不是", person.number).expect(202)
        identity(world)[NUMBER] = Answer("mismatch")
        unknown = kiosk.swipe(NAME, NUMBER).expect(202)
        assert _shape(known) == _shape(unknown)
        for _ in range(2):
            shown = [kiosk.card(one["card_id"]).expect(200) for one in (known, unknown)]
            assert _shape(shown[0]) == _shape(shown[1])
            assert shown[0]["status"] == "pending"
            world.clock.pass_(seconds=2)
        world.work()
        shown = [kiosk.card(one["card_id"]).expect(200) for one in (known, unknown)]
        assert _shape(shown[0]) == _shape(shown[1])
        assert shown[0]["status"] == "rejected"
        assert world.container.people.load(person.person_id).paper_pass is None

    def test_another_name_that_the_provider_confirms_is_rejected(
        self, world: World, kiosk: Kiosk
    ) -> None:
        """The registration has precedence; nothing is left of what was entered."""
        person = world.visitor()
        before = set(people(world))
        assert kiosk.printed("王改名", person.number)["status"] == "rejected"
        assert set(people(world)) == before
        assert owner_of(world, person.number) == person.person_id

    @pytest.mark.requirement("GO-7")
    def test_the_person_sees_it(self, world: World, kiosk: Kiosk) -> None:
        person = world.visitor()
        kiosk.printed(person.name, person.number)
        kiosk.printed("王不是", person.number)
        shown = person.get("/v1/me/accesses").expect(200)["items"]
        seen = [(one["kind"], one["place"]) for one in shown]
        assert seen == [("kiosk", "信宜市政务大厅一号机")] * 2

    def test_a_registration_that_is_pending_is_waited_for(self, world: World, kiosk: Kiosk) -> None:
        person = world.person()
        person.register().expect(202)
        assert kiosk.printed(person.name, person.number)["status"] == "ready"


def _shape(card: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in card.items() if key != "card_id"}


class TestNewPeople:
    """A person without an account gets one card identity, verified as everyone."""

    @pytest.mark.requirement("JN-30")
    def test_their_card_is_printed_once_they_are_verified(self, world: World, kiosk: Kiosk) -> None:
        asked = kiosk.swipe(NAME, NUMBER).expect(202)
        world.clock.pass_(seconds=2)
        assert kiosk.card(asked["card_id"]).expect(200)["status"] == "pending"
        assert world.stored() == []
        world.work()
        card = kiosk.card(asked["card_id"]).expect(200)
        assert card["status"] == "ready"
        assert card["url"]

    def test_they_have_no_login_and_one_record(self, world: World, kiosk: Kiosk) -> None:
        kiosk.printed(NAME, NUMBER)
        person_id = owner_of(world, NUMBER)
        assert person_id is not None
        record = world.container.people.load(person_id)
        assert record.profile is not None
        assert (record.profile.phone, record.sessions) == (b"", {})
        world.clock.pass_(days=30)
        assert kiosk.printed(NAME, NUMBER)["status"] == "ready"
        assert owner_of(world, NUMBER) == person_id

    @pytest.mark.parametrize("call", ["before the claim", "after the claim", "at the card"])
    def test_two_kiosks_at_once_make_one_person(self, world: World, call: str) -> None:
        first, second = world.kiosk(), world.kiosk()
        first.card("crd_0000000000000000").expect(404, "not_found")  # the day of use is written
        world.wire.fail("", 0)
        first.swipe("王先来", support.resident_id(701)).expect(202)
        claim = world.wire.calls.index("TransactWriteItems") + 1
        world.work()
        known, asked = set(people(world)), []

        def meanwhile() -> None:
            asked.append((second, second.swipe(NAME, NUMBER).expect(202)["card_id"]))

        at = {"before the claim": claim, "after the claim": claim + 1, "at the card": claim + 2}
        body = first.entry(NAME, NUMBER)
        world.wire.interrupt(at[call], meanwhile)
        asked.append((first, first.post("/v1/kiosks/cards", body).expect(202)["card_id"]))
        assert len(asked) == 2
        world.work()
        world.clock.pass_(seconds=2)
        for kiosk, card in asked:
            assert kiosk.card(card).expect(200)["status"] == "ready"
        assert len(set(people(world)) - known) == 1

    @pytest.mark.parametrize("answer", [Answer("mismatch"), Absent()], ids=["wrong", "unknown"])
    def test_whom_the_provider_rejects_leaves_nothing(
        self, world: World, kiosk: Kiosk, answer: Answer | Absent
    ) -> None:
        known = set(people(world))
        identity(world)[NUMBER] = answer
        card = kiosk.printed(NAME, NUMBER)
        assert (card["status"], card["url"], card["poll_after_ms"]) == ("rejected", None, None)
        assert set(people(world)) == known
        assert owner_of(world, NUMBER) is None
        assert world.stored() == []

    def test_a_permit_with_the_same_number_is_the_same_person(
        self, world: World, kiosk: Kiosk
    ) -> None:
        """The residence permit of a Hong Kong, Macao or Taiwan resident bears a resident number."""
        number = "810000199001010035"
        known = set(people(world))
        for kind in ("residence_permit", "resident_id"):
            kiosk.swipe(NAME, number, document_type=kind).expect(202)
        world.work()
        assert len(set(people(world)) - known) == 1

    @pytest.mark.requirement("JN-30")
    def test_the_record_becomes_its_owners_when_they_log_in(
        self, world: World, kiosk: Kiosk
    ) -> None:
        heir = world.person()
        kiosk.printed(heir.name, heir.number)
        person_id = owner_of(world, heir.number)
        assert person_id is not None
        heir.register().expect(409, "identity_managed")
        own = Relative.of(heir)
        body = {"nonce": world.nonce(), "check_id": checked(heir, own), **own.entry}
        heir.keep(heir.post("/v1/me/registration/takeover", body).expect(200))
        assert heir.get("/v1/me").expect(200)["person_id"] == person_id
        shown = heir.get("/v1/me/pass/paper").expect(200)
        assert (shown["state"], shown["issued_by"]) == ("valid", "kiosk")
        assert heir.get("/v1/me/accesses").expect(200)["items"][0]["kind"] == "kiosk"

    def test_their_number_can_be_registered_after_a_rejection(
        self, world: World, kiosk: Kiosk
    ) -> None:
        person = world.person()
        kiosk.swipe("王抢先", person.number).expect(202)
        world.say(person, identity=Answer("mismatch"))
        world.work()
        world.say(person, identity=Answer("match"))
        person.register().expect(202)
        world.work()
        assert person.registration()["verification"] == "verified"

    def test_an_erased_person_gets_no_card(self, world: World, kiosk: Kiosk) -> None:
        asked = kiosk.swipe(NAME, NUMBER).expect(202)
        world.work()
        world.clock.pass_(seconds=2)
        assert kiosk.card(asked["card_id"]).expect(200)["status"] == "ready"
        person_id = owner_of(world, NUMBER)
        assert person_id is not None
        world.table.delete(keys.profile(person_id))
        card = kiosk.card(asked["card_id"]).expect(200)
        assert (card["status"], card["url"]) == ("rejected", None)

    @pytest.mark.parametrize("printed", [False, True])
    def test_an_erasure_finds_the_cards(self, world: World, kiosk: Kiosk, printed: bool) -> None:
        person = world.person()
        person.register().expect(202)
        if printed:
            world.work()
        else:
            world.say(person, identity=ProviderFault("away"))
        ask(person)
        world.clock.pass_(hours=23)
        card = kiosk.swipe(person.name, person.number).expect(202)["card_id"]
        world.work()
        stored = world.container.cards.card(kiosk.kiosk_id, card, world.clock.at)
        assert stored is not None
        assert stored.waits is not printed
        erase(world)
        assert left(world, person) == []

    def test_a_person_erased_before_the_verification_is_rejected(
        self, world: World, kiosk: Kiosk
    ) -> None:
        asked = kiosk.swipe(NAME, NUMBER).expect(202)
        person_id = owner_of(world, NUMBER)
        assert person_id is not None
        world.table.delete(keys.profile(person_id))
        world.table.delete(keys.identity(world.container.index.of("resident_id", NUMBER)))
        world.work()
        world.clock.pass_(seconds=2)
        assert kiosk.card(asked["card_id"]).expect(200)["status"] == "rejected"
        assert kiosk.printed(NAME, NUMBER)["status"] == "ready"
        assert owner_of(world, NUMBER) != person_id

    def test_while_the_provider_is_away_the_card_waits(self, world: World, kiosk: Kiosk) -> None:
        identity(world)[NUMBER] = ProviderFault("away")
        asked = kiosk.swipe(NAME, NUMBER).expect(202)
        world.run_stream()
        world.lookups.run()
        world.clock.pass_(minutes=10)
        card = kiosk.card(asked["card_id"]).expect(200)
        assert (card["status"], card["poll_after_ms"]) == ("pending", 1000)
        del identity(world)[NUMBER]
        world.work()
        assert kiosk.card(asked["card_id"]).expect(200)["status"] == "ready"


class TestRequests:
    """What a kiosk sends is checked, charged, and answered alike when it is sent again."""

    def test_a_retry_is_the_same_card_and_is_not_charged(self, world: World, kiosk: Kiosk) -> None:
        body = kiosk.entry(NAME, NUMBER)
        first = kiosk.post("/v1/kiosks/cards", body).expect(202)
        for _ in range(6):  # one more than a document's quota
            again = kiosk.post("/v1/kiosks/cards", body).expect(202)
            assert again["card_id"] == first["card_id"]
        world.work()
        world.clock.pass_(minutes=11)  # later than a new nonce may come
        kiosk.post("/v1/kiosks/cards", body).expect(202)
        assert kiosk.card(first["card_id"]).expect(200)["status"] == "ready"

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "李秀"},
            {"document_number": support.resident_id(702)},
            {"form": "sheet_pdf"},
            {"replace": True},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_a_nonce_is_for_one_request(
        self, world: World, kiosk: Kiosk, changes: dict[str, Any]
    ) -> None:
        body = kiosk.entry(NAME, NUMBER)
        kiosk.post("/v1/kiosks/cards", body).expect(202)
        writes = world.writes()
        kiosk.post("/v1/kiosks/cards", body | changes).expect(409, "nonce_reused")
        assert world.writes() == writes

    def test_two_kiosks_may_have_one_nonce(self, world: World, kiosk: Kiosk) -> None:
        body = kiosk.entry(NAME, NUMBER)
        first = kiosk.post("/v1/kiosks/cards", body).expect(202)
        second = world.kiosk().post("/v1/kiosks/cards", body).expect(202)
        assert first["card_id"] != second["card_id"]

    @pytest.mark.parametrize("minutes", [11, -11])
    def test_a_wrong_clock_is_told(self, world: World, kiosk: Kiosk, minutes: int) -> None:
        nonce = world.nonce(minutes=minutes)
        kiosk.swipe(NAME, NUMBER, nonce=nonce).expect(422, "clock_skewed")
        assert owner_of(world, NUMBER) is None

    def test_another_kiosks_card_is_not_found(self, world: World, kiosk: Kiosk) -> None:
        card = kiosk.swipe(NAME, NUMBER).expect(202)["card_id"]
        other = world.kiosk()
        for unknown in (card, "crd_0000000000000000", "x", "crd_" + "0" * 3000):
            other.card(unknown).expect(404, "not_found")

    def test_a_card_is_kept_for_a_day(self, world: World, kiosk: Kiosk) -> None:
        card = kiosk.printed(NAME, NUMBER)["card_id"]
        world.clock.pass_(days=1)
        kiosk.card(card).expect(404, "not_found")

    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"document_number": NUMBER[:-1] + "Y"}, "/document_number", "resident_id"),
            ({"document_number": NUMBER[:-1]}, "/document_number", "resident_id"),
            ({"document_number": ""}, "/document_number", "too_short"),
            ({"document_type": "library_card"}, "/document_type", "not_allowed"),
            ({"name": " "}, "/name", "too_short"),
            ({"name": "123"}, "/name", "malformed"),
            ({"name": "李\x1b秀英"}, "/name", "control_character"),
            ({"form": "card_png"}, "/form", "not_allowed"),
            ({"replace": "yes"}, "/replace", "type"),
            ({"nonce": "x"}, "/nonce", "nonce"),
            ({"photo": "x"}, "/photo", "unknown"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_written(
        self, world: World, kiosk: Kiosk, changes: dict[str, Any], pointer: str, code: str
    ) -> None:
        kiosk.card("crd_0000000000000000").expect(404, "not_found")
        writes = world.writes()
        reply = kiosk.post("/v1/kiosks/cards", kiosk.entry(NAME, NUMBER) | changes)
        assert (reply.status, reply.faults) == (400, {pointer: code})
        assert world.writes() == writes

    def test_a_document_has_five_cards_a_day_at_a_kiosk_and_twenty_at_all(
        self, world: World
    ) -> None:
        kiosks = [world.kiosk() for _ in range(5)]
        for kiosk in kiosks[:4]:
            for turn in range(5):
                kiosk.swipe(f"李{chr(0x4E00 + turn)}", NUMBER).expect(202)
            kiosk.swipe(NAME, NUMBER).expect(429, "too_many_requests")
        kiosks[4].swipe(NAME, NUMBER).expect(429, "too_many_requests")
        kiosks[0].swipe("王", support.resident_id(703)).expect(202)
        world.clock.pass_(days=1)
        kiosks[0].swipe(NAME, NUMBER).expect(202)

    def test_a_kiosk_has_a_quota_of_its_own(self, world: World, kiosk: Kiosk) -> None:
        charge, whom, now = world.container.limits.charge, kiosk.kiosk_id, world.clock.at
        for _ in range(500):
            charge("kiosk", whom, limit=500, seconds=86_400, now=now)
        kiosk.swipe(NAME, NUMBER).expect(429, "too_many_requests")
        assert owner_of(world, NUMBER) is None
        world.kiosk().swipe(NAME, NUMBER).expect(202)

    def test_one_that_has_issued_five_passes_learns_no_more_than_rejected(
        self, world: World, kiosk: Kiosk
    ) -> None:
        person = world.visitor()
        whom = f"{person.person_id}/{kiosk.kiosk_id}"
        for _ in range(5):
            world.container.limits.charge(
                "paper_pass", whom, limit=5, seconds=86_400, now=world.clock.at
            )
        assert kiosk.printed(person.name, person.number)["status"] == "rejected"

    def test_a_revoked_pass_is_not_printed_again(self, world: World, kiosk: Kiosk) -> None:
        person, path = world.visitor(), "/v1/me/pass/paper"
        first = kiosk.printed(person.name, person.number)
        serial = serial_of(world, person.person_id)
        person.post(f"{path}/revoke", {"serial": serial}).expect(200)
        assert kiosk.card(first["card_id"]).expect(200)["status"] == "rejected"
        assert kiosk.printed(person.name, person.number)["status"] == "ready"
        assert serial_of(world, person.person_id) != serial

    def test_the_name_stays_as_its_owner_chose(self, world: World, kiosk: Kiosk) -> None:
        person = world.visitor()
        person.post("/v1/me/pass/paper", {"name": "full"}).expect(202)
        world.clock.pass_(seconds=1)
        kiosk.printed(person.name, person.number, replace=True)
        issued = world.container.people.load(person.person_id).paper_pass
        assert issued is not None
        assert issued.full_name
        assert issued.issued_by == kiosk.kiosk_id

    def test_a_registration_that_changed_meanwhile_is_not_printed(
        self, world: World, kiosk: Kiosk
    ) -> None:
        person = world.person()
        person.register().expect(202)
        asked = kiosk.swipe(person.name, person.number).expect(202)
        person.register(1, name="赵改名").expect(202)
        world.work()
        world.clock.pass_(seconds=2)
        assert kiosk.card(asked["card_id"]).expect(200)["status"] == "rejected"

    def test_a_name_that_cannot_be_printed_is_told(self, world: World, kiosk: Kiosk) -> None:
        """Its owner wants it in full; a masked one would be left out."""
        person = world.person()
        name = "赵ᚠ"
        person.register(name=name).expect(202)
        world.work()
        assert kiosk.printed(name, person.number)["status"] == "ready"
        serial = person.get("/v1/me/pass/paper").expect(200)["serial"]
        person.post("/v1/me/pass/paper", {"name": "full", "replaces": serial}).expect(202)
        card = kiosk.printed(name, person.number)
        assert (card["status"], card["poll_after_ms"], card["url"]) == ("failed", None, None)
