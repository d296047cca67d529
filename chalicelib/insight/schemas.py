"""Schemas of figures over HTTP."""

import datetime
from typing import Literal

from pydantic import Field

from chalicelib.core.fields import Day, Query, Response, VenueId


class StatisticsQuery(Query):
    """The selection of a venue's figures."""

    day: Day | None = None
    """The venue's local day; today by default."""
    by: Literal["unit", "me"] = "unit"
    """`unit`: all staff and the visitors' own scans; `me`: the caller's scans."""


class Statistics(Response):
    """The figures of a venue's day: checked = passed + abnormal + pending (YK-16, XC-11)."""

    venue_id: VenueId
    day: datetime.date
    """The venue's local day."""
    by: Literal["unit", "me"]
    """`unit`: all staff and the visitors' own scans; `me`: the caller's scans."""
    checked: int = Field(examples=[128])
    passed: int = Field(examples=[121])
    abnormal: int = Field(examples=[4])
    pending: int = Field(examples=[3])
    own_scans: int = Field(examples=[90])
    """The number of visitors' own scans in `checked`."""
