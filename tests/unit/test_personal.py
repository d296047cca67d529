"""Every sealed field of the table has its row, and what is in the table opens as before."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import chalicelib
from chalicelib.core.attributes import SealedAttribute
from chalicelib.core.crypto import Vault
from chalicelib.core.table import Item
from chalicelib.identity import personal
from tests.fakes.parts import NOON, LocalDataKeys

VAULT = Vault(LocalDataKeys())


def item_classes(base: type[Item] = Item) -> Iterator[type[Item]]:
    """The item classes of the application."""
    for kind in base.__subclasses__():
        yield kind
        yield from item_classes(kind)


def sealed_fields(*further: type[Item]) -> set[tuple[str, str]]:
    """The sealed attributes of every item class, by class and name."""
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        if ".store." in module.name:
            importlib.import_module(module.name)
    kinds = [kind for kind in item_classes() if kind.__module__.startswith("chalicelib.")]
    return {
        (kind.__name__, name)
        for kind in (*kinds, *further)
        for name, attribute in kind.get_attributes().items()
        if isinstance(attribute, SealedAttribute)
    }


def rows() -> set[tuple[str, str]]:
    return {(field.item, field.attribute) for field in personal.FIELDS}


def test_each_sealed_attribute_has_a_row_and_each_row_an_attribute() -> None:
    assert sealed_fields() == rows()
    assert len(personal.FIELDS) == len(rows())


def test_no_two_fields_of_an_owner_share_a_place() -> None:
    places = {
        ("person" if field.item == "ProfileItem" else "venue", field.name)
        for field in personal.FIELDS
    }
    assert len(places) == len(personal.FIELDS)


@pytest.mark.parametrize(
    ("field", "place"),
    [
        (personal.PHONE, "x/phone"),
        (personal.NAME, "x/name"),
        (personal.DOCUMENT, "x/document"),
        (personal.VENUE_NUMBER, "x/number"),
        (personal.VENUE_CONTACT_NAME, "x/contact_name"),
        (personal.VENUE_CONTACT_PHONE, "x/contact_phone"),
        (personal.INVITATION_NAME, "x/invitation"),
        (personal.RECORD, "x/record"),
    ],
)
def test_the_places_of_what_is_in_the_table_stay(field: personal.PersonalField, place: str) -> None:
    """Those that release 0.2.0 has sealed for."""
    assert field.open(VAULT, VAULT.seal("梁思齐", place, now=NOON), "x") == "梁思齐"
    assert VAULT.open(field.seal(VAULT, "梁思齐", "x", now=NOON), place) == "梁思齐"


def test_a_new_field_is_an_attribute_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class GuestItem(Item):
        """An item that somebody adds."""

        nickname = SealedAttribute(attr_name="nk")

    assert sealed_fields(GuestItem) - rows() == {("GuestItem", "nickname")}
    row = personal.PersonalField("GuestItem", "nickname")
    monkeypatch.setattr(personal, "FIELDS", [*personal.FIELDS, row])
    assert sealed_fields(GuestItem) == rows()
    (found,) = personal.of("GuestItem")
    sealed = found.seal(VAULT, "阿齐", "per_x", now=NOON)
    assert found.open(VAULT, sealed, "per_x") == "阿齐"
    with pytest.raises(ValueError, match="another place"):
        found.open(VAULT, sealed, "per_y")
