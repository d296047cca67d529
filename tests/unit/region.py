"""A region with one venue, one visitor and the providers, all of it in memory."""

from chalicelib.admission.accesses import GuardianAccesses, StaffAccesses
from chalicelib.admission.asking import Asking
from chalicelib.admission.declaration_delivery import DeclarationDelivery
from chalicelib.admission.evidence import looked_up
from chalicelib.admission.lookup_requests import LookupRequests, Message, Outbox
from chalicelib.admission.lookups import Invitations, Lookups
from chalicelib.admission.recording import Recorder
from chalicelib.admission.scan import Scan, ScanFinder, ScanReference
from chalicelib.admission.scanning import Scanning
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core.crypto import KeyRing, Vault
from chalicelib.core.submission import Submission
from chalicelib.identity.guardianship import Guardianship
from chalicelib.identity.people import Profile, Verification
from chalicelib.identity.providers import ProviderName
from tests.contract import makers
from tests.fakes.parts import (
    NOON,
    FixedSecret,
    InlineExecutor,
    LocalDataKeys,
    NoInvitations,
    ScriptedDeclarations,
    ScriptedProvider,
    StandingClock,
)
from tests.fakes.stores import (
    FakeAccesses,
    FakeDirectory,
    FakeLookupQueue,
    FakePeople,
    FakePersonalRecords,
    FakePolicies,
    FakeScans,
    FakeVenues,
)
from tests.support import nonce_at

HEALTH, TEST, IDENTITY = (
    ProviderName.HEALTH_CODE,
    ProviderName.NUCLEIC_ACID,
    ProviderName.IDENTITY,
)
VAULT = Vault(LocalDataKeys())
RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))


class Region:
    """A venue, a registered visitor, and everything that a lookup needs, in memory."""

    def __init__(
        self,
        verification: Verification = Verification.VERIFIED,
        invitations: Invitations | None = None,
    ) -> None:
        self.clock = StandingClock()
        self.people, self.policies, self.queue = FakePeople(), FakePolicies(), FakeLookupQueue()
        self.scans, self.venues = FakeScans(self.people), FakeVenues(self.people)
        self.directory = FakeDirectory(self.venues)
        self.providers = {name: ScriptedProvider() for name in looked_up()}
        self.venue = makers.venue()
        self.venues.create(self.venue, unique="u", number_blind="n", document_blind="")
        person_id = f"per_{makers.random()}"
        self.person = Profile(
            person_id,
            VAULT.seal("+8613800000001", f"{person_id}/phone", now=NOON),
            VAULT.seal("梁思齐", f"{person_id}/name", now=NOON),
            "resident_id",
            VAULT.seal("440983198804129028", f"{person_id}/document", now=NOON),
            makers.blind(),
            1,
            verification,
        )
        partition = self.people.partition(person_id)
        partition.profile = self.person
        self.people.documents[self.person.document_blind] = person_id
        finder = ScanFinder(directory=self.directory, scans=self.scans)
        self.waiting = WaitingScans(
            people=self.people, policies=self.policies, scans=self.scans, finder=finder
        )
        accesses = FakeAccesses()
        readings = GuardianAccesses(accesses=accesses, vault=VAULT)
        self.scanning = Scanning(
            people=self.people, directory=self.directory, policies=self.policies,
            recorder=Recorder(scans=self.scans, policies=self.policies), waiting=self.waiting,
            ring=RING,
            guardianship=Guardianship(people=self.people, readings=readings),
            staff_accesses=StaffAccesses(accesses=accesses),
        )  # fmt: skip
        self.outbox = Outbox(queue=self.queue)
        self.lookup_requests = LookupRequests(scans=self.scans, outbox=self.outbox)
        self.records = FakePersonalRecords()
        self.receiver = ScriptedDeclarations(self.providers[HEALTH])
        delivery = DeclarationDelivery(
            people=self.people, records=self.records, receiver=self.receiver, vault=VAULT
        )
        self.lookups = Lookups(
            people=self.people, vault=VAULT, queue=self.queue,
            asking=Asking(providers=lambda name: self.providers[name], pool=InlineExecutor()),
            waiting=self.waiting, declarations=delivery,
            invitations=invitations or NoInvitations(), clock=self.clock,
        )  # fmt: skip

    def submission(self, nonce: str = "", fingerprint: str = "h") -> Submission:
        """A write that arrives now; its nonce is of now too, unless one is given."""
        now = self.clock.now()
        return Submission(nonce or nonce_at(now), fingerprint, "c0ffee00", now)

    def scan(self) -> Scan:
        """The visitor scans; the lookups that the stream then requests are in the queue."""
        record = self.people.load(self.person.person_id)
        actor = makers.actor(self.person, record)
        result = self.scanning.scan_venue(actor, self.venue.code, self.submission())
        self.start(result.scan)
        return result.scan

    def start(self, scan: Scan) -> None:
        """The stream requests what a scan waits for."""
        self.lookup_requests.start(scan, self.clock.now())
        self.outbox.send()

    def deliver(self, message: Message) -> str:
        return self.lookups.handle(message)

    def stands(self, scan: Scan) -> Scan:
        reference = ScanReference.parse(scan.scan_id)
        assert reference is not None
        found = self.scans.get(reference, self.venue)
        assert found is not None
        return found

    def asked(self, provider: ProviderName) -> int:
        return len(self.providers[provider].asked)
