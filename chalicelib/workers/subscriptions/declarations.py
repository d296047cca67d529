"""New health declarations: have them delivered to the health code provider."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.admission.lookup_requests import Declared


def _read(record: Record) -> "Declared | None":
    from chalicelib.admission.lookup_requests import Declared
    from chalicelib.identity.store.personal_records import read_record

    if record.old is not None:
        return None
    made = read_record(record.new)
    return Declared(made.person_id, made.record_id, made.scan_id, made.correlation)


def _deliver(message: "Declared") -> Mapping[str, object]:
    container().lookup_requests.declare(message)
    return {"what": "declaration"}


SUBSCRIPTION = Subscription(keys.is_declaration, _read, _deliver)
