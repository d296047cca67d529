"""`people.Codes` and `people.Limits`: what stands between a guesser and somebody's session."""

from datetime import timedelta

import pytest

from chalicelib.core import keys
from chalicelib.core.errors import TooMany
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.fakes.parts import NOON

SOON = NOON + timedelta(minutes=5)


class TestCodes:
    """A code is right once, in time, and not guessed at."""

    def test_the_right_code_works_once(self, stores: Stores) -> None:
        phone = makers.blind()
        stores.codes.put(phone, "right", SOON)
        assert stores.codes.spend(phone, "right", NOON)
        assert not stores.codes.spend(phone, "right", NOON)

    def test_a_code_that_was_never_sent_is_wrong(self, stores: Stores) -> None:
        assert not stores.codes.spend(makers.blind(), "right", NOON)

    def test_another_phones_code_is_wrong(self, stores: Stores) -> None:
        phone = makers.blind()
        stores.codes.put(phone, "right", SOON)
        assert not stores.codes.spend(makers.blind(), "right", NOON)
        assert stores.codes.spend(phone, "right", NOON)

    @pytest.mark.parametrize(("late", "right"), [(-1, True), (0, False), (1, False)])
    def test_a_code_expires(self, stores: Stores, late: int, right: bool) -> None:
        phone = makers.blind()
        stores.codes.put(phone, "right", SOON)
        assert stores.codes.spend(phone, "right", SOON + timedelta(seconds=late)) is right

    @pytest.mark.parametrize(("guesses", "right"), [(4, True), (5, False), (6, False)])
    def test_five_attempts_are_all(self, stores: Stores, guesses: int, right: bool) -> None:
        phone = makers.blind()
        stores.codes.put(phone, "right", SOON)
        for _ in range(guesses):
            assert not stores.codes.spend(phone, "wrong", NOON)
        assert stores.codes.spend(phone, "right", NOON) is right

    def test_a_new_code_voids_the_earlier_and_its_attempts(self, stores: Stores) -> None:
        phone = makers.blind()
        stores.codes.put(phone, "first", SOON)
        for _ in range(5):
            stores.codes.spend(phone, "wrong", NOON)
        stores.codes.put(phone, "second", SOON)
        assert not stores.codes.spend(phone, "first", NOON)
        assert stores.codes.spend(phone, "second", NOON)


class TestLimits:
    """So many in a window; another window, another thing or another person counts anew."""

    def test_the_limit_is_what_it_says(self, stores: Stores) -> None:
        whom = makers.blind()
        for _ in range(3):
            stores.limits.charge("otp-day", whom, limit=3, seconds=60, now=NOON)
        with pytest.raises(TooMany) as refused:
            stores.limits.charge("otp-day", whom, limit=3, seconds=60, now=NOON)
        assert refused.value.retry_after == 60

    def test_the_wait_ends_with_the_window(self, stores: Stores) -> None:
        whom = makers.blind()
        stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON)
        late = NOON + timedelta(seconds=59, milliseconds=999)
        with pytest.raises(TooMany) as refused:
            stores.limits.charge("x", whom, limit=1, seconds=60, now=late)
        assert refused.value.retry_after == 1
        stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON + timedelta(seconds=60))

    def test_others_are_not_charged(self, stores: Stores) -> None:
        whom = makers.blind()
        stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON)
        stores.limits.charge("y", whom, limit=1, seconds=60, now=NOON)
        stores.limits.charge("x", makers.blind(), limit=1, seconds=60, now=NOON)

    @pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
    def test_an_item_that_an_update_made_has_a_version(self, backend: Backend) -> None:
        whom = makers.blind()
        backend.stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON)
        assert backend.table is not None
        raw = backend.table.get(keys.rate("x", whom, f"{int(NOON.timestamp()):010d}"))
        assert raw is not None
        assert raw["v"] == {"N": "1"}
