"""Every route as tests know it, declared once: allowed callers, a valid body, responses, scenes.

A new route needs a case here, or tests fail. The cases are used by the route × role matrix
(`test_routes`), invalid input (`test_input`), the check of the document (`test_openapi`), faults
(`test_faults`), and the check of the deployed routes (`tests/cloud/test_routes`).
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Self

from chalicelib.admission.staff_phones import Upload, sign
from chalicelib.core import short_codes
from chalicelib.identity.platforms import PlatformName
from tests import support
from tests.api import (
    scenes,
    scenes_hand_over,
    scenes_own_data,
    scenes_phones,
    scenes_records,
    scenes_staff,
)
from tests.api.driver import CODE_FILES, Kiosk, Person, World
from tests.api.scenes import Make

Answer = tuple[int, str]
OK, CREATED, ACCEPTED, MOVED = (200, ""), (201, ""), (202, ""), (301, "")
NOT_A_TOKEN = (401, "token_invalid")
NOT_FOUND, NOT_YOURS = (404, "not_found"), (403, "not_your_venue")
NOT_YOUR_DEPENDANT = (403, "not_your_dependant")

NOBODY = "per_0000000000000000"
NO_INVITATION = "inv_0000000000000000"
"""Who is removed: the cast plays many routes, and keeps its links and rights."""

ROLES: Mapping[str, tuple[str, ...]] = {
    "visitor": ("person",),
    "administrator": ("person", "administrator"),
    "guard": ("person", "inspector"),
    "other": ("person",),
    "guardian": ("person", "guardian"),
    "dependant": ("person",),
}
"""The roles of a `Cast`, with the kinds of caller that each is at the administrator's venue."""
ADMINISTRATOR = frozenset({"administrator"})
STAFF = ADMINISTRATOR | {"guard"}
GUARDIAN = frozenset({"guardian"})
PERSON = frozenset(ROLES)

DEVICES: Mapping[str, tuple[str, ...]] = {"kiosk": ("kiosk",)}
"""The devices of a `Cast`, with their kinds of caller."""
CALLERS: Mapping[str, tuple[str, ...]] = {**ROLES, **DEVICES}
KIOSK = frozenset(DEVICES)

ANYONE = PERSON | KIOSK | {"nobody"}


@dataclass
class Cast:
    """The callers, and what they request: the administrator's venue, the visitor's scan.

    `guard` is an inspector of the administrator's venue, `other` administers another. `guardian`
    acts for `dependant`. `kiosk` has asked for a card.
    """

    world: World
    administrator: Person
    other: Person
    visitor: Person
    guard: Person
    guardian: Person
    dependant: Person
    scan_id: str
    poster_id: str
    check_id: str
    identity_check_id: str
    kiosk: Kiosk
    card_id: str
    receipt_id: str

    @classmethod
    def of(cls, world: World) -> Self:
        """Return the cast in a deployment, after a scan, a poster and a manual check."""
        administrator, other = world.administrator(), world.administrator()
        visitor, guard = world.visitor(), world.inspector(administrator)
        dependant = world.visitor()
        guardian = world.guardian(dependant)
        scan = visitor.scan(administrator.venue).expect(201)
        path = f"/v1/venues/{administrator.venue['venue_id']}"
        poster = administrator.post(f"{path}/posters", {"form": "a4_pdf"}).expect(202)
        checked = administrator.post(f"{path}/manual-checks", by_hand(world)).expect(202)
        return cls(
            world, administrator, other, visitor, guard, guardian, dependant,
            scan["scan_id"], poster["poster_id"], checked["check_id"],
            visitor.start_check().expect(202)["check_id"], *asked_for_card(world),
            world.visitor().post("/v1/me/erasure", CONFIRMED).expect(202)["receipt_id"],
        )  # fmt: skip

    def venue(self, rest: str = "") -> str:
        """Return a path at the administrator's venue."""
        return f"/v1/venues/{self.administrator.venue['venue_id']}{rest}"


Body = Callable[[Cast, Person], Any]


@dataclass(frozen=True)
class RouteCase:
    """A route.

    `who` are the roles of a `Cast` that are allowed, including ``nobody`` (no token) if the route
    is public. They send the valid `body` and get `answer`, except the roles in `but`. Other roles
    get `NOT_YOURS`, or `NOT_YOUR_DEPENDANT` at a dependant's path, and `NOT_A_TOKEN` where devices
    and people are not both allowed. `before` is done first. `scenes` are run with faults; each
    route that changes something has one. `calls_aws`: whether it makes any call to AWS.
    """

    method: str
    path: str
    who: frozenset[str]
    answer: Answer = OK
    body: Body | None = None
    query: str = ""
    but: Mapping[str, Answer] = field(default_factory=dict)
    scenes: tuple[Make, ...] = ()
    calls_aws: bool = True
    before: Callable[[Cast, Person], object] | None = None

    @property
    def route(self) -> tuple[str, str]:
        """Return method and path."""
        return self.method, self.path

    def request(self, cast: Cast, person: Person) -> tuple[str, Any]:
        """Return the path and the valid body of a request by `person`."""
        if self.before:
            self.before(cast, person)
        path = self.path.format(
            venue_id=cast.administrator.venue["venue_id"],
            person_id=NOBODY,
            invitation_id=NO_INVITATION,
            dependant_id=NOBODY if self.path.endswith("}/remove") else cast.dependant.person_id,
            guardian_id=NOBODY,
            scan_id=cast.scan_id,
            check_id=cast.check_id,
            identity_check_id=cast.identity_check_id,
            poster_id=cast.poster_id,
            card_id=cast.card_id,
            receipt_id=cast.receipt_id,
            device_id=NO_PHONE,
            code=cast.administrator.venue["code"],
            file=CODE_FILES.partition("=")[0],
            token=link_to_a_file(cast.world).rpartition("/")[2],
        )
        return path + self.query, self.body(cast, person) if self.body else None

    @property
    def for_devices(self) -> bool:
        """Return whether devices may call it, and no people."""
        return self.who <= KIOSK

    def answer_to(self, role: str) -> Answer:
        """Return the expected response to a role."""
        if role not in self.who and (role in DEVICES or self.for_devices):
            return NOT_A_TOKEN
        no = NOT_YOUR_DEPENDANT if "{dependant_id}" in self.path else NOT_YOURS
        return self.but.get(role, self.answer if role in self.who else no)


def always(body: Any) -> Body:
    """Return a function that gives every caller this body."""
    return lambda _cast, _person: body


def by_hand(world: World) -> dict[str, str]:
    """Return the body of a manual check of a new visitor."""
    return {
        "nonce": world.nonce(),
        "name": "李不在册",
        "document_type": "resident_id",
        "document_number": support.resident_id(901),
        "phone": "+8613900000077",
        "temperature": "normal",
    }


_SWIPED = itertools.count(920)


def swiped(kiosk: Kiosk) -> dict[str, Any]:
    """Return the body of a kiosk's request for the card of another person each time."""
    return kiosk.entry("李刷卡", support.resident_id(next(_SWIPED)))


def asked_for_card(world: World) -> tuple[Kiosk, str]:
    """Return a kiosk, and the id of a card that it has asked for."""
    kiosk = world.kiosk()
    return kiosk, kiosk.post("/v1/kiosks/cards", swiped(kiosk)).expect(202)["card_id"]


def registration(_: Cast, person: Person) -> dict[str, Any]:
    return {
        "version": 1,
        "name": person.name,
        "document_type": "resident_id",
        "document_number": person.number,
    }


def identity_check(cast: Cast, _: Person) -> dict[str, Any]:
    return {"nonce": cast.world.nonce(), "method": "face", "subject": None}


def scan(cast: Cast, _: Person) -> dict[str, str]:
    return {"nonce": cast.world.nonce(), "code": cast.administrator.venue["code_url"]}


def pass_scan(cast: Cast, _: Person) -> dict[str, str]:
    presented = cast.visitor.get("/v1/me/pass").expect(200)["code"]
    cast.world.clock.pass_(minutes=1)  # so that the next pass differs
    return {"nonce": cast.world.nonce(), "pass_code": presented, "temperature": "normal"}


def late_scan(cast: Cast, person: Person) -> dict[str, Any]:
    """Return a late upload of the caller; whoever may not upload has no phone to sign it."""
    presented = cast.visitor.get("/v1/me/pass").expect(200)["code"]
    nonce = cast.world.nonce()
    works = person.post("/v1/me/devices", {"nonce": cast.world.nonce()})
    phone = works.json if works.status < 300 else {"device_id": NO_PHONE, "secret": ""}
    cast.world.secrets.add(str(phone["secret"]) or "-" * 32)
    cast.world.clock.pass_(minutes=2)
    body = {"nonce": nonce, "pass_code": presented, "temperature": None}
    upload = Upload(phone["device_id"], cast.venue().split("/")[-1], nonce, presented, "")
    return body | {"device_id": phone["device_id"], "signature": sign(phone["secret"], upload)}


NO_PHONE = "phn_0000000000000000"


def invitation(cast: Cast, _: Person) -> dict[str, str]:
    """Return an invitation of a phone number without an account."""
    return {"by": "phone", "name": cast.visitor.name, "phone": "13900001111", "role": "inspector"}


def own_and_dependants(method: str, rest: str, *case: Any, **options: Any) -> Iterator[RouteCase]:
    """Yield the cases of a route of one's own, and of the same route for a dependant."""
    yield RouteCase(method, f"/v1/me/{rest}", PERSON, *case, **options)
    path = f"/v1/me/dependants/{{dependant_id}}/{rest}"
    yield RouteCase(method, path, GUARDIAN, *case, **options)


def paper_pass(_: Cast, person: Person) -> dict[str, str | None]:
    """Return a request for a paper pass in place of the caller's own, whose files may be drawn."""
    shown = person.get("/v1/me/pass/paper")
    return PAPER_PASS | {"replaces": shown.json["serial"] if shown.status == 200 else None}


def paper_files(cast: Cast, person: Person) -> dict[str, str]:
    """Return a request for a file, after the caller and the dependant have a paper pass."""
    for path in ("/v1/me", f"/v1/me/dependants/{cast.dependant.person_id}"):
        person.post(f"{path}/pass/paper", PAPER_PASS)
    return {"form": "card_png"}


def link_to_a_file(world: World) -> str:
    """Return a link to the file that `stored` puts into the bucket."""
    return world.container.downloads.link("posters/case", "case.txt", timedelta(minutes=15))


def stored(cast: Cast, _: Person) -> None:
    """Put a file into the bucket."""
    support.client("s3").put_object(
        Bucket=cast.world.bucket, Key="posters/case", Body=b"case", ContentType="text/plain"
    )


def exported(_: Cast, person: Person) -> None:
    """Have the caller ask for an export first."""
    person.post("/v1/me/export", EXPORT)


def erasing(_: Cast, person: Person) -> None:
    """Have the caller ask for an erasure first."""
    person.post("/v1/me/erasure", CONFIRMED)


EXPORT = {"nonce": "018058de-3800-7abc-8def-0123456789ab"}
CONFIRMED = {"confirm": True}
HAND_OVER = dict.fromkeys(("administrator", "other"), (409, "hand_over_first"))
PAPER_PASS = {"name": "full", "replaces": None}


def filed(
    rest: str, body: Callable[[World], Any], scene: Callable[..., scenes.Scene]
) -> Iterator[RouteCase]:
    """Yield the cases of a route by which a person, or a guardian, files a record."""
    own, dependants = own_and_dependants("POST", rest, CREATED, lambda cast, _: body(cast.world))
    yield replace(own, scenes=(partial(scene, guarded=False),))
    yield replace(dependants, scenes=(partial(scene, guarded=True),))


_PHONES = itertools.count(1)
CODE_ENTERED = {"client": "sms", "phone": "+8613800138000", "code": "000000"}
UNKNOWN_CONSENT_CODE = "234567899" + short_codes.check_character("234567899")
UNKNOWN_JOIN_CODE = "23456789" + short_codes.check_character("23456789")
UNSIGNED = {
    "status": "passed", "check_id": "idc_0000000000000000", "reference": "reference-1",
    "binding": "0" * 16,
}  # fmt: skip
UNKNOWN_PAIRING_CODE = "23456789AB" + short_codes.check_character("23456789AB")
_VENUE = "/v1/venues/{venue_id}"

CASES: tuple[RouteCase, ...] = (
    RouteCase("GET", "/v1/status", ANYONE, calls_aws=False),
    RouteCase("GET", "/v1/venue-types", ANYONE, calls_aws=False),
    RouteCase("GET", "/v1/regions", ANYONE, query="?parent=440900", calls_aws=False),
    RouteCase("GET", "/v1/reasons", ANYONE, calls_aws=False),
    RouteCase("GET", "/v1/codes", ANYONE, calls_aws=False),
    RouteCase("GET", "/v1/openapi.json", ANYONE, calls_aws=False),
    RouteCase("GET", "/V/{code}", ANYONE),
    RouteCase("GET", "/v/{code}", ANYONE, MOVED, calls_aws=False),
    RouteCase("GET", "/{file}", ANYONE, calls_aws=False),
    RouteCase(
        "POST", "/v1/otp", ANYONE, ACCEPTED,
        lambda _cast, _person: {"phone": f"+8613700{next(_PHONES):06d}"},
        scenes=(scenes.asking_for_a_code,),
    ),
    RouteCase(
        "POST", "/v1/sessions", ANYONE, (401, "otp_invalid"), always(CODE_ENTERED),
        scenes=(
            scenes.login_by_sms,
            partial(scenes.login_by_platform, before="nobody", name=PlatformName.WECHAT),
            partial(scenes.login_by_platform, before="linked", name=PlatformName.WECHAT),
            partial(scenes.login_by_platform, before="gives way", name=PlatformName.WECHAT),
            partial(scenes.login_by_platform, before="keeps", name=PlatformName.WECHAT),
        ),
    ),
    RouteCase(
        "POST", "/v1/sessions/refresh", ANYONE, (401, "token_invalid"),
        always({"refresh_token": "x" * 40}), scenes=(scenes.refreshing,),
    ),
    RouteCase("POST", "/v1/sessions/logout", PERSON, scenes=(scenes.logging_out,)),
    RouteCase(
        "POST", "/v1/me/phone", PERSON, (403, "stronger_login_needed"), always(CODE_ENTERED),
        scenes=(
            partial(scenes.phone_of_an_account, of_somebody=False),
            partial(scenes.phone_of_an_account, of_somebody=True),
        ),
    ),
    RouteCase(
        "POST", "/v1/me/identity-checks", PERSON, ACCEPTED, identity_check,
        scenes=(scenes.starting_a_check,),
    ),
    RouteCase(
        "GET", "/v1/me/identity-checks/{identity_check_id}", PERSON,
        but=dict.fromkeys(PERSON - {"visitor"}, NOT_FOUND),
    ),
    RouteCase(
        "POST", "/v1/identity-checks/callback", ANYONE, (401, "signature_invalid"),
        always(UNSIGNED), scenes=(scenes.receiving_a_result,), calls_aws=False,
    ),
    RouteCase("GET", "/v1/me", PERSON),
    RouteCase(
        "POST", "/v1/me/registration", PERSON, OK, registration, scenes=(scenes.registering,)
    ),
    RouteCase(
        "POST", "/v1/me/export", PERSON, ACCEPTED, always(EXPORT),
        scenes=(scenes_own_data.exporting,),
    ),
    RouteCase("GET", "/v1/me/export", PERSON, before=exported),
    RouteCase(
        "POST", "/v1/me/erasure", PERSON, ACCEPTED, always(CONFIRMED), but=HAND_OVER,
        scenes=(scenes_own_data.erasing,),
    ),
    RouteCase(
        "GET", "/v1/me/erasure", PERSON, before=erasing, but=dict.fromkeys(HAND_OVER, NOT_FOUND)
    ),
    RouteCase(
        "POST", "/v1/me/erasure/cancel", PERSON, before=erasing,
        but=dict.fromkeys(HAND_OVER, NOT_FOUND), scenes=(scenes_own_data.cancelling,),
    ),
    RouteCase(
        "POST", "/v1/me/dependants/{dependant_id}/erasure", GUARDIAN, (403, "own_account"),
        always(CONFIRMED), scenes=(scenes_own_data.erasing_a_dependant,),
    ),
    RouteCase(
        "GET", "/v1/me/dependants/{dependant_id}/erasure", GUARDIAN,
        before=lambda cast, _: erasing(cast, cast.dependant),
    ),
    RouteCase(
        "POST", "/v1/me/dependants/{dependant_id}/erasure/cancel", GUARDIAN, (403, "own_account"),
        scenes=(scenes_own_data.cancelling_a_dependants,),
    ),
    RouteCase("GET", "/v1/erasures/{receipt_id}", ANYONE),
    *own_and_dependants("GET", "pass"),
    *own_and_dependants("GET", "pass/paper"),
    *own_and_dependants(
        "POST", "pass/paper", ACCEPTED, paper_pass,
        scenes=(
            partial(scenes.issuing_a_paper_pass, before=False),
            partial(scenes.issuing_a_paper_pass, before=True),
        ),
    ),
    *own_and_dependants(
        "POST", "pass/paper/files", ACCEPTED, paper_files,
        scenes=(scenes.drawing_a_paper_pass_again,),
    ),
    *own_and_dependants(
        "POST", "pass/paper/revoke", (409, "version_conflict"),
        always({"serial": "7RHY-G5G0-75CM"}), scenes=(scenes.revoking_a_paper_pass,),
    ),
    *own_and_dependants("GET", "passes"),
    *own_and_dependants("POST", "pass/revoke", scenes=(scenes.revoking_live_passes,)),
    *own_and_dependants("GET", "health"),
    *own_and_dependants("GET", "nucleic-acid"),
    RouteCase("GET", "/v1/me/dependants", PERSON),
    RouteCase(
        "POST", "/v1/me/dependants", PERSON, (422, "consent_code_invalid"),
        lambda cast, _: {
            "method": "consent", "relation": "elder", "nonce": cast.world.nonce(),
            "code": UNKNOWN_CONSENT_CODE,
        },
        scenes=(
            *(
                partial(scenes.adding_a_dependant, method=method)
                for method in ("face", "household", "consent")
            ),
        ),
    ),
    RouteCase(
        "POST", "/v1/me/dependants/{dependant_id}/remove", PERSON,
        scenes=(
            partial(scenes.removing_a_dependant, by_guardian=True),
            scenes.removing_a_rejected_child,
        ),
    ),
    RouteCase("GET", "/v1/me/guardians", PERSON),
    RouteCase(
        "POST", "/v1/me/guardians/{guardian_id}/remove", PERSON,
        scenes=(partial(scenes.removing_a_dependant, by_guardian=False),),
    ),
    RouteCase(
        "POST", "/v1/me/consent-code", PERSON, CREATED, scenes=(scenes.making_a_consent_code,)
    ),
    RouteCase(
        "POST", "/v1/me/registration/takeover", PERSON, (422, "identity_check_unusable"),
        lambda cast, person: {
            "nonce": cast.world.nonce(), "check_id": "idc_0000000000000000",
            "name": person.name, "document_type": "resident_id", "document_number": person.number,
        },
        scenes=(scenes.taking_over,),
    ),
    RouteCase("GET", "/v1/me/accesses", PERSON),
    RouteCase(
        "POST", "/v1/me/travel-card/code", PERSON, ACCEPTED, scenes=(scenes.asking_for_a_card,)
    ),
    RouteCase(
        "POST", "/v1/me/travel-card", PERSON, (422, "travel_card_code_wrong"),
        always({"code": "864209"}), scenes=(scenes.entering_a_card,),
    ),
    RouteCase("GET", "/v1/declaration-form", ANYONE, calls_aws=False),
    *(
        case
        for rest, body, scene in (
            ("declarations", scenes_records.declaration, scenes_records.declaring),
            ("arrivals", scenes_records.arrival, scenes_records.arriving),
        )
        for case in filed(rest, body, scene)
    ),
    *(
        case
        for rest in ("declarations", "arrivals", "notices", "visits", "temperatures")
        for case in own_and_dependants("GET", rest)
    ),
    RouteCase("GET", "/v1/venues", PERSON),
    RouteCase(
        "POST", "/v1/venues", PERSON, CREATED, lambda cast, _: cast.world.venue_request(),
        scenes=(scenes.applying,),
    ),
    RouteCase("GET", _VENUE, ADMINISTRATOR),
    RouteCase(
        "POST", f"{_VENUE}/posters", ADMINISTRATOR, ACCEPTED, always({"form": "a4_png"}),
        scenes=(scenes.asking_for_a_poster,),
    ),
    RouteCase("GET", f"{_VENUE}/posters/{{poster_id}}", ADMINISTRATOR),
    RouteCase("GET", f"{_VENUE}/statistics", STAFF),
    RouteCase("GET", f"{_VENUE}/join-code", ADMINISTRATOR),
    RouteCase("POST", f"{_VENUE}/join-code/rotate", ADMINISTRATOR, scenes=(scenes.rotating,)),
    RouteCase("POST", f"{_VENUE}/fast-code", ADMINISTRATOR, scenes=(scenes.making_a_fast_code,)),
    RouteCase("GET", f"{_VENUE}/staff", ADMINISTRATOR),
    RouteCase(
        "POST", f"{_VENUE}/staff", ADMINISTRATOR, ACCEPTED, invitation,
        scenes=(
            partial(scenes.adding_staff, by="identity", known=True),
            partial(scenes.adding_staff, by="phone", known=True),
            partial(scenes.adding_staff, by="phone", known=False),
        ),
    ),
    RouteCase(
        "POST", f"{_VENUE}/staff/{{person_id}}/remove", ADMINISTRATOR,
        scenes=(partial(scenes.removing_staff, by_themselves=False),),
    ),
    RouteCase("GET", f"{_VENUE}/invitations", ADMINISTRATOR),
    RouteCase(
        "POST", f"{_VENUE}/invitations/{{invitation_id}}/withdraw", ADMINISTRATOR,
        scenes=(scenes_staff.withdrawing_an_invitation,),
    ),
    RouteCase(
        "POST", f"{_VENUE}/administrator", ADMINISTRATOR, OK,
        lambda _, person: {"person_id": person.person_id},
        scenes=(scenes_hand_over.handing_over,),
    ),
    RouteCase(
        "POST", f"{_VENUE}/scans", STAFF, CREATED, pass_scan, scenes=(scenes.scanning_a_pass,)
    ),
    RouteCase("GET", f"{_VENUE}/scans", STAFF, query="?outcome=abnormal"),
    RouteCase(
        "POST", f"{_VENUE}/late-scans", STAFF, CREATED, late_scan,
        scenes=(scenes_phones.uploading_late,),
    ),
    RouteCase(
        "POST", "/v1/me/devices", PERSON, CREATED, lambda cast, _: {"nonce": cast.world.nonce()},
        but=dict.fromkeys(("visitor", "guardian", "dependant"), NOT_YOURS),
        scenes=(scenes_phones.pairing_a_phone,),
    ),
    RouteCase("GET", "/v1/me/devices", PERSON),
    RouteCase(
        "POST", "/v1/me/devices/{device_id}/revoke", PERSON,
        scenes=(scenes_phones.revoking_a_phone,),
    ),
    RouteCase(
        "POST", "/v1/scans/{scan_id}/temperature", PERSON, NOT_FOUND,
        always({"temperature": "normal"}), scenes=(scenes_phones.adding_a_temperature,),
    ),
    RouteCase(
        "POST", f"{_VENUE}/manual-checks", STAFF, ACCEPTED, lambda cast, _: by_hand(cast.world),
        scenes=(scenes.checking_by_hand,),
    ),
    RouteCase(
        "GET", "/v1/manual-checks/{check_id}", PERSON,
        but=dict.fromkeys(PERSON - ADMINISTRATOR, NOT_FOUND),
    ),
    RouteCase("GET", "/v1/files/{token}", ANYONE, before=stored),
    RouteCase("GET", "/v1/bindings", PERSON),
    RouteCase(
        "POST", "/v1/bindings", PERSON, (404, "join_code_unknown"),
        always({"join_code": UNKNOWN_JOIN_CODE}), scenes=(scenes.joining,),
    ),
    RouteCase(
        "POST", "/v1/bindings/{venue_id}/remove", STAFF,
        but={"administrator": (409, "initial_administrator")},
        scenes=(partial(scenes.removing_staff, by_themselves=True),),
    ),
    RouteCase(
        "POST", "/v1/kiosks/pair", ANYONE, (401, "pairing_code_invalid"),
        always({"pairing_code": UNKNOWN_PAIRING_CODE}), scenes=(scenes.pairing_a_kiosk,),
    ),
    RouteCase(
        "POST", "/v1/kiosks/cards", KIOSK, ACCEPTED, lambda cast, _: swiped(cast.kiosk),
        scenes=(
            partial(scenes.asking_for_a_kiosk_card, of="nobody"),
            partial(scenes.asking_for_a_kiosk_card, of="a visitor"),
            partial(scenes.asking_for_a_kiosk_card, of="a visitor who lost theirs"),
            partial(scenes.asking_for_a_kiosk_card, of="another name"),
        ),
    ),
    RouteCase("GET", "/v1/kiosks/cards/{card_id}", KIOSK),
    RouteCase("POST", "/v1/scans", PERSON, CREATED, scan, scenes=(scenes.scanning,)),
    RouteCase(
        "GET", "/v1/scans/{scan_id}", PERSON,
        but=dict.fromkeys(("other", "guardian", "dependant"), NOT_FOUND),
    ),
)  # fmt: skip
CASE: Mapping[tuple[str, str], RouteCase] = {case.route: case for case in CASES}
"""The cases by their routes."""
