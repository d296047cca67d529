"""Every item of the table of 0.2.0 is read, and comes out as it was."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.admission.store.accesses import AccessItem
from chalicelib.admission.store.kiosk_cards import CardItem, PersonCardItem
from chalicelib.admission.store.policies import PolicyItem
from chalicelib.admission.store.prefetches import PrefetchItem
from chalicelib.admission.store.scans import ScanItem
from chalicelib.admission.store.staff_phones import StaffPhonesItem
from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.core.table import Item, LeadItem, Raw
from chalicelib.identity.store.answers import (
    AnswersItem,
    AwaitingItem,
    PendingScanItem,
    SnapshotItem,
)
from chalicelib.identity.store.checks import IdentityCheckItem
from chalicelib.identity.store.codes import CodeItem
from chalicelib.identity.store.consents import ConsentItem, GiverItem
from chalicelib.identity.store.devices import DeviceItem, PairingItem
from chalicelib.identity.store.family_items import DependantsItem, GuardiansItem
from chalicelib.identity.store.issued_pass import PaperPassItem
from chalicelib.identity.store.limits import LimitItem
from chalicelib.identity.store.paper_passes import PaperFileItem, PassHistoryItem
from chalicelib.identity.store.people import (
    AccountItem,
    OwnerItem,
    ProfileItem,
    SessionItem,
)
from chalicelib.identity.store.personal_records import PersonalRecordItem
from chalicelib.identity.store.phone_proofs import PhoneProofItem
from chalicelib.identity.store.rights import RightItem, RightsItem
from chalicelib.identity.store.wrapped_keys import WrappedKeyItem
from chalicelib.insight.store.counters import CounterItem
from chalicelib.insight.store.erasures import DueItem, ErasureItem, ReceiptItem
from chalicelib.insight.store.exports import ExportItem
from chalicelib.insight.store.index_move import IndexMoveItem
from chalicelib.insight.store.pointers import PointerItem
from chalicelib.insight.store.reconciliations import FenceItem, LookItem
from chalicelib.venues.store.posters import PosterItem
from chalicelib.venues.store.references import JoinItem, ReferenceItem
from chalicelib.venues.store.staff import InvitationItem, SentInvitationItem, StaffItem
from chalicelib.venues.store.venue_item import VenueItem
from chalicelib.venues.store.venues import PrintedCodeItem
from tests import tables
from tests.unit.test_attributes import items
from tests.unit.test_keys import BUILDERS, WORDS

# By builder of keys: what is stored there, and the keys as a pattern.
STORED: dict[str, tuple[type[Item], str]] = {
    "profile": (ProfileItem, "PER#per · HOT#PROFILE"),
    "shadow": (ProfileItem, "PER#per · HOT#SHADOW"),
    "session": (SessionItem, "PER#per · HOT#SESSION#.*"),
    "snapshot": (SnapshotItem, "PER#per · HOT#SNAP#.*"),
    "rights": (RightsItem, "PER#per · HOT#RIGHTS"),
    "right": (RightItem, "PER#per · HOT#RIGHT#.*"),
    "marker": (PendingScanItem, "PER#per · AWAIT#.*"),
    "awaiting": (AwaitingItem, "PER#per · AWAITING"),
    "answers": (AnswersItem, "PER#per · HOT#ANSWERS"),
    "prefetch": (PrefetchItem, "PER#per · PREFETCH"),
    "phone": (OwnerItem, "PHONE#.* · PHONE"),
    "account": (AccountItem, "ACCOUNT#.* · ACCOUNT"),
    "account_of": (AccountItem, "PER#per · ACCOUNT#.*"),
    "identity": (OwnerItem, "IDENT#.* · IDENT"),
    "otp": (CodeItem, "OTP#.* · OTP"),
    "phone_proof": (PhoneProofItem, "PROOF#.* · PROOF"),
    "rate": (LimitItem, "RATE#.* · .*"),
    "venue": (VenueItem, "VEN#ven · VENUE"),
    "code": (PrintedCodeItem, "CODE#.* · CODE"),
    "venue_unique": (ReferenceItem, "VENKEY#.* · VENKEY"),
    "venue_number": (ReferenceItem, "VENNUM#.* · VEN#.*"),
    "poster": (PosterItem, "VEN#ven · POSTER#.*"),
    "staff": (StaffItem, "VEN#ven · STAFF#.*"),
    "join": (ReferenceItem, "JOIN#.* · JOIN"),
    "current_join": (JoinItem, "VEN#ven · JOIN"),
    "fast_code": (JoinItem, "VEN#ven · FAST"),
    "sent_invitation": (SentInvitationItem, "VEN#ven · INVITE#.*"),
    "invitation": (InvitationItem, "INVITE#.* · VEN#.*"),
    "scan": (ScanItem, r"VEN#ven#.* · \d{13}#.*"),
    "counter": (CounterItem, "VEN#ven#.* · COUNT"),
    "staff_counter": (CounterItem, "VEN#ven#.* · COUNT#.*"),
    "fence": (FenceItem, "VEN#ven#.* · FENCE"),
    "look": (LookItem, "LOOKS#.* · .*"),
    "abnormal": (PointerItem, "VEN#ven#.* · ABN#.*"),
    "access": (AccessItem, "ACCESS#.* · .*"),
    "dependants": (DependantsItem, "PER#per · HOT#DEPENDANTS"),
    "guardians": (GuardiansItem, "PER#per · HOT#GUARDIANS"),
    "identity_check": (IdentityCheckItem, "CHECK#.* · CHECK"),
    "consent": (GiverItem, "CONSENT#.* · CONSENT"),
    "valid_consent": (ConsentItem, "PER#per · OWN#CONSENT"),
    "paper_pass": (PaperPassItem, "PER#per · HOT#PASS"),
    "issued_pass": (PassHistoryItem, r"PER#per · PASS#\d{13}#.*"),
    "paper_file": (PaperFileItem, "PER#per · PAPER#.*"),
    "record": (PersonalRecordItem, "PER#per · REC#.*"),
    "lead": (LeadItem, "PER#per · LEADS#.*"),
    "erasure": (ErasureItem, "PER#per · OWN#ERASURE"),
    "export": (ExportItem, "PER#per · OWN#EXPORT"),
    "due_erasure": (DueItem, r"ERASURES · \d{13}#.*"),
    "receipt": (ReceiptItem, "RECEIPT#.* · RECEIPT"),
    "policy": (PolicyItem, "POLICY#.* · CURRENT"),
    "data_key": (WrappedKeyItem, "DATAKEY · .*"),
    "device": (DeviceItem, "DEVICE#.* · DEVICE"),
    "pairing": (PairingItem, "PAIRING#.* · PAIRING"),
    "kiosk_card": (CardItem, "DEVICE#.* · CARD#.*"),
    "person_card": (PersonCardItem, "PER#per · KIOSK#.*"),
    "staff_phones": (StaffPhonesItem, "PER#per · OWN#PHONES"),
    "index_move": (IndexMoveItem, "INDEXMOVE · INDEXMOVE"),
}
LATER = {"rights", "staff_counter", "dependants", "guardians", "identity_check"}
LATER |= {"consent", "valid_consent"}
LATER |= {"paper_pass", "issued_pass", "paper_file", "record"}
LATER |= {"lead"}
LATER |= {"awaiting", "answers"}
LATER |= {"erasure", "export", "due_erasure", "receipt"}
LATER |= {"device", "pairing", "kiosk_card", "person_card"}
LATER |= {"fence", "look"}
LATER |= {"staff_phones"}
LATER |= {"sent_invitation"}
LATER |= {"phone_proof"}
LATER |= {"index_move"}
"""What 0.2.0 did not write."""
IN_THE_INDEX = {"visit", "counted"}


def builder_of(key: Key) -> str:
    """The builder of `key`, by its pattern."""
    text = f"{key.pk} · {key.sk}".replace("#per_", "#per#", 1).replace("VEN#ven_", "VEN#ven#", 1)
    text = re.sub(r"^(PER#per|VEN#ven)#[0-9A-Z]{16}", r"\1", text)
    (name,) = (name for name, (_, pattern) in STORED.items() if re.fullmatch(pattern, text))
    return name


def key_of(raw: Raw) -> Key:
    return Key(raw["pk"]["S"], raw["sk"]["S"])


OLD = tables.items("0.2.0")
ONE = {"N": "1"}


def test_each_kind_of_key_that_stores_an_item_is_in_the_file() -> None:
    assert STORED.keys() == BUILDERS.keys() - IN_THE_INDEX
    assert {builder_of(key_of(raw)) for raw in OLD} == STORED.keys() - LATER
    assert {item for item, _ in STORED.values()} == {*items()}


@pytest.mark.parametrize("name", STORED)
def test_the_patterns_are_those_of_the_builders(name: str) -> None:
    builder: Callable[..., Key] = BUILDERS[name]
    sample: dict[str, Any] = WORDS | {
        "person_id": "per_0123456789ABCDEF", "venue_id": "ven_0123456789ABCDEF",
        "partition": keys.scan_partition("ven_0123456789ABCDEF", WORDS["day"], 7),
    }  # fmt: skip
    arguments = {one: sample[one] for one in inspect.signature(builder).parameters}
    assert builder_of(builder(**arguments)) == name


@pytest.mark.parametrize("raw", OLD, ids=lambda raw: f"{raw['pk']['S']} {raw['sk']['S']}")
def test_each_item_is_read_and_its_stored_form_is_the_same(raw: Raw) -> None:
    kind, _ = STORED[builder_of(key_of(raw))]
    item = kind.read(raw)
    declared = {one.attr_name for one in kind.get_attributes().values()}
    # The staff's figures on COUNT are named by their ids.
    assert all(name in declared or name.startswith("per_") for name in raw)
    written = item.raw()
    for name, value in raw.items():
        if name in declared:
            assert written[name] == value or value == {"BOOL": False}, name
    # What was not there is added only where a number is counted, or the version is.
    assert all(written[name] in ({"N": "0"}, {"N": "1"}) for name in written.keys() - raw.keys())


def test_the_format_before_the_present_one_is_in_a_file() -> None:
    """As soon as a kind of item has a second format, the first is read from a table's file."""
    in_files = {(STORED[builder_of(key_of(raw))][0], int(raw.get("v", ONE)["N"])) for raw in OLD}
    for kind in items():
        assert kind.FORMAT == 1 or (kind, kind.FORMAT - 1) in in_files
