"""Identifiers and moments."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chalicelib.core import ids
from chalicelib.core.clock import SystemClock, epoch_ms, from_epoch_ms, local_day, rfc3339
from chalicelib.core.ids import ALPHABET, RandomIds
from tests.support import nonce_at

eighty_bits = st.binary(min_size=10, max_size=10)
codes = st.text(ALPHABET, min_size=16, max_size=16)
parts = st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs"))), max_size=4)
moments = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 (hypothesis wants them so)
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


class TestEncoding:
    """Crockford base32: nothing is lost, and nobody misreads it."""

    @given(eighty_bits)
    def test_it_is_a_code_and_keeps_every_bit(self, data: bytes) -> None:
        text = ids.encode(data)
        assert ids.is_code(text)
        assert sum(ALPHABET.index(c) << 5 * n for n, c in enumerate(reversed(text))) == (
            int.from_bytes(data, "big")
        )
        assert ids.decode(text).to_bytes(10, "big") == data

    @given(eighty_bits, eighty_bits)
    def test_it_keeps_the_order(self, one: bytes, other: bytes) -> None:
        assert (ids.encode(one) < ids.encode(other)) is (one < other)

    def test_the_alphabet_has_no_lookalikes(self) -> None:
        assert len(set(ALPHABET)) == 32
        assert not set("ILOU") & set(ALPHABET)

    @given(codes, st.data())
    def test_folding_undoes_what_people_read(self, code: str, data: st.DataObject) -> None:
        misread = {"0": "0Oo", "1": "1IiLl"}
        seen = "".join(
            data.draw(st.sampled_from(misread.get(character, character + character.lower())))
            for character in code
        )
        assert ids.fold(seen) == code

    @given(st.text(max_size=20))
    @example("ıııııııııııııııı")
    @example("0123456789ABCDE\n")
    @example("0123456789ABCDEU")
    def test_what_is_no_code_is_none(self, text: str) -> None:
        expected = len(text) == 16 and set(text) <= set(ALPHABET)
        assert ids.is_code(text) is expected

    @given(codes, st.sampled_from(["ven", "per", "ses"]))
    def test_an_id_has_its_own_prefix(self, code: str, prefix: str) -> None:
        assert ids.is_id(f"{prefix}_{code}", prefix)
        for other in ("", "VEN", "ven_", "scn"):
            assert not ids.is_id(f"{other}_{code}", prefix)
        assert not ids.is_id(code, prefix)
        assert not ids.is_id(f"{prefix}_{code}_", prefix)


class TestDeriving:
    """The same request meets its own item, another one does not."""

    @given(parts)
    def test_it_is_a_code_and_always_the_same(self, texts: list[str]) -> None:
        assert ids.is_code(ids.derive(*texts))
        assert ids.derive(*texts) == ids.derive(*texts)

    @given(parts, parts)
    @example(["ab", "c"], ["a", "bc"])
    @example(["a", ""], ["a"])
    def test_other_parts_make_another(self, one: list[str], other: list[str]) -> None:
        # The empty list and one empty text are the same; nobody derives from nothing.
        assume((one or [""]) != (other or [""]))
        assert ids.derive(*one) != ids.derive(*other)


class TestRandom:
    """Where ids come from outside of tests."""

    def test_they_are_codes_and_differ(self) -> None:
        made = {RandomIds().random() for _ in range(200)}
        assert len(made) == 200
        assert all(map(ids.is_code, made))

    def test_digits_keep_their_zeros(self) -> None:
        made = {RandomIds().digits(2) for _ in range(2000)}
        assert made == {f"{number:02d}" for number in range(100)}


class TestNonce:
    """A UUIDv7 in its canonical form, and nothing else."""

    @given(moments)
    def test_it_carries_its_time(self, moment: datetime) -> None:
        nonce = nonce_at(moment)
        assert ids.nonce_time(nonce) == epoch_ms(moment)
        assert ids.nonce_time(nonce.upper()) == epoch_ms(moment)

    @given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1))
    def test_every_time_is_read(self, at_ms: int, rest: int) -> None:
        value = at_ms << 80 | rest & ~(0xF << 76) | 7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        assert ids.nonce_time(str(uuid.UUID(int=value))) == at_ms

    @given(st.uuids() | st.uuids(version=4) | st.uuids(version=1))
    def test_other_versions_are_refused(self, other: uuid.UUID) -> None:
        assume(other.version != 7)
        with pytest.raises(ValueError):  # noqa: PT011 (any says it)
            ids.nonce_time(str(other))

    @given(st.text())
    def test_hostile_text_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 (any says it)
            ids.nonce_time(text)

    @pytest.mark.parametrize("form", ["{%s}", "urn:uuid:%s", " %s", "%s\n", "(%s)"])
    def test_other_ways_to_write_it_are_refused(self, form: str) -> None:
        nonce = nonce_at(datetime(2026, 11, 22, tzinfo=UTC))
        for text in (form % nonce, nonce.replace("-", "")):
            with pytest.raises(ValueError):  # noqa: PT011 (any says it)
                ids.nonce_time(text)


class TestClock:
    """Moments are exact to the millisecond, days are the venue's."""

    @given(st.integers(-(2**45), 2**47))
    def test_milliseconds_survive(self, value: int) -> None:
        assert epoch_ms(from_epoch_ms(value)) == value

    @given(moments)
    def test_what_is_cut_off_is_less_than_a_millisecond(self, moment: datetime) -> None:
        lost = moment - from_epoch_ms(epoch_ms(moment))
        assert timedelta(0) <= lost < timedelta(milliseconds=1)

    @given(moments, offsets)
    def test_the_time_zone_of_a_moment_does_not_matter(
        self, moment: datetime, offset: timezone
    ) -> None:
        assert epoch_ms(moment.astimezone(offset)) == epoch_ms(moment)
        assert rfc3339(moment.astimezone(offset)) == rfc3339(moment)
        day = local_day(moment, "Asia/Shanghai")
        assert local_day(moment.astimezone(offset), "Asia/Shanghai") == day

    @given(moments)
    def test_times_are_written_as_rfc_3339(self, moment: datetime) -> None:
        text = rfc3339(moment)
        assert len(text) == 24
        assert text.endswith("Z")
        assert epoch_ms(datetime.fromisoformat(text)) == epoch_ms(moment)

    @given(moments)
    def test_a_day_begins_at_the_venues_midnight(self, moment: datetime) -> None:
        assume(moment.year > 1991)  # China kept summer time until then
        expected = (moment + timedelta(hours=8)).date()
        assert local_day(moment, "Asia/Shanghai") == expected

    def test_summer_time_moves_the_day(self) -> None:
        moment = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
        assert local_day(moment, "Europe/Berlin").day == 2
        assert local_day(moment.replace(month=1), "Europe/Berlin").day == 1

    def test_the_machines_clock_is_aware(self) -> None:
        first, second = SystemClock().now(), SystemClock().now()
        assert first.tzinfo is UTC
        assert first <= second
