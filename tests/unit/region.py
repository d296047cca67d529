"""A region with one venue, one visitor and the providers, all of it in memory."""

from chalicelib.admission import snapshots
from chalicelib.admission.evidence import looked_up
from chalicelib.admission.scan import Scan, ScanReference
from chalicelib.admission.scanning import scan_venue
from chalicelib.admission.snapshots import Lookup, Settle
from chalicelib.core.crypto import Vault
from chalicelib.identity.people import Actor, Profile, Verification
from chalicelib.identity.providers import ProviderName
from tests.contract import makers
from tests.fakes.parts import NOON, LocalDataKeys, ScriptedProvider, StandingClock
from tests.fakes.stores import (
    FakeDirectory,
    FakeLookupQueue,
    FakePeople,
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


class Region:
    """A venue, a registered visitor, and everything that a lookup needs, in memory."""

    def __init__(self, verification: Verification = Verification.VERIFIED) -> None:
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
        self.people._documents[self.person.document_blind] = person_id

    def scan(self) -> Scan:
        """The visitor scans; what the stream then sets in motion is in the queue."""
        record = self.people.load(self.person.person_id)
        result = scan_venue(
            Actor(self.person, makers.session(), record),
            self.venue.code,
            nonce=nonce_at(self.clock.now()),
            fingerprint="h",
            correlation="c0ffee00",
            now=self.clock.now(),
            directory=self.directory,
            policies=self.policies,
            scans=self.scans,
        )
        snapshots.start(
            result.scan, now=self.clock.now(), directory=self.directory,
            policies=self.policies, scans=self.scans, queue=self.queue,
        )  # fmt: skip
        return result.scan

    def deliver(self, message: Lookup | Settle) -> str:
        if isinstance(message, Settle):
            return snapshots.settle(
                message, now=self.clock.now(), people=self.people, directory=self.directory,
                policies=self.policies, scans=self.scans,
            )  # fmt: skip
        return snapshots.look_up(
            message, now=self.clock.now, people=self.people,
            providers=lambda name: self.providers[name], vault=VAULT, queue=self.queue,
            directory=self.directory, policies=self.policies, scans=self.scans,
        )  # fmt: skip

    def stands(self, scan: Scan) -> Scan:
        reference = ScanReference.parse(scan.scan_id)
        assert reference is not None
        found = self.scans.get(reference, self.venue)
        assert found is not None
        return found

    def asked(self, provider: ProviderName) -> int:
        return len(self.providers[provider].asked)
