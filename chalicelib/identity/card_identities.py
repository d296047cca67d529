"""Card identities: people without a login, known by the document that a kiosk has read (JN-30).

A card identity is an ordinary person with a profile and no phone. The identity provider verifies it
through the queue, as every registration. A rejected one is deleted, because nobody could correct it
(`People.settle`).
"""

from datetime import datetime

from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Unavailable
from chalicelib.core.ids import Ids
from chalicelib.identity import documents
from chalicelib.identity.people import People, Profile, Verification
from chalicelib.identity.registration import Entry, is_named, managed_profile

_TRIES = 3


class CardIdentities:
    """Finds or creates the person whose document was read."""

    __slots__ = ("_ids", "_index", "_people", "_vault")

    def __init__(self, *, people: People, index: BlindIndex, vault: Vault, ids: Ids) -> None:
        self._people = people
        self._index = index
        self._vault = vault
        self._ids = ids

    def blind(self, entry: Entry) -> str:
        """Return the blind index of the document."""
        return documents.blind(self._index, entry.document_type, entry.number)

    def of(self, entry: Entry, blind: str, *, correlation: str, now: datetime) -> Profile:
        """Return the profile of the person with this name and document; create an unknown one.

        If the document is registered under another name, the profile returned is a stand-in: it
        claims no document, is verified as the others are, and deleted then. So the answer to a
        wrong name takes as long as the answer about an unknown person. Raises Unavailable.
        """
        for _ in range(_TRIES):
            owner_id = self._people.by_document(blind)
            if owner_id is None:
                new = managed_profile(
                    f"per_{self._ids.random()}", entry, blind, vault=self._vault, now=now
                )
                if self._people.create_managed(new, correlation):
                    return new
                continue  # another kiosk came first
            owner = self._people.load(owner_id).profile
            if owner is None:
                continue  # erased a moment ago
            if self._is_named(owner, entry.name):
                return owner
            # One for each pair of document and name. In hexadecimal: the index ignores case.
            pair = f"{blind}\x1f{entry.name.encode().hex()}"
            stand_in_id = ids.derive("stand-in", self._index.of("stand-in", pair))
            stand_in = managed_profile(f"per_{stand_in_id}", entry, "", vault=self._vault, now=now)
            self._people.create_managed(stand_in, correlation)
            return stand_in
        raise Unavailable

    def _is_named(self, profile: Profile, name: str) -> bool:
        registered = profile.verification in (Verification.PENDING, Verification.VERIFIED)
        return registered and is_named(profile, name, vault=self._vault)
