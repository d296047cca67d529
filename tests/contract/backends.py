"""The backends of the contracts: every protocol's stand-in, or its adapter on an engine.

The engines: moto; AWS's own DynamoDB Local for the table, with moto for all the rest; and the local
cloud. docs/decisions/0080 lists what DynamoDB Local cannot show.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
import requests

from chalicelib.adapters import aws
from chalicelib.adapters.keys import WrappedKeys
from chalicelib.adapters.queues import SqsLookupQueue, SqsRenderQueue
from chalicelib.adapters.storage import S3Storage
from chalicelib.admission.accesses import Accesses
from chalicelib.admission.kiosks import Cards
from chalicelib.admission.lookup_requests import LookupQueue
from chalicelib.admission.policy import Policies, Revision
from chalicelib.admission.prefetching import Prefetches
from chalicelib.admission.scan import Scans
from chalicelib.admission.schemas import decode
from chalicelib.admission.staff_phones import StaffPhoneStore
from chalicelib.admission.store.accesses import AccessStore
from chalicelib.admission.store.kiosk_cards import CardStore
from chalicelib.admission.store.policies import PolicyStore
from chalicelib.admission.store.prefetches import PrefetchStore
from chalicelib.admission.store.scans import ScanStore
from chalicelib.admission.store.staff_phones import StaffPhoneItems
from chalicelib.admission.store.visits import VisitStore
from chalicelib.admission.visits import Visits
from chalicelib.core import render_jobs
from chalicelib.core.aws import session
from chalicelib.core.ids import RandomIds
from chalicelib.core.render_jobs import RenderQueue
from chalicelib.core.storage import Storage
from chalicelib.core.table import Connection, Table
from chalicelib.identity.checks import Checks
from chalicelib.identity.consents import Consents
from chalicelib.identity.devices import Devices
from chalicelib.identity.family import FamilyLinks
from chalicelib.identity.logins import PhoneProofs
from chalicelib.identity.paper_passes import IssuedPasses
from chalicelib.identity.people import Codes, Limits, People
from chalicelib.identity.personal_records import PersonalRecords
from chalicelib.identity.store.checks import IdentityCheckStore
from chalicelib.identity.store.codes import CodeStore
from chalicelib.identity.store.consents import ConsentStore
from chalicelib.identity.store.devices import DeviceStore
from chalicelib.identity.store.family_links import FamilyStore
from chalicelib.identity.store.limits import LimitStore
from chalicelib.identity.store.paper_passes import PaperPassStore
from chalicelib.identity.store.people import PeopleStore
from chalicelib.identity.store.personal_records import PersonalRecordStore
from chalicelib.identity.store.phone_proofs import PhoneProofStore
from chalicelib.identity.store.succession import SuccessionStore
from chalicelib.identity.store.wrapped_keys import WrappedKeyStore
from chalicelib.identity.succession import Successions
from chalicelib.insight.abnormal import Pointers
from chalicelib.insight.counters import Counters
from chalicelib.insight.reconciliation import Reconciliations
from chalicelib.insight.store.counters import CounterStore
from chalicelib.insight.store.pointers import PointerStore
from chalicelib.insight.store.reconciliations import ReconciliationStore
from chalicelib.venues.staffing import Staff
from chalicelib.venues.store.posters import PosterStore
from chalicelib.venues.store.staff import StaffStore
from chalicelib.venues.store.venues import CachedDirectory, VenueStore
from chalicelib.venues.venue import Directory, Posters, Venues
from tests import support
from tests.fakes import stores

FAKE = "fake"
SERVICES = ["moto", pytest.param("cloud", marks=pytest.mark.cloud)]
"""The engines that have more than a table."""
TABLES = ["dynamodb-local", *SERVICES]
ALL = [FAKE, *TABLES]


class PolicyBook(Policies, Protocol):
    """Policies that can be replaced."""

    def replace(self, prefix: str, rules: dict[str, object], *, version: int) -> bool:
        """Put version `version` of a policy; return False if it is not the next one."""

    def remove(self, prefix: str, *, version: int) -> bool:
        """Let the next shorter prefix apply; return False if `version` is not the next one."""

    def latest(self, prefix: str) -> Revision | None:
        """Return what was last stored for exactly this prefix."""


@dataclass
class Stores:
    """A store for every protocol of the table; `directory` and `policies` return new caches."""

    people: People
    codes: Codes
    limits: Limits
    phone_proofs: PhoneProofs
    venues: Venues
    posters: Posters
    staff: Staff
    scans: Scans
    counters: Counters
    pointers: Pointers
    wrapped_keys: WrappedKeys
    prefetches: Prefetches
    accesses: Accesses
    devices: Devices
    cards: Cards
    family_links: FamilyLinks
    consents: Consents
    successions: Successions
    checks: Checks
    issued_passes: IssuedPasses
    personal_records: PersonalRecords
    visits: Visits
    reconciliations: Reconciliations
    staff_phones: StaffPhoneStore
    directory: Callable[[], Directory]
    policies: Callable[[], PolicyBook]


def fake_stores() -> Stores:
    """Return the stand-ins."""
    people, policies = stores.FakePeople(), stores.FakePolicies()
    venues, consents = stores.FakeVenues(people), stores.FakeConsents()
    links = stores.FakeFamilyLinks(people, consents)
    scans, counters = stores.FakeScans(people), stores.FakeCounters()
    return Stores(
        people,
        stores.FakeCodes(),
        stores.FakeLimits(),
        stores.FakePhoneProofs(),
        venues,
        stores.FakePosters(),
        stores.FakeStaff(people, venues),
        scans,
        counters,
        stores.FakePointers(),
        stores.FakeWrappedKeys(),
        stores.FakePrefetches(),
        stores.FakeAccesses(),
        stores.FakeDevices(),
        stores.FakeCards(),
        links,
        consents,
        stores.FakeSuccessions(people, links),
        stores.FakeIdentityChecks(people),
        stores.FakeIssuedPasses(people),
        stores.FakePersonalRecords(),
        stores.FakeVisits(scans),
        stores.FakeReconciliations(counters),
        stores.FakeStaffPhones(),
        lambda: stores.FakeDirectory(venues),
        lambda: policies,
    )


def stores_over(table: Table) -> Stores:
    """Return the real stores."""
    venues = VenueStore(table)
    return Stores(
        PeopleStore(table),
        CodeStore(table),
        LimitStore(table),
        PhoneProofStore(table),
        venues,
        PosterStore(table),
        StaffStore(table),
        ScanStore(table),
        CounterStore(table),
        PointerStore(table),
        WrappedKeyStore(table),
        PrefetchStore(table),
        AccessStore(table),
        DeviceStore(table),
        CardStore(table),
        FamilyStore(table),
        ConsentStore(table),
        SuccessionStore(table),
        IdentityCheckStore(table),
        PaperPassStore(table),
        PersonalRecordStore(table),
        VisitStore(table),
        ReconciliationStore(table),
        StaffPhoneItems(table),
        lambda: CachedDirectory(venues),
        lambda: PolicyStore(table),
    )


@dataclass
class Download:
    """The response to a GET of a link."""

    status: int
    data: bytes
    content_type: str
    disposition: str


@dataclass
class Received:
    """Messages as a worker receives them, and the number of delayed ones."""

    messages: list[Any]
    delayed: int


@dataclass
class Backend:
    """Everything that a contract needs. `table` is None for the stand-ins.

    `resource` is the name of the table and of the bucket. `connection` is the table's.
    """

    name: str
    resource: str
    connection: Connection
    table: Table | None
    stores: Stores
    storage: Storage
    lookups: LookupQueue
    renders: RenderQueue
    download: Callable[[str], Download]
    received_lookups: Callable[[], Received]
    received_renders: Callable[[], Received]


def fake_backend() -> Backend:
    """Return the stand-ins as a backend."""
    storage = stores.FakeStorage()
    lookups, renders = stores.FakeLookupQueue(), stores.FakeRenderQueue()

    def download(link: str) -> Download:
        key, _, query = link.removeprefix("fake://").partition("?")
        data, content_type = storage.files[key]
        return Download(200, data, content_type, query)

    def received_lookups() -> Received:
        sent, lookups.sent = lookups.sent, []
        now = [message for message, delay in sent if not delay]
        return Received(now, len(sent) - len(now))

    def received_renders() -> Received:
        sent, renders.sent = renders.sent, []
        return Received(list(sent), 0)

    return Backend(
        FAKE, "", Connection(), None, fake_stores(), storage, lookups, renders,
        download, received_lookups, received_renders,
    )  # fmt: skip


@contextmanager
def aws_backend(name: str) -> Iterator[Backend]:
    """Yield the adapters on the engine of the environment, with resources created for them."""
    scratch = f"contract-{RandomIds().random().lower()}"
    forget_clients()
    client = support.client
    support.create_table(scratch)
    client("s3").create_bucket(Bucket=scratch)
    lookups_url = client("sqs").create_queue(QueueName=f"{scratch}-lookups")["QueueUrl"]
    settles_url = client("sqs").create_queue(QueueName=f"{scratch}-settles")["QueueUrl"]
    renders_url = client("sqs").create_queue(QueueName=f"{scratch}-renders")["QueueUrl"]
    connection = Connection()
    table = Table(scratch, connection)

    def receive(url: str, read: Callable[[str], Any]) -> Received:
        # On these engines a sent message is visible at once; AWS itself may need a longer poll.
        answer = client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        messages = []
        for message in answer.get("Messages", []):
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            messages.append(read(message["Body"]))
        delayed = "ApproximateNumberOfMessagesDelayed"
        found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[delayed])
        return Received(messages, int(found["Attributes"][delayed]))

    try:
        yield Backend(
            name,
            scratch,
            connection,
            table,
            stores_over(table),
            S3Storage(scratch),
            SqsLookupQueue(lookups_url, settles_url),
            SqsRenderQueue(renders_url),
            _download,
            lambda: _both(receive(lookups_url, decode), receive(settles_url, decode)),
            lambda: receive(renders_url, render_jobs.decode),
        )
    finally:
        for found in client("s3").list_objects_v2(Bucket=scratch).get("Contents", []):
            client("s3").delete_object(Bucket=scratch, Key=found["Key"])
        client("s3").delete_bucket(Bucket=scratch)
        for url in (lookups_url, settles_url, renders_url):
            client("sqs").delete_queue(QueueUrl=url)
        client("dynamodb").delete_table(TableName=scratch)
        forget_clients()


def _both(one: Received, other: Received) -> Received:
    return Received([*one.messages, *other.messages], one.delayed + other.delayed)


def forget_clients() -> None:
    """Drop cached clients, which stay with the engine that they were made for."""
    support.client.cache_clear()
    aws.client.cache_clear()
    session.cache_clear()


def _download(link: str) -> Download:
    answer = requests.get(link, timeout=10)
    return Download(
        answer.status_code,
        answer.content,
        answer.headers.get("Content-Type", ""),
        answer.headers.get("Content-Disposition", ""),
    )
