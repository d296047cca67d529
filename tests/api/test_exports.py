"""Export of a person's data: asked for, written, downloaded, expired (GO-6)."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests

from chalicelib.core.render_jobs import ExportJob, encode
from chalicelib.insight import export_files
from tests.api.driver import HttpReply, Person, World
from tests.api.test_erasures import ask, left, lived, run
from tests.fakes.parts import NOON

FILES = [
    "README.txt", "data.json", "profile.csv", "sessions.csv", "answers.csv", "rights.csv",
    "family.csv", "visits.csv", "accesses.csv", "records.csv",
]  # fmt: skip


def request(person: Person, nonce: str = "") -> HttpReply:
    return person.post("/v1/me/export", {"nonce": nonce or person.world.nonce()})


def downloaded(person: Person) -> zipfile.ZipFile:
    """Return the zip behind the person's link."""
    shown = person.get("/v1/me/export").expect(200)
    assert shown["status"] == "ready"
    return zipfile.ZipFile(io.BytesIO(requests.get(shown["url"], timeout=10).content))


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    text = archive.read(f"{name}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.requirement("GO-6")
def test_an_export_has_all_that_is_stored_of_the_person(world: World) -> None:
    person, chief = world.visitor(), world.administrator()
    world.guardian(person)
    lived(world, person, chief)
    declared = {
        "nonce": world.nonce(), "form_version": 1,
        "answers": {
            "fever": False, "symptoms": [], "contact": False, "risk_area": False,
            "destination": "440983",
        },
    }  # fmt: skip
    person.post("/v1/me/declarations", declared)
    pending = request(person).expect(202)
    assert (pending["status"], pending["url"]) == ("pending", None)
    world.work()
    archive = downloaded(person)
    assert archive.namelist() == FILES
    data = json.loads(archive.read("data.json"))
    (profile,) = data["profile"]
    assert (profile["name"], profile["document_number"], profile["phone"]) == (
        person.name,
        person.number,
        person.phone,
    )
    assert len(data["visits"]) == len(rows(archive, "visits")) == 3
    assert {visit["venue"] for visit in data["visits"]} == {chief.venue["name"]}
    assert len(data["accesses"]) == 2
    assert [one["side"] for one in data["family"]] == ["guardian"]
    assert rows(archive, "family")[0]["name"].endswith("*")
    assert [one["role"] for one in data["rights"]] == ["inspector"]
    records = {one["item"].split("#")[0] for one in data["records"]}
    assert {"REC", "OWN"} <= records
    (declaration,) = [one for one in data["records"] if one["item"].startswith("REC#declaration")]
    assert "440983" in json.dumps(declaration, ensure_ascii=False)
    readme = archive.read("README.txt").decode()
    assert all(
        word in readme for word in ("妥善保管：文件", "妥善保管：檔案", "keep these files safe")
    )


@pytest.mark.requirement("GO-6")
def test_one_export_a_day(world: World) -> None:
    person, nonce = world.visitor(), world.nonce()
    first = request(person, nonce).expect(202)
    world.work()
    assert request(person, nonce).expect(202)["requested_at"] == first["requested_at"]
    world.clock.pass_(hours=1)
    refused = request(person)
    refused.expect(429, "too_many_requests")
    assert refused.headers["retry-after"] == str(23 * 3600)
    world.clock.pass_(hours=23)
    person.log_in()
    assert request(person).expect(202)["status"] == "pending"


def test_the_link_is_of_a_quarter_of_an_hour_and_the_zip_of_a_day(world: World) -> None:
    person = world.visitor()
    person.get("/v1/me/export").expect(404, "not_found")
    request(person).expect(202)
    world.work()
    shown = person.get("/v1/me/export").expect(200)
    assert "X-Amz-Expires=900" in shown["url"]
    world.clock.pass_(hours=23)
    person.log_in()
    shown = person.get("/v1/me/export").expect(200)
    assert (shown["status"], shown["url"]) == ("expired", None)


def test_an_export_that_hangs_may_be_asked_for_again(world: World) -> None:
    person = world.visitor()
    request(person).expect(202)
    request(person).expect(429, "too_many_requests")
    world.clock.pass_(minutes=15)
    request(person).expect(202)
    world.work()
    assert person.get("/v1/me/export").expect(200)["status"] == "ready"


@contextmanager
def meanwhile(world: World, what: Callable[[], object]) -> Iterator[None]:
    """Have `what` happen between the writing of a zip and the note that it is ready."""
    storage = world.container.storage

    class Storage:
        def put(self, key: str, data: bytes, content_type: str) -> None:
            storage.put(key, data, content_type)
            what()

        def __getattr__(self, name: str) -> Any:
            return getattr(storage, name)

    world.replace(storage=Storage())
    yield
    world.restart()


def test_a_person_who_is_erased_while_the_export_is_written_has_none(world: World) -> None:
    person = world.visitor()
    ask(person)
    world.clock.pass_(hours=24)
    person.log_in()
    request(person).expect(202)
    ran: list[dict[str, int]] = []
    with meanwhile(world, lambda: ran.append(world.container.erasing.run(world.clock.at))):
        world.work()
    assert ran == [{"swept": 1}]
    assert world.stored() == []
    world.clock.pass_(minutes=15)
    assert run(world) == {"erased": 1}
    assert left(world, person) == []


def test_an_old_message_after_the_erasure_leaves_nothing(world: World) -> None:
    person, nonce = world.visitor(), world.nonce()
    request(person, nonce).expect(202)
    world.run_stream()
    (message,) = world.renders.receive()
    ask(person)
    for hours in (24, 1):
        world.clock.pass_(hours=hours)
        run(world)
    assert world.renders.handle([message]) == 0
    assert left(world, person) == []
    world.renders.send(encode(ExportJob("per_0000000000000000", "x", "c0ffee00")))
    assert world.renders.run() == 1


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_no_formula(beginning: str) -> None:
    text = export_files.table([{"name": f"{beginning}cmd|' /C calc'!A0", "other": None}])
    ((_, cell),) = [next(iter(row.items())) for row in csv.DictReader(io.StringIO(text))]
    assert cell.startswith(f"'{beginning}")


def test_the_same_data_makes_the_same_bytes() -> None:
    sections = {"visits": [{"at": NOON, "venue": "信宜市人民医院"}], "empty": []}
    made = [export_files.archive(sections, made_at=NOON) for _ in range(2)]
    assert made[0] == made[1]
    later = export_files.archive(sections, made_at=NOON + timedelta(days=1))
    assert later != made[0]
    archive = zipfile.ZipFile(io.BytesIO(made[0]))
    assert archive.read("visits.csv").startswith(b"\xef\xbb\xbf")
    assert not archive.read("data.json").startswith(b"\xef\xbb\xbf")
