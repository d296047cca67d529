"""Requested exports: have the render worker write them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.core.render_jobs import ExportJob


def _read(record: Record) -> "ExportJob | None":
    from chalicelib.core.render_jobs import ExportJob
    from chalicelib.insight.exports import ExportState
    from chalicelib.insight.store.exports import read_export

    export, correlation = read_export(record.new)
    before = read_export(record.old)[0] if record.old else None
    requested = before is None or before.requested_at != export.requested_at
    if requested and export.state is ExportState.PENDING:
        return ExportJob(keys.person_of(record.key.pk), export.export_id, correlation)
    return None


def _write(job: "ExportJob") -> Mapping[str, object]:
    container().render_queue.send(job)
    return {"what": "export"}


SUBSCRIPTION = Subscription(keys.is_export, _read, _write)
