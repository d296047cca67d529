"""In-memory stand-ins for the stores of exports, and of requests and receipts of erasures."""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.insight.erasures import Due, Erasure, State, Step, Traces
from chalicelib.insight.exports import (
    ASKED_AGAIN_AFTER,
    ONE_IN,
    Export,
    ExportState,
    StoredItem,
)


class FakeExports:
    """See `exports.Exports`; it knows no other items of a person."""

    def __init__(self) -> None:
        self._exports: dict[str, Export] = {}

    def of(self, person_id: str) -> Export | None:
        return self._exports.get(person_id)

    def request(self, person_id: str, export: Export, correlation: str) -> Export:
        del correlation
        standing = self.of(person_id)
        if standing is not None:
            pending = standing.state is ExportState.PENDING
            age = export.requested_at - standing.requested_at
            same = standing.export_id == export.export_id
            if age < (ASKED_AGAIN_AFTER if pending else ONE_IN) or (same and not pending):
                return standing
        self._exports[person_id] = export
        return export

    def finish(self, person_id: str, export_id: str, expires_at: datetime) -> bool:
        standing = self.of(person_id)
        if standing is None or standing.export_id != export_id:
            return False
        self._exports[person_id] = standing._replace(state=ExportState.READY, expires_at=expires_at)
        return True

    def items(self, person_id: str) -> Iterator[StoredItem]:
        if person_id in self._exports:
            yield StoredItem("OWN#EXPORT", {})


class FakeErasures:
    """The requests, the due list and the receipts of `erasures.Erasures`."""

    def __init__(self) -> None:
        self._requests: dict[str, Erasure] = {}
        self._due: dict[str, Due] = {}
        self._receipts: dict[str, Erasure] = {}

    def schedule(self, person_id: str, erasure: Erasure) -> Erasure:
        standing = self.of(person_id)
        if standing is not None and standing.state is not State.CANCELLED:
            return standing
        self._requests[person_id] = self._receipts[erasure.receipt_id] = erasure
        self._due[person_id] = Due(
            person_id, erasure.receipt_id, erasure.due_at, Step.WAITING, Traces()
        )
        return erasure

    def of(self, person_id: str) -> Erasure | None:
        return self._requests.get(person_id)

    def cancel(self, person_id: str, erasure: Erasure) -> bool:
        due = self._due.get(person_id)
        if due is None:
            standing = self.of(person_id)
            return standing is not None and standing.state is State.CANCELLED
        if due.step is not Step.WAITING:
            return False
        del self._due[person_id]
        cancelled = erasure._replace(state=State.CANCELLED)
        self._requests[person_id] = self._receipts[erasure.receipt_id] = cancelled
        return True

    def receipt(self, receipt_id: str) -> Erasure | None:
        return self._receipts.get(receipt_id)

    def due(self, now: datetime) -> Iterator[Due]:
        found = sorted(self._due.values(), key=lambda due: (due.due_at, due.person_id))
        yield from [due for due in found if due.due_at <= now]

    def begin(self, due: Due, traces: Traces) -> bool:
        if not self._stands(due):
            return False
        step = Step.ERASING if due.step is Step.WAITING else due.step
        self._due[due.person_id] = due._replace(step=step, traces=traces)
        self._change(due.receipt_id, state=State.ERASING)
        return True

    def postpone(self, due: Due, until: datetime, step: Step) -> bool:
        if not self._stands(due):
            return False
        self._due[due.person_id] = due._replace(due_at=until, step=step)
        if step is Step.WAITING:
            self._change(due.receipt_id, due_at=until)
            self._requests[due.person_id] = self._receipts[due.receipt_id]
        return True

    def finish(self, due: Due, now: datetime) -> None:
        if self._stands(due):
            del self._due[due.person_id]
            self._change(due.receipt_id, state=State.ERASED, erased_at=now)

    def _stands(self, due: Due) -> bool:
        standing = self._due.get(due.person_id)
        return standing is not None and (standing.receipt_id, standing.due_at) == (
            due.receipt_id,
            due.due_at,
        )

    def _change(self, receipt_id: str, **changes: object) -> None:
        self._receipts[receipt_id] = self._receipts[receipt_id]._replace(**changes)  # type: ignore[arg-type]  # fields of Erasure
