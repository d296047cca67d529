"""A kind of caller that is not there yet fits beside those that are, and changes none of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice
from chalice.test import Client
from pydantic import Field

from chalicelib.api import endpoint as endpoint_module
from chalicelib.api import openapi
from chalicelib.api.access import (
    ADMINISTRATOR_OF_VENUE,
    ANY_PERSON,
    ANYONE,
    STAFF_OF_VENUE,
    Access,
    bearer,
)
from chalicelib.api.endpoint import RequestContext, endpoint
from chalicelib.bootstrap import Container, install
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.core.fields import Response, VenueId
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

    def authorise(self, caller: Device, path: Mapping[str, str], _now: datetime, /) -> None:
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


class Opened(Response):
    """A gate's answer."""

    device: str = Field(examples=["ven_1"])


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """An application with a route for devices; nothing of `chalicelib` is changed for it."""
    monkeypatch.setattr("chalicelib.api.endpoint.OPERATIONS", [])
    monkeypatch.setattr("chalicelib.api.openapi.OPERATIONS", endpoint_module.OPERATIONS)
    monkeypatch.setitem(openapi._PATH, "gate_venue", VenueId)
    routes = Blueprint(__name__)

    @endpoint(routes, "POST", "/v1/scans/{gate_venue}", access=DEVICE_OF_VENUE, response=Opened)
    def open_gate(context: RequestContext, gate_venue: str) -> Opened:
        """Open a gate."""
        del gate_venue
        return Opened(device=context.caller(Device).venue_id)

    @endpoint(routes, "POST", "/v1/scans", access=DEVICE_OF_VENUE, response=Opened)
    def mistaken(context: RequestContext) -> Opened:
        """Take a device for a person."""
        return Opened(device=context.actor.person_id)

    gate = Chalice(app_name="gates", configure_logs=False)
    gate.register_blueprint(routes)
    install(CONTAINER)
    with Client(gate) as client:
        yield client
    install(None)


@pytest.mark.parametrize(
    ("path", "device", "answer"),
    [
        ("/ven_1", "ven_1", (200, {"device": "ven_1"})),
        ("/ven_1", "ven_2", (403, "not_your_venue")),
        ("/ven_1", "", (401, "token_missing")),
    ],
)
def test_a_route_for_it_is_served(
    gates: Client, path: str, device: str, answer: tuple[int, Any]
) -> None:
    sent = {"X-Device": device} if device else {}
    reply = gates.http.post(f"/v1/scans{path}", headers=sent, body=b"")
    body = reply.json_body
    assert (reply.status_code, body.get("code", body)) == answer


def test_the_document_describes_it(gates: Client) -> None:
    del gates
    document = openapi.document()
    operation = document["paths"]["/v1/scans/{gate_venue}"]["post"]
    assert operation["security"] == [{"device": []}]
    assert operation["description"] == "Only a device of the venue may call this."
    assert document["components"]["securitySchemes"] == {"device": DeviceKey.definition}


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
