"""`people.Codes` and `people.Limits`: what stands between a guesser and somebody's session."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.core.errors import TooMany
from chalicelib.identity.people import Guess, GuessState, SentCode
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.fakes.parts import NOON

RIGHT, WRONG, USED_UP = GuessState.RIGHT, GuessState.WRONG, GuessState.USED_UP
SOON = NOON + timedelta(minutes=5)


class TestCodes:
    """A code is right once, in time, and not guessed at."""

    def put(self, stores: Stores, phone: str, digest: str = "right", **code: Any) -> SentCode:
        sent = SentCode(digest, **{"expires_at": SOON, **code})
        assert stores.codes.put(phone, sent, stores.codes.get(phone))
        return sent

    def spend(
        self,
        stores: Stores,
        phone: str,
        digest: str = "right",
        *,
        network: str = "mine",
        by: str = "first",
        now: datetime = NOON,
    ) -> Guess:
        return stores.codes.spend(phone, digest, network=network, by=by, now=now)

    def test_the_right_code_works_once_and_its_retry_for_thirty_seconds(
        self, stores: Stores
    ) -> None:
        phone = makers.blind()
        self.put(stores, phone)
        assert self.spend(stores, phone) == Guess(RIGHT, "first")
        soon, late = NOON + timedelta(seconds=30), NOON + timedelta(seconds=31)
        assert self.spend(stores, phone, by="second", now=soon) == Guess(RIGHT, "first")
        assert self.spend(stores, phone, by="second", now=late).state is WRONG

    def test_a_code_that_was_never_sent_is_wrong(self, stores: Stores) -> None:
        assert self.spend(stores, makers.blind()).state is WRONG
        assert stores.codes.get(makers.blind()) is None

    def test_another_phones_code_is_wrong(self, stores: Stores) -> None:
        phone = makers.blind()
        self.put(stores, phone)
        assert self.spend(stores, makers.blind()).state is WRONG
        assert self.spend(stores, phone).state is RIGHT

    @pytest.mark.parametrize(("late", "state"), [(-1, RIGHT), (0, WRONG), (1, WRONG)])
    def test_a_code_expires(self, stores: Stores, late: int, state: GuessState) -> None:
        phone = makers.blind()
        self.put(stores, phone)
        moment = SOON + timedelta(seconds=late)
        assert self.spend(stores, phone, now=moment).state is state

    @pytest.mark.parametrize(("guesses", "state"), [(4, RIGHT), (5, USED_UP), (6, USED_UP)])
    def test_a_network_has_five_wrong_guesses_and_the_fifth_is_told(
        self, stores: Stores, guesses: int, state: GuessState
    ) -> None:
        phone = makers.blind()
        self.put(stores, phone)
        found = [self.spend(stores, phone, "wrong").state for _ in range(guesses)]
        assert found == [WRONG, WRONG, WRONG, WRONG, USED_UP, USED_UP][:guesses]
        assert self.spend(stores, phone).state is state

    def test_a_strangers_wrong_guesses_do_not_burn_the_code(self, stores: Stores) -> None:
        phone = makers.blind()
        self.put(stores, phone)
        for _ in range(6):
            self.spend(stores, phone, "wrong", network="theirs")
        assert self.spend(stores, phone).state is RIGHT

    def test_all_networks_together_have_twenty(self, stores: Stores) -> None:
        phone = makers.blind()
        self.put(stores, phone)
        found = [
            self.spend(stores, phone, "wrong", network=f"n{number % 5}").state
            for number in range(20)
        ]
        assert found == [WRONG] * 19 + [USED_UP]
        assert self.spend(stores, phone).state is USED_UP

    def test_the_right_code_is_no_guess(self, stores: Stores) -> None:
        phone = makers.blind()
        self.put(stores, phone)
        for _ in range(4):
            self.spend(stores, phone, "wrong")
        assert self.spend(stores, phone).state is RIGHT
        assert self.spend(stores, phone).state is RIGHT

    def test_a_new_code_voids_the_earlier_and_its_attempts(self, stores: Stores) -> None:
        phone = makers.blind()
        self.put(stores, phone, "first")
        for _ in range(5):
            self.spend(stores, phone, "wrong")
        self.put(stores, phone, "second")
        assert self.spend(stores, phone, "first").state is WRONG
        assert self.spend(stores, phone, "second").state is RIGHT

    def test_the_former_code_stays_valid_if_it_is_named(self, stores: Stores) -> None:
        phone = makers.blind()
        former = self.put(stores, phone, "first", expires_at=SOON - timedelta(minutes=1))
        self.put(stores, phone, "second", earlier=(former,))
        assert self.spend(stores, phone, "first", now=former.expires_at).state is WRONG
        assert self.spend(stores, phone, "first").state is RIGHT
        # One login comes of both.
        assert self.spend(stores, phone, "second").state is WRONG

    def test_a_code_is_read_with_its_nonce_and_its_use(self, stores: Stores) -> None:
        phone = makers.blind()
        sent = self.put(stores, phone, nonce="N")
        assert stores.codes.get(phone) == sent
        self.spend(stores, phone)
        assert stores.codes.get(phone) == sent._replace(used=True)

    def test_further_codes_are_valid_for_their_networks(self, stores: Stores) -> None:
        phone = makers.blind()
        earlier = tuple(
            SentCode(digest, SOON - timedelta(minutes=late), network=network)
            for digest, network, late in (
                ("first", "theirs", 0), ("second", "mine", 0), ("third", "other", 0),
                ("fourth", "old", 6),
            )
        )  # fmt: skip
        sent = self.put(stores, phone, "fifth", network="theirs", earlier=earlier)
        assert stores.codes.get(phone) == sent
        for digest, network, state in (
            ("second", "theirs", WRONG), ("fourth", "old", WRONG), ("second", "mine", RIGHT),
            ("third", "other", RIGHT), ("first", "mine", RIGHT), ("fifth", "mine", RIGHT),
        ):  # fmt: skip
            assert stores.codes.check(phone, digest, network=network, now=NOON) is state
        assert self.spend(stores, phone, "second").state is RIGHT
        assert self.spend(stores, phone, "first").state is WRONG

    def test_a_code_is_put_after_the_one_that_was_read(self, stores: Stores) -> None:
        phone = makers.blind()
        first = self.put(stores, phone, "first")
        assert not stores.codes.put(phone, SentCode("second", SOON))
        assert stores.codes.put(phone, SentCode("second", SOON), first)
        assert not stores.codes.put(phone, SentCode("third", SOON), first)
        second = stores.codes.get(phone)
        self.spend(stores, phone, "second")
        assert not stores.codes.put(phone, SentCode("third", SOON), second)

    def test_a_check_uses_nothing_up_and_counts_wrong_guesses(self, stores: Stores) -> None:
        phone = makers.blind()

        def check(digest: str, now: datetime = NOON) -> GuessState:
            return stores.codes.check(phone, digest, network="mine", now=now)

        assert check("right") is WRONG
        self.put(stores, phone)
        assert [check("right") for _ in range(7)] == [RIGHT] * 7
        assert [check("wrong") for _ in range(4)] == [WRONG] * 4
        assert check("right") is RIGHT
        self.spend(stores, phone)
        assert check("right") is RIGHT  # its retry would be answered
        assert check("right", NOON + timedelta(seconds=31)) is WRONG
        assert check("wrong") is USED_UP


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

    def test_an_attempt_is_counted_once(self, stores: Stores) -> None:
        whom = makers.blind()
        for _ in range(2):
            stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON, by="mine")
        with pytest.raises(TooMany):
            stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON, by="another")

    def test_a_refund_gives_one_attempt_back_once(self, stores: Stores) -> None:
        whom = makers.blind()
        for by in ("first", "second"):
            stores.limits.charge("x", whom, limit=2, seconds=60, now=NOON, by=by)
        for _ in range(2):
            stores.limits.refund("x", whom, seconds=60, by="second", now=NOON)
        stores.limits.charge("x", whom, limit=2, seconds=60, now=NOON, by="second")
        with pytest.raises(TooMany):
            stores.limits.charge("x", whom, limit=2, seconds=60, now=NOON, by="third")

    def test_there_is_nothing_to_refund_in_another_window(self, stores: Stores) -> None:
        whom, later = makers.blind(), NOON + timedelta(seconds=60)
        stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON, by="mine")
        stores.limits.refund("x", whom, seconds=60, by="mine", now=later)
        with pytest.raises(TooMany):
            stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON)

    @pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
    def test_an_item_that_an_update_made_has_a_version(self, backend: Backend) -> None:
        whom = makers.blind()
        backend.stores.limits.charge("x", whom, limit=1, seconds=60, now=NOON)
        assert backend.table is not None
        raw = backend.table.get(keys.rate("x", whom, f"{int(NOON.timestamp()):010d}"))
        assert raw is not None
        assert raw["v"] == {"N": "1"}


class TestPhoneProofs:
    """A proof without a time counts for who shows it first, and once."""

    def test_it_counts_once_and_its_retry_for_thirty_seconds(self, stores: Stores) -> None:
        proof = makers.blind()
        assert stores.phone_proofs.claim(proof, "mine", now=NOON)
        assert stores.phone_proofs.claim(proof, "mine", now=NOON + timedelta(seconds=30))
        assert not stores.phone_proofs.claim(proof, "mine", now=NOON + timedelta(seconds=31))

    def test_it_does_not_count_for_another(self, stores: Stores) -> None:
        proof = makers.blind()
        assert stores.phone_proofs.claim(proof, "mine", now=NOON)
        assert not stores.phone_proofs.claim(proof, "theirs", now=NOON)
