"""The one place that asks the machine for the time; everything else is told."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = "Asia/Shanghai"  # the whole of mainland China keeps one time


class Clock(Protocol):
    """Tells the present moment; tests hand in one that stands still."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z; exact, because floats of this size are not."""
    return (moment - _EPOCH) // _MILLISECOND


def from_epoch_ms(value: int) -> datetime:
    """The inverse of :func:`epoch_ms`; aware, in UTC."""
    return _EPOCH + value * _MILLISECOND


def local_day(moment: datetime, time_zone: str) -> date:
    """The calendar day on which `moment` falls at a venue in `time_zone` (IANA name)."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def end_of_day(moment: datetime, time_zone: str) -> datetime:
    """When the calendar day of `moment` is over in `time_zone`; aware, in UTC."""
    midnight = datetime.combine(local_day(moment, time_zone), time(), ZoneInfo(time_zone))
    return (midnight + timedelta(days=1)).astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """`moment` as the API writes times: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
