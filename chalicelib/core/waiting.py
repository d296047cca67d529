"""How long to wait, in words: ``in about 14 hours``, ``明天 8:00 后``."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.core.clock import CHINA
from chalicelib.core.messages import text

_SECONDS, _MINUTES, _HOURS = 100, 100, 48
"""Below how many of a unit the wait is given in it."""


def until(seconds: int, *, now: datetime, language: str, time_zone: str = CHINA) -> str:
    """Return when a wait of `seconds` ends, to put into a sentence in `language`.

    Long waits are given in English by their length, in Chinese by the local time of `time_zone`
    (IANA name) at which they end, rounded up to a minute.
    """
    minutes, hours = -(-seconds // 60), round(seconds / 3600)
    if seconds < _SECONDS:
        return text("when.seconds", language, count=str(max(2, seconds)))
    if minutes < _MINUTES:
        return text("when.minutes", language, count=str(minutes))
    if language == "en":
        if hours < _HOURS:
            return text("when.hours", language, count=str(hours))
        return text("when.days", language, count=str(round(hours / 24)))
    zone = ZoneInfo(time_zone)
    end = (now + timedelta(seconds=seconds + 59)).astimezone(zone)
    at = f"{end.hour}:{end.minute:02d}"
    match (end.date() - now.astimezone(zone).date()).days:
        case 0:
            return text("when.today", language, time=at)
        case 1:
            return text("when.tomorrow", language, time=at)
    return text("when.day", language, month=str(end.month), day=str(end.day), time=at)
