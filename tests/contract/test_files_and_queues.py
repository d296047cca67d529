"""`storage.Storage`, `snapshots.LookupQueue`, `render_jobs.RenderQueue`, `keys.WrappedKeys`."""

from datetime import timedelta
from urllib.parse import unquote

import pytest

from chalicelib.admission.evidence import looked_up
from chalicelib.admission.lookup_requests import Lookup, Settle
from chalicelib.core.ids import RandomIds
from chalicelib.core.render_jobs import CardJob, CardRemoval, PosterJob, RenderJob
from chalicelib.identity.providers import ProviderName
from tests.contract import makers
from tests.contract.backends import FAKE, SERVICES, Backend, Stores
from tests.fakes.parts import NOON

LIFE = timedelta(minutes=15)


@pytest.mark.parametrize("backend", [FAKE, *SERVICES], indirect=True, scope="module")
class TestStorage:
    """What was stored is downloaded by a link, under a name in any script."""

    def test_a_link_downloads_the_file(self, backend: Backend) -> None:
        key, data = f"posters/ven_x/{makers.random()}.pdf", bytes(range(256)) * 40
        backend.storage.put(key, data, "application/pdf")
        found = backend.download(backend.storage.link(key, "信宜市-场所码 1.pdf", LIFE))
        assert (found.status, found.data, found.content_type) == (200, data, "application/pdf")
        assert "信宜市-场所码 1.pdf" in unquote(found.disposition)

    def test_a_file_is_replaced(self, backend: Backend) -> None:
        key = f"posters/ven_x/{makers.random()}.svg"
        backend.storage.put(key, b"first", "image/svg+xml")
        backend.storage.put(key, b"second", "image/svg+xml")
        assert backend.download(backend.storage.link(key, "x.svg", LIFE)).data == b"second"

    def test_removed_files_are_gone_and_missing_ones_are_ignored(self, backend: Backend) -> None:
        kept, gone = (f"cards/per_x/{makers.random()}.pdf" for _ in range(2))
        for key in (kept, gone):
            backend.storage.put(key, b"%PDF", "application/pdf")
        backend.storage.remove([gone, f"cards/per_x/{makers.random()}.pdf"])
        backend.storage.remove([gone])
        assert backend.download(backend.storage.link(kept, "x.pdf", LIFE)).status == 200
        if backend.name != FAKE:
            # 403 for whoever may not list the bucket (GetObject, "Permissions").
            found = backend.download(backend.storage.link(gone, "x.pdf", LIFE))
            assert found.status in (403, 404)

    def test_a_link_says_how_long_it_lives(self, backend: Backend) -> None:
        link = backend.storage.link("posters/x.pdf", "x.pdf", LIFE)
        assert "=900" in link

    def test_a_name_cannot_break_out_of_its_header(self, backend: Backend) -> None:
        key = f"posters/ven_x/{makers.random()}.pdf"
        backend.storage.put(key, b"%PDF", "application/pdf")
        name = "a\"b;c\r\nSet-Cookie: d'e.pdf"
        found = backend.download(backend.storage.link(key, name, LIFE))
        assert found.status == 200
        assert found.data == b"%PDF"


def lookup(provider: ProviderName = ProviderName.HEALTH_CODE) -> Lookup:
    correlation = RandomIds().random().lower()
    return Lookup((provider,), f"per_{makers.random()}", NOON, correlation, 3)


@pytest.mark.parametrize("backend", [FAKE, *SERVICES], indirect=True, scope="module")
class TestLookupQueue:
    """A message arrives as it was sent."""

    def test_every_kind_arrives(self, backend: Backend) -> None:
        settle = Settle(makers.scan(makers.venue()).scan_id, "c0ffee00")
        sent: list[Lookup | Settle] = [*map(lookup, looked_up()), settle]
        for message in sent:
            backend.lookups.send(message)
        arrived = [*backend.received_lookups().messages]
        while len(arrived) < len(sent):
            more = backend.received_lookups().messages
            assert more, "a message is missing"
            arrived += more
        assert sorted(map(repr, arrived)) == sorted(map(repr, sent))

    def test_a_delayed_message_is_held_back(self, backend: Backend) -> None:
        before = backend.received_lookups().delayed
        backend.lookups.send(lookup(), delay=timedelta(minutes=10))
        received = backend.received_lookups()
        assert received.messages == []
        assert received.delayed == before + 1

    def test_a_delay_is_at_most_what_the_queue_allows(self, backend: Backend) -> None:
        backend.lookups.send(lookup(), delay=timedelta(days=2))
        backend.lookups.send(lookup(), delay=timedelta(milliseconds=899_999))
        assert backend.received_lookups().messages == []


@pytest.mark.parametrize("backend", [FAKE, *SERVICES], indirect=True, scope="module")
class TestRenderQueue:
    """A message arrives as it was sent."""

    def test_every_kind_arrives(self, backend: Backend) -> None:
        person_id, serial, correlation = f"per_{makers.random()}", "0123456789AB", "c0ffee00-c"
        sent: list[RenderJob] = [
            PosterJob(f"ven_{makers.random()}", makers.random(), correlation),
            CardJob(person_id, serial, "card_pdf", correlation),
            CardRemoval(person_id, serial, correlation),
        ]
        for job in sent:
            backend.renders.send(job)
        arrived = [*backend.received_renders().messages]
        while len(arrived) < len(sent):
            more = backend.received_renders().messages
            assert more, "a message is missing"
            arrived += more
        assert sorted(map(repr, arrived)) == sorted(map(repr, sent))


class TestWrappedKeys:
    """The first wrapping of a key stays."""

    def test_the_first_stays(self, stores: Stores) -> None:
        key_id = makers.random()
        assert stores.wrapped_keys.get(key_id) is None
        assert stores.wrapped_keys.put_if_absent(key_id, b"\x00first") == b"\x00first"
        assert stores.wrapped_keys.put_if_absent(key_id, b"second") == b"\x00first"
        assert stores.wrapped_keys.get(key_id) == b"\x00first"
