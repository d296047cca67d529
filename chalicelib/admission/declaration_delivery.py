"""The delivery of health declarations to the health code provider, from the queue (YK-36)."""

from chalicelib.admission.declaration_form import read_contents
from chalicelib.admission.lookup_requests import Declared
from chalicelib.core import ids
from chalicelib.core.clock import rfc3339
from chalicelib.core.crypto import Vault
from chalicelib.identity import personal
from chalicelib.identity.people import People, Verification
from chalicelib.identity.personal_records import PersonalRecords, RecordReference
from chalicelib.identity.providers import HealthDeclarations
from chalicelib.identity.registration import subject_of


class DeclarationDelivery:
    """Opens a declaration on file, and hands it to the provider. It may run twice."""

    __slots__ = ("_people", "_receiver", "_records", "_vault")

    def __init__(
        self,
        *,
        people: People,
        records: PersonalRecords,
        receiver: HealthDeclarations,
        vault: Vault,
    ) -> None:
        self._people = people
        self._records = records
        self._receiver = receiver
        self._vault = vault

    def deliver(self, message: Declared) -> str:
        """Deliver a declaration.

        Return an empty text, or the result label that is logged if there is no declaration, or no
        registered person. The request id comes from the record, so that the provider acts once.
        Cost: a GetItem and a Query, both strongly consistent, and one request to the provider.
        Raises ProviderFault.
        """
        person_id, reference = message.person_id, RecordReference.parse(message.record_id)
        record = self._records.get(person_id, reference) if reference else None
        profile = self._people.load(person_id).profile
        if record is None:
            return "gone"  # expired or erased meanwhile
        if profile is None or profile.verification is Verification.NONE:
            return "nobody"
        given = read_contents(personal.RECORD.open(self._vault, record.contents, person_id))
        known = self._receiver.declare(
            subject_of(profile, self._vault),
            {
                "declared_at": rfc3339(record.recorded_at),
                "form_version": given.form_version,
                "answers": given.health,
                "arrival": given.arrival,
            },
            request_id=ids.derive("declaration", person_id, message.record_id),
        )
        return "" if known else "unknown to the provider"
