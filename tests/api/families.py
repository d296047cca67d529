"""Adding dependants through the API, for tests and scenes."""

from dataclasses import dataclass
from typing import Any

from chalicelib.identity.checks import State
from tests import support
from tests.api.driver import HttpReply, Person, World


@dataclass(frozen=True)
class Relative:
    """A person with a document and without a phone."""

    name: str
    number: str
    document_type: str = "resident_id"

    @classmethod
    def born(cls, world: World, day: str = "20190424", serial: int = 1) -> "Relative":
        """Return a person with a resident ID who was born on `day`."""
        name = f"关小{'一二三四五六七八九十'[serial % 10]}{day[3]}"
        one = cls(name, support.resident_id(serial, born=day))
        world.secrets |= {one.name, one.number}
        return one

    @classmethod
    def of(cls, person: Person) -> "Relative":
        """Return a person with a phone."""
        return cls(person.name, person.number)

    @property
    def entry(self) -> dict[str, str]:
        """Return name and document as in a request."""
        return {
            "name": self.name,
            "document_type": self.document_type,
            "document_number": self.number,
        }


def checked(actor: Person, who: Relative, state: State = State.PASSED) -> str:
    """Return the id of a check of the relative's face on the actor's phone, which ended so."""
    check_id = str(actor.start_check("face", None, **who.entry).expect(202)["check_id"])
    actor.world.call_back(check_id, state).expect(200)
    return check_id


def add(actor: Person, method: str, relation: str = "child", **changes: Any) -> HttpReply:
    """Send a request to add a dependant."""
    body = {"method": method, "nonce": actor.world.nonce(), "relation": relation} | changes
    return actor.post("/v1/me/dependants", body)


def by_face(actor: Person, who: Relative, relation: str = "child", **changes: Any) -> HttpReply:
    """Add a relative by a check of their face."""
    check_id = changes.pop("check_id", None) or checked(actor, who)
    return add(actor, "face", relation, **who.entry, check_id=check_id, **changes)


def by_household(actor: Person, who: Relative, **changes: Any) -> HttpReply:
    """Add a relative of whom the register knows that they live with the actor."""
    actor.world.households.homes.append(frozenset({actor.number, who.number}))
    return add(actor, "household", **who.entry, **changes)


def code_of(person: Person) -> str:
    """Return a new consent code of a person."""
    code = str(person.post("/v1/me/consent-code").expect(201)["code"])
    person.world.secrets.add(code)
    return code


def by_consent(actor: Person, code: str, **changes: Any) -> HttpReply:
    """Add a relative who told the actor a consent code."""
    return add(actor, "consent", "elder", code=code, **changes)


def dependants(actor: Person) -> list[dict[str, Any]]:
    """Return the people for whom the actor acts."""
    return list(actor.get("/v1/me/dependants").expect(200)["items"])


def guardians(actor: Person) -> list[dict[str, Any]]:
    """Return who acts for the actor."""
    return list(actor.get("/v1/me/guardians").expect(200)["items"])


def added(reply: HttpReply) -> str:
    """Return the id of the dependant that was added."""
    return str(reply.good()["dependant"]["person_id"])


def health(actor: Person, person_id: str) -> HttpReply:
    """Read a dependant's health."""
    return actor.get(f"/v1/me/dependants/{person_id}/health")


def remove(actor: Person, person_id: str) -> HttpReply:
    """Stop acting for a dependant."""
    return actor.post(f"/v1/me/dependants/{person_id}/remove")
