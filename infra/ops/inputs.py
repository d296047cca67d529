"""What operators type: types of arguments, each refused with a sentence that says what is wanted.

argparse prints the sentence with the argument's name and ends with 2, before anything is asked of
AWS.
"""

import argparse
import re
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from chalicelib.core import ids, normalisation

LONGEST_NAME = 60
"""Characters of a name that people see, of an office or a kiosk."""
_YEARS = range(2000, 2100)


def venue_id(text: str) -> str:
    """Return a venue's id. Raises ArgumentTypeError."""
    return _id(text, "ven", "venue")


def person_id(text: str) -> str:
    """Return a person's id. Raises ArgumentTypeError."""
    return _id(text, "per", "person")


def _id(text: str, prefix: str, kind: str) -> str:
    if not ids.is_id(text, prefix):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no {kind}'s id: {prefix}_ and 16 letters and digits"
        )
    return text


def prefix(text: str) -> str:
    """Return the prefix of a region's code that has a policy. Raises ArgumentTypeError."""
    if text != "*" and not re.fullmatch(r"[1-9][0-9]([0-9]{2}){0,2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no region: give two, four or six digits of a GB/T 2260 code, or *"
        )
    return text


def day(text: str) -> date:
    """Return a day. Raises ArgumentTypeError."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: give YYYY-MM-DD")
    return found


def moment(text: str) -> datetime:
    """Return a time; without an offset it is UTC. Raises ArgumentTypeError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: give YYYY-MM-DDTHH:MM, in UTC or with an offset"
        )
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def name(text: str) -> str:
    """Return a name that people see, in canonical form. Raises ArgumentTypeError."""
    found = normalisation.place_name(text)
    if not found or len(found) > LONGEST_NAME or not all(map(normalisation.is_printable, found)):
        raise argparse.ArgumentTypeError(f"give 1 to {LONGEST_NAME} printable characters")
    return found


def url(text: str) -> str:
    """Return the URL of an API. Raises ArgumentTypeError."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        known = False
    if not known:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL: give https://…")
    return text.rstrip("/")


def root(text: str) -> str:
    """Return the number of a root of the keys' secret. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a root, such as 1")
    return text


def units(text: str) -> int:
    """Return a rate in read units a second. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no rate: give 1 to 999999 units a second")
    return int(text)


def secret_name(text: str) -> str:
    """Return the name of a partner's secret. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name of a secret: lower case letters, digits and _"
        )
    return text
