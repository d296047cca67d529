"""Shadow subjects: people without an account whom staff check by name and document number."""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.identity import documents, personal
from chalicelib.identity.people import People, Profile, Verification
from chalicelib.identity.registration import is_verified_as

_SHADOW_LIFE = timedelta(days=14)


class Subject(NamedTuple):
    """The subject of a manual check.

    `person_id` is the visitor: the registered person, or else the shadow subject, by whose answers
    everybody is judged.
    """

    person_id: str
    shadow: Profile


class ManualEntry:
    """The data of a manual check.

    `number` is canonical. `phone` is E.164, perhaps a relative's, or empty. The representation
    contains no personal data.
    """

    __slots__ = ("document_type", "name", "number", "phone", "temperature")

    def __init__(
        self,
        *,
        name: str,
        document_type: str,
        number: str,
        phone: str = "",
        temperature: str = "",
    ) -> None:
        self.name = name
        self.document_type = document_type
        self.number = number
        self.phone = phone
        self.temperature = temperature

    def __repr__(self) -> str:
        return f"ManualEntry({self.document_type})"


def shadow_of(index: BlindIndex, document_type: str, number: str, name: str) -> str:
    """Return the id of the shadow subject of a canonical document number and a name."""
    return shadows_of(index, document_type, number, name)[0]


def shadows_of(index: BlindIndex, document_type: str, number: str, name: str) -> tuple[str, ...]:
    """Return the ids that the shadow subject has had, under every root so far, newest first."""
    # In hexadecimal: the index ignores case and width of letters, but providers do not.
    space = documents.of(document_type).numbered_as
    pairs = index.forms(f"{space}+name", f"{number}\x1f{name.encode().hex()}")
    return tuple(f"per_{ids.derive('shadow', pair)}" for pair in pairs)


class Subjects:
    """The lookup of the subjects of manual checks."""

    __slots__ = ("_index", "_people", "_vault")

    def __init__(self, *, index: BlindIndex, vault: Vault, people: People) -> None:
        self._index = index
        self._vault = vault
        self._people = people

    def blind(self, entry: ManualEntry) -> str:
        """Return the blind index of the entry's document number."""
        return documents.blind(self._index, entry.document_type, entry.number)

    def fingerprint(self, entry: ManualEntry) -> str:
        """Return a keyed hash of an entry: from a bare one, name and number could be guessed."""
        said = {
            "document_number": entry.number,
            "document_type": entry.document_type,
            "name": entry.name,
            "phone": entry.phone or None,
            "temperature": entry.temperature or None,
        }
        return self._index.of("manual_check", json.dumps(said, ensure_ascii=False))

    def of(self, entry: ManualEntry, blind: str, now: datetime) -> Subject:
        """Return the subject of the check.

        The calls are the same for every subject: one GetItem, two Query, one UpdateItem. Therefore
        a shadow subject is kept for a registered person as well, and an unknown person is read
        twice.
        """
        shadow_id = shadow_of(self._index, entry.document_type, entry.number, entry.name)

        def sealed(field: personal.PersonalField, text: str) -> bytes:
            return field.seal(self._vault, text, shadow_id, now=now) if text else b""

        shadow = Profile(
            person_id=shadow_id,
            phone=sealed(personal.PHONE, entry.phone),
            name=sealed(personal.NAME, entry.name),
            document_type=entry.document_type,
            document=sealed(personal.DOCUMENT, entry.number),
            document_blind=blind,
            verification=Verification.PENDING,
            shadow_until=now + _SHADOW_LIFE,
        )
        owner_id = self._people.by_document(blind) or shadow_id
        owner = self._people.load(owner_id, consistent=False).profile
        before = self._people.load(shadow_id).profile
        # A rejected subject is verified again, because the provider may know them by now.
        rejected = before is not None and before.verification is Verification.REJECTED
        self._people.keep_shadow(shadow, again=rejected)
        registered = is_verified_as(owner, entry.name, vault=self._vault)
        return Subject(owner_id if registered else shadow_id, shadow)
