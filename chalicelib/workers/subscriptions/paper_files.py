"""Requested files of paper passes: have the render worker draw them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.core.render_jobs import CardJob


def _read(record: Record) -> "CardJob | None":
    from chalicelib.core.render_jobs import CardJob
    from chalicelib.identity.paper_passes import FileState
    from chalicelib.identity.store.paper_passes import read_paper_file

    person_id, file, correlation = read_paper_file(record.new)
    before = read_paper_file(record.old)[1] if record.old else None
    requested = before is None or (before.serial, before.requested_at) != (
        file.serial,
        file.requested_at,
    )
    if requested and file.state is FileState.PENDING:
        return CardJob(person_id, file.serial, file.form, correlation)
    return None


def _draw(job: "CardJob") -> Mapping[str, object]:
    container().render_queue.send(job)
    return {"what": "card"}


SUBSCRIPTION = Subscription(keys.is_paper_file, _read, _draw)
