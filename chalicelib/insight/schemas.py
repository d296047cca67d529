"""What figures look like over HTTP."""

import datetime
from typing import Literal

from pydantic import Field

from chalicelib.core.fields import Day, Query, Response, VenueId


class StatisticsQuery(Query):
    """Which figures of a venue are wanted."""

    day: Day | None = None
    """The venue's local day; today if left out."""
    by: Literal["unit", "me"] = "unit"
    """`unit`: all staff and the visitors' own scans; `me`: what one has scanned oneself."""


class Statistics(Response):
    """A venue's day: checked = passed + abnormal + pending (YK-16, XC-11)."""

    venue_id: VenueId
    day: datetime.date
    """The venue's local day."""
    by: Literal["unit", "me"]
    """The unit is all staff and the visitors' own scans; `me` is what one has scanned oneself."""
    checked: int = Field(examples=[128])
    passed: int = Field(examples=[121])
    abnormal: int = Field(examples=[4])
    pending: int = Field(examples=[3])
    own_scans: int = Field(examples=[90])
    """Of `checked`: visitors who scanned the poster themselves."""
