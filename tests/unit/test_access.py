"""A kind of caller that is not there yet fits beside those that are, and changes none of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from chalicelib.api.access import (
    ADMINISTRATOR_OF_VENUE,
    ANY_PERSON,
    ANYONE,
    STAFF_OF_VENUE,
    Access,
    bearer,
)
from chalicelib.bootstrap import Container
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.core.settings import Settings
from tests.fakes.parts import NOON

CONTAINER = Container(Settings.from_environment({}))


@dataclass(frozen=True)
class Device:
    """A gate, by way of example."""

    venue_id: str


class DeviceKey:
    """Authenticates a device by a header of its own."""

    scheme = "device"
    definition: Mapping[str, str] = {"type": "apiKey", "in": "header", "name": "X-Device"}
    errors = ("token_missing",)

    def authenticate(self, headers: Mapping[str, str], _: Container, __: datetime) -> Device:
        if "x-device" not in headers:
            raise Unauthenticated("token_missing")
        return Device(headers["x-device"])


class DeviceOfVenue(Access[Device]):
    """A device of the venue that the path names."""

    def authorise(self, caller: Device, path: Mapping[str, str]) -> None:
        if caller.venue_id != path["gate_venue"]:
            raise Forbidden("not_your_venue")


DEVICE_OF_VENUE = DeviceOfVenue(
    "Only a device of the venue may call this.",
    authenticator=DeviceKey(),
    callers=["device"],
    errors=("not_your_venue",),
)


def test_a_new_kind_of_caller_is_identified_and_authorised() -> None:
    def identify(**headers: str) -> Device | None:
        return DEVICE_OF_VENUE.identify(
            {f"x-{name}": value for name, value in headers.items()},
            {"gate_venue": "ven_1"},
            CONTAINER,
            NOON,
        )

    assert identify(device="ven_1") == Device("ven_1")
    with pytest.raises(Forbidden, match="not_your_venue"):
        identify(device="ven_2")
    with pytest.raises(Unauthenticated, match="token_missing"):
        identify()
    assert DEVICE_OF_VENUE.errors == ("token_missing", "not_your_venue")


@pytest.mark.parametrize(
    ("kinds", "admitted"),
    [
        ((), {ANYONE}),
        (("person",), {ANYONE, ANY_PERSON}),
        (("person", "inspector"), {ANYONE, ANY_PERSON, STAFF_OF_VENUE}),
        (
            ("person", "administrator"),
            {ANYONE, ANY_PERSON, STAFF_OF_VENUE, ADMINISTRATOR_OF_VENUE},
        ),
        (("device",), {ANYONE, DEVICE_OF_VENUE}),
    ],
)
def test_access_says_which_kinds_of_caller_pass(
    kinds: tuple[str, ...], admitted: set[Access[Any]]
) -> None:
    every: set[Access[Any]] = {
        ANYONE,
        ANY_PERSON,
        STAFF_OF_VENUE,
        ADMINISTRATOR_OF_VENUE,
        DEVICE_OF_VENUE,
    }
    assert {access for access in every if access.admits(kinds)} == admitted


def test_who_asks_for_no_identity_is_asked_for_none() -> None:
    assert ANYONE.identify({"authorization": "Bearer x"}, {}, CONTAINER, NOON) is None


@pytest.mark.parametrize(
    ("header", "code"),
    [("", "token_missing"), ("Bearer ", "token_missing"), ("Basic x", "token_invalid")],
)
def test_a_header_without_a_bearer_token_is_refused(header: str, code: str) -> None:
    with pytest.raises(Unauthenticated, match=code):
        bearer({"authorization": header})
