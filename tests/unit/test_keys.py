"""Keys: each is written in the table of access patterns, and no two of them meet."""

import inspect
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.admission.scan import ScanReference
from chalicelib.core import keys
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.ids import ALPHABET, derive
from chalicelib.core.keys import Key
from chalicelib.venues.venue import shard_of
from tests.contract import makers

BUILDERS: dict[str, Callable[..., Key]] = {
    name: function
    for name, function in inspect.getmembers(keys, inspect.isfunction)
    if inspect.get_annotations(function).get("return") is Key
}
# The words of the docstring, and what stands for a day, a shard and a time in real keys.
WORDS: dict[str, Any] = {
    "person_id": "per", "session_id": "id", "provider": "provider", "venue_id": "ven",
    "scan_id": "scan", "blind": "blind", "what": "what", "whom": "whom", "window": "window",
    "value": "code", "digest": "hash", "poster_id": "id", "day": date(2026, 11, 22), "shard": 7,
    "partition": "VEN#ven#2026-11-22#7", "join_code": "code", "phone_blind": "blind",
    "at_ms": 1795327200000, "prefix": "prefix", "key_id": "id", "check_id": "idc",
    "serial": "serial", "form": "form",
    "kind": "kind", "number": "look", "bucket": "bucket",
    "pk": "pk", "device_id": "kio", "card_id": "id", "receipt_id": "id",
    "invitation_id": "id",
}  # fmt: skip
REAL = {
    derive("whom"): "whom",
    "2026-11-22#7": "day#shard",
    "2026-11-22": "day",
    "1795327200000": "ms",
    "8204672799999": "lms",
}


def patterns() -> list[str]:
    """The key column of the docstring's table."""
    rows = [line for line in (keys.__doc__ or "").splitlines() if line.startswith("|")][2:]
    return [row.strip("| ").split(" | ")[2] for row in rows]


def written(builder: Callable[..., Key]) -> str:
    """A key in the words of the docstring."""
    key = builder(**{name: WORDS[name] for name in inspect.signature(builder).parameters})
    text = f"{key.pk} · {key.sk}"
    for real, word in REAL.items():
        text = text.replace(real, word)
    return text


@pytest.mark.parametrize("name", BUILDERS)
def test_the_table_of_access_patterns_names_it(name: str) -> None:
    text = written(BUILDERS[name])
    if name == "abnormal":
        assert "VEN#ven#day#shard · begins ABN#" in patterns()
        assert text == "VEN#ven#day#shard · ABN#ms#hash"
    elif name == "visit":
        assert "g1pk PER#per · g1sk ms#venue" in patterns()
        assert text == "PER#per · ms#ven"
    elif name == "counted":
        assert "g1pk DAY#day#bucket · g1sk ven#shard" in patterns()
        assert text == f"DAY#day#{keys.bucket_of('ven')} · ven#7"
    elif " · HOT#" in text:
        assert "PER#per · begins HOT#" in patterns()
    elif name in ("staff", "invitation", "sent_invitation"):
        begins = text[: text.index("#", text.index(" · ")) + 1].replace(" · ", " · begins ")
        assert begins in patterns()
    else:
        assert text in patterns()


def test_the_table_of_access_patterns_names_nothing_else() -> None:
    made = {written(builder) for builder in BUILDERS.values()}
    spans = {
        "PER#per · begins HOT#",
        "PER#per · between AWAIT# and HOT#~",
        "VEN#ven#day#shard · digits",
        "VEN#ven#day#shard · begins ABN#",
        "VEN#ven · begins STAFF#",
        "PER#per · begins REC#kind#",
        "PER#per · any",
        "INVITE#blind · begins VEN#",
        "VEN#ven · begins INVITE#",
        "g1pk PER#per · g1sk ms#venue",
        "g1pk DAY#day#bucket · g1sk ven#shard",
        "VEN#ven#day#shard · begins COUNT",
    }
    assert set(patterns()) - spans <= made


codes = st.text(ALPHABET, min_size=16, max_size=16)
blinds = st.from_regex(r"[1-9]:[A-Za-z0-9_-]{22}", fullmatch=True)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "person_id": codes.map("per_{}".format),
    "session_id": codes.map("ses_{}".format),
    "venue_id": codes.map("ven_{}".format),
    "scan_id": st.builds("scn_{}_{:012x}_{}".format, codes, st.integers(0, 2**47), codes),
    "provider": st.sampled_from(["identity", "health_code", "nucleic_acid"]),
    "blind": blinds,
    "whom": blinds,
    "what": st.sampled_from(["otp-address", "otp-minute", "otp-day"]),
    "window": st.from_regex("[0-9]{10}", fullmatch=True),
    "value": codes,
    "digest": codes,
    "join_code": codes,
    "phone_blind": blinds,
    "partition": st.builds(
        keys.scan_partition, codes.map("ven_{}".format), st.dates(), st.integers(0, 999)
    ),
    "poster_id": codes,
    "day": st.dates(),
    "shard": st.integers(0, 999),
    "at_ms": st.integers(0, 10**13 - 1),
    "prefix": st.from_regex(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|\*", fullmatch=True),
    "key_id": st.from_regex("[0-9]{6}", fullmatch=True),
    "check_id": codes.map("idc_{}".format),
    "serial": st.text(ALPHABET, min_size=12, max_size=12),
    "form": st.sampled_from(["card_pdf", "sheet_pdf", "card_png"]),
    "kind": st.sampled_from(["declaration", "arrival", "notice"]),
    "device_id": codes.map("kio_{}".format),
    "card_id": codes.map("crd_{}".format),
    "receipt_id": codes.map("rcp_{}".format),
    "invitation_id": codes.map("inv_{}".format),
    "pk": codes.map("CHECK#idc_{}".format),
    "number": st.integers(1, 8),
    "bucket": st.integers(0, 15),
}


@st.composite
def key(draw: st.DrawFn) -> tuple[str, tuple[Any, ...], Key]:
    """A builder, what it was given, and what came of it; keys of the index aside."""
    name = draw(st.sampled_from(sorted(set(BUILDERS) - {"visit", "counted"})))
    arguments = {p: draw(VALUES[p]) for p in inspect.signature(BUILDERS[name]).parameters}
    return name, tuple(arguments.values()), BUILDERS[name](**arguments)


@given(key(), key())
def test_no_two_keys_meet(
    one: tuple[str, tuple[Any, ...], Key], other: tuple[str, tuple[Any, ...], Key]
) -> None:
    assume(one[:2] != other[:2])
    assert one[2] != other[2]


@given(key())
def test_each_is_recognised_in_the_stream_as_what_it_is(
    made: tuple[str, tuple[Any, ...], Key],
) -> None:
    name, _, built = made
    assert keys.is_scan(built) is (name == "scan")
    assert keys.is_fence(built) is (name == "fence")
    assert keys.is_profile(built) is (name == "profile")
    assert keys.is_prefetch(built) is (name == "prefetch")
    assert keys.is_poster(built) is (name == "poster")
    assert keys.is_issued_pass(built) is (name == "issued_pass")
    assert keys.is_paper_file(built) is (name == "paper_file")
    declared = name == "record" and built.sk.startswith("REC#declaration#")
    assert keys.is_declaration(built) is declared


@given(key())
def test_a_person_s_queries_hold_what_they_should(
    made: tuple[str, tuple[Any, ...], Key],
) -> None:
    name, arguments, built = made
    hot = {
        "profile", "shadow", "session", "snapshot", "rights", "right", "dependants", "guardians",
        "paper_pass", "answers",
    }  # fmt: skip
    if built.pk == keys.person(arguments[0] if arguments else ""):
        assert (keys.HOT <= built.sk <= keys.SUBJECT_TO) is (name in hot)
        in_subject = keys.SUBJECT_FROM <= built.sk <= keys.SUBJECT_TO
        assert in_subject is (name in hot | {"awaiting", "marker"})
    else:
        assert name not in hot


@given(codes, codes, st.integers(0, 10**13 - 1), st.integers(0, 10**13 - 1))
def test_a_days_scans_sort_by_time_with_the_counter_outside(
    one: str, other: str, first: int, second: int
) -> None:
    day = date(2026, 11, 22)
    built = [keys.scan("ven", day, 0, at, d) for at, d in ((first, one), (second, other))]
    assert (built[0].sk < built[1].sk) is ((first, one) < (second, other))
    assert all("0" <= one_key.sk <= "9~" for one_key in built)
    counter = keys.counter(keys.scan_partition("ven", day, 0))
    assert not "0" <= counter.sk <= "9~"
    assert {one_key.pk for one_key in built} == {counter.pk}
    pointers = [keys.abnormal(built[0].pk, at, d) for at, d in ((first, one), (second, other))]
    assert (pointers[0].sk < pointers[1].sk) is ((first, one) < (second, other))
    assert not any("0" <= pointer.sk <= "9~" for pointer in pointers)


@given(codes, st.integers(0, 10**13 - 1), st.integers(0, 10**13 - 1))
def test_the_newest_paper_pass_sorts_first(person: str, first: int, second: int) -> None:
    older, newer = sorted((first, second))
    built = [keys.issued_pass(f"per_{person}", at, "0" * 12).sk for at in (newer, older)]
    assert built == sorted(built)
    assert [keys.issued_at_ms(sk) for sk in built] == [newer, older]


class TestScanIds:
    """A scan's id says where it lies."""

    @given(codes, codes, st.integers(0, 253402300799999 - 86_400_000))
    def test_it_is_read_back(self, venue: str, digest: str, at_ms: int) -> None:
        at = from_epoch_ms(at_ms)
        scan = makers.scan(makers.venue(venue_id=f"ven_{venue}"), at, digest=digest)
        reference = ScanReference.parse(scan.scan_id)
        assert reference == ScanReference(f"ven_{venue}", at, digest)
        assert epoch_ms(at) == at_ms

    @given(st.text() | st.lists(st.sampled_from("_scn0fFUx-+ \n"), max_size=60).map("".join))
    def test_hostile_ids_are_none(self, text: str) -> None:
        assert ScanReference.parse(text) is None

    @pytest.mark.parametrize("moment", [
        "00000000000", "0000000000000", "0x0000000000", "+00000000000", " 00000000000",
        "00000000000A", "0_0000000000", "ffffffffffff", "e677d21fdbff", "-00000000001",
        "٠00000000000",
    ])  # fmt: skip
    def test_odd_times_are_none(self, moment: str) -> None:
        assert ScanReference.parse(f"scn_{'0' * 16}_{moment}_{'0' * 16}") is None
        assert ScanReference.parse(f"scn_{'0' * 16}_000000000000_{'0' * 16}") is not None


@pytest.mark.parametrize("shards", [1, 2, 7, 64, 200])
def test_shards_are_used_evenly(shards: int) -> None:
    """A partition takes 1,000 writes a second: half the shards would be half a station."""
    scans, counts = 400 * shards, [0] * shards
    for number in range(scans):
        counts[shard_of(derive("scan", "per_x", str(number)), shards)] += 1
    assert sum(counts) == scans
    assert max(counts) < 500
    assert min(counts) > 300
