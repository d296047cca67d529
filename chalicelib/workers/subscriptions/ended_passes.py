"""Replaced and revoked paper passes: have the render worker delete their files."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription


class EndedPass(NamedTuple):
    """A paper pass that has ended."""

    person_id: str
    serial: str
    correlation: str


def _read(record: Record) -> EndedPass | None:
    from chalicelib.identity.store.paper_passes import read_pass_record

    person_id, issued, correlation = read_pass_record(record.new)
    before = read_pass_record(record.old)[1] if record.old else None
    if issued.ended_at is None or (before is not None and before.ended_at is not None):
        return None
    return EndedPass(person_id, issued.serial, correlation)


def _remove(ended: EndedPass) -> Mapping[str, object]:
    from chalicelib.core.render_jobs import CardRemoval

    container().render_queue.send(CardRemoval(ended.person_id, ended.serial, ended.correlation))
    return {"what": "card_removal"}


SUBSCRIPTION = Subscription(keys.is_issued_pass, _read, _remove)
