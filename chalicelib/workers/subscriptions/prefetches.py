"""Recorded prefetch requests: ask their providers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.admission.prefetching import Prefetch


def _read(record: Record) -> "Prefetch":
    from chalicelib.admission.store.prefetches import read_prefetch

    return read_prefetch(record.new)


def _ask(request: "Prefetch") -> Mapping[str, object]:
    container().lookup_requests.prefetch(request)
    return {"what": "prefetch", "asked": request.wanted}


SUBSCRIPTION = Subscription(keys.is_prefetch, _read, _ask)
