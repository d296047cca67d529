"""Times and days. The only module that reads the system clock."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = "Asia/Shanghai"  # the one time zone of mainland China


class Clock(Protocol):
    """The source of the current time. Tests use a fixed one."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""


class SystemClock:
    """The system clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)


def epoch_ms(moment: datetime) -> int:
    """Return the milliseconds since 1970-01-01T00:00Z. Integer arithmetic keeps them exact."""
    return (moment - _EPOCH) // _MILLISECOND


def from_epoch_ms(value: int) -> datetime:
    """Return the moment of :func:`epoch_ms`, aware, in UTC."""
    return _EPOCH + value * _MILLISECOND


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the calendar day of `moment` in `time_zone` (IANA name)."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def end_of_day(moment: datetime, time_zone: str) -> datetime:
    """Return the end of the calendar day of `moment` in `time_zone`, aware, in UTC."""
    midnight = datetime.combine(local_day(moment, time_zone), time(), ZoneInfo(time_zone))
    return (midnight + timedelta(days=1)).astimezone(UTC)


def start_of_day(day: date, time_zone: str) -> datetime:
    """Return the start of a calendar day in `time_zone` (IANA name), aware, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """Return `moment` in the API's format: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
