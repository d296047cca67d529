"""Schemas of figures over HTTP."""

from datetime import date
from typing import Literal

from pydantic import Field

from chalicelib.core.fields import Day, Moment, Nonce, Query, ReceiptId, Request, Response, VenueId


class StatisticsQuery(Query):
    """The selection of a venue's figures."""

    day: Day | None = None
    """The venue's local day; today by default."""
    by: Literal["unit", "me"] = "unit"
    """`unit`: all staff and the visitors' own scans; `me`: the caller's scans."""


class Statistics(Response):
    """The figures of a venue's day: checked = passed + abnormal + pending (YK-16, XC-11)."""

    venue_id: VenueId
    day: date
    """The venue's local day."""
    by: Literal["unit", "me"]
    """`unit`: all staff and the visitors' own scans; `me`: the caller's scans."""
    checked: int = Field(examples=[128])
    passed: int = Field(examples=[121])
    abnormal: int = Field(examples=[4])
    pending: int = Field(examples=[3])
    """Not decided yet, or sent late by a paired phone: only the visitor sees that outcome."""
    own_scans: int = Field(examples=[90])
    """The number of visitors' own scans in `checked`."""


class ErasureRequest(Request):
    """A request for the erasure of all data of a person. It must be confirmed."""

    confirm: Literal[True]


class Removed(Response):
    """What an erasure removes."""

    code: str = Field(examples=["visits"])
    text: str = Field(examples=["Your name in your visits"])


class Kept(Response):
    """What is kept after an erasure, and on which ground."""

    code: str = Field(examples=["backups"])
    text: str = Field(examples=["Encrypted backups, for recovery after a failure only"])
    until: Moment | None
    """When it is deleted at the latest; null if it is not, because it names nobody."""


class Erasure(Response):
    """An erasure. It can be cancelled until `due_at`."""

    receipt_id: ReceiptId
    """The id of the receipt: please keep it. After the erasure nobody can look it up for you."""
    status: Literal["scheduled", "cancelled", "erasing", "erased"]
    requested_at: Moment
    due_at: Moment
    removes: list[Removed]
    keeps: list[Kept]


class Counted(Removed):
    """What an erasure has removed."""

    count: int = Field(examples=[12])


class Receipt(Response):
    """The receipt of an erasure. It names nobody."""

    receipt_id: ReceiptId
    status: Literal["scheduled", "cancelled", "erasing", "erased"]
    requested_at: Moment
    due_at: Moment
    erased_at: Moment | None
    """When everything was erased; null before."""
    removed: list[Counted]
    keeps: list[Kept]


class ExportRequest(Request):
    """A request for all data of a person. A retry has the same nonce."""

    nonce: Nonce


class Export(Response):
    """An export of a person's data. The link is new in each response and valid 15 minutes."""

    status: Literal["pending", "ready", "expired"]
    requested_at: Moment
    url: str | None = Field(examples=["https://bucket.s3.amazonaws.com/exports/…"])
    """The link to a zip, once it is ready."""
    url_expires_at: Moment | None
    expires_at: Moment | None
    """Until when the zip is offered."""
    poll_after_ms: int | None = Field(examples=[2000])
