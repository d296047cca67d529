"""Replaced and revoked paper passes: have the render worker delete their files."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.core.render_jobs import CardRemoval


def _read(record: Record) -> "CardRemoval | None":
    from chalicelib.core.render_jobs import CardRemoval
    from chalicelib.identity.store.paper_passes import read_pass_record

    person_id, issued, correlation = read_pass_record(record.new)
    before = read_pass_record(record.old)[1] if record.old else None
    if issued.ended_at is None or (before is not None and before.ended_at is not None):
        return None
    return CardRemoval(person_id, issued.serial, correlation)


def _remove(job: "CardRemoval") -> Mapping[str, object]:
    container().render_queue.send(job)
    return {"what": "card_removal"}


SUBSCRIPTION = Subscription(keys.is_issued_pass, _read, _remove)
