"""How values are stored, in items, conditions and update actions alike."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.constants import BINARY

import chalicelib
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.keys import Key
from chalicelib.core.table import Item, Raw, _expressions

KEY = Key("TEST#x", "x")
PLACE: Raw = {"pk": {"S": "TEST#x"}, "sk": {"S": "x"}, "v": {"N": "1"}}
MOMENT = datetime(2026, 11, 22, 4, 5, 6, 789_000, UTC)


class Colour(StrEnum):
    """A choice."""

    GREEN = "green"
    RED = "red"


class Sample(Item):
    """An item with an attribute of each kind."""

    number = IntegerAttribute(attr_name="n", null=True)
    moment = EpochMsAttribute(attr_name="a", null=True)
    ttl = EpochSecondsAttribute(null=True)
    colour = EnumAttribute(Colour, attr_name="c", null=True)
    short = EnumAttribute(
        Colour,
        codes={Colour.GREEN: "", Colour.RED: "r"},
        attr_name="s",
        null=True,
        default=Colour.GREEN,
    )
    text = TextAttribute(attr_name="t")
    sealed = SealedAttribute(attr_name="b", null=True)


class Strict(Item):
    """An item whose sealed field must be there."""

    sealed = SealedAttribute(attr_name="b")


def test_each_has_its_stored_form_and_comes_back() -> None:
    sample = Sample.at(
        KEY, number=7, moment=MOMENT, ttl=MOMENT, colour=Colour.RED, short=Colour.RED,
        text="信宜", sealed=b"\x01x",
    )  # fmt: skip
    assert sample.raw() == PLACE | {
        "n": {"N": "7"},
        "a": {"N": "1795320306789"},
        "ttl": {"N": "1795320306"},
        "c": {"S": "red"},
        "s": {"S": "r"},
        "t": {"S": "信宜"},
        "b": {"B": b"\x01x"},
    }
    read = Sample.read(sample.raw())
    assert (read.number, read.moment, read.ttl) == (7, MOMENT, MOMENT.replace(microsecond=0))
    assert read.colour is Colour.RED
    assert read.short is Colour.RED
    assert (read.text, read.sealed) == ("信宜", b"\x01x")


def test_blank_is_stored_as_absent_and_absent_is_read_as_blank() -> None:
    sample = Sample.at(KEY, text="", sealed=b"", short=Colour.GREEN)
    assert sample.raw() == PLACE
    read = Sample.read(PLACE)
    assert (read.text, read.sealed, read.short) == ("", b"", Colour.GREEN)
    assert read.attribute_values.keys().isdisjoint({"number", "moment", "ttl", "colour"})


def test_a_sealed_field_that_must_be_there_may_not_be_blank() -> None:
    for blank in ({}, {"sealed": b""}):
        with pytest.raises(ValueError, match="sealed is missing"):
            Strict.at(KEY, **blank).raw()


def test_an_unknown_member_is_named() -> None:
    with pytest.raises(ValueError, match="c: 'blue' is not a known value"):
        Sample.read(PLACE | {"c": {"S": "blue"}})


def test_conditions_and_actions_store_as_items_do() -> None:
    request = _expressions(
        (Sample.moment == MOMENT) & (Sample.ttl > MOMENT) & (Sample.colour == Colour.RED),
        [
            Sample.number.add(1),
            Sample.short.set(Sample.short | Colour.RED),
            Sample.text.set(""),
            Sample.sealed.set(b"\x01x"),
        ],
    )
    values = [*request["ExpressionAttributeValues"].values()]
    for expected in (
        {"N": "1795320306789"}, {"N": "1795320306"}, {"S": "red"}, {"N": "1"}, {"S": "r"},
        {"B": b"\x01x"},
    ):  # fmt: skip
        assert expected in values
    assert len(values) == 6
    assert "REMOVE" in request["UpdateExpression"]


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)),  # noqa: DTZ001 (made aware below)
    st.integers(-14, 14),
)
def test_moments_keep_their_milliseconds_whatever_the_zone(naive: datetime, hours: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours))).astimezone(UTC)
    exact = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    read = Sample.read(Sample.at(KEY, moment=moment, ttl=moment).raw())
    assert read.moment == exact
    assert read.ttl == moment.replace(microsecond=0)


def items() -> Iterator[type[Item]]:
    """The item classes of every store."""
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        if ".store." in module.name:
            importlib.import_module(module.name)
    for item in Item.__subclasses__():
        if item.__module__.startswith("chalicelib."):
            yield item


def test_all_personal_fields_are_found_by_walking_the_items() -> None:
    """Whatever is bytes is sealed, but for the data keys that it is sealed with."""
    sealed = {
        f"{item.__name__}.{name}"
        for item in items()
        for name, attribute in item.get_attributes().items()
        if isinstance(attribute, SealedAttribute)
    }
    stored_as_bytes = {
        f"{item.__name__}.{name}"
        for item in items()
        for name, attribute in item.get_attributes().items()
        if attribute.attr_type == BINARY
    }
    assert stored_as_bytes - sealed == {"WrappedKeyItem.wrapped"}
    assert sealed == {
        "SentInvitationItem.name",
        "SentInvitationItem.phone",
        "StaffItem.name",
        "ProfileItem.phone",
        "ProfileItem.name",
        "ProfileItem.document",
        "VenueItem.number",
        "VenueItem.contact_name",
        "VenueItem.contact_phone",
        "InvitationItem.name",
        "AccessItem.guardian",
        "PersonalRecordItem.contents",
    }
