"""The render worker's part of paper passes: it draws requested files, and deletes ended ones.

A job may run twice, late, or after its pass has ended. If the worker is killed between the put of a
file and the write of its state, the job runs again and ends the same: it draws the same file, or
deletes it because the pass has ended.
"""

from datetime import timedelta
from typing import Protocol, cast

from chalicelib.core.clock import CHINA, Clock, local_day
from chalicelib.core.crypto import KeyRing, Vault
from chalicelib.core.storage import Storage
from chalicelib.identity import passes, personal
from chalicelib.identity.paper_passes import (
    SUFFIXES,
    FileState,
    IssuedPasses,
    object_key,
    printed,
)
from chalicelib.identity.people import IssuedPass, People, Profile, Verification, mask_name
from chalicelib.rendering import coverage
from chalicelib.rendering.cards import Card, CardForm

_NO_NAME = "***"


class CardRenderer(Protocol):
    """Draws paper passes, implemented by `adapters.renderer`."""

    def draw_card(self, card: Card, form: CardForm, timestamp: int) -> tuple[bytes, str]:
        """Return the file, dated `timestamp` (epoch seconds), and its media type.

        Raises GlyphMissing.
        """


class CardContents:
    """Makes what is printed on a card.

    `issuer` is the name of the issuing authority or region. `demo` marks cards 演示.
    """

    __slots__ = ("_demo", "_issuer", "_ring", "_vault")

    def __init__(self, *, vault: Vault, ring: KeyRing, issuer: str, demo: bool) -> None:
        self._vault = vault
        self._ring = ring
        self._issuer = issuer
        self._demo = demo

    def of(self, profile: Profile, issued: IssuedPass) -> Card:
        """Return the contents of the card of a valid pass."""
        name = personal.NAME.open(self._vault, profile.name, profile.person_id)
        if not issued.full_name:
            masked = mask_name(name)
            # The family name may be too rare for the fonts. The ID has it.
            name = _NO_NAME if coverage.missing(masked) else masked
        last_moment = issued.expires_at - timedelta(milliseconds=1)
        return Card(
            pass_text=passes.mint_paper(profile.person_id, issued.serial, ring=self._ring),
            name=name,
            serial=printed(issued.serial),
            issued=local_day(issued.issued_at, CHINA),
            expires=local_day(last_moment, CHINA),
            region_name=self._issuer,
            by_family=issued.by_guardian,
            demo=self._demo,
        )


class CardRendering:
    """Draws and deletes the files of paper passes."""

    __slots__ = ("_clock", "_contents", "_issued", "_people", "_renderer", "_storage")

    def __init__(
        self,
        *,
        people: People,
        issued: IssuedPasses,
        storage: Storage,
        renderer: CardRenderer,
        contents: CardContents,
        clock: Clock,
    ) -> None:
        self._people = people
        self._issued = issued
        self._storage = storage
        self._renderer = renderer
        self._contents = contents
        self._clock = clock

    def render(self, person_id: str, serial: str, form: str) -> FileState | None:
        """Draw and store a requested file of the pass `serial`. Idempotent.

        Returns the file's new state, or None if it is not requested, the pass has ended, or nobody
        has verified the name yet. Then the owner requests it again after the verification.
        """
        from chalicelib.rendering.engine import GlyphMissing

        valid = self._valid(person_id, serial)
        file = self._issued.file(person_id, form)
        if valid is None:
            # A file that was finished stays: the pass may be valid again after an edit.
            if file is None or (file.serial, file.state) != (serial, FileState.READY):
                self._storage.remove([object_key(person_id, serial, form)])
            return None
        profile, issued = valid
        if profile.verification is not Verification.VERIFIED:
            return None  # the name was edited, and nobody has verified it yet
        if file is None or file.serial != serial or file.state is not FileState.PENDING:
            return None
        state = FileState.READY
        try:
            data, content_type = self._renderer.draw_card(
                self._contents.of(profile, issued),
                cast(CardForm, form),
                # The issue is the file's date, so that a pass has the same bytes each time.
                int(issued.issued_at.timestamp()),
            )
            self._storage.put(object_key(person_id, serial, form), data, content_type)
        except GlyphMissing:
            state = FileState.FAILED
        if self._issued.finish(person_id, file, state):
            return state
        if self._valid(person_id, serial) is None:  # it has ended while it was drawn
            self._storage.remove([object_key(person_id, serial, form)])
        return None

    def remove(self, person_id: str, serial: str) -> None:
        """Delete the files of a pass that has ended."""
        self._storage.remove([object_key(person_id, serial, form) for form in SUFFIXES])

    def _valid(self, person_id: str, serial: str) -> tuple[Profile, IssuedPass] | None:
        record = self._people.load(person_id)
        profile, issued = record.profile, passes.valid_pass(record, self._clock.now())
        if profile is None or issued is None or issued.serial != serial:
            return None
        return profile, issued
