"""What figures look like over HTTP."""

import datetime
from typing import Literal

from chalicelib.core.fields import Response


class Statistics(Response):
    """A venue's day: checked = passed + abnormal + pending (YK-16, XC-11)."""

    venue_id: str
    day: datetime.date
    """The venue's local day."""
    by: Literal["unit", "me"]
    """The unit is all staff and the visitors' own scans; `me` is what one has scanned oneself."""
    checked: int
    passed: int
    abnormal: int
    pending: int
    own_scans: int
    """Of `checked`: visitors who scanned the poster themselves."""
