"""The whole application in one process, for tests of the API.

Routes are called through Chalice's test client and workers with Lambda's events. The table and its
stream, the queues and the bucket are moto's; the clock, the SMS gateway and the providers are
stand-ins. Every response is checked against the OpenAPI document.
"""

import copy
import functools
import io
import itertools
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from botocore.exceptions import ClientError, ReadTimeoutError
from chalice.test import Client
from urllib3 import HTTPHeaderDict

import app
from chalicelib.adapters import aws
from chalicelib.adapters.queues import SqsLookupQueue
from chalicelib.adapters.renderer import TypstRenderer
from chalicelib.admission.evidence import looked_up
from chalicelib.admission.lookup_requests import Message, Outgoing
from chalicelib.admission.store.policies import PolicyStore
from chalicelib.bootstrap import Container, install
from chalicelib.core import ids, keys
from chalicelib.core.aws import session
from chalicelib.core.logs import JsonFormatter, logger
from chalicelib.core.settings import Settings
from chalicelib.core.table import Connection, Table
from chalicelib.identity.checks import CALLBACK_PATH, State
from chalicelib.identity.family import FamilyLink, Proof, Relation
from chalicelib.identity.people import Role
from chalicelib.identity.platforms import Platform, PlatformName
from chalicelib.identity.providers import (
    Absent,
    Answer,
    Pending,
    Provider,
    ProviderName,
    Subject,
)
from chalicelib.identity.store.rights import right_removal, right_write
from chalicelib.identity.store.wrapped_keys import WrappedKeyStore
from chalicelib.insight.reconciliation import tally
from chalicelib.venues.codes import CodeState
from chalicelib.venues.store.venues import PrintedCodeItem
from chalicelib.workers.batches import BatchFailed
from chalicelib.workers.counts import counts
from chalicelib.workers.lookups import lookups
from chalicelib.workers.renders import renders
from chalicelib.workers.settles import settles
from chalicelib.workers.stream import stream
from infra.local import client
from infra.local.sandbox.signature import sign
from infra.ops.deployment import Deployment
from tests import support
from tests.api import contract
from tests.fakes.parts import (
    NOON,
    FakePlatform,
    FixedSecret,
    InlineExecutor,
    LocalDataKeys,
    RecordingSms,
    Reply,
    ScriptedCheckService,
    ScriptedDeclarations,
    ScriptedHouseholds,
    ScriptedProvider,
    ScriptedTravelCards,
    StandingClock,
)

HOST = "V.TEST"
CODE_FILES = "rVq1WxCheck.txt=0e2b4c8f6a alipayCheck7.txt=9d3f1e"
"""The verification files of the platforms, as an operator sets them."""
HEALTH, IDENTITY = ProviderName.HEALTH_CODE, ProviderName.IDENTITY
TEST, VACCINATION = ProviderName.NUCLEIC_ACID, ProviderName.VACCINATION
FIGURES = ("checked", "passed", "abnormal", "pending")
TODAY = date(2026, 11, 22)
Response = dict[str, list[dict[str, str]]]
CHECKS_SECRET = "c" * 32
_KEYS = {"active": "1", "1": "r" * 64}
_INDEX = {"index": "1", "1": "r" * 64}
"""Of 0.2.0, which had both in one secret (tests/tables)."""
_BY_CHANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b1[0-9]{12}\b")
"""Messages' ids and times in milliseconds, which may contain the six digits of a code by chance."""


HttpReply = client.Reply


class InProcess:
    """Sends requests to the routes in this process; checks each response against the document."""

    def __init__(self) -> None:
        self.address = "127.0.0.1"
        """The network address that requests come from."""
        self.answered: set[tuple[str, int, str]] = set()
        """The operations called, each with the status and code of its response."""

    def request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HttpReply:
        http = _client().http
        http._local_gateway.event_converter.LOCAL_SOURCE_IP = self.address
        response = http.request(method, path, headers=dict(headers), body=body or b"")
        got = HTTPHeaderDict({name: _one(value) for name, value in response.headers.items()})
        contract.check(method, path, response.status_code, got, response.body)
        reply = HttpReply(response.status_code, got, response.body)
        operation = contract.operation_of(method, path)
        self.answered.add((operation.name, reply.status, reply.code))
        return reply


class Wire:
    """Records every call of the application to AWS, and can disturb one of them.

    It listens to botocore, for every service. A call is known by its operation: ``PutItem``.
    """

    BUSY: ClassVar[Mapping[str, tuple[str, int]]] = {
        "kms": ("DependencyTimeoutException", 503),
        "s3": ("SlowDown", 503),
        "secrets-manager": ("InternalServiceError", 500),
        "sqs": ("RequestThrottled", 403),
    }
    """Error code and status of a busy service, for services other than DynamoDB."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.watch: Callable[[Mapping[str, Any], Any], None] | None = None
        """Gets the parameters and the model of every call, and of every presigned link."""
        self._at = 0
        self._how = ""
        self._meanwhile: Callable[[], object] | None = None
        self._losing = False
        self.away: set[str] = set()
        """Services that answer no call: ``kms``."""

    def fail(self, how: str, at: int) -> None:
        """Reset the count, and make the `at`-th call (from 1) fail.

        `how` is DynamoDB's error code (other services use their code in `BUSY`), or ``lost``: the
        call is made, its response is lost.
        """
        self.calls, self._at, self._how, self._meanwhile = [], at, how, None

    def interrupt(self, at: int, meanwhile: Callable[[], object]) -> None:
        """Reset the count, and run `meanwhile` just before the `at`-th call."""
        self.calls, self._at, self._how, self._meanwhile = [], at, "", meanwhile

    def heal(self) -> int:
        """Disturb no further call; return the number of calls so far."""
        self._at, self._meanwhile, self._losing = 0, None, False
        return len(self.calls)

    def before(self, service: str, operation: str) -> None:
        """Record a call that is about to be made; disturb it if it is the chosen one."""
        self.calls.append(operation)
        if service in self.away:
            code, status = self.BUSY[service]
            error = {"Code": code, "Message": "away"}
            down: Any = {"HTTPStatusCode": status}
            raise ClientError({"Error": error, "ResponseMetadata": down}, operation)
        if len(self.calls) != self._at:
            return
        if self._meanwhile:
            counted, meanwhile = list(self.calls), self._meanwhile
            self.heal()
            meanwhile()
            self.calls = counted
        elif self._how == "lost":
            self._losing = True
        else:
            code, status = self.BUSY.get(service, (self._how, 400))
            error = {"Code": code, "Message": f"arn:aws:{service}: rate exceeded"}
            metadata: Any = {"HTTPStatusCode": status}
            raise ClientError({"Error": error, "ResponseMetadata": metadata}, operation)

    def after(self) -> None:
        """Lose the response of a call if it was chosen. Raises ReadTimeoutError."""
        if self._losing:
            self._losing = False
            raise ReadTimeoutError(endpoint_url="https://aws")


_listened: list[Any] = []
"""Sessions that are connected to the wire."""


def _listen() -> Any:
    """Connect the process's session to the wire of the current world; return the session.

    Clients are created anew, because a client takes its listeners from the session when created.
    Other tests of the process may have made another session since.
    """
    if _listened and session() is _listened[-1]:
        return session()
    aws.client.cache_clear()
    session.cache_clear()
    _listened.append(session())

    def before(event_name: str, **_: Any) -> None:
        if World.open:
            World.open[-1].wire.before(*event_name.split(".")[1:3])

    def after(**_: Any) -> None:
        if World.open:
            World.open[-1].wire.after()

    def provided(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if World.open and (watch := World.open[-1].wire.watch):
            watch(params, model)

    listening = session()
    listening.register("provide-client-params", provided)
    listening.register("before-call", before)
    listening.register("after-call", after)
    return listening


@functools.cache
def _connection(_: Any) -> Connection:
    """Return the connection for the tables of all worlds; making one outlasts most tests."""
    return Connection()


@functools.cache
def _client() -> Client:
    return Client(app.app, project_dir=str(support.ROOT))


class SpokenIds:
    """Ids and one-time codes that are the same in every run and do not look sequential."""

    def __init__(self, count: int) -> None:
        self.count = count

    def random(self) -> str:
        self.count += 1
        return ids.derive("test", str(self.count))

    def digits(self, count: int) -> str:
        self.count += 1
        return str(int.from_bytes(self.random().encode(), "big"))[-count:]


class DueQueue:
    """Sends to SQS what is due by the test's clock, because moto has its own clock."""

    def __init__(self, queue: SqsLookupQueue, clock: StandingClock) -> None:
        self._queue = queue
        self._clock = clock
        self.later: list[tuple[datetime, Message]] = []
        self.fault: Exception | None = None

    def send(self, message: Message, *, delay: timedelta = timedelta()) -> None:
        if self.fault:
            raise self.fault
        if delay:
            self.later.append((self._clock.now() + delay, message))
        else:
            self._queue.send(message)

    def send_all(self, messages: Sequence[Outgoing]) -> list[int]:
        if self.fault:
            return [*range(len(messages))]
        later = [one for one in messages if one.delay]
        self.later += [(self._clock.now() + one.delay, one.message) for one in later]
        now = [place for place, one in enumerate(messages) if not one.delay]
        unsent = self._queue.send_all([messages[place] for place in now])
        return [now[place] for place in unsent]

    def release(self) -> None:
        """Send the messages that have become due."""
        due = [entry for entry in self.later if entry[0] <= self._clock.now()]
        self.later = [entry for entry in self.later if entry not in due]
        for _, message in due:
            self._queue.send(message)


@dataclass
class Interrupted:
    """A provider that calls `meanwhile` between the request and the answer."""

    provider: Provider
    meanwhile: Callable[[], object]

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        answer = self.provider.lookup(subject, request_id=request_id)
        self.meanwhile()
        return answer


@dataclass
class Queue:
    """An SQS queue as Lambda polls it."""

    name: str
    worker: Any
    url: str
    dead_letters: str
    bodies: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, name: str, worker: Any) -> Self:
        return cls(name, worker, *support.create_queue(name))

    def receive(self) -> list[dict[str, Any]]:
        """Receive up to ten visible messages, in the shape of Lambda's records."""
        answer = support.client("sqs").receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        records = [support.sqs_record(message, self.name) for message in answer.get("Messages", [])]
        self.bodies += [record["body"] for record in records]
        return records

    def run(self) -> int:
        """Give one batch to the worker, as Lambda does; return the number of messages done."""
        records = self.receive()
        return len(records) - self.handle(records) if records else 0

    def handle(self, records: Sequence[Mapping[str, Any]]) -> int:
        """Give received messages to the worker; return how many failed and will be redelivered."""
        response: Response = self.worker(support.event(records), None)
        failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
        for record in records:
            handle = {"QueueUrl": self.url, "ReceiptHandle": record["receiptHandle"]}
            if record["messageId"] in failed:
                support.client("sqs").change_message_visibility(**handle, VisibilityTimeout=0)
            else:
                support.client("sqs").delete_message(**handle)
        return len(failed)

    def send(self, body: str) -> None:
        """Send a message of the test to the queue."""
        support.client("sqs").send_message(QueueUrl=self.url, MessageBody=body)

    def purge(self) -> None:
        """Delete all visible messages."""
        # PurgeQueue is allowed once a minute only.
        while records := self.receive():
            for record in records:
                support.client("sqs").delete_message(
                    QueueUrl=self.url, ReceiptHandle=record["receiptHandle"]
                )

    def dead(self) -> list[str]:
        """Return the bodies of the dead-lettered messages."""
        answer = support.client("sqs").receive_message(
            QueueUrl=self.dead_letters, MaxNumberOfMessages=10
        )
        return [message["Body"] for message in answer.get("Messages", [])]


@dataclass(frozen=True)
class Standing:
    """The people who exist when a test begins, and the items of a table with them.

    They were created through the routes and the workers, once for all tests.
    """

    administrators: list["Person"]
    visitors: list["Person"]
    items: list[dict[str, Any]]
    ids: int
    secrets: set[str]

    @classmethod
    @functools.cache
    def cast(cls) -> "Standing":
        """Return two administrators, each with a venue, and three visitors, all approved."""
        world = World(standing=cls([], [], [], 0, set()))
        administrators = [world.administrator() for _ in range(2)]
        visitors = [world.visitor() for _ in range(3)]
        world.work()
        items, ids = world.items(), world.ids.count
        world.close()
        return cls(administrators, visitors, items, ids, world.secrets)


@dataclass(frozen=True)
class OperatedWorld(Deployment):
    """A world, as the operator's commands see it."""

    of: Container

    def client(self, service: str) -> Any:
        return support.client(service)

    def container(self) -> Container:
        return self.of


class CountingConnection(Connection):
    """A connection that counts the requests to the table."""

    requests = 0

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.requests += 1
        return super().dispatch(operation, request)


class World:
    """One deployment in process, with the people and things that a test needs.

    A test may have its own beside that of its module. The last one made is the current one until it
    is closed.
    """

    _made: ClassVar[Iterator[int]] = itertools.count(1)
    open: ClassVar[list["World"]] = []

    def __init__(
        self, *, demo: bool = False, kms: bool = False, standing: Standing | None = None
    ) -> None:
        """Create the deployment; with `kms`, keys come from moto's KMS and Secrets Manager.

        `kms` is slower. `standing` replaces the people who exist at the start.
        """
        self._standing = standing = standing or Standing.cast()
        self._demo, self._kms = demo, ""
        self.name = f"venuecode-{next(self._made)}"
        self.bucket = f"{self.name}-posters"
        self.ids = SpokenIds(standing.ids)
        self.secrets: set[str] = set(standing.secrets)
        support.client("s3").create_bucket(Bucket=self.bucket)
        self.lookups = Queue.create(f"{self.name}-lookups", lookups)
        self.settles = Queue.create(f"{self.name}-settles", settles)
        self.renders = Queue.create(f"{self.name}-renders", renders)
        self.clock = StandingClock()
        self.sms = RecordingSms()
        self.wire = Wire()
        self.table = Table(self.name, _connection(_listen()))
        self.lookup_queue = DueQueue(SqsLookupQueue(self.lookups.url, self.settles.url), self.clock)
        self.platforms = {name: FakePlatform(name, self.clock) for name in PlatformName}
        self.providers: dict[ProviderName, ScriptedProvider] = {
            name: ScriptedProvider() for name in looked_up()
        }
        self.providers[IDENTITY].otherwise = Answer("match")
        self.providers[HEALTH].otherwise = Answer("green", self.hours_ago(1))
        self.providers[TEST].otherwise = Answer("negative", self.hours_ago(12))
        self.providers[VACCINATION].otherwise = Answer("complete", self.hours_ago(720), doses=3)
        self.cards = ScriptedTravelCards()
        self.checks = ScriptedCheckService(at=self.clock.now)
        self.households = ScriptedHouseholds()
        self.declarations = ScriptedDeclarations(self.providers[HEALTH])
        self.renderer = TypstRenderer(support.ROOT / "infra/layers/render/fonts")
        self.transport = InProcess()
        self.api = client.Api(self.transport, language="en", nonce=self.nonce)
        self.log = io.StringIO()
        if kms:
            self._kms = self._make_keys()
        self.open.append(self)
        self._begin()
        self._handler = logging.StreamHandler(self.log)
        self._handler.setFormatter(JsonFormatter())
        logger().addHandler(self._handler)

    def rewind(self) -> None:
        """Reset the table, the people and the clock, and restart the process."""
        support.client("dynamodb").delete_table(TableName=self.name)
        self._begin()

    def _begin(self) -> None:
        standing = self._standing
        self.stream = support.TableStream(support.create_table(self.name, standing.items))
        self._administrators = [one.moved_to(self) for one in standing.administrators]
        self._visitors = [one.moved_to(self) for one in standing.visitors]
        self._people = self._venues = len(self._administrators) + len(self._visitors)
        self.clock.at = NOON
        self.lookup_queue.later.clear()
        self.streamed = ""
        if self._kms:
            (key_id,) = LocalDataKeys().keys
            WrappedKeyStore(self.table).put_if_absent(key_id, self._wrapped)
            self.streamed = last_of(self.records()[-1])
        self.restart()

    def restart(self) -> None:
        """Start a new process without cached data."""
        self.container = self._compose()
        install(self.container)

    def deployment(self) -> OperatedWorld:
        """Return the deployment for the operator's commands."""
        return OperatedWorld("test", {"TableName": self.name}, None, self.container)

    def replace(self, **parts: object) -> None:
        """Start a new process whose container has these attributes replaced."""
        self.restart()
        for name, part in parts.items():
            setattr(self.container, name, part)

    def counted(self) -> CountingConnection:
        """Start a new process; return its connection, which counts the table's requests."""
        connection = CountingConnection()
        self.replace(table=Table(self.name, connection))
        return connection

    @property
    def index_secret(self) -> str:
        """The name of the secret with the roots of the blind indexes."""
        return f"{self.name}-index"

    def _make_keys(self) -> str:
        """Put the other worlds' keys into moto's KMS and Secrets Manager; return the key's id."""
        for name, pairs in ((self.name, _KEYS), (self.index_secret, _INDEX)):
            support.client("secretsmanager").create_secret(
                Name=name, SecretString=json.dumps(pairs)
            )
        kms = support.client("kms")
        master = str(kms.create_key()["KeyMetadata"]["KeyId"])
        ((key_id, plain),) = LocalDataKeys().keys.items()
        context = {"venuecode": f"data-key/{key_id}"}
        wrapped = kms.encrypt(KeyId=master, Plaintext=plain, EncryptionContext=context)
        self._wrapped = bytes(wrapped["CiphertextBlob"])
        return master

    def _compose(self) -> Container:
        container = Container(
            Settings.from_environment(
                {
                    "VC_STAGE": "test",
                    "VC_TABLE": self.name,
                    "VC_BUCKET": self.bucket,
                    "VC_CODE_HOST": HOST,
                    "VC_CODE_FILES": CODE_FILES,
                    "VC_WECHAT_URL": "https://wechat.test",
                    "VC_ALIPAY_URL": "https://alipay.test",
                    "VC_ISSUER": "广东省",
                    "VC_RENDERS_URL": self.renders.url,
                    "VC_DEMO": "1" if self._demo else "0",
                    "VC_KEYS_SECRET": self.name,
                    "VC_INDEX_SECRET": self.index_secret,
                    "VC_KMS_KEY": self._kms,
                }
            )
        )
        container.clock = self.clock
        container.ids = self.ids
        if not self._kms:
            container.key_source = FixedSecret(**_KEYS)
            container.index_source = FixedSecret(**_INDEX)
            container.data_keys = LocalDataKeys()
        container.table = self.table
        container.sms = self.sms
        container.lookup_queue = self.lookup_queue
        container.message_pool = container.request_pool = InlineExecutor()
        container.platform = self.platform
        container.provider = self.provider
        container.travel_cards = self.cards
        container.check_service = self.checks
        container.households = self.households
        container.partner_secrets = FixedSecret(identity_checks=CHECKS_SECRET, default="d" * 32)
        container.health_declarations = self.declarations
        container.renderer = self.renderer
        container.card_renderer = self.renderer
        return container

    def close(self) -> None:
        """Remove the deployment. Fails if personal data is in a log or a message."""
        self.open.remove(self)
        install(self.open[-1].container if self.open else None)
        logger().removeHandler(self._handler)
        written = {
            "logs": self.log.getvalue(),
            "messages": "\n".join(self.lookups.bodies + self.settles.bodies + self.renders.bodies),
        }
        for where, text in written.items():
            said = _BY_CHANCE.sub("", text)
            told = sorted(secret for secret in self.secrets if secret in said)
            assert not told, f"in the {where}: {told}"

    # --- Over HTTP

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> HttpReply:
        """Send one request; `options` as for `client.Api.call`."""
        return self.api.call(method, path, body, **options)

    @property
    def answered(self) -> set[tuple[str, int, str]]:
        """Return the operations called, each with the status and code of its response."""
        return self.transport.answered

    # --- Workers

    def provider(self, name: ProviderName) -> Provider:
        """Return the stand-in for a provider."""
        return self.providers[name]

    def platform(self, name: PlatformName) -> Platform:
        """Return the stand-in for a mini-program platform."""
        return self.platforms[name]

    def records(self, after: str = "") -> list[dict[str, Any]]:
        """Return the table's stream after a sequence number, in the shape of Lambda's records."""
        return self.stream.records(after)

    def run_stream(self, batch: int = 100) -> int:
        """Deliver the new records as Lambda does; return how many are done.

        Stops at the first record that fails; the next run begins with it.
        """
        records = self.records(self.streamed)
        done = 0
        while done < len(records):
            good = self.deliver(records[done : done + batch])
            if not good:
                break
            done += good
            self.streamed = last_of(records[done - 1])
        return done

    def deliver(self, records: Sequence[Mapping[str, Any]]) -> int:
        """Give both functions of the stream one batch; return how many records both have done.

        Records are done in order: those after the first failure are not done.
        """
        sequences = [last_of(record) for record in records]
        done = len(records)
        for handler in (stream, counts):
            try:
                response: Response = handler(support.event(records), None)
            except BatchFailed:
                return 0
            failed = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
            done = min([done, *map(sequences.index, failed)])
        return done

    def work(self) -> None:
        """Run the workers until nothing is left to do."""
        for _ in range(60):
            self.lookup_queue.release()
            moved = self.run_stream()
            done = self.lookups.run() + self.settles.run()
            if not moved + done + (self.renders.run() if moved else 0):
                return
        raise AssertionError("the workers never come to rest")

    # --- People and venues

    def person(self, phone: str | None = None) -> "Person":
        """Return a new person who has logged in."""
        self._people += 1
        serial = self._people
        person = Person(self, phone or f"+8613800{serial:06d}", _name(serial), serial)
        self.secrets |= {person.phone, person.phone[3:], person.name, person.number}
        person.log_in()
        return person

    def visitor(self, **said: Reply) -> "Person":
        """Return a person whose registration is approved; `said` as for :meth:`say`."""
        if self._visitors:
            person = self._visitors.pop(0)
            self.say(person, **said)
            return person
        person = self.person()
        person.register().expect(202)
        self.say(person, **said)
        self.work()
        assert person.registration()["verification"] == "verified"
        return person

    def administrator(self, **changes: Any) -> "Person":
        """Return a person with a venue, which is their `venue`."""
        if self._administrators and not changes:
            return self._administrators.pop(0)
        person = self.visitor()
        person.venue = person.issue(**changes).expect(201)
        return person

    def hire(self, person: "Person", administrator: "Person") -> "Person":
        """Bind `person` as inspector of the administrator's venue; return the person."""
        person.join(administrator.join_code(administrator.venue["venue_id"])).expect(201)
        person.venue = administrator.venue
        return person

    def guardian(self, dependant: "Person", **link: Any) -> "Person":
        """Return a person who acts for `dependant`, by a face check without an end."""
        person = self.visitor()
        self.link(person, dependant, **link)
        return person

    def link(self, guardian: "Person", dependant: "Person", **link: Any) -> None:
        """Link two registered people in the table, without a route."""
        load = self.container.people.load
        profiles = [load(one.person_id).profile for one in (guardian, dependant)]
        assert profiles[0] is not None
        assert profiles[1] is not None
        made = FamilyLink(Relation.ELDER, Proof.FACE, self.clock.at)._replace(**link)
        self.container.family_links.link(profiles[0], profiles[1], made)

    def pairing_code(self, name: str = "信宜市政务大厅一号机") -> str:
        """Add a kiosk as an operator does; return its pairing code."""
        _, code = self.container.device_credentials.add(name, "440983", now=self.clock.at)
        self.secrets.add(code)
        return code

    def kiosk(self, name: str = "信宜市政务大厅一号机") -> "Kiosk":
        """Return a paired kiosk."""
        body = {"pairing_code": self.pairing_code(name)}
        return Kiosk(self, self.call("POST", "/v1/kiosks/pair", body).expect(201))

    def inspector(self, administrator: "Person") -> "Person":
        """Return an inspector of the administrator's venue."""
        return self.hire(self.visitor(), administrator)

    def say(self, person: "Person", **said: Reply) -> None:
        """Set the providers' answers about `person`: ``identity=``, ``health_code=``, …"""
        for name, reply in said.items():
            self.providers[ProviderName(name)].answers[person.number] = reply

    def hours_ago(self, hours: float) -> datetime:
        """Return the time `hours` before the present."""
        return self.clock.at - timedelta(hours=hours)

    def venue_request(self, **changes: Any) -> dict[str, Any]:
        """Return a valid application for a venue's code, with `changes`."""
        self._venues += 1
        body: dict[str, Any] = {
            "nonce": self.nonce(),
            "name": f"信宜市第{self._venues}人民医院",
            "type": "medical",
            "region": "440983",
            "street": "东镇街道",
            "address": f"人民路{self._venues}号",
            "number": {"type": "uscc", "value": support.social_credit_code(self._venues)},
            "contact": {"name": "梁主任", "phone": "+8613900000099"},
        } | changes
        contact: dict[str, str] = body["contact"]
        self.secrets |= {contact["name"], contact["phone"], body["name"]}
        return body

    def days_pass(self, days: float, *people: "Person") -> None:
        """Let days pass; the people log in often enough to keep their phones, and at the end."""
        end = self.clock.at + timedelta(days=days)
        while self.clock.at < end:
            self.clock.at = min(end, self.clock.at + timedelta(days=60))
            for person in people:
                person.log_in()

    def nonce(self, **ago: float) -> str:
        """Return a new nonce of the present, or of some time before it."""
        return support.nonce_at(self.clock.at - timedelta(**ago))

    def revoke(self, code: str) -> None:
        """Revoke a printed code, and wait until every process has seen it."""
        self.table.update(keys.code(code), [PrintedCodeItem.state.set(CodeState.REVOKED)])
        self.clock.pass_(seconds=60)

    def take_right(self, person: "Person") -> None:
        """Remove a person's right at their venue in the table, without a route."""
        self.table.transact(*right_removal(person.person_id, person.venue["venue_id"]))

    def give_rights(self, person: "Person", count: int) -> None:
        """Give a person rights at `count` more venues, which do not exist otherwise."""
        profile = self.container.people.load(person.person_id).profile
        document = profile.document_blind if profile else ""
        for serial in range(count):
            venue_id = f"ven_{serial:016d}"
            write = right_write(person.person_id, venue_id, Role.ADMINISTRATOR, document)
            self.table.transact(*write)

    def set_policy(self, prefix: str, rules: dict[str, object], version: int = 1) -> None:
        """Set a region's policy, and wait until every process has seen it."""
        assert PolicyStore(self.table).replace(prefix, rules, version=version)
        self.clock.pass_(seconds=60)

    def recount(self, venue: Mapping[str, Any], day: date = TODAY) -> dict[str, int]:
        """Return a venue's day counted from its records, in the shape of :meth:`Person.figures`."""
        known = self.container.venues.venue(venue["venue_id"])
        assert known is not None
        counted = asdict(tally(self.container.scans.of_day(known, day)).figures[""])
        return {name: counted[name] for name in FIGURES}

    def call_back(
        self,
        check_id: str,
        state: State,
        /,
        *,
        secret: str = CHECKS_SECRET,
        late: float = 0,
        **changes: str,
    ) -> HttpReply:
        """End an identity check as the service does, by a signed callback, with `changes`."""
        self.checks.results[check_id] = state
        named = self.checks.of(check_id)
        result = {"check_id": check_id, "reference": named.reference, "binding": named.binding}
        body = json.dumps({**result, "status": state.value, **changes}).encode()
        timestamp = str(int(self.clock.at.timestamp() - late))
        headers = {
            "Content-Type": "application/json",
            "X-Venuecode-Timestamp": timestamp,
            "X-Venuecode-Signature": sign(secret, timestamp, "POST", CALLBACK_PATH, body),
        }
        return self.api.call("POST", CALLBACK_PATH, raw=body, headers=headers)

    def writes(self) -> int:
        """Return the number of writes to the table."""
        return self.stream.writes()

    def notes(self) -> list[str]:
        """Return the ids of scans that wait for an answer."""
        waiting = keys.awaiting("").sk
        found = [item for item in self.items() if item["sk"]["S"] == waiting]
        return sorted(scan for item in found for scan in item.get("sc", {"SS": []})["SS"])

    def stored(self) -> list[str]:
        """Return the keys of all files in the bucket."""
        listed = support.client("s3").list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [entry["Key"] for entry in listed]

    def items(self) -> list[dict[str, Any]]:
        """Return all items of the table."""
        return support.items_of(self.name)

    def items_of_partition(self, prefix: str) -> list[dict[str, Any]]:
        """Return the items of the partitions whose key begins with `prefix`."""
        return [item for item in self.items() if item["pk"]["S"].startswith(prefix)]


class Person(client.Person):
    """A person with a phone in a world; their data must not get into a log."""

    def __init__(self, world: World, phone: str, name: str, serial: int) -> None:
        super().__init__(world.api, phone, name, support.resident_id(serial))
        self.world = world
        self.venue: dict[str, Any] = {}

    def moved_to(self, world: World) -> "Person":
        """Return a copy of the person in another world."""
        moved = copy.copy(self)
        moved.world, moved.api = world, world.api
        return moved

    @property
    def code(self) -> str:
        """Return the code of the last text message to the person."""
        return self.text_code()

    def text_code(self) -> str:
        code = next(code for to, code, _ in reversed(self.world.sms.sent) if to == self.phone)
        self.world.secrets.add(code)
        return code

    def keep(self, login: Mapping[str, str]) -> None:
        super().keep(login)
        self.world.secrets |= {self.token, self.refresh_token}

    def register(
        self,
        version: int = 0,
        *,
        name: str | None = None,
        number: str | None = None,
        **options: Any,
    ) -> HttpReply:
        self.world.secrets |= {name or self.name, number or self.number}
        return super().register(version, name=name, number=number, **options)

    def issue(self, **changes: Any) -> HttpReply:
        """Apply for a venue's code."""
        return self.apply(self.world.venue_request(**changes))

    def scan(self, venue: Mapping[str, Any], nonce: str | None = None) -> HttpReply:
        """Scan a venue's poster."""
        return self.scan_code(venue["code_url"], nonce)

    def ask_for_card(self) -> HttpReply:
        """Request the carrier's code for the travel card."""
        reply = super().ask_for_card()
        reply.expect(202)
        return reply

    def enter_card(self, scan_id: str | None = None, code: str | None = None) -> HttpReply:
        """Send a code for the travel card; by default the last one from the carrier."""
        if code is None:
            code = self.world.cards.codes[self.phone]
            self.world.secrets.add(code)
        return super().enter_card(scan_id, code)

    def start_check(self, method: str = "face", nonce: str | None = None, **who: str) -> HttpReply:
        """Start a check of oneself, or of the face of the person in `who`."""
        self.world.secrets |= {who[key] for key in ("name", "document_number") if key in who}
        body = {"nonce": nonce or self.world.nonce(), "method": method, "subject": who or None}
        return self.post("/v1/me/identity-checks", body)

    def see_check(self, check_id: str) -> dict[str, Any]:
        """Return a check of one's own."""
        shown: dict[str, Any] = self.get(f"/v1/me/identity-checks/{check_id}").expect(200)
        return shown

    def figures(self, day: str = "") -> dict[str, int]:
        """Return the day's figures of the person's venue, from the API."""
        query = {"day": day} if day else {}
        shown = self.statistics(self.venue["venue_id"], **query)
        return {name: shown[name] for name in FIGURES}


class Kiosk:
    """A paired kiosk in a world; its credential must not get into a log."""

    def __init__(self, world: World, paired: Mapping[str, str]) -> None:
        self.world = world
        self.kiosk_id, self.token = paired["kiosk_id"], paired["credential"]
        world.secrets |= {self.token, self.token.rpartition(".")[2]}

    def post(self, path: str, body: Any = None) -> HttpReply:
        """POST with the kiosk's credential."""
        return self.world.call("POST", path, body, token=self.token)

    def get(self, path: str) -> HttpReply:
        """GET with the kiosk's credential."""
        return self.world.call("GET", path, token=self.token)

    def entry(self, name: str, number: str, **changes: Any) -> dict[str, Any]:
        """Return the body of a request for a card, with `changes`."""
        self.world.secrets |= {name, number}
        return {
            "nonce": self.world.nonce(),
            "name": name,
            "document_type": "resident_id",
            "document_number": number,
        } | changes

    def swipe(self, name: str, number: str, **changes: Any) -> HttpReply:
        """Ask for the card of the owner of a document."""
        return self.post("/v1/kiosks/cards", self.entry(name, number, **changes))

    def card(self, card_id: str) -> HttpReply:
        """Return a card that the kiosk asked for."""
        return self.get(f"/v1/kiosks/cards/{card_id}")

    def printed(self, name: str, number: str, **changes: Any) -> Any:
        """Ask for a card; return it when all work is done and two seconds have passed."""
        card = self.swipe(name, number, **changes).expect(202)["card_id"]
        self.world.work()
        self.world.clock.pass_(seconds=2)
        return self.card(card).expect(200)


def last_of(record: Mapping[str, Any]) -> str:
    """Return the sequence number of a record of the stream."""
    return str(record["dynamodb"]["SequenceNumber"])


def _one(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _name(serial: int) -> str:
    """Return an invented name, unique in a test and no substring of another."""
    family = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"[serial % 16]
    given = "甲乙丙丁戊己庚辛壬癸"
    return family + given[serial // 160 % 10] + given[serial // 16 % 10]


def codes(explained: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the codes of a screen's reasons or next steps."""
    return [entry["code"] for entry in explained]


def shape(text: str) -> str:
    """Return `text` with each number replaced by 0, to compare responses."""
    return re.sub(r"\d+", "0", text)
