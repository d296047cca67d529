"""Requested exports: have the render worker write them."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription


class ExportRequest(NamedTuple):
    """An export to be written."""

    person_id: str
    export_id: str
    correlation: str


def _read(record: Record) -> ExportRequest | None:
    from chalicelib.insight.exports import ExportState
    from chalicelib.insight.store.exports import read_export

    export, correlation = read_export(record.new)
    before = read_export(record.old)[0] if record.old else None
    requested = before is None or before.requested_at != export.requested_at
    if requested and export.state is ExportState.PENDING:
        return ExportRequest(keys.person_of(record.key.pk), export.export_id, correlation)
    return None


def _write(request: ExportRequest) -> Mapping[str, object]:
    from chalicelib.core.render_jobs import ExportJob

    container().render_queue.send(ExportJob(*request))
    return {"what": "export"}


SUBSCRIPTION = Subscription(keys.is_export, _read, _write)
