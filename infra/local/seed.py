"""Fills the local cloud through its own API: two dozen people, three dozen venues.

Names of venues are those of public places (infra/local/data/SOURCES.md); their numbers, and the
people altogether, are invented. Run again, it goes on where it stopped.
"""

import csv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.client import Phone, Pocket, Server, now_ms, uuid7
from infra.local.cloud import LocalCloud

DATA = Path(__file__).parent / "data"
ADMINISTRATORS = {"44": "+8613800000001", "37": "+8613800000002"}
_AT_A_TIME = 4


@dataclass(frozen=True)
class Person:
    """One of the cast; `entered_name` is what they type at first."""

    phone: str
    name: str
    entered_name: str
    document_number: str
    about: str


def people() -> list[Person]:
    """The cast."""
    return [
        Person(
            row["phone"],
            row["name"],
            row["entered_name"],
            row["document_number"],
            row["about"],
        )
        for row in _rows("people.csv")
    ]


def venues() -> list[dict[str, str]]:
    """The venues, a row each."""
    return list(_rows("venues.csv"))


def application(row: dict[str, str], nonce: str) -> dict[str, Any]:
    """The body of a venue's application."""
    return {
        "nonce": nonce,
        "name": row["name"],
        "type": row["type"],
        "region": row["region"],
        "street": row["street"],
        "address": row["address"],
        "number": {"type": row["number_type"], "value": row["number"]},
        "contact": {"name": row["contact_name"], "phone": row["contact_phone"]},
    }


def pocket_of(cloud: LocalCloud) -> Pocket:
    """What the phones of this local cloud's people remember; forgotten with its data."""
    return Pocket.open(cloud.log_dir.parent / "state" / "phones.json")


def seed(cloud: LocalCloud, advance: Callable[[], None] = lambda: None) -> None:
    """Register everybody, then let the two administrators apply for all venues.

    `advance` is called once a person and once a venue: `steps()` times in all.
    """
    server, pocket = Server(cloud.base_url, cloud.sandbox_url), pocket_of(cloud)

    def enter(person: Person) -> None:
        phone = Phone(person.phone, server, pocket)
        if phone.registration()["verification"] == "none":
            phone.register(person.entered_name, person.document_number)
        advance()

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(enter, people()))
    phones = {
        province: Phone(number, server, pocket) for province, number in ADMINISTRATORS.items()
    }
    for row in venues():
        issue(phones[row["region"][:2]], row, pocket)
        advance()


def steps() -> int:
    """How many people and venues there are to seed."""
    return len(people()) + len(venues())


def issue(phone: Phone, row: dict[str, str], pocket: Pocket) -> dict[str, Any]:
    """Apply for a venue's code; asked again, the same application meets its own venue."""
    place = f"{row['name']} {row['address']}"
    nonce = pocket.get("venues", place)
    if nonce is None:
        nonce = uuid7(now_ms())
        pocket.put(nonce, "venues", place)
    return phone.call("POST", "/v1/venues", application(row, nonce))


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
