"""Two people at one venue, written into the stand-in by the application's own stores.

Both are verified, logged in and green; all their answers are fresh. The first administers the
venue, and acts for the second.
"""

import itertools
import json
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bench.stub import ROOT, Stub
from chalicelib.bootstrap import Container
from chalicelib.core.clock import epoch_ms
from chalicelib.core.crypto import KeyRing
from chalicelib.core.settings import Settings
from chalicelib.identity import passes, personal
from chalicelib.identity.family import FamilyLink, Proof, Relation
from chalicelib.identity.people import Profile, Session, Snapshot, Strength, Verification
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.venue import Venue

_STAFF, VISITOR = "per_0000000000000001", "per_0000000000000002"
VENUE, CODE = "ven_0000000000000001", "0000000000000002"
SHARDS = 64
_NUMBERS = {_STAFF: "11010519491231002X", VISITOR: "440524188001010014"}
_ANSWERS = {
    ProviderName.HEALTH_CODE: "green",
    ProviderName.NUCLEIC_ACID: "negative",
    ProviderName.VACCINATION: "complete",
}
_TOO_OLD = timedelta(days=2)
_MILLISECOND = timedelta(milliseconds=1)
_NONCE = 0x7 << 76 | 0x2 << 62
_NUMBER = itertools.count()


def environment(stub: Stub | None) -> dict[str, str]:
    """Return a function's environment variables; credentials as Lambda gives them.

    Without a `stub`, AWS has no endpoint of its own.
    """
    endpoint = (
        {"AWS_ENDPOINT_URL": stub.url, "AWS_CA_BUNDLE": str(stub.root)} if stub is not None else {}
    )
    return {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_SESSION_TOKEN": "bench" * 100,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        **endpoint,
        **_configured(),
        "PYDANTIC_DISABLE_PLUGINS": "__all__",  # as in infra/resources.yaml
        "VC_TABLE": "venuecode-prod-Table-0123456789AB",
        "VC_BUCKET": "bucket",
        "VC_KEYS_SECRET": "keys",
        "VC_INDEX_SECRET": "index",
        "VC_PARTNERS_SECRET": "partners",
        "VC_KMS_KEY": "key",
    }


def _configured() -> dict[str, str]:
    config = json.loads((ROOT / ".chalice/config.json").read_text())
    variables: dict[str, str] = config["stages"]["prod"]["environment_variables"]
    return variables


@dataclass(frozen=True)
class Scene:
    """The tokens of staff and visitor in the table."""

    staff: str
    visitor: str
    ring: KeyRing

    def scans(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Return API Gateway events for scans of the venue's code, each with its own nonce."""
        for nonce in _nonces(now):
            yield _event(self.visitor, "/v1/scans", {}, {"nonce": nonce, "code": CODE})

    def scans_on_behalf(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Return the same for scans by the visitor's guardian."""
        for nonce in _nonces(now):
            body = {"nonce": nonce, "code": CODE, "on_behalf_of": VISITOR}
            yield _event(self.staff, "/v1/scans", {}, body)

    def pass_scans(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Return the same for two staff scans: by the visitor's pass of this minute, and the last.

        A person has one pass a minute at a venue.
        """
        began = passes.minute_of(now)
        for nonce, at in zip(_nonces(now), (began, began - _MILLISECOND), strict=False):
            minted = passes.mint(VISITOR, now=at, ring=self.ring)
            body = {"nonce": nonce, "pass_code": minted, "temperature": "normal"}
            yield _event(self.staff, "/v1/venues/{venue_id}/scans", {"venue_id": VENUE}, body)


def seed(container: Container, *, answered: bool = True) -> Scene:
    """Write the scene; without `answered`, no provider has answered yet."""
    now = container.clock.now()
    staff, visitor = (
        _person(container, person_id, number, answered=answered)
        for person_id, number in _NUMBERS.items()
    )
    venue = Venue(
        venue_id=VENUE,
        name="信宜市第一人民医院",
        kind="general_hospital",
        region="440983",
        region_name="广东省茂名市信宜市",
        street="东镇街道",
        address="人民路 1 号",
        number_type="uscc",
        number=personal.VENUE_NUMBER.seal(container.vault, "91440300279296215L", VENUE, now=now),
        contact_name=personal.VENUE_CONTACT_NAME.seal(container.vault, "李四", VENUE, now=now),
        contact_phone=personal.VENUE_CONTACT_PHONE.seal(
            container.vault, "+8613800000002", VENUE, now=now
        ),
        code=CODE,
        time_zone="Asia/Shanghai",
        shards=SHARDS,
        created_at=now,
        fingerprint="0123456789abcdef",
        applicant=_STAFF,
    )
    container.venues.create(
        venue,
        unique="u",
        number_blind=container.index.of("number", "x"),
        document_blind=container.index.of("document", _NUMBERS[_STAFF]),
    )
    guardian, dependant = (container.people.load(one).profile for one in (_STAFF, VISITOR))
    if guardian and dependant:
        link = FamilyLink(Relation.ELDER, Proof.CONSENT, now)
        container.family_links.link(guardian, dependant, link)
    return Scene(staff, visitor, container.ring)


def visitor_id(count: int) -> str:
    """Return the id of one more visitor."""
    return f"per_{count + 1000:016}"


def visitor(container: Container, count: int, stale: Collection[ProviderName]) -> str:
    """Write one more visitor, whose answers of `stale` are too old, and return their token."""
    person_id = visitor_id(count)
    return _person(container, person_id, f"44052418800101{count:04}", stale=stale)


def scan(token: str, now: datetime) -> dict[str, Any]:
    """Return the event of a scan of the venue's code."""
    return _event(token, "/v1/scans", {}, {"nonce": next(_nonces(now)), "code": CODE})


def look(token: str, scan_id: str) -> dict[str, Any]:
    """Return the event of a look at a scan's state."""
    return _event(token, "/v1/scans/{scan_id}", {"scan_id": scan_id})


def abnormal(staff: str, day: date, cursor: str | None) -> dict[str, Any]:
    """Return the event of a look at a page of the venue's abnormal scans of a day."""
    event = _event(staff, "/v1/venues/{venue_id}/scans", {"venue_id": VENUE})
    query = {"outcome": "abnormal", "day": day.isoformat(), "limit": "50"}
    query |= {"cursor": cursor} if cursor else {}
    return event | {
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
    }


def _person(
    container: Container,
    person_id: str,
    number: str,
    *,
    answered: bool = True,
    stale: Collection[ProviderName] = (),
) -> str:
    now = container.clock.now()
    phone = f"+86138{person_id[-8:]}"
    registered = Profile(
        person_id=person_id,
        phone=personal.PHONE.seal(container.vault, phone, person_id, now=now),
        name=personal.NAME.seal(container.vault, "王小明", person_id, now=now),
        document_type="resident_id",
        document=personal.DOCUMENT.seal(container.vault, number, person_id, now=now),
        document_blind=container.index.of("document", number),
        registration=1,
        verification=Verification.VERIFIED,
    )
    container.people.create(registered, container.index.of("phone", phone))
    life = timedelta(hours=1)
    session = Session(_session(person_id), now + life, 1, "sms", Strength.PHONE)
    container.people.open_session(person_id, session)
    for provider, state in _ANSWERS.items() if answered else ():
        fetched = now - _TOO_OLD if provider in stale else now
        snapshot = Snapshot(provider, state, fetched - timedelta(hours=3), fetched, 1)
        container.people.save_answers(person_id, [snapshot])
    claims = {"sub": person_id, "sid": session.session_id}
    return container.tokens.issue("session", claims, now=now, life=life)


def _session(person_id: str) -> str:
    return f"ses_{person_id[4:]}"


def new_container(environment: dict[str, str]) -> Container:
    """Return the application's container, as in a function with this environment."""
    return Container(Settings.from_environment(environment))


def _nonces(now: datetime) -> Iterator[str]:
    for number in _NUMBER:  # an actor's nonce makes one scan, for any visitor
        yield str(uuid.UUID(int=epoch_ms(now) << 80 | _NONCE | number))


def _event(
    token: str,
    resource: str,
    parameters: dict[str, str],
    body: dict[str, str] | None = None,
) -> dict[str, Any]:
    path = resource.format(**parameters)
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate, br",
        "Accept-Language": "zh-CN,zh;q=0.9",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Host": "api.example.com",
        "Referer": "https://servicewechat.com/wx0123456789abcdef/1/page-frame.html",
        "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 15_4 like Mac OS X) MicroMessenger/8.0",
        "X-Amzn-Trace-Id": "Root=1-00000000-000000000000000000000000",
        "X-Forwarded-For": "203.0.113.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    method = "GET" if body is None else "POST"
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/api{path}",
            "stage": "api",
            "requestId": "00000000-0000-0000-0000-000000000000",
            "identity": {"sourceIp": "203.0.113.1", "userAgent": headers["User-Agent"]},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
