"""Fill the local cloud through its own API: five dozen people, two hundred venues.

Many names of venues are those of public places (infra/local/data/SOURCES.md); their numbers and all
people are invented. Run again, it continues where it stopped.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.client import Phone, Pocket, Server, fresh_nonce
from infra.local.language import words
from infra.local.place import LocalCloud

DATA = Path(__file__).parent / "data"
_AT_A_TIME = 4


@dataclass(frozen=True)
class Person:
    """A person of the cast.

    `phone` and `entered_name`, which they type at first, may be empty. `part` is what they do in
    the demo (infra/local/data/README.md). `about` is in the language of the terminal.
    """

    phone: str
    name: str
    entered_name: str
    document_number: str
    part: str
    about: str

    @property
    def registers_early(self) -> bool:
        """Return whether they register before the demo begins."""
        return bool(self.entered_name) and self.part != "guard_invited"


def people(part: str = "") -> list[Person]:
    """Return the cast, or those who have a `part`."""
    cast = [
        Person(
            row["phone"],
            row["name"],
            row["entered_name"],
            row["document_number"],
            row["part"],
            row[words("about", "about_zh")],
        )
        for row in _rows("people.csv")
    ]
    return [person for person in cast if not part or person.part == part]


def venues() -> list[dict[str, str]]:
    """Return the venues, a row each; `administrator` is the applicant's phone."""
    return list(_rows("venues.csv"))


def application(row: dict[str, str], nonce: str) -> dict[str, Any]:
    """Return the body of a venue's application."""
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
    """Return what this local cloud's phones remember; deleted with its data."""
    return Pocket.open(cloud.log_dir.parent / "state" / "phones.json")


def is_seeded(cloud: LocalCloud) -> bool:
    """Return whether everything in today's files has been entered."""
    marker = _marker(cloud)
    return marker.exists() and marker.read_text("utf-8") == _digest()


def seed(cloud: LocalCloud, advance: Callable[[], None] = lambda: None) -> None:
    """Register everybody, then let the administrators apply for all venues.

    Calls `advance` once per person and venue: `steps()` times in all.
    """
    server, pocket = Server(cloud.base_url, cloud.sandbox_url), pocket_of(cloud)

    def enter(person: Person) -> None:
        phone = phone_of(person.phone, server, pocket)
        if phone.registration()["verification"] == "none":
            phone.enter(person.entered_name, person.document_number)
        advance()

    def apply(number: str) -> None:
        phone = phone_of(number, server, pocket)
        for row in theirs[number]:
            issue(phone, row, pocket)
            advance()

    theirs: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in venues():
        theirs[row["administrator"]].append(row)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(enter, _early()))
        list(pool.map(apply, theirs))
    _marker(cloud).write_text(_digest(), "utf-8")


def phone_of(number: str, server: Server, pocket: Pocket) -> Phone:
    """Return a phone with a login; the first one is by WeChat.

    A number gets one text message a minute, which whoever tries the client is about to ask for.
    """
    phone = Phone(number, server, pocket)
    if pocket.get("phones", number, "access_token") is None:
        phone.log_in_with_wechat()
    return phone


def steps() -> int:
    """Return the number of people and venues to seed."""
    return len(_early()) + len(venues())


def issue(phone: Phone, row: dict[str, str], pocket: Pocket) -> dict[str, Any]:
    """Apply for a venue's code; a repeated application gets its own venue."""
    place = f"{row['name']} {row['address']}"
    nonce = pocket.get("venues", place)
    if nonce is None:
        nonce = fresh_nonce()
        pocket.put(nonce, "venues", place)
    return phone.apply(application(row, nonce)).good()


def _early() -> list[Person]:
    return [person for person in people() if person.registers_early]


def _marker(cloud: LocalCloud) -> Path:
    return cloud.log_dir.parent / "state" / "seeded"


def _digest() -> str:
    files = (DATA / name for name in ("people.csv", "venues.csv"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
